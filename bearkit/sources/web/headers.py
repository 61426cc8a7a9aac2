"""Read the headers of HTTP answers that matter for downloads."""

from email.utils import parsedate_to_datetime


def forbids_ai(tag: str) -> bool:
    """Return whether an X-Robots-Tag forbids the use for AI. A rule for another robot does not count.

    >>> [forbids_ai(tag) for tag in ("noindex", "noindex, noai", "googlebot: noimageai", "bearkit: noimageai")]
    [False, True, False, True]
    """
    for part in tag.lower().split(","):
        agent, _, rule = part.strip().rpartition(":")
        if rule.strip() in ("noai", "noimageai") and agent.strip() in ("", "bearkit"):
            return True
    return False


def retry_after(header: str, now: float) -> float | None:
    """Return the seconds to wait by a Retry-After header, which is a number or a date; None if it is neither.

    Args:
        header: the value of the header; "" if there is none.
        now: seconds since 1970.

    >>> retry_after("120", 0.0), retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 50.0), retry_after("soon", 0.0)
    (120.0, 10.0, None)
    """
    value = header.strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (TypeError, ValueError):
        return None
