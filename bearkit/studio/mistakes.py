"""HTML of a model's mistakes: the confusion matrix, the top losses, a comparison of two models. Each number is a link.

A link opens the Review tab with the images that its number counts. So the numbers follow the present labels, and not
those that a model was trained with: they fall while a person corrects labels.
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bearkit.core.text import percent
from bearkit.labelling.review_view import View
from bearkit.studio.html import scrolled, short, table
from bearkit.studio.image_sets import address, link, number
from bearkit.web.prediction_html import cut, note


def confusion_matrix(vocab: Sequence[str], matrix: Sequence[Sequence[int]], run: str, n_changed: int = 0) -> str:
    """Return a confusion matrix with coloured cells.

    Args:
        vocab: the labels, in the order of the matrix.
        matrix: counts, (C, C): rows are present labels, columns are those that the run's model predicts.
        run: the run's id.
        n_changed: validation images whose label is another one since the training.

    Returns:
        A table; correct cells are green and others red, the darker the larger their share of the row.
    """
    titled = (f'<span title="{escape(label)}">{escape(short(label))}</span>' for label in vocab)
    top = "".join(f'<th scope="col">{label}</th>' for label in titled)
    slanted = " bk-slanted" if len(vocab) > 4 else ""
    rows = []
    for given, counts in zip(vocab, matrix, strict=True):
        cells = (
            _cell(View("mistake", "valid", given, predicted=predicted, run=run), n, sum(counts))
            for predicted, n in zip(vocab, counts, strict=True)
        )
        rows.append(f'<tr><th scope="row">{cut(given)}</th>{"".join(cells)}</tr>')
    caption = "Rows: label, columns: prediction. Click a number to see and correct its pictures."
    if n_changed:
        were = "picture was" if n_changed == 1 else "pictures were"
        caption += f" {n_changed} {were} corrected since this training; the table counts the labels of now."
    content = f"<thead><tr><td></td>{top}</tr></thead><tbody>{''.join(rows)}</tbody>"
    shown = scrolled(f'<table class="bk-table bk-matrix{slanted}">{content}</table>', "Confusion matrix")
    return f'{shown}<div class="bk-quiet">{caption}</div>'


def _cell(view: View, n: int, total: int) -> str:
    if not n:
        return "<td></td>"
    colour = "46, 139, 87" if view.label == view.predicted else "192, 57, 43"
    return f'<td style="background: rgba({colour}, {0.15 + 0.45 * n / total:.2f})">{number(view, n)}</td>'


def top_losses(rows: Sequence[tuple[Path | None, dict[str, Any]]], n: int, run: str) -> str:
    """Return the mistakes with the highest losses as pictures with their prediction, label and loss.

    Args:
        rows: a thumbnail's path (None if the file is missing) and the mistake as plain values, the worst first.
        n: the number of all mistakes.
        run: the run's id.
    """
    if not rows:
        return note("No mistakes on the validation pictures.")
    view, figures = View("mistake", "valid", run=run), []
    for thumbnail, row in rows:
        predicted = f"{row['predicted']} {row['probability']:.0%}"
        alt = escape(f"{row['given']}, predicted {predicted}")
        source = f' src="/gradio_api/file={quote(str(thumbnail))}"' if thumbnail else ""
        image = f'<a href="{escape(address(view, row["image_id"]))}"><img loading="lazy" alt="{alt}"{source}></a>'
        words = f"<b>{cut(row['predicted'])}</b> {row['probability']:.0%}<br>"
        given = f'<span class="bk-quiet">label {cut(row["given"])} · {row["loss"]:.2f}</span>'
        figures.append(f"<figure>{image}<figcaption>{words}{given}</figcaption></figure>")
    heading = f"<h4>Mistakes, worst first: prediction, label, loss ({link(view, f'see all {n}')})</h4>"
    return f'{heading}<div class="bk-pictures">{"".join(figures)}</div>'


def comparison(result: dict[str, Any]) -> str:
    """Return the error rates of two models under the old and the corrected labels, and the verdict."""
    rows = zip((f"run {result['old']}", f"run {result['new']}"), result["table"], strict=True)
    cells = [(name, *(percent(error) for error in errors)) for name, errors in rows]
    links = " · ".join(
        link(View("mistake", "valid", run=result[run]), f"mistakes of run {result[run]}") for run in ("old", "new")
    )
    shown = table(("", "old labels", "corrected labels"), cells)
    return f"{note(result['sentence'], result['verdict'] != 'worse')}{shown}<div>{links}</div>"
