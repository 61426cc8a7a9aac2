"""What the Publish tab says of what was looked over and published. Every text is escaped here or in html.py."""

from html import escape

from bearkit.core import text
from bearkit.studio import html
from bearkit.studio.publish_job import PublishStatus
from bearkit.web.prediction_html import note

FILES = 12  # of those that will be uploaded that are shown


def publishing(now: PublishStatus) -> str:
    """What will be uploaded, how far it is, and where it is in the end."""
    said = ""
    if now.doing:
        share = f' value="{now.done}" max="{now.total}"' if now.total else ""
        said = f"<div><progress{share}></progress> {escape(now.doing)} …</div>"
    elif now.failure:
        said = note(now.failure, good=False)
    elif now.url:
        said = _published(now.url)
    if now.trial and now.trial["ok"]:
        started = now.trial["start_seconds"]
        worked = "Looked through: all files are there, and the model answers as it did when it was exported."
        if started is not None:
            worked = f"Installed and tried out, it works: first prediction {started:.1f} s after its start."
        said += note(worked)
    if not now.files or now.wanted is None:
        return said
    about = f"{now.wanted.license or 'no licence: nobody may use it further'}"
    total = sum(size for _, size in now.files) / 1e6
    rows = [(name, f"{size / 1e3:,.1f} kB") for name, size in now.files]
    if now.missing:
        said += note(f"{text.count(len(now.missing), 'picture')} left out: their files are not there.", good=False)
    what = f"{text.count(len(now.files), 'file')} of {now.wanted.source.name}, {total:.1f} MB"
    heading = f"{what}, to {now.wanted.repo}; {about}"
    more = html.folded(
        f"{len(rows) - FILES} more", html.table(("file", "size"), rows[FILES:][: html.MANY]), max(0, len(rows) - FILES)
    )
    return said + f"<h4>{escape(heading)}</h4>" + html.table(("file", "size"), rows[:FILES]) + more


def published_before(now: PublishStatus) -> str:
    """The same of another choice than the page shows: only what stays true of it."""
    if now.url:
        return _published(now.url)
    if not now.files or now.wanted is None:
        return ""
    about = f"You looked at another choice before: {now.wanted.source.name}, to {now.wanted.repo}."
    return html.quiet(f"{about} Press “See what will be uploaded” for this one.")


def _published(url: str) -> str:
    link = f'<a href="{escape(url)}" target="_blank" rel="noopener">{escape(url)}</a>'
    return f'<div class="bk-ok">Published: {link}</div>'
