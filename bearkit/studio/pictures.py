"""The grid of the Data tab: all pictures of the project, filtered, searched and sorted; labels for a selection.

The page is built by `js/data*.js`, which calls the functions below with plain values. Decisions are stored through the
outbox.
"""

from typing import Any

import gradio as gr

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.label_set import example_ids, label_set
from bearkit.catalog.schema import read_image
from bearkit.catalog.settings import catalog_name
from bearkit.core.project import Project
from bearkit.errors import NoImagesError, ReviewError
from bearkit.images import thumbnails
from bearkit.labelling.image_list import ImageList, ListState
from bearkit.labelling.image_query import ImageQuery
from bearkit.labelling.snapshot import Snapshot
from bearkit.studio.grid_answers import mark_example, thumbnail_urls, undo_or_redo
from bearkit.studio.image import image_facts
from bearkit.studio.modules import open_module
from bearkit.studio.server_functions import errors_as_answers
from bearkit.studio.shared_index import SharedIndex

JS = open_module("data.js", events=["decided"])
MOST = 200  # images of an answer
# Fields of a query, by their names in the page's address: those of the Review and the Label tab have others.
NAMES = {
    "show": "show", "named": "label", "part": "split", "source": "source", "find": "text", "sort": "sort",
    "near": "near",
}  # fmt: skip


class Pictures:
    """The grid's place on the page, and the functions that it calls. All state is in the catalogue and the browser.

    Attributes:
        decided: the event that follows decisions, once none has come for a moment.
    """

    def __init__(self, project: Project, index: SharedIndex) -> None:
        self.project, self._index = project, index
        self._list = ImageList(project, self._snapshot)
        answers = [
            errors_as_answers(ask)
            for ask in (
                self.pictures,
                self.part,
                self.range_ids,
                self.details,
                self.undo_or_redo,
                self.progress,
                self.example,
            )
        ]
        grid = gr.HTML(
            html_template="", js_on_load=JS, server_functions=answers, apply_default_css=False, elem_id="pictures"
        )
        self.decided = grid.decided

    def pictures(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return some images of a query, in its order, and everything else that the page shows.

        Args:
            request: as for `part`; and `at`, an image id: the answer has its place.

        Returns:
            What `part` returns; `all`, the number of images of the project; `place` of the image `at`, -1 if it does
            not fit; `labels` with their numbers, also those without images; `sources`; `project` and `since`, which a
            decision is sent with.
        """
        state = self._list.state()
        order = self._list.order(_query(request), state)
        catalog, at = Catalog(self.project), request.get("at")
        return {
            **self._part(state, order, request),
            "all": len(state.images) - len(state.deleted),
            "place": order.index(at) if at in order else -1,
            "labels": [[row["label"], row["images"]] for row in label_set(catalog, state.counts) if _offered(row)],
            "unlabelled": state.counts[""],
            "sources": state.sources,
            "deleted": len(state.deleted),
            "project": catalog_name(catalog),
            "since": state.counter.decision,
        }

    def part(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return some images of a query, in its order, for a grid that is scrolled.

        Args:
            request: the query as in the page's address (`NAMES`); `start` and `n`, which images to return.

        Returns:
            `images` from `start` on; `total`, the number of all that fit; `version`, which changes with the catalogue.
        """
        state = self._list.state()
        return self._part(state, self._list.order(_query(request), state), request)

    def _part(self, state: ListState, order: list[str], request: dict[str, Any]) -> dict[str, Any]:
        start = max(0, int(request.get("start") or 0))
        shown = [state.images[one] for one in order[start : start + min(MOST, int(request["n"]))]]
        images = [
            {
                "image_id": image.image_id,
                "path": image.path,
                "label": state.label_of(image.image_id),
                "name": image.name,
                "deleted": image.image_id in state.deleted,
                "url": url,
            }
            for image, url in zip(shown, thumbnail_urls(self.project, shown), strict=True)
        ]
        return {"images": images, "start": start, "total": len(order), "version": state.version}

    def range_ids(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the ids of all images of a query from `first` to `last`, both included, and the `version`."""
        state = self._list.state()
        order = self._list.order(_query(request), state)
        return {"ids": order[max(0, int(request["first"])) : int(request["last"]) + 1], "version": state.version}

    def details(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the large version of one image, and its facts.

        Raises:
            ReviewError: there is no such image.
        """
        state, catalog = self._list.state(), Catalog(self.project)
        with catalog.connection() as connection:
            image = read_image(connection, str(request["image_id"]))
        if image is None:
            raise ReviewError("this picture is no longer in the project", hint="reload the page")
        label, deleted = _label(state, image.image_id), image.image_id in state.deleted
        split = "" if deleted else state.splits.get(image.image_id, "")
        return {
            "path": image.path,
            "given": label,
            "url": thumbnail_urls(self.project, [image], thumbnails.LARGE)[0],
            "example": image.image_id in example_ids(catalog),
            "split": split or "no split",
            "width": image.width,
            "height": image.height,
            "facts": image_facts(catalog, image, label, split, deleted),
            "neighbours": [],
            "decisions": [],
        }

    def undo_or_redo(self, request: dict[str, Any]) -> dict[str, Any]:
        """Undo or redo a reviewer's last step. See `grid_answers`."""
        return undo_or_redo(DecisionLog(Catalog(self.project)), request["action"], request["reviewer"])

    def example(self, request: dict[str, Any]) -> dict[str, Any]:
        """Make an image an example of a label, or no example any more. See `grid_answers`."""
        return mark_example(Catalog(self.project), request)

    def progress(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the progress of the task that the page waits for; "" if there is none."""
        del request
        return {"text": self._index.progress}

    def _snapshot(self) -> Snapshot:
        index = self._index.get()
        if index is None:
            raise NoImagesError("there are no pictures yet", hint="import some")
        return index.snapshot(complete=True)


def _query(request: dict[str, Any]) -> ImageQuery:
    """Return the query that a page asks for; "" stands for all."""
    return ImageQuery(**{field: str(request[name]) for name, field in NAMES.items() if request.get(name)})


def _offered(row: dict[str, Any]) -> bool:
    """Return whether a label of the set can be chosen: retired ones only while images have them."""
    return bool(row["images"]) or not row["retired"]


def _label(state: ListState, image_id: str) -> str:
    return state.label_of(image_id) if image_id in state.images else ""
