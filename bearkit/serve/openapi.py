"""What the API says of itself: for programs as OpenAPI, for people as a page that fetches nothing from anywhere."""

from collections.abc import Sequence
from html import escape
from importlib.metadata import version
from typing import Any

PAGE = """<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>The API of this model</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }}
pre {{ background: #8882; padding: .8rem; overflow-x: auto; border-radius: .4rem }}
:root {{ color-scheme: light dark }}</style>
<h1>The API of this model</h1>
<p>It tells {labels} apart. <a href="{base}/">Try it on the page</a>;
for programs: <a href="{base}/api/openapi.json">openapi.json</a>.</p>
<h2>POST /api/predict</h2>
<pre>curl -F file=@picture.jpg {base}/api/predict
curl --json '{{"url": "https://example.org/picture.jpg"}}' {base}/api/predict
curl -H 'Content-Type: image/jpeg' --data-binary @picture.jpg '{base}/api/predict?top=5'</pre>
<p>The answer is <code>{{"predictions": [{{"path", "label", "probability", "known", "similarity", "top",
"probs"}}]}}</code>, the rows of <code>bearkit predict --json</code>. <code>known: false</code> means none of these: the
picture is unlike all training pictures. An error is <code>{{"error", "hint"}}</code> with status 400 (no picture in the
request), 403 (asked by another site), 404 and 405 (no such way to ask), 408 (sent too slowly),
413 (too large), 415 (sent in no known way), 422 (not a picture that can be read),
429 (too many wait; try again) or 500 (an unexpected failure).</p>
<h2>GET /api/health</h2>
<p>That it answers, its labels, and how many requests wait.</p>
"""
EVERYWHERE = {
    403: "asked by another site, or under another name than its own",
    405: "asked in another way than described",
    500: "an unexpected failure",
}
WORDS = {
    400: "no picture in the request",
    408: "no picture came in time",
    413: "too large",
    415: "sent in no known way",
    422: "not a picture that can be read",
    429: "too many wait",
    **EVERYWHERE,
}


def page(labels: Sequence[str], base: str) -> str:
    """The description for people."""
    return PAGE.format(labels=escape(", ".join(labels)), base=escape(base))


def described(labels: Sequence[str]) -> dict[str, Any]:
    """The description for programs, OpenAPI 3.1."""
    number = {"type": "number"}
    one = {"type": "object", "properties": {"label": {"enum": list(labels)}, "probability": number}}
    row = {
        "type": "object",
        "properties": {
            "path": {"type": "string"},
            "label": {"enum": list(labels)},
            "probability": number,
            "known": {"type": "boolean", "description": "false: none of these"},
            "similarity": {"type": ["number", "null"]},
            "top": {"type": "array", "items": one},
            "probs": {"type": "object", "additionalProperties": number},
        },
    }
    text = {"type": "string"}
    error = {"type": "object", "properties": {"error": text, "hint": text}, "required": ["error", "hint"]}
    url = {"type": "string", "format": "uri", "description": "of a picture, http or https"}
    named = {"type": "object", "properties": {"url": url}, "required": ["url"]}
    binary = {"type": "string", "format": "binary"}
    predict = {
        "summary": "Label a picture",
        "parameters": [{"name": "top", "in": "query", "schema": {"type": "integer", "minimum": 1, "default": 3}}],
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {"type": "object", "properties": {"file": binary}, "required": ["file"]}
                },
                "application/json": {"schema": named},
                "image/*": {"schema": binary},
            },
        },
        "responses": {
            "200": _json("a row", {"type": "object", "properties": {"predictions": {"type": "array", "items": row}}}),
            **{str(status): _json(word, error) for status, word in sorted(WORDS.items())},
        },
    }
    others = {str(status): _json(word, error) for status, word in EVERYWHERE.items()}
    it_does = _json("it does", {"type": "object"})
    health = {"summary": "Whether it answers", "responses": {"200": it_does, **others}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "bearkit: " + " / ".join(labels[:4]), "version": version("bearkit")},
        "paths": {"/api/predict": {"post": predict}, "/api/health": {"get": health}},
    }


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
