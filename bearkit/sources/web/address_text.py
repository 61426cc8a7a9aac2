"""Find URLs in texts: lines, table cells, and pieces of web pages, Markdown and code."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

URL_COLUMNS = (
    "url", "image_url", "imageurl", "image url", "img_url", "urls", "image", "link", "address", "href", "src", "source",
)  # fmt: skip
LABEL_COLUMNS = ("label", "class", "category", "query", "labels", "class_name", "tag")
CREDIT_COLUMNS = (("license", "licence"), ("creator", "author"), ("page", "source_page", "foreign_landing_url"))
ABOUT = {  # columns with URLs of other things than the image
    *(name for names in CREDIT_COLUMNS for name in names), "thumbnail", "thumb", "thumbnail_url", "thumb_url",
    "preview", "preview_url", "page_url", "homepage", "website", "creator_url", "author_url", "license_url",
    "licence_url", "referrer", "referer",
}  # fmt: skip
NO_LABELS = re.compile(
    r"(?:the[-_ ]?)?(?:(?:image|img|picture|photo|pic|full|large|small|medium|big|original|high|low)[-_ ]?)*"
    r"(?:urls?|links?|address(?:es)?|href|src|images?|imgs?|pictures?|photos?|pics?|files?|large|small|medium|big|original|"
    r"data|items?|results?|list|all)?[-_ ]?\d*"
)
COPIED = (  # a URL in a piece of a web page, of Markdown, of code
    re.compile(r"""<.*?\b(?:src|href)\s*=\s*(["'])(?P<url>https?://.*?)\1""", re.IGNORECASE),
    re.compile(r"""!?\[[^\]]*\]\(\s*(?P<url>https?://\S+?)(?:\s+["'].*["'])?\s*\)[.,;]*$""", re.IGNORECASE),
    re.compile(r"""["']?\w+["']?\s*[:=]\s*(["'])(?P<url>https?://.*?)\1""", re.IGNORECASE),
)
PLAIN = re.compile(
    r"https?://[^\s\"'`<>“”‘’«»()\[\]{}\\,;|#&\x00-\x1f\x7f-\x9f]+"
)  # a URL without anything to clean, as most are
LONGEST = 16_000  # characters of a URL with the text around it; servers refuse longer URLs
QUOTES = "\"'`<>“”‘’«» \t\r\n"
BULLET = re.compile(r"(?:[-*+•]|\d+[.)])\s+")
PICTURE = r"\.(?:jpe?g|png|gif|webp|bmp|tiff?|avif|heic)"
SUFFIX = re.compile(f"{PICTURE}$", re.IGNORECASE)
COLUMNS_FOLLOW = re.compile(rf"(https?://\S+?{PICTURE})\s*[,;|\t][^/=]*$", re.IGNORECASE)  # of a table without a header
IMAGE = re.compile(r"<(?:img|source|image)\b[^>]*>?", re.IGNORECASE)
TAG = re.compile(r"<\w[^>]*>?")
ATTRIBUTE = re.compile(
    r"""(?<![\w-])(?:data-)?(?:src|href|original)\s*=\s*(?:(["'])(.*?)\1|([^\s"'>]+))""", re.IGNORECASE
)
QUOTED = re.compile(r"""(["'])(https?:\\?/\\?/.*?)\1""", re.IGNORECASE)
MARKDOWN = re.compile(
    r"""\]\(\s*(https?://[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)(?:\s+["'][^"']*["'])?\s*\)""", re.IGNORECASE
)
NEXT = re.compile(r"\s*[,;|]\s*(?=https?://)|(?<!\s)\s+(?=https?://)", re.IGNORECASE)  # before another URL
BEGINS = re.compile(r"https?:\\?/\\?/", re.IGNORECASE)
ANOTHER = "another address in its line"


@dataclass(frozen=True)
class Credit:
    """The licence, the creator and the web page of an image; empty if not known."""

    license: str = ""
    creator: str = ""
    page: str = ""


UNKNOWN = Credit()


Line = tuple[str, str, Credit] | str  # URL, label and credit; or why a line names no image


def is_address(text: str) -> bool:
    """Return whether a text is a URL that can be downloaded.

    >>> is_address("https://example.org/a.jpg?w=1"), is_address("data:image/png;base64,xx"), is_address("a bear")
    (True, False, False)
    """
    try:
        parts = urlsplit(text)
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and _is_plain(text.strip())
    except ValueError:
        return False


def _is_plain(text: str) -> bool:
    """Return whether a text has no spaces and no control characters, which could change a terminal."""
    return text.isprintable() and " " not in text


def clean_address(text: str) -> str:
    """Return the URL in a text without the characters that were copied along; the text itself if it has no URL.

    >>> clean_address('"https://e.org/c.jpg",'), clean_address("<https://e.org/c.jpg>"), clean_address("![bear](https://e.org/c.jpg)")
    ('https://e.org/c.jpg', 'https://e.org/c.jpg', 'https://e.org/c.jpg')
    >>> clean_address("https://e.org/my photo.jpg"), clean_address("https://e.org/c.jpg  # a bear"), clean_address("- https://e.org/c.jpg")
    ('https://e.org/my%20photo.jpg', 'https://e.org/c.jpg', 'https://e.org/c.jpg')
    """
    if PLAIN.fullmatch(text) or len(text) > LONGEST:
        return text
    text = text.strip("\ufeff\u200b \t\r\n").replace("\\/", "/").replace("&amp;", "&")
    text = BULLET.sub("", text, count=1) if BULLET.match(text) else text
    copied = next((match for pattern in COPIED if (match := pattern.match(text))), None)
    text = copied["url"] if copied else COLUMNS_FOLLOW.sub(r"\1", re.sub(r"(?<!\s)\s+#.*$", "", text))
    before = ""
    while text != before:
        before, text = text, text.rstrip(",; \t").strip(QUOTES).lstrip("[({")
        for opening, closing in ("[]", "()", "{}"):
            if text.endswith(closing) and opening not in text:
                text = text.removesuffix(closing)
    return _without_spaces(text)


def _without_spaces(text: str) -> str:
    """Replace spaces inside a URL by %20, unless other words follow the URL."""
    first, space, _ = text.partition(" ")
    if not space or not is_address(first) or "\t" in text or "://" in text[len(first) :]:
        return text
    words_follow = SUFFIX.search(urlsplit(first).path) and not SUFFIX.search(PurePosixPath(text.partition("?")[0]).name)
    return text if words_follow else text.replace(" ", "%20")


def is_no_label(name: str) -> bool:
    """Return whether the name of a column or list says only that it holds URLs of images, so it is not a label.

    >>> is_no_label("image_url_2"), is_no_label("Photos"), is_no_label("cat")
    (True, True, False)
    """
    return NO_LABELS.fullmatch(name.strip().casefold()) is not None or name.strip().casefold() in ABOUT


def addresses_in(text: str) -> list[str]:
    """Return all URLs of images in a text, cleaned; the cleaned text itself if it has none.

    For a web page, these are its images, or its links if it has no images.

    >>> addresses_in('<p><img src="https://e.org/1.jpg"><img src=https://e.org/2.jpg></p>')
    ['https://e.org/1.jpg', 'https://e.org/2.jpg']
    >>> addresses_in("https://e.org/1.jpg,https://e.org/2.jpg"), addresses_in("no address")
    (['https://e.org/1.jpg', 'https://e.org/2.jpg'], ['no address'])
    """
    if PLAIN.fullmatch(text):
        return [text]
    urls = _of_tags(text)
    for more in (_all(MARKDOWN, text, 1), _all(QUOTED, text, 2)):
        urls = urls or (more if len(more) > 1 else [])
    if urls:
        return [clean_address(url) for url in urls]
    parts = [clean_address(part) for part in NEXT.split(text)]
    return [part for part in parts if is_address(part)] or [clean_address(text)]


def count_missed(text: str, taken: list[str]) -> int:
    """Count the URLs of a text that are not among the `taken` ones."""
    return max(0, len(BEGINS.findall(text)) - sum(len(BEGINS.findall(one)) for one in taken))


def _of_tags(text: str) -> list[str]:
    """Return the first URL of each image tag of HTML; of each tag if there are no image tags."""
    tags = IMAGE.findall(text) or TAG.findall(text)
    values = [[match[2] or match[3] or "" for match in ATTRIBUTE.finditer(tag)] for tag in tags]
    urls = [[value for value in of_tag if BEGINS.match(value)] for of_tag in values]
    return [of_tag[0] for of_tag in urls if of_tag]


def _all(pattern: re.Pattern[str], text: str, group: int) -> list[str]:
    return [match[group] for match in pattern.finditer(text)]
