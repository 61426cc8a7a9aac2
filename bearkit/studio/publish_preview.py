"""HTML of the Publish tab: the progress, the files of a preview, the published address. Every text is escaped."""

from html import escape

from bearkit.core import text
from bearkit.studio import html
from bearkit.studio.publish_job import PublishStatus
from bearkit.web.prediction_html import note

FILES = 12  # rows of the table of files; the others are folded


def publishing(now: PublishStatus) -> str:
    """Return the progress or result, then the files that will be uploaded."""
    status = _status(now)
    if not now.files or now.wanted is None:
        return status
    if now.missing:
        status += note(f"{text.count(len(now.missing), 'picture')} left out: the files are missing.", good=False)
    if now.left_out:
        why = "the place cannot be removed from the file"
        names = ", ".join(now.left_out[: html.MANY])
        status += note(f"{text.count(len(now.left_out), 'picture')} left out, because {why}: {names}.", good=False)
    megabytes = sum(size for _, size in now.files) / 1e6
    licence = now.wanted.license or "no licence: all rights reserved"
    files = f"{text.count(len(now.files), 'file')} of {now.wanted.source.name}, {megabytes:.1f} MB"
    heading = f"<h4>{escape(f'{files}, to {now.wanted.repo}; {licence}')}</h4>"
    if now.demo:
        demo = f'<a href="{escape(now.demo)}" target="_blank" rel="noopener">Open the demo</a>'
        heading += f"<div>{demo}: it runs on this computer until you close the studio or preview again.</div>"
    rows = [(name, f"{size / 1e3:,.1f} kB") for name, size in now.files]
    more = html.fold(
        f"{len(rows) - FILES} more", html.table(("file", "size"), rows[FILES:][: html.MANY]), max(0, len(rows) - FILES)
    )
    return status + heading + html.table(("file", "size"), rows[:FILES]) + more


def card(now: PublishStatus) -> str:
    r"""Return the text of the card without the part for machines, as Markdown.

    >>> card(PublishStatus(card="---\nlicense: mit\n---\n# Bears\n"))
    '# Bears'
    """
    text = now.card
    if text.startswith("---\n"):
        text = text[4:].partition("\n---\n")[2]
    return text.strip()


def _status(now: PublishStatus) -> str:
    """Return the progress, the failure or the published address, and the result of the test."""
    status = ""
    if now.doing:
        status = html.progress_bar(now.done, now.total, f"{now.doing} …")
    elif now.failure:
        status = note(now.failure, good=False)
    elif now.url:
        status = _published(now.url)
    if now.trial and now.trial["ok"]:
        seconds = now.trial["start_seconds"]
        if seconds is None:
            status += note("Checked: all files are there, and the model answers as it did when it was exported.")
        else:
            status += note(f"Tested: it installs and works. First prediction {seconds:.1f} s after the start.")
    return status


def published_before(now: PublishStatus) -> str:
    """Return what stays true of the last preview when the form has changed since."""
    if now.url:
        return _published(now.url)
    if not now.files or now.wanted is None:
        return ""
    about = f"Your last preview was of something else: {now.wanted.source.name}, to {now.wanted.repo}."
    return html.quiet(f"{about} Press “See what will be uploaded” to preview this.")


def _published(url: str) -> str:
    link = f'<a href="{escape(url)}" target="_blank" rel="noopener">{escape(url)}</a>'
    return f'<div class="bk-ok">Published: {link}</div>'
