"""HTML of the studio from plain values. Every text is escaped here, once."""

from collections.abc import Sequence
from html import escape
from typing import Any

from bearkit.catalog.schema import SPLITS
from bearkit.core.text import count, error_rate_sentence, percent, total_seconds
from bearkit.labelling.next_step import ProjectProgress, next_step
from bearkit.labelling.review_view import View
from bearkit.studio.image_sets import link, number
from bearkit.training.diagnosis import ADVICE
from bearkit.web.prediction_html import LONG, cut

MANY = 50  # rows of a folded table
DONE = {  # {action of a decision: what it did}
    "keep": "kept", "delete": "deleted", "relabel": "relabelled", "label": "labelled", "unlabel": "label removed",
    "beside": "moved to the split of its copy",
}  # fmt: skip
SIGNS = {  # {verdict of a diagnosis: how the curves show it}
    "lr_too_high": "The validation loss is huge, or the training loss rises.",
    "lr_too_low": "The losses creep down, and the training loss stays above the validation loss.",
    "too_few_epochs": "The training loss is above the validation loss, and the error still falls fast.",
    "overfitting": "The error improved and then got worse. (A rising validation loss alone is not overfitting.)",
}
WELCOME = """<h2>Bring in your pictures</h2>
<p>They may have labels, one folder for each, or none yet: you name them in the Label tab, a page at a time.</p>"""


def head(name: str, n_images: int, labels: Sequence[str]) -> str:
    """Return the line above the tabs: the project's name and counts."""
    return f'<div class="bk-head"><h1>{escape(name)}</h1><span>{counts(n_images, labels)}</span></div>'


def counts(n_images: int, labels: Sequence[str]) -> str:
    """Return the number of images and their labels, with links to them.

    >>> counts(0, [])
    'no pictures yet'
    """
    if not n_images:
        return "no pictures yet"
    pictures = link(View("any"), count(n_images, "picture"))
    if not labels:
        return f"{pictures}, none labelled yet"
    named = ", ".join(link(View("any", label=label), short(label)) for label in labels[:6])
    named += " …" if len(labels) > 6 else ""
    return f"{pictures} · {count(len(labels), 'label')}: {named}"


def short(label: str) -> str:
    """Return a label as it fits into a sentence or a table's head."""
    return label if len(label) <= LONG else f"{label[: LONG - 1]}…"


def step_message(action: str, actions: Sequence[str]) -> str:
    """Return what an undo or a redo did.

    Args:
        action: "undo" or "redo".
        actions: the actions of the decisions that it undid or redid.

    >>> step_message("undo", ["keep", "keep"]), step_message("redo", ["relabel"])
    ('Undone: 2 kept.', 'Redone: 1 relabelled.')
    """
    counted = {word: sum(DONE.get(name, name) == word for name in actions) for word in DONE.values()}
    changes = ", ".join(f"{n} {word}" for word, n in counted.items() if n)
    return f"{'Undone' if action == 'undo' else 'Redone'}: {changes}."


def quiet(text: str) -> str:
    """Return a neutral sentence, marked as neither good nor bad."""
    return f'<div class="bk-note">{escape(text)}</div>'


def first_step(progress: ProjectProgress) -> str:
    """Return what to do before a project can be trained on, with links; "" if it can be."""
    now, n, which = next_step(progress), progress.unlabelled, ", ".join(map(short, next_step(progress).labels[:6]))
    if now.step not in ("import", "label") or not now.why:
        return ""
    if now.why == "images":
        return '<div class="bk-note">Import pictures first, in <a href="?tab=data">Data</a>.</div>'
    have = {
        "labels": f"None of the {count(n, 'picture')} has a label. Training needs pictures of two labels.",
        "second label": f"One label so far: {which}. Training needs pictures of two labels.",
        "second image": f"Only one picture: {which}. Training needs two of each label.",
        "training images": f"No training pictures: {which}. All of them are set aside.",
        "validation images": "No pictures are left for validation.",
    }[now.why]
    name = '{} in <a href="?tab=label">Label</a>{}, or import '
    label = "Import "
    if n:
        label = name.format("Name more pictures", f" ({n} without a label)") if which else name.format("Name them", "")
    wrong = " To remove wrong labels, use “Remove these labels” in Data." if which else ""
    return (
        f'<div class="bk-note">{escape(have)} {label}pictures of another label in <a href="?tab=data">Data</a>.'
        f"{wrong}</div>"
    )


def data_counts(progress: ProjectProgress) -> str:
    """Return the images of each label and split, those without a label, and what to do next, with links."""
    rows: list[tuple[Any, ...]] = [
        (name, *(number(View("any", split, name), n[split]) if n.get(split) else "" for split in SPLITS))
        for name, n in progress.labels.items()
    ]
    shown = table(("label", *SPLITS), rows) if rows else ""
    if first := first_step(progress):
        return shown + (first if progress.labels or progress.unlabelled else "")
    n = progress.unlabelled
    without = link(View("unlabelled"), f"{count(n, 'picture')} without a label")
    rest = f'{without}: name them in <a href="?tab=label">Label</a>. ' if n else ""
    tab = {"train": "Train", "review": "Review", "export": "Publish"}.get(next_step(progress).step, "Predict")
    return f'{shown}<div class="bk-note">{rest}Next: <a href="?tab={tab.lower()}">{tab}</a>.</div>'


def train_button(progress: ProjectProgress) -> str:
    """Return the Train button's text while a project cannot be trained on; "" if it can be.

    >>> train_button(ProjectProgress(unlabelled=300)), train_button(ProjectProgress({"photos": {"train": 8}}))
    ('Train: label some pictures first', 'Train: needs a second label besides photos')
    """
    now = next_step(progress)
    which = ", ".join(map(short, now.labels[:3]))
    return {
        "images": "Train: import pictures first",
        "labels": "Train: label some pictures first",
        "second label": f"Train: needs a second label besides {which}",
        "second image": f"Train: needs a second picture of {which}",
        "training images": f"Train: needs training pictures of {which}",
        "validation images": "Train: needs pictures for validation",
    }.get(now.why, "")


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table with scrolling; its cells are plain values."""
    top = "".join(f"<th>{cut(cell)}</th>" for cell in columns)
    body = "".join("<tr>" + "".join(f"<td>{cut(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    content = f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody>"
    return scrolled(f'<table class="bk-table">{content}</table>', "Table")


def scrolled(content: str, name: str) -> str:
    """Return HTML that scrolls sideways where it is too wide; the keyboard reaches it too."""
    return f'<div class="bk-scroll" role="region" tabindex="0" aria-label="{escape(name)}">{content}</div>'


def fold(title: str, content: str, n: int, name: str = "") -> str:
    """Return a fold with a title; "" if its content has no rows (`n` is 0). A link to `#name` opens it."""
    place = f' id="{name}"' if name else ""
    return f'<details class="bk-more"{place}><summary>{escape(title)}</summary>{content}</details>' if n else ""


def progress_bar(done: int, total: int, text: str) -> str:
    """Return a bar with a text beside it; the bar moves without an end while the total is not known (0)."""
    share = f' value="{done}" max="{total}"' if total else ""
    return f"<div><progress{share}></progress> {escape(text)}</div>"


def error_rate(result: dict[str, Any]) -> str:
    """Return a run's error rate in large letters, with its interval, advice and the next step."""
    return (
        f'<div class="bk-big">{percent(result["error_rate"])} wrong</div>'
        f"<div>{escape(error_rate_sentence(result))}.</div>"
        f"<div>{escape(result['diagnosis']['advice'])}</div>"
        '<div><a href="?tab=review">Check suspicious labels</a> · <a href="?tab=predict">Try it on a picture</a></div>'
        f'<div class="bk-quiet">run {escape(result["run"])}, trained in {total_seconds(result):.1f} s</div>'
    )


def command(text: str) -> str:
    """Return a fold with a command line that does the same."""
    code = f'<pre class="bk-scroll" tabindex="0"><code>{escape(text)}</code></pre>'
    return fold("The same on the command line", code, 1)


def duration(seconds: float) -> str:
    """Return a duration in words.

    >>> duration(4.4), duration(75), duration(4000)
    ('4 s', '1 min 15 s', '1 h 6 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def what_could_go_wrong(verdict: str, evidence: dict[str, float] | None = None) -> str:
    """Return the lecture's four failures with their signs and advice; the diagnosed one is marked.

    Args:
        verdict: the run's diagnosis, a key of `SIGNS` or another word.
        evidence: the numbers that the diagnosis used.
    """
    items = []
    for name, sign in SIGNS.items():
        diagnosed = name == verdict
        numbers = ", ".join(f"{key.replace('_', ' ')} {value:g}" for key, value in (evidence or {}).items())
        mark = f'<div class="bk-quiet">in this run: {escape(numbers)}</div>' if diagnosed else ""
        content = f"<b>{escape(name.replace('_', ' '))}</b>: {escape(sign)} {escape(ADVICE[name])}{mark}"
        items.append(f'<li class="{"bk-found" if diagnosed else ""}">{content}</li>')
    opened = " open" if verdict in SIGNS else ""
    return f"<details{opened}><summary>What could go wrong</summary><ul>{''.join(items)}</ul></details>"


def legend(title: str, colours: dict[str, str]) -> str:
    """Return a plot's legend from {name: colour}."""
    swatch = '<i class="bk-swatch" style="background: {}"></i>{}'
    names = ", ".join(swatch.format(colour, escape(name)) for name, colour in colours.items())
    return f"<div>{escape(title)}: {names}</div>"
