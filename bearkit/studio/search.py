"""Search, on the Data tab: what providers of pictures have for each label, seen before it is fetched."""

from contextlib import suppress
from typing import Any

import gradio as gr

from bearkit.core.parallel import ordered_map
from bearkit.core.project import Project
from bearkit.errors import BearkitError, ImportSourceError
from bearkit.images import decode
from bearkit.sources.web.fetch import Limits, fetch
from bearkit.sources.web.providers import SearchHit
from bearkit.sources.web.search import SearchReport, provider_names, search_images
from bearkit.studio import html
from bearkit.studio.collect_job import Fetching, limits
from bearkit.web.errors import show_errors

SHOWN = 24  # pictures of a search that are shown before they are fetched
SIDE = 320  # pixels of each


class Search:
    """Layout and wiring.

    Args:
        project: where pictures go.
        fetching: what fetches them.
        private: the checkbox that allows addresses of one's own network.
        timer: what follows the fetching.
    """

    def __init__(self, project: Project, fetching: Fetching, private: gr.Checkbox, timer: gr.Timer) -> None:
        self.project, self.fetching = project, fetching
        queries = gr.Textbox(
            label="What to search for, a label a line", lines=3, placeholder="black = black bear\nteddy = teddy bear"
        )
        with gr.Row():
            most = gr.Number(150, minimum=1, precision=0, label="Pictures a label", min_width=100)
            providers = gr.Dropdown(
                provider_names(), value=["openverse", "commons"], multiselect=True, allow_custom_value=True,
                label="Ask in this order", min_width=180,
            )  # fmt: skip
        look = gr.Button("Look what there is")
        self.found: gr.State = gr.State(None)
        told_of = gr.HTML()
        preview = gr.Gallery(show_label=False, columns=3, height="auto", interactive=False, buttons=[], visible=False)
        go = gr.Button("Fetch these", variant="primary", visible=False)
        look.click(self.look, [queries, most, providers, private], [self.found, told_of, preview, go])
        self.fetch = go.click
        go.click(self.fetch_found, [self.found, private], [timer, told_of, preview, go])

    @show_errors
    def look(self, text: str | None, most: float | None, providers: list[str], private: bool) -> Any:
        """Search, and show the first pictures of each label; nothing is kept yet."""
        asked = [
            (label.strip(), query if equals else label)  # a label by itself is what is searched for
            for label, equals, query in (line.partition("=") for line in (text or "").splitlines())
        ]
        if not any(any(pair) for pair in asked):
            raise ImportSourceError("nothing was typed", hint="one label a line, such as black bear")
        allowed = limits(private)
        found = search_images([pair for pair in asked if any(pair)], int(most or 1), providers, allowed)
        each = max(1, SHOWN // max(1, len(found.found)))
        hits = [(label, hit) for label, every in found.found.items() for hit in every[:each]]
        small = ordered_map(lambda pair: (_thumbnail(pair[1], allowed), _caption(*pair)), hits, workers=8)
        pictures = [(image, caption) for image, caption in small if image is not None]
        n = len(found.urls().urls)
        return found, html.found(found.as_dict(whole=False)), gr.update(value=pictures, visible=True), gr.update(
            value=f"Fetch these {n}", visible=n > 0
        )  # fmt: skip

    @show_errors
    def fetch_found(self, found: SearchReport, private: bool) -> Any:
        """Fetch what was found, in the background."""
        self.fetching.start(found.urls(), limits(private))
        return gr.Timer(active=True), "", gr.update(value=[], visible=False), gr.update(visible=False)


def _thumbnail(hit: SearchHit, limits: Limits) -> Any:
    """A small picture of what was found, fetched as safely as the picture itself; None where there is none."""
    for url in filter(None, (hit.thumbnail, hit.url)):
        with suppress(BearkitError):
            image = decode(fetch(url, limits).data, at_least=SIDE).image
            image.thumbnail((SIDE, SIDE))
            return image
    return None


def _caption(label: str, hit: SearchHit) -> str:
    return " · ".join(filter(None, (label, hit.credit.license, hit.credit.creator)))
