"""What the map of the Label tab shows: positions, labels and proposals of all images in a few bytes each."""

import base64
from collections.abc import Collection
from typing import Any

import numpy as np

from bearkit.catalog.label_set import label_set
from bearkit.catalog.settings import label_order
from bearkit.labelling.image_map import Positions
from bearkit.labelling.label_queue import LabelQueue
from bearkit.labelling.map_labels import FIRST_PROPOSAL, GONE, label_codes
from bearkit.labelling.snapshot import Snapshot

SHORT = 12  # characters of an image id that the page knows, 6 bytes


def map_answer(queue: LabelQueue, snapshot: Snapshot, where: Positions, news: str, known: str) -> dict[str, Any]:
    """Return what the page draws.

    Args:
        queue: of the project.
        snapshot: of now.
        where: the positions of its images.
        news: how far the computation of a better map is.
        known: the version of the positions that the page has.

    Returns:
        `dots` ("" if the page knows them): base64 of x and y of each image, uint16, and then of the first 6 bytes of
        each id; `codes`: base64 of an int16 for each image, see `label_codes`; `labels`: of the vocab, with the number
        of images that have each label or proposal; `version` and `news`.
    """
    codes = label_codes(queue, snapshot)
    packed = "" if known == where.version else _base64(_packed_positions(where.values) + _packed_ids(snapshot))
    return {
        "version": where.version,
        "news": news,
        "dots": packed,
        "codes": _base64(codes.astype("<i2").tobytes()),
        "labels": _labels(queue, snapshot, codes),
    }


def ids_of(snapshot: Snapshot, beginnings: Collection[str]) -> list[str]:
    """Return the ids of images from their first characters, as the page sends them; unknown ones are left out."""
    by_beginning = snapshot.results.get(
        "ids by their beginning", lambda: {image.image_id[:SHORT]: image.image_id for image in snapshot.images}
    )
    return [by_beginning[one] for one in beginnings if one in by_beginning]


def _packed_positions(values: np.ndarray) -> bytes:
    return bytes(np.rint(values * 65535).astype("<u2"))


def _packed_ids(snapshot: Snapshot) -> bytes:
    return bytes.fromhex("".join(image.image_id[:SHORT] for image in snapshot.images))


def _labels(queue: LabelQueue, snapshot: Snapshot, codes: np.ndarray) -> list[dict[str, Any]]:
    """Return the labels of the vocab: their colour, their place among all labels, and the number of images."""
    catalog, n = queue.index.catalog, len(snapshot.vocab)
    labelled = np.bincount(codes[codes >= 0], minlength=n).tolist()
    proposed = FIRST_PROPOSAL - codes[(codes <= FIRST_PROPOSAL) & (codes != GONE)]
    counts = np.bincount(proposed, minlength=n).tolist()
    colour = {row["label"]: row["colour"] for row in label_set(catalog, dict.fromkeys(snapshot.vocab, 0))}
    place = {label: number for number, label in enumerate(label_order(catalog, [*colour]))}
    return [
        {"label": label, "colour": colour[label], "place": place[label], "labelled": labelled[n], "proposed": counts[n]}
        for n, label in enumerate(snapshot.vocab)
    ]


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
