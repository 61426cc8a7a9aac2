"""Links from a figure to the images that it counts: they open the Review tab's grid with exactly these images."""

from html import escape
from urllib.parse import urlencode

from bearkit.core.text import count
from bearkit.labelling.review_view import View
from bearkit.web.prediction_html import Safe

FILTERS = ("kind", "run", "split", "label", "predicted")  # of a view, as in the page's address


def address(view: View, at: str = "") -> str:
    """Return the address of a view on the Review tab; `at` is the id of the image that is looked at first.

    >>> address(View("mistake", "valid", "black", predicted="grizzly", run="003"))
    '?tab=review&kind=mistake&run=003&split=valid&label=black&predicted=grizzly'
    """
    filters = {name: value for name in FILTERS if (value := getattr(view, name))}
    return f"?{urlencode({'tab': 'review', **filters, **({'at': at} if at else {})})}"


def title(view: View) -> str:
    """Return the name of a set of images.

    >>> title(View("mistake", "valid", "black", predicted="grizzly")), title(View("any", "train", "black"))
    ('black predicted as grizzly', 'black, train')
    """
    if view.kind == "mistake" and view.predicted:
        return f"{view.label or 'mistakes'} predicted as {view.predicted}"
    names = {"mistake": "mistakes", "conflict": "several labels or splits", "unlabelled": "no label"}
    names |= {"any": "" if view.label else "all pictures"}
    parts = [names.get(view.kind, view.kind), view.label or "", view.split or ""]
    return ", ".join(part for part in parts if part)


def link(view: View, text: str) -> Safe:
    """Return a link with this text to a set of images."""
    return Safe(f'<a href="{escape(address(view))}" title="{escape(title(view))}">{escape(text)}</a>')


def number(view: View, n: int) -> Safe:
    """Return the number of images of a set as a link to them; screen readers also read the name of the set."""
    where, name = escape(address(view)), escape(f"{title(view)}: {count(n, 'picture')}")
    return Safe(f'<a class="bk-number" href="{where}" aria-label="{name}" title="{name}">{n}</a>')
