"""Describe the API: for programs as OpenAPI, for people as a page that loads nothing from other sites."""

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
<p>A classifier for {labels}. <a href="{base}/">Try it in the browser</a>.
The description for programs: <a href="{base}/api/openapi.json">openapi.json</a>.</p>
<h2>POST /api/predict</h2>
<pre>curl -F file=@picture.jpg {base}/api/predict
curl --json '{{"url": "https://example.org/picture.jpg"}}' {base}/api/predict
curl -H 'Content-Type: image/jpeg' --data-binary @picture.jpg '{base}/api/predict?top=5'</pre>
<p>The response is <code>{{"predictions": [{{"path", "label", "probability", "known", "similarity", "threshold",
"top", "probs"}}]}}</code>, the rows of <code>bearkit predict --json</code>. <code>known: false</code> means none of
these: the picture is unlike the training pictures, and its similarity to them is below the threshold. An error is
<code>{{"error", "hint"}}</code> with status 400 (no picture in the request), 403 (the request comes from another site),
404 (no such address), 405 (method not allowed), 408 (the picture was sent too slowly), 413 (too large), 415
(unsupported content type), 422 (the picture cannot be read), 429 (too many requests; try again) or 500 (an unexpected
failure).</p>
<h2>GET /api/health</h2>
<p>Whether the server works, the labels, and the number of waiting requests.</p>
"""
COMMON_ERRORS = {  # HTTP status: description
    403: "the request comes from another site, or names another host",
    405: "method not allowed",
    500: "an unexpected failure",
}
PREDICT_ERRORS = {
    400: "no picture in the request",
    408: "no picture arrived in time",
    413: "too large",
    415: "unsupported content type",
    422: "the picture cannot be read",
    429: "too many requests",
    **COMMON_ERRORS,
}


def page(labels: Sequence[str], base: str) -> str:
    """Return the description for people as HTML. `base` is the URL of the server."""
    return PAGE.format(labels=escape(", ".join(labels)), base=escape(base))


def openapi(labels: Sequence[str]) -> dict[str, Any]:
    """Return the description for programs, OpenAPI 3.1."""
    number = {"type": "number"}
    probability = {"type": "object", "properties": {"label": {"enum": list(labels)}, "probability": number}}
    row = {
        "type": "object",
        "properties": {
            "path": {"type": "string"},
            "label": {"enum": list(labels)},
            "probability": number,
            "known": {"type": "boolean", "description": "false: none of these"},
            "similarity": {"type": ["number", "null"]},
            "threshold": {"type": ["number", "null"], "description": "a known picture has at least this similarity"},
            "top": {"type": "array", "items": probability},
            "probs": {"type": "object", "additionalProperties": number},
        },
    }
    string = {"type": "string"}
    error = {"type": "object", "properties": {"error": string, "hint": string}, "required": ["error", "hint"]}
    url = {"type": "string", "format": "uri", "description": "the http or https address of a picture"}
    by_url = {"type": "object", "properties": {"url": url}, "required": ["url"]}
    binary = {"type": "string", "format": "binary"}
    predict = {
        "summary": "Predict the label of a picture",
        "parameters": [{"name": "top", "in": "query", "schema": {"type": "integer", "minimum": 1, "default": 3}}],
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {"type": "object", "properties": {"file": binary}, "required": ["file"]}
                },
                "application/json": {"schema": by_url},
                "image/*": {"schema": binary},
            },
        },
        "responses": {
            "200": _json("one row", {"type": "object", "properties": {"predictions": {"type": "array", "items": row}}}),
            **{str(status): _json(text, error) for status, text in sorted(PREDICT_ERRORS.items())},
        },
    }
    errors = {str(status): _json(text, error) for status, text in COMMON_ERRORS.items()}
    ok = _json("the server works", {"type": "object"})
    health = {"summary": "Check whether the server works", "responses": {"200": ok, **errors}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "bearkit: " + " / ".join(labels[:4]), "version": version("bearkit")},
        "paths": {"/api/predict": {"post": predict}, "/api/health": {"get": health}},
    }


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI description of a JSON response."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}
