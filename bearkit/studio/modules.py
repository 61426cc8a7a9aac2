"""The studio's JavaScript: ES modules in `js/`, served under the digest of their content, and how a page imports them.

Gradio runs the script of a component as the body of a function, where `import` statements are not allowed. So that
script is one call of `import(...)`; see docs/adr/024-javascript-modules.md.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

FILES = {path.name: path.read_bytes() for path in sorted((Path(__file__).parent / "js").glob("*.js"))}
DIGEST = hashlib.sha256(b"\0".join(name.encode() + b"\0" + content for name, content in FILES.items())).hexdigest()[:16]
PLACE = f"/bearkit/{DIGEST}/"
KEPT = {"cache-control": "public, max-age=31536000, immutable"}  # another version has another address
NOT_HERE = "this is not the version that the studio serves now: reload the page"
# The page's own root: a proxy may serve the studio below a path, under a host name that the studio does not know.
ROOT = "new URL(window.gradio_config?.root || '/', location.href).pathname.replace(/\\/$/, '')"
OPEN = """
const place = {root} + '{place}';
{before}import(place + '{name}').then(({{ open }}) => open({{ element, server, events: {{{events}}} }}), (problem) => {{
  console.error(problem);
  const line = Object.assign(document.createElement('div'), {{ className: 'bk-line bk-bad', role: 'alert' }});
  line.textContent = 'This part of the page did not load: reload the page.';
  element.replaceChildren(line);
}});"""
PRELOAD = """for (const name of {names}) {{
  const link = Object.assign(document.createElement('link'), {{ rel: 'modulepreload', href: place + name }});
  document.head.append(link);
}}
"""


def route() -> Route:
    """Return the route that serves the modules."""
    return Route("/bearkit/{digest}/{name}", _module, methods=["GET"])


def open_module(name: str, events: Sequence[str] = (), preload: bool = False) -> str:
    """Return the script of a `gr.HTML` that imports a module and calls its `open({element, server, events})`.

    Args:
        name: the file of the module, such as "label.js".
        events: names of Gradio's events that the module may trigger, each as a function of `events`.
        preload: whether to load all other modules too, so that a tab opens later without waiting for the network.
    """
    before = PRELOAD.format(names=list(FILES)) if preload else ""
    # Gradio makes an event of each name that stands in quotes.
    triggers = ", ".join(f"{event}: () => trigger('{event}')" for event in events)
    return OPEN.format(root=ROOT, place=PLACE, before=before, name=name, events=triggers)


def call_module(name: str, function: str) -> str:
    """Return a JavaScript expression: a promise of what a function of a module returns when it is called."""
    return f"import({ROOT} + '{PLACE}{name}').then((module) => module.{function}())"


async def _module(request: Request) -> Response:
    """Answer with a module; 404 for an unknown name, or for the address of another version."""
    content = FILES.get(request.path_params["name"])
    if content is None or request.path_params["digest"] != DIGEST:
        return PlainTextResponse(NOT_HERE, status_code=404, headers={"cache-control": "no-store"})
    return Response(content, media_type="text/javascript", headers=KEPT)
