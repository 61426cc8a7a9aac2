"""HTML of imports, downloads and searches on the Data tab, from plain values. Every text is escaped."""

from collections.abc import Sequence
from html import escape
from typing import Any

from bearkit.catalog.schema import SourceRecord
from bearkit.core.text import count
from bearkit.sources.web.collect import short_reason
from bearkit.studio import html
from bearkit.web.prediction_html import note

OWN_NETWORK = "Allow addresses on my own network"  # a checkbox that advice names
RETRY = "Retry failed"  # a button that advice names


def import_summary(result: dict[str, Any]) -> str:
    """Return the summary of an import: how many pictures are new, duplicates or rejected, and its notes."""
    summary, n_rejected = count(result["imported"], "new picture"), len(result["rejected"])
    summary += f", {result['duplicates']} already imported" if result["duplicates"] else ""
    summary += f', <a href="#bk-rejected">{n_rejected} rejected</a>' if n_rejected else ""
    return f'<div class="bk-ok">{summary}</div>{"".join(map(note, result["notes"]))}'


def gather_instructions(bookmarklet: str) -> str:
    """Return how to collect the links of a page's pictures, with the bookmarklet that does it."""
    return (
        '<details class="bk-more"><summary>Collect links from a page in your browser</summary><ol>'
        f'<li>Drag this to your bookmarks: <a class="bk-drag" href="{escape(bookmarklet)}">Gather pictures</a></li>'
        "<li>Search for pictures, in any search engine, and scroll down until there are enough.</li>"
        "<li>Click the bookmark: it saves <b>urls.txt</b>. Drop that file here.</li></ol></details>"
    )


def download_status(
    running: bool, done: int, total: int, report: dict[str, Any] | None, failure: str, hosted: bool = False
) -> str:
    """Return how far a download is, or its result.

    Args:
        running: whether it is running.
        done: links that were tried.
        total: links of the download; 0 while they are counted.
        report: the result as plain values, if it ended.
        failure: why it ended early; "" if it did not.
        hosted: whether visitors see this, who cannot allow addresses on the own network.
    """
    if running:
        return html.progress_bar(done, total, f"{done} of {total or '…'} links")
    if failure:
        return note(failure, good=False)
    if report is None:
        return ""
    statuses = ("saved", "saved"), ("duplicates", "duplicates"), ("failed", "failed"), ("skipped", "skipped")
    summary = ", ".join(f"{report[key]} {word}" for key, word in statuses if report[key] or key == "saved")
    more = f" Stopped: {report['waiting']} waiting." if report["waiting"] else ""
    if not hosted and any("network" in reason or "private" in reason for reason in report["reasons"]):
        more += f" Some are on your own network: tick “{OWN_NETWORK}”, then press “{RETRY}”."
    good = bool(report["saved"] or report["duplicates"] or not report["failed"])
    reasons = html.table(("links", "reason"), [(n, reason) for reason, n in report["reasons"].items()])
    return (
        note(f"{summary}, in {html.duration(report['seconds'])}.{more}", good=good)
        + "".join(map(note, report.get("notes", ())))
        + html.fold("Show problems", reasons, len(report["reasons"]))
    )


def link_table(tally: Sequence[tuple[str, str, str, int]], failed: Sequence[SourceRecord]) -> str:
    """Return the state of all links: a row for each label, then the failed links grouped by reason.

    Args:
        tally: (label, status, reason, count) rows of the catalogue.
        failed: the failed links.
    """
    if not tally:
        return ""
    states = ("saved", "duplicate", "failed", "waiting")
    labels = sorted({label for label, *_ in tally})
    links_of = {(label, state): 0 for label in labels for state in states}
    for label, state, _, n in tally:
        links_of[label, state] = links_of.get((label, state), 0) + n
    rows = [(label or "no label", *(links_of[label, state] or "" for state in states)) for label in labels]
    by_reason: dict[str, list[SourceRecord]] = {}
    for source in failed:
        by_reason.setdefault(short_reason(source.reason), []).append(source)
    groups = ""
    for reason, group in sorted(by_reason.items(), key=lambda item: -len(item[1])):
        links = html.table(("link", "label"), [(source.origin, source.label) for source in group[: html.MANY]])
        groups += html.fold(f"{len(group)} failed: {reason}", links, len(group))
    return html.table(("label", "saved", "duplicates", "failed", "waiting"), rows) + groups


def search_summary(result: dict[str, Any]) -> str:
    """Return how many pictures a search found for each label, and which providers failed."""
    counted = ", ".join(f"{label or 'no label'}: {n}" for label, n in result["found"].items())
    failed = "".join(
        note(f"{row['provider']} ({row['label'] or 'no label'}): {row['reason']}", good=False)
        for row in result["failed_providers"]
    )
    return note(f"Found {counted}. The first ones are below.") + failed
