"""Where pictures come from, on the Data tab: folders, lists of addresses, search, files and the camera for a label."""

import importlib.util
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

from bearkit.catalog.catalog import Catalog
from bearkit.core.project import Project
from bearkit.errors import ImportSourceError
from bearkit.sources.importing import import_images
from bearkit.sources.samples import project as sample_project
from bearkit.sources.web import url_list
from bearkit.studio import html, import_question
from bearkit.studio.collect_job import Fetching, limits
from bearkit.studio.import_question import ONE_AT_A_TIME, Asked
from bearkit.studio.search import Search
from bearkit.web import uploads
from bearkit.web.errors import show_errors, take_files
from bearkit.web.launch import hosted

GATHER = (Path(__file__).parent / "gather.js").read_text()


class Sources:
    """Layout and wiring. `changed` is a number that grows when pictures came: the tab looks anew then."""

    def __init__(self, project: Project) -> None:
        self.project, self.fetching, self.hosted = project, Fetching(project), hosted()
        self.changed: gr.State = gr.State(0)
        self.timer = gr.Timer(0.5, active=False)
        self.receipt = gr.HTML()
        self.question = import_question.Question()
        self.imported = [self.receipt, self.changed, *self.question.shown]
        with gr.Tabs():
            with gr.Tab("Folder"):
                self._folder()
            with gr.Tab("Addresses"):
                self._addresses()
            with gr.Tab("Search"):
                search = Search(project, self.fetching, self.private, self.timer)
                self._ask_no_more(search.fetch)
            with gr.Tab("One label"):
                self._one_label()
        self.question.answered_by(self.answer, [self.changed], self.imported)
        self.birds = gr.Button("No pictures at hand? Take the sample birds", visible=not project.exists)
        self.birds.click(self.take_birds, self.changed, self.imported, concurrency_id=ONE_AT_A_TIME)
        self.standing = gr.HTML()
        with gr.Row():
            stop = gr.Button("Stop", visible=False, min_width=80)
            go_on = gr.Button("Fetch those that wait", visible=False, min_width=80)
            retry = gr.Button(html.RETRY, visible=False, min_width=80)
        self.tally = gr.HTML()
        self.seen: gr.State = gr.State(None)
        self.live = [self.seen, self.timer, self.standing, stop, go_on, retry, self.tally, self.changed]
        self.timer.tick(self.follow, [self.seen, self.changed], self.live, show_progress="hidden")
        stop.click(self.fetching.stop, None, None)
        go_on.click(self.go_on, self.private, self.timer)
        retry.click(self.retry, self.private, self.timer)

    def _folder(self) -> None:
        if not self.hosted:  # strangers read no files of this machine, nor data sets with its owner's token
            source = gr.Textbox(label="Folder or zip on this machine, or hf://USER/NAME", placeholder="/home/me/bears")
            link = gr.Checkbox(False, label="Leave the files where they are, copy nothing")
            take = gr.Button("Import", variant="primary")
        label = f"Drop a zip{sounds()}" if self.hosted else f"… or drop a zip{sounds()}"
        upload = gr.File(label=label, file_types=[".zip"], height=120)
        take_files(upload)
        if not self.hosted:
            for event in (take.click, source.submit):
                event(self.take, [source, link, self.changed], self.imported, concurrency_id=ONE_AT_A_TIME)
        upload.upload(self.take_dropped, [upload, self.changed], self.imported, concurrency_id=ONE_AT_A_TIME)
        self._ask_no_more(upload.clear)

    def _addresses(self) -> None:
        label = gr.Textbox(label="Label", placeholder="grizzly", max_lines=1)
        listed = gr.Textbox(label="Addresses of pictures, one a line", lines=3, max_lines=8)
        files = gr.File(
            label="… or a list: .txt, or .csv with a column of labels",
            file_types=[".txt", ".csv", ".tsv", ".json", ".jsonl"],
            height=120,
            elem_id="address-list",
        )
        take_files(files)
        self.private = gr.Checkbox(False, label=html.OWN_NETWORK, visible=not self.hosted)
        go = gr.Button("Fetch the pictures", variant="primary")
        gr.HTML(html.gather("javascript:" + quote(GATHER)))
        with gr.Accordion("The same as a snippet for the browser's console", open=False):
            gr.Code(GATHER, language="javascript", show_label=False, lines=6, max_lines=12)
        go.click(self.collect, [label, listed, files, self.private], [self.timer, listed, files, label])
        self._ask_no_more(go.click)

    def _one_label(self) -> None:
        self.label = gr.Dropdown([], label="Label, one there is or a new one", allow_custom_value=True, value=None)
        files = gr.File(label=f"Drop its pictures{sounds()}", file_count="multiple", height=120, elem_id="label-files")
        take_files(files)
        camera = gr.Image(label="… or take them", sources=["webcam"], type="filepath", height=240, buttons=[])
        take_files(camera)
        for event in (files.upload, self.label.input):  # whichever comes last
            event(self.add, [self.label, files, self.changed], [self.receipt, self.changed, files])
        for event in (camera.input, self.label.input):
            event(self.photograph, [self.label, camera, self.changed], [self.receipt, self.changed, camera])
        for event in (files.upload, camera.input):
            self._ask_no_more(event)

    def _ask_no_more(self, event: Any) -> None:
        """Take the question away: there is another source."""
        event(import_question.nothing_asked, None, self.question.shown, show_progress="hidden", queue=False)

    @show_errors
    def take(
        self, source: str | None, link: bool, changed: int, progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio's way)
    ) -> Iterator[Any]:  # fmt: skip
        """Import a folder, a zip, or a data set of the Hub."""
        yield _begun()
        if not source or not source.strip():
            raise ImportSourceError("no folder was named", hint="type the path of a folder, or drop a zip")
        if self.hosted:
            raise ImportSourceError("only files of your own machine are taken here", hint="drop a zip of the folder")
        yield self._take(source.strip().strip("\"'"), link, changed, progress)

    def _take(self, source: str, link: bool, changed: int, progress: gr.Progress) -> list[Any]:
        self.fetching.must_be_over()
        if asked := import_question.question(self.project, source, link):
            return ["", changed, *import_question.shown(asked)]
        return self._import({"source": source, "link": link}, changed, progress)

    @show_errors
    def take_dropped(self, path: str, changed: int, progress: gr.Progress = gr.Progress()) -> Iterator[Any]:  # noqa: B008 (Gradio's way)
        """Import a zip that was dropped."""
        yield _begun()
        yield self._take(path, False, changed, progress)

    @show_errors
    def answer(
        self, number: int, on_page: str, asked: Asked | None, changed: int, progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio's way)
    ) -> Iterator[Any]:  # fmt: skip
        """Import what was asked about, read as the person said."""
        self.fetching.must_be_over()
        how = import_question.answer(number, on_page, asked)
        yield _begun()
        yield self._import(how, changed, progress)

    def _import(self, how: dict[str, Any], changed: int, progress: gr.Progress) -> list[Any]:
        """Import, and say what became of it; nothing is asked any more."""
        result = import_images(self.project, progress=_shown(progress), called=_called, **how)
        return [html.receipt(result.as_dict()), changed + 1, *import_question.nothing_asked()]

    @show_errors
    def take_birds(self, changed: int, progress: gr.Progress = gr.Progress()) -> Iterator[Any]:  # noqa: B008 (Gradio's way)
        """Import the sample photographs."""
        yield _begun()
        sample_project.prepare_sample(self.project, _shown(progress))
        yield self._take(str(sample_project.sample_folder(self.project)), False, changed, progress)

    @show_errors
    def add(self, label: str | None, paths: Sequence[str] | None, changed: int) -> Any:
        """Import files for one label."""
        if not paths:
            return gr.skip(), gr.skip(), gr.skip()
        self.fetching.must_be_over()
        result = import_images(self.project, list(paths), label=_named(label), called=_called)
        return html.receipt(result.as_dict()), changed + 1, None

    @show_errors
    def photograph(self, label: str | None, path: str | None, changed: int) -> Any:
        """Import what the camera took."""
        if path is None:
            return gr.skip(), gr.skip(), gr.skip()
        name = f"camera/{time.strftime('%Y-%m-%d %H.%M.%S')} {time.time_ns() % 1000:03}"
        self.fetching.must_be_over()
        result = import_images(self.project, path, label=_named(label), called=lambda _: name)
        return html.receipt(result.as_dict()), changed + 1, None

    @show_errors
    def collect(self, label: str | None, listed: str | None, file: str | None, private: bool) -> Any:
        """Fetch a list of addresses in the background."""
        lists = [_list(label, Path(file))] if file else []
        with tempfile.TemporaryDirectory() as folder:
            if listed and listed.strip():
                (Path(folder) / "the addresses.txt").write_text(listed, encoding="utf-8")
                lists.append((_named(label), Path(folder) / "the addresses.txt"))
            asked = url_list.read_lists(lists)
        if not asked.urls:
            left_out = ", ".join(f"{n} {reason}" for reason, n in asked.skipped.items())
            raise ImportSourceError(
                f"there is no address to fetch{f': {left_out}' if left_out else ''}",
                hint="paste them one a line, or drop a list",
            )
        self.fetching.start(asked, limits(private))
        return gr.Timer(active=True), "", None, ""

    @show_errors
    def go_on(self, private: bool) -> Any:
        """Fetch what still waits."""
        self.fetching.start((), limits(private))
        return gr.Timer(active=True)

    @show_errors
    def retry(self, private: bool) -> Any:
        """Ask those again that failed."""
        self.fetching.start((), limits(private), retry=True)
        return gr.Timer(active=True)

    def follow(self, seen: Any, changed: int) -> list[Any]:
        """How far the fetching is; nothing is sent when nothing is new."""
        now = self.fetching.now
        if seen == (now.number, now.running, now.done):
            return [gr.skip()] * len(self.live)
        ended = seen is not None and not now.running and seen[:2] != (now.number, False)
        return [*self._standing(), changed + ended]

    def refresh(self) -> list[Any]:
        """The same for who opens the page, without what tells of a change.

        It never stops the timer: the answer of a page that opens slowly may come after somebody pressed Fetch.
        """
        seen, timer, *rest = self._standing()
        return [seen, timer if self.fetching.now.running else gr.skip(), *rest]

    def _standing(self) -> list[Any]:
        now = self.fetching.now
        tally = Catalog(self.project).count_remote_sources() if self.project.exists else []
        failed = [] if now.running or not self.project.exists else Catalog(self.project).failed()
        waiting = any(status == "waiting" for _, status, _, _ in tally)
        return [
            (now.number, now.running, now.done),
            gr.Timer(active=now.running),
            html.fetching(now.running, now.done, now.total, now.report.as_dict() if now.report else None, now.failure),
            gr.update(visible=now.running),
            gr.update(visible=waiting and not now.running),
            gr.update(visible=bool(failed)),
            html.sources(tally, failed),
        ]


def sounds() -> str:
    """What to say where sounds may be dropped, when what reads them is not installed."""
    return "" if importlib.util.find_spec("soundfile") else " (for sounds: pip install 'bearkit[sound]')"


def _begun() -> list[Any]:
    """What is shown of a new source before anything is known of it: neither the last receipt nor its question."""
    return ["", gr.skip(), *import_question.nothing_asked()]


def _list(label: str | None, path: Path) -> tuple[str | None, Path]:
    """A list that was dropped: its own labels count, where it has some.

    Raises:
        ImportSourceError: it cannot be read, or its label is missing.
    """
    with suppress(ImportSourceError):
        url_list.read_lists([(None, path)])
        return None, path
    return _named(label), path


def _named(label: str | None) -> str:
    """A label that was typed.

    Raises:
        ImportSourceError: it is empty.
    """
    if not label or not label.strip():
        raise ImportSourceError("of which label are they?", hint="name the label")
    return label.strip()


def _called(origin: str) -> str:
    """Where a file came from that was dropped into the browser: the folder in between is nobody's concern."""
    below = uploads.inside(origin)
    return f"dropped/{below}" if below else origin


def _shown(progress: gr.Progress) -> Any:
    """A bearkit progress that moves Gradio's bar."""
    return lambda what, done, total: progress((done, total), desc=what)
