"""HTML of many predictions: the pictures of each predicted label, and the files that could not be predicted."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from bearkit.core.text import UNKNOWN, count, whole_percent
from bearkit.studio import html
from bearkit.web.prediction_html import cut


def predictions(rows: Sequence[tuple[dict[str, Any], bytes]]) -> str:
    """Return the predicted pictures, grouped by label; in each group the model is least sure of the first.

    The group of unknown pictures comes first, since these are most often wrong.

    Args:
        rows: a row of `predict_files` and a small JPEG of the picture; without one, the picture is only counted.
    """
    failed = [row for row, _ in rows if "error" in row]
    groups: dict[str, list[tuple[dict[str, Any], bytes]]] = {}
    for row, jpeg in sorted(rows, key=lambda pair: pair[0].get("probability", 0)):
        if "error" not in row:
            groups.setdefault(row["label"] if row["known"] else UNKNOWN, []).append((row, jpeg))
    names = sorted(groups, key=lambda name: (name != UNKNOWN, -len(groups[name]), name))
    shown = "".join(_group(name, groups[name]) for name in names)
    reasons = html.table(("file", "reason"), [(Path(row["path"]).name, row["error"]) for row in failed])
    return shown + html.fold(f"Not predicted ({len(failed)})", reasons, len(failed))


def _group(name: str, rows: Sequence[tuple[dict[str, Any], bytes]]) -> str:
    tiles = [_tile(row, jpeg) for row, jpeg in rows if jpeg]
    hidden = len(rows) - len(tiles)
    more = f'<div class="bk-quiet">{hidden} more are in the table.</div>' if hidden else ""
    heading = f'<h3>{cut(name)} <span class="bk-quiet">{count(len(rows), "picture")}</span></h3>'
    return f'<section>{heading}<div class="bk-pictures bk-near">{"".join(tiles)}</div>{more}</section>'


def _tile(row: dict[str, Any], jpeg: bytes) -> str:
    file, sure = Path(row["path"]).name, f"{whole_percent(row['probability'])} sure"
    words = sure if row["known"] else f"closest: {cut(row['label'])}"
    alt = escape(f"{row['label'] if row['known'] else UNKNOWN}, {sure}: {file}")
    source = f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"
    image = f'<img loading="lazy" alt="{alt}" title="{escape(file)}" src="{source}">'
    return f"<figure>{image}<figcaption>{words}</figcaption></figure>"
