"""Pieces of page from plain values. Every text is escaped here, once."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bearkit.catalog.schema import SourceRecord
from bearkit.core.text import count, error_rate_sentence, percent, total_seconds
from bearkit.sources.web.address_text import is_address
from bearkit.sources.web.collect import short_reason
from bearkit.training.diagnosis import ADVICE
from bearkit.web.prediction_html import LONG, cut, note

MANY = 50  # rows that are shown when unfolded
OWN_NETWORK = "Also servers of your own network"  # what the page calls them, which its advice names
RETRY = "Try again what failed"
DONE = {  # what a decision did to a picture, in words
    "keep": "kept", "delete": "deleted", "relabel": "relabelled", "label": "labelled", "unlabel": "without a label",
    "beside": "put into the split of its copy",
}  # fmt: skip
SIGNS = {  # of what can go wrong, on the curves
    "lr_too_high": "The validation loss is huge, or the training loss rises.",
    "lr_too_low": "The losses creep down, and the training loss stays above the validation loss.",
    "too_few_epochs": "The training loss is above the validation loss, and the error still falls fast.",
    "overfitting": "The error improved and then got worse. (A validation loss that rises alone is none.)",
}


def head(name: str, n_images: int, labels: Sequence[str]) -> str:
    """The project's name and counts, always in sight."""
    return f'<div class="bk-head"><h1>{escape(name)}</h1><span>{escape(counts(n_images, labels))}</span></div>'


def counts(n_images: int, labels: Sequence[str]) -> str:
    """How many pictures and labels there are, as text.

    >>> counts(3, ["black", "teddy"]), counts(3, []), counts(0, [])
    ('3 pictures · 2 labels: black, teddy', '3 pictures, none labelled yet', 'no pictures yet')
    """
    if not n_images:
        return "no pictures yet"
    pictures = count(n_images, "picture")
    if not labels:
        return f"{pictures}, none labelled yet"
    named = f"{', '.join(_short(label) for label in labels[:6])}{' …' if len(labels) > 6 else ''}"
    return f"{pictures} · {count(len(labels), 'label')}: {named}"


def _short(label: str) -> str:
    return label if len(label) <= LONG else f"{label[: LONG - 1]}…"


def turned(action: str, actions: Sequence[str]) -> str:
    """What an undo or a redo did.

    >>> turned("undo", ["keep", "keep"]), turned("redo", ["relabel"])
    ('Undone: 2 kept.', 'Redone: 1 relabelled.')
    """
    counted = {word: sum(DONE.get(one, one) == word for one in actions) for word in DONE.values()}
    said = ", ".join(f"{n} {word}" for word, n in counted.items() if n)
    return f"{'Undone' if action == 'undo' else 'Redone'}: {said}."


def quiet(text: str) -> str:
    """A sentence that is neither good nor bad news."""
    return f'<div class="bk-note">{escape(text)}</div>'


def first_step(n_images: int, labels: Sequence[str]) -> str:
    """What to do before there are two labels to tell apart."""
    if not n_images:
        return '<div class="bk-note">Import pictures first, in <a href="?tab=data">Data</a>.</div>'
    have = (
        f"All {n_images} pictures have the label {labels[0]}"
        if labels
        else f"None of the {n_images} pictures has a label"
    )
    return (
        f'<div class="bk-note">{escape(have)}. A training needs pictures of two labels: label some of them in '
        '<a href="?tab=review&amp;kind=unlabelled">Review</a>, or import the pictures of another label in '
        '<a href="?tab=data">Data</a>. “Take these labels away” in Data makes pictures unlabelled again.</div>'
    )


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A plain table."""
    top = "".join(f"<th>{cut(cell)}</th>" for cell in columns)
    body = "".join("<tr>" + "".join(f"<td>{cut(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    content = f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="bk-scroll"><table class="bk-table">{content}</table></div>'


def receipt(result: dict[str, Any]) -> str:
    """What became of the files that were imported."""
    text = count(result["imported"], "new picture")
    for n, what in ((result["duplicates"], "known already"), (len(result["rejected"]), "rejected")):
        text += f", {n} {what}" if n else ""
    return f'<div class="bk-ok">{escape(text)}</div>{"".join(map(note, result["notes"]))}'


def folded(title: str, content: str, n: int) -> str:
    """Something to unfold; nothing where there are none."""
    return f'<details class="bk-more"><summary>{escape(title)}</summary>{content}</details>' if n else ""


def gather(bookmarklet: str) -> str:
    """How to gather the addresses of the pictures on a page, with the bookmarklet that does it."""
    return (
        '<details class="bk-more"><summary>Gather them from a page in your browser</summary><ol>'
        f'<li>Drag this to your bookmarks: <a class="bk-drag" href="{escape(bookmarklet)}">Gather pictures</a></li>'
        "<li>Search for pictures, in any search engine, and scroll down until there are enough.</li>"
        "<li>Click the bookmark: it saves <b>urls.txt</b>. Drop that here.</li></ol></details>"
    )


def fetching(running: bool, done: int, total: int, report: dict[str, Any] | None, failure: str) -> str:
    """How far the fetching of addresses is, or what it came to."""
    if running:
        share = f' value="{done}" max="{total}"' if total else ""
        return f"<div><progress{share}></progress> {done} of {total or '…'} addresses</div>"
    if failure:
        return note(failure, good=False)
    if report is None:
        return ""
    parts = ("saved", "saved"), ("duplicates", "known already"), ("failed", "failed"), ("skipped", "skipped")
    said = ", ".join(f"{report[key]} {word}" for key, word in parts if report[key] or key == "saved")
    left = f" Stopped: {report['waiting']} wait." if report["waiting"] else ""
    why = table(("addresses", "why"), [(n, reason) for reason, n in report["reasons"].items()])
    got = bool(report["saved"] or report["duplicates"] or not report["failed"])
    if any("network" in reason or "private" in reason for reason in report["reasons"]):
        left += f" Some are on your own network: tick “{OWN_NETWORK}”, then press “{RETRY}”."
    notes = "".join(map(note, report.get("notes", ())))
    return (
        note(f"{said}, in {duration(report['seconds'])}.{left}", good=got)
        + notes
        + folded("Why not all", why, len(report["reasons"]))
    )


def sources(tally: Sequence[tuple[str, str, str, int]], failed: Sequence[SourceRecord]) -> str:
    """What became of the addresses: a row for each label, and those that failed by their reasons."""
    if not tally:
        return ""
    states = ("saved", "duplicate", "failed", "waiting")
    labels = sorted({label for label, *_ in tally})
    tally_of = {(label, state): 0 for label in labels for state in states}
    for label, state, _, n in tally:
        tally_of[label, state] = tally_of.get((label, state), 0) + n
    rows = [(label or "no label", *(tally_of[label, state] or "" for state in states)) for label in labels]
    by_reason: dict[str, list[SourceRecord]] = {}
    for row in failed:
        by_reason.setdefault(short_reason(row.reason), []).append(row)
    groups = ""
    for reason, found in sorted(by_reason.items(), key=lambda item: -len(item[1])):
        named = table(("address", "label"), [(one.origin, one.label) for one in found[:MANY]])
        groups += folded(f"{len(found)} failed: {reason}", named, len(found))
    return table(("addresses", "saved", "known", "failed", "wait"), rows) + groups


def found(result: dict[str, Any]) -> str:
    """How many pictures a search found for each label, and who could not be asked."""
    said = ", ".join(f"{label}: {n}" for label, n in result["found"].items())
    failed = "".join(
        note(f"{row['provider']} ({row['label']}): {row['reason']}", good=False) for row in result["failed_providers"]
    )
    return note(f"Found {said}. The first ones are below.") + failed


def picture(url: str, facts: Sequence[tuple[str, str]]) -> str:
    """A picture large, with what is known of it; addresses can be opened."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{_linked(text)}</dd>" for name, text in facts)
    image = f'<img alt="" src="{escape(url)}">' if url else note("The file is not there any more.", good=False)
    return f'<div class="bk-picture">{image}<dl>{rows}</dl></div>'


def _linked(text: str) -> str:
    if not is_address(text):
        return escape(text)
    return f'<a href="{escape(text)}" target="_blank" rel="noopener noreferrer">{escape(text)}</a>'


def error_rate(result: dict[str, Any]) -> str:
    """The error rate large, with its interval in words."""
    return (
        f'<div class="bk-big">{percent(result["error_rate"])} wrong</div>'
        f"<div>{escape(error_rate_sentence(result))}.</div>"
        f"<div>{escape(result['diagnosis']['advice'])}</div>"
        '<div><a href="?tab=review">Review the labels that it doubts</a></div>'
        f'<div class="bk-quiet">run {escape(result["run"])}, trained in {total_seconds(result):.1f} s</div>'
    )


def duration(seconds: float) -> str:
    """Seconds for people.

    >>> duration(4.4), duration(75), duration(4000)
    ('4 s', '1 min 15 s', '1 h 6 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def what_could_go_wrong(verdict: str, evidence: dict[str, float] | None = None) -> str:
    """The lecture's failures with their signs; the one that was found stands out, with the numbers that it rests on."""
    items = []
    for name, sign in SIGNS.items():
        found = name == verdict
        numbers = ", ".join(f"{key.replace('_', ' ')} {value:g}" for key, value in (evidence or {}).items())
        mark = f'<div class="bk-quiet">found here: {escape(numbers)}</div>' if found else ""
        text = f"<b>{escape(name.replace('_', ' '))}</b>: {escape(sign)} {escape(ADVICE[name])}{mark}"
        items.append(f'<li class="{"bk-found" if found else ""}">{text}</li>')
    opened = " open" if verdict in SIGNS else ""
    return f"<details{opened}><summary>What could go wrong</summary><ul>{''.join(items)}</ul></details>"


def confusion_matrix(vocab: Sequence[str], matrix: Sequence[Sequence[int]]) -> str:
    """Given labels down, predicted ones across; right answers green, wrong ones red, by their share of the row."""
    titled = (f'<span title="{escape(label)}">{escape(_short(label))}</span>' for label in vocab)
    top = "".join(f'<th scope="col">{label}</th>' for label in titled)
    slanted = " bk-slanted" if len(vocab) > 4 else ""
    rows = []
    for given, counts in enumerate(matrix):
        cells = "".join(_cell(n, sum(counts), given == predicted) for predicted, n in enumerate(counts))
        rows.append(f'<tr><th scope="row">{cut(vocab[given])}</th>{cells}</tr>')
    caption = '<div class="bk-quiet">rows: given label, columns: predicted label</div>'
    return (
        f'<div class="bk-scroll"><table class="bk-table bk-matrix{slanted}"><thead><tr><th></th>{top}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>{caption}"
    )


def _cell(n: int, total: int, right: bool) -> str:
    if not n:
        return "<td></td>"
    colour = "46, 139, 87" if right else "192, 57, 43"
    return f'<td style="background: rgba({colour}, {0.15 + 0.45 * n / total:.2f})">{n}</td>'


def legend(title: str, colours: dict[str, str]) -> str:
    """What each colour of a plot stands for."""
    names = ", ".join(f'<b style="color: {colour}">{escape(name)}</b>' for name, colour in colours.items())
    return f"<div>{escape(title)}: {names}</div>"


def top_losses(rows: Sequence[tuple[Path | None, dict[str, Any]]]) -> str:
    """The pictures a model was most wrong about, with what it said and what they were given as."""
    if not rows:
        return note("No mistake on the validation pictures.")
    figures = []
    for thumbnail, row in rows:
        picture = f'<img loading="lazy" alt="" src="/gradio_api/file={quote(str(thumbnail))}">' if thumbnail else ""
        said = f"<b>{cut(row['predicted'])}</b> {row['probability']:.0%}"
        given = f'<span class="bk-quiet">given {cut(row["given"])} · {row["loss"]:.2f}</span>'
        figures.append(f"<figure>{picture}<figcaption>{said}<br>{given}</figcaption></figure>")
    heading = "<h4>Mistakes, the worst first: prediction, given label, loss</h4>"
    return f'{heading}<div class="bk-pictures">{"".join(figures)}</div>'


def compared(result: dict[str, Any]) -> str:
    """Two models under two sets of labels, and in a sentence what became better."""
    rows = zip((f"run {result['old']}", f"run {result['new']}"), result["table"], strict=True)
    cells = [(name, *(percent(error) for error in errors)) for name, errors in rows]
    return note(result["sentence"], result["verdict"] != "worse") + table(("", "old labels", "corrected labels"), cells)
