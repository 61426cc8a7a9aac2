"""The import panel of the Data tab: folders and zips, lists of links, search, dropped files and the camera."""

import importlib.util
import time
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from bearkit.catalog.catalog import Catalog
from bearkit.core.project import Project
from bearkit.errors import ImportSourceError
from bearkit.sources.importing import import_images
from bearkit.sources.samples import project as sample_project
from bearkit.studio import import_html, import_question
from bearkit.studio.collect_job import CollectJob, limits
from bearkit.studio.import_question import ONE_AT_A_TIME, OpenQuestion
from bearkit.studio.links import Links, given_label, no_label_box
from bearkit.studio.search import Search
from bearkit.web import uploads
from bearkit.web.errors import show_errors, take_original_files
from bearkit.web.launch import is_hosted


class Sources:
    """The layout and event handlers of the import panel.

    Attributes:
        changed: a counter that grows with each import; the Data tab refreshes when it changes.
        imported: the components that every import updates.
        live: the components that `follow` updates while links are downloaded.
    """

    def __init__(self, project: Project) -> None:
        self.project, self.downloads, self.hosted = project, CollectJob(project), is_hosted()
        self.changed: gr.State = gr.State(0)
        self.timer = gr.Timer(0.5, active=False)
        self.receipt = gr.HTML()
        self.question = import_question.Question()
        self.imported = [self.receipt, self.changed, *self.question.shown]
        with gr.Tabs():
            with gr.Tab("Folder"):
                self._folder()
            with gr.Tab("Links"):
                links = Links(self.downloads, self.timer)
                self.private = links.private
                self._hide_question(links.fetch)
            with gr.Tab("Search"):
                search = Search(project, self.downloads, self.private, self.timer)
                self._hide_question(search.fetch)
            with gr.Tab("Files & camera"):
                self._one_label()
        self.question.answered_by(self.answer, [self.changed], self.imported)
        self.birds = gr.Button("No pictures yet? Try the sample birds", visible=not project.exists)
        self.birds.click(self.take_birds, self.changed, self.imported, concurrency_id=ONE_AT_A_TIME)
        self.status = gr.HTML()
        with gr.Row():
            stop = gr.Button("Stop", visible=False, min_width=80)
            rest = gr.Button("Download the rest", visible=False, min_width=80)
            retry = gr.Button(import_html.RETRY, visible=False, min_width=80)
        self.tally = gr.HTML()
        self.seen: gr.State = gr.State(None)
        self.live = [self.seen, self.timer, self.status, stop, rest, retry, self.tally, self.changed]
        self.timer.tick(self.follow, [self.seen, self.changed], self.live, show_progress="hidden")
        stop.click(self.downloads.stop, None, None)
        rest.click(self.download_rest, self.private, self.timer)
        retry.click(self.retry, self.private, self.timer)

    def _folder(self) -> None:
        if not self.hosted:  # visitors must not read this machine's files, nor use its owner's Hugging Face token
            source = gr.Textbox(
                label="Folder or .zip on the computer running bearkit",
                placeholder="/home/me/bears, or hf://USER/DATASET",
            )
            link = gr.Checkbox(False, label="Use the files in place (don't copy)")
            take = gr.Button("Import", variant="primary")
        label = "Drop a .zip" if self.hosted else f"Or drop a .zip{sound_hint()}"
        upload = gr.File(label=label, file_types=[".zip"], height=120)
        take_original_files(upload)
        if not self.hosted:
            for event in (take.click, source.submit):
                event(self.take, [source, link, self.changed], self.imported, concurrency_id=ONE_AT_A_TIME)
        upload.upload(self.take_dropped, [upload, self.changed], self.imported, concurrency_id=ONE_AT_A_TIME)
        self._hide_question(upload.clear)

    def _one_label(self) -> None:
        self.label = gr.Dropdown(
            [], label="Label of these pictures (choose or type)", allow_custom_value=True, value=None
        )
        none = no_label_box()
        files = gr.File(
            label=f"Drop pictures{'' if self.hosted else sound_hint()}", file_count="multiple",
            height=120, elem_id="label-files",
        )  # fmt: skip
        take_original_files(files)
        camera = gr.Image(label="Or use the camera", sources=["webcam"], type="filepath", height=240, buttons=[])
        take_original_files(camera)
        for event in (files.upload, self.label.input, none.input):  # import once both are there, in either order
            event(self.add, [self.label, none, files, self.changed], [self.receipt, self.changed, files])
        for event in (camera.input, self.label.input, none.input):
            event(self.photograph, [self.label, none, camera, self.changed], [self.receipt, self.changed, camera])
        for event in (files.upload, camera.input):
            self._hide_question(event)

    def _hide_question(self, event: Any) -> None:
        """Hide an open question when this event starts an import from another source."""
        event(import_question.hide_question, None, self.question.shown, show_progress="hidden", queue=False)

    @show_errors
    def take(
        self, source: str | None, link: bool, changed: int, progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio's way)
    ) -> Iterator[Any]:  # fmt: skip
        """Import a folder, a zip, or a data set of the Hugging Face Hub."""
        yield _cleared()
        if not source or not source.strip():
            raise ImportSourceError("no folder was given", hint="type the path of a folder, or drop a .zip")
        if self.hosted:
            raise ImportSourceError(
                "this studio cannot read folders of the computer that it runs on", hint="drop a .zip of your folder"
            )
        yield self._take(source.strip().strip("\"'"), link, changed, progress)

    def _take(self, source: str, link: bool, changed: int, progress: gr.Progress) -> list[Any]:
        self.downloads.ensure_idle()
        if question := import_question.find_question(self.project, source, link):
            return ["", changed, *import_question.show_question(question)]
        return self._import({"source": source, "link": link}, changed, progress)

    @show_errors
    def take_dropped(self, path: str, changed: int, progress: gr.Progress = gr.Progress()) -> Iterator[Any]:  # noqa: B008 (Gradio's way)
        """Import a dropped zip."""
        yield _cleared()
        yield self._take(path, False, changed, progress)

    @show_errors
    def answer(
        self, number: int, on_page: str, question: OpenQuestion | None, changed: int,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio's way)
    ) -> Iterator[Any]:  # fmt: skip
        """Import the source of the open question in the way that the person chose.

        Args:
            number: which answer was clicked.
            on_page: the question's text on this page.
            question: the question that was asked last.
            changed: the import counter.
            progress: Gradio's progress bar.
        """
        self.downloads.ensure_idle()
        arguments = import_question.import_arguments(number, on_page, question)
        yield _cleared()
        yield self._import(arguments, changed, progress)

    def _import(self, arguments: dict[str, Any], changed: int, progress: gr.Progress) -> list[Any]:
        """Call `import_images`, then return the values of `imported`: the receipt, and no question."""
        result = import_images(self.project, progress=_progress_bar(progress), called=origin_of, **arguments)
        return [import_html.import_summary(result.as_dict()), changed + 1, *import_question.hide_question()]

    @show_errors
    def take_birds(self, changed: int, progress: gr.Progress = gr.Progress()) -> Iterator[Any]:  # noqa: B008 (Gradio's way)
        """Import the sample photographs."""
        yield _cleared()
        sample_project.prepare_sample(self.project, _progress_bar(progress))
        yield self._take(str(sample_project.sample_folder(self.project)), False, changed, progress)

    @show_errors
    def add(self, label: str | None, none: bool, paths: Sequence[str] | None, changed: int) -> Any:
        """Import dropped files with one label, or with none yet."""
        if not paths:
            return gr.skip(), gr.skip(), gr.skip()
        self.downloads.ensure_idle()
        given = given_label(label, none) or None
        result = import_images(self.project, list(paths), labelled=not none, label=given, called=origin_of)
        return import_html.import_summary(result.as_dict()), changed + 1, None

    @show_errors
    def photograph(self, label: str | None, none: bool, path: str | None, changed: int) -> Any:
        """Import a photograph from the camera with one label, or with none yet."""
        if path is None:
            return gr.skip(), gr.skip(), gr.skip()
        name = f"camera/{time.strftime('%Y-%m-%d %H.%M.%S')} {time.time_ns() % 1000:03}"
        self.downloads.ensure_idle()
        given = given_label(label, none) or None
        result = import_images(self.project, path, labelled=not none, label=given, called=lambda _: name)
        return import_html.import_summary(result.as_dict()), changed + 1, None

    @show_errors
    def download_rest(self, private: bool) -> Any:
        """Download the links that are still waiting."""
        self.downloads.start((), limits(private))
        return gr.Timer(active=True)

    @show_errors
    def retry(self, private: bool) -> Any:
        """Download the failed links again."""
        self.downloads.start((), limits(private), retry=True)
        return gr.Timer(active=True)

    def follow(self, seen: Any, changed: int) -> list[Any]:
        """Return the state of the download for `live`, or no updates if nothing changed."""
        now = self.downloads.now
        if seen == (now.number, now.running, now.done):
            return [gr.skip()] * len(self.live)
        ended = seen is not None and not now.running and seen[:2] != (now.number, False)
        return [*self._status(), changed + ended]

    def refresh(self) -> list[Any]:
        """Return the state of the download for a page that opens; the import counter stays as it is.

        This never stops the timer: if a page opens slowly, its answer may come after a download started.
        """
        seen, timer, *rest = self._status()
        return [seen, timer if self.downloads.now.running else gr.skip(), *rest]

    def _status(self) -> list[Any]:
        now = self.downloads.now
        tally = Catalog(self.project).count_remote_sources() if self.project.exists else []
        failed = [] if now.running or not self.project.exists else Catalog(self.project).failed()
        waiting = any(status == "waiting" for _, status, _, _ in tally)
        return [
            (now.number, now.running, now.done),
            gr.Timer(active=now.running),
            import_html.download_status(
                now.running, now.done, now.total, now.report.as_dict() if now.report else None, now.failure, self.hosted
            ),
            gr.update(visible=now.running),
            gr.update(visible=waiting and not now.running),
            gr.update(visible=bool(failed), value=f"{import_html.RETRY} ({len(failed)})"),
            import_html.link_table(tally, failed),
        ]


def sound_hint() -> str:
    """Return how to install support for sound files; "" if it is installed."""
    return "" if importlib.util.find_spec("soundfile") else " (sound files need: pip install 'bearkit[sound]')"


def _cleared() -> list[Any]:
    """Return values of `imported` that hide the last receipt and question while a new import starts."""
    return ["", gr.skip(), *import_question.hide_question()]


def origin_of(path: str) -> str:
    """Return the origin to store for a file; a dropped one loses the upload folder from its path."""
    below = uploads.path_below_upload(path)
    return f"dropped/{below}" if below else path


def _progress_bar(progress: gr.Progress) -> Any:
    """Return a progress callback that moves Gradio's progress bar."""
    return lambda what, done, total: progress((done, total), desc=what)
