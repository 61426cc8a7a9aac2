"""The Search panel of the Data tab: search image providers for each label, preview the results, download them."""

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
from bearkit.studio import import_html
from bearkit.studio.collect_job import CollectJob, limits
from bearkit.studio.links import NO_LABEL, no_label_box
from bearkit.web.errors import show_errors

PREVIEWED = 24  # images that are shown before the download
SIDE = 320  # pixels of a preview's longer side


class Search:
    """The layout and event handlers of the Search panel.

    Args:
        project: where the images go.
        downloads: runs the downloads of this project.
        private: the checkbox that allows addresses on the own network.
        timer: the timer that follows a download.
    """

    def __init__(self, project: Project, downloads: CollectJob, private: gr.Checkbox, timer: gr.Timer) -> None:
        self.project, self.downloads = project, downloads
        queries = gr.Textbox(
            label="What to search for, one label per line",
            lines=3,
            placeholder="black = black bear\nteddy = teddy bear",
        )
        none = no_label_box()
        with gr.Row():
            most = gr.Number(150, minimum=1, precision=0, label="Pictures per label", min_width=100)
            providers = gr.Dropdown(
                provider_names(), value=["openverse", "commons"], multiselect=True, allow_custom_value=True,
                label="Search engines, in order", min_width=180,
            )  # fmt: skip
        look = gr.Button("Preview results")
        self.found: gr.State = gr.State(None)  # a SearchReport
        summary = gr.HTML()
        preview = gr.Gallery(show_label=False, columns=3, height="auto", interactive=False, buttons=[], visible=False)
        go = gr.Button("Download these", variant="primary", visible=False)
        look.click(self.look, [queries, none, most, providers, private], [self.found, summary, preview, go])
        self.fetch = go.click
        go.click(self.fetch_found, [self.found, private], [timer, summary, preview, go])

    @show_errors
    def look(self, text: str | None, none: bool, most: float | None, providers: list[str], private: bool) -> Any:
        """Search, and preview the first results of each label; nothing is stored yet.

        Args:
            text: `LABEL = QUERY` lines; a label alone is its own query.
            none: whether the pictures get no label yet; then each line is a query.
            most: results per label.
            providers: names of providers, in the order in which they are asked.
            private: whether providers on the own network are allowed.
        """
        lines = (text or "").splitlines()
        queries = [
            (label.strip(), query if equals else label)
            for label, equals, query in (line.partition("=") for line in lines)
        ]
        if any(query.strip() and not label for label, query in queries) and not none:
            raise ImportSourceError("a line has no label", hint=f"type LABEL = QUERY, or tick “{NO_LABEL}”")
        queries = [("", line) for line in lines if line.strip()] if none else queries
        if not any(any(pair) for pair in queries):
            raise ImportSourceError("nothing was typed", hint="type one label per line, such as: black bear")
        allowed = limits(private)
        report = search_images([pair for pair in queries if any(pair)], int(most or 1), providers, allowed)
        per_label = max(1, PREVIEWED // max(1, len(report.found)))
        hits = [(label, hit) for label, results in report.found.items() for hit in results[:per_label]]
        previews = ordered_map(lambda pair: (_thumbnail(pair[1], allowed), _caption(*pair)), hits, workers=8)
        pictures = [(image, caption) for image, caption in previews if image is not None]
        n = len(report.urls().urls)
        summary, gallery = (
            import_html.search_summary(report.as_dict(whole=False)),
            gr.update(value=pictures, visible=True),
        )
        return report, summary, gallery, gr.update(value=f"Download these {n}", visible=n > 0)

    @show_errors
    def fetch_found(self, found: SearchReport, private: bool) -> Any:
        """Start to download the results in the background."""
        self.downloads.start(found.urls(), limits(private))
        return gr.Timer(active=True), "", gr.update(value=[], visible=False), gr.update(visible=False)


def _thumbnail(hit: SearchHit, limits: Limits) -> Any:
    """Download a result's thumbnail with the checks of any download; None if that fails."""
    for url in filter(None, (hit.thumbnail, hit.url)):
        with suppress(BearkitError):
            image = decode(fetch(url, limits).data, at_least=SIDE).image
            image.thumbnail((SIDE, SIDE))
            return image
    return None


def _caption(label: str, hit: SearchHit) -> str:
    """Return a result's label, licence and creator, as far as they are known."""
    return " · ".join(filter(None, (label or "no label", hit.credit.license, hit.credit.creator)))
