"""Security headers of responses: what a browser may do with pages, and with files."""

from collections.abc import Sequence

Headers = list[tuple[bytes, bytes]]

COMMON: Headers = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin")]
# Gradio needs inline scripts, and `eval` for `js_on_load`.
PAGE = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:{hub}; media-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' data: blob:{hub}; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'{frames}"
)
HUB = "https://huggingface.co https://*.huggingface.co https://*.hf.space"
ALONE = b"sandbox; default-src 'none'"  # a file runs no scripts, and has none of the page's rights
INLINE = frozenset((b"image/jpeg", b"image/png", b"image/gif", b"image/webp"))
KEPT = frozenset((b"content-length", b"content-range", b"accept-ranges", b"last-modified", b"etag", b"vary"))


def page_headers(framed: bool = False, public: bool = False) -> Headers:
    """Return the headers of a response that is not a file.

    Args:
        framed: whether the Hub may show the page in a frame; Gradio then also connects to the Hub.
        public: whether any site may show the page in a frame.
    """
    frames = "" if public else f"; frame-ancestors 'self' {HUB}" if framed else "; frame-ancestors 'none'"
    policy = PAGE.format(hub=f" {HUB}" if framed else "", frames=frames)
    framing = [] if framed or public else [(b"x-frame-options", b"DENY")]
    return [*COMMON, *framing, (b"content-security-policy", policy.encode())]


def file_headers(headers: Sequence[tuple[bytes, bytes]]) -> Headers:
    """Return the headers of a file: browsers show images, and only save other files.

    Args:
        headers: of Gradio's response. For a range request, Gradio also repeats the request's own headers.
    """
    lowered = [(name.lower(), value) for name, value in headers]
    kinds = [value for name, value in lowered if name == b"content-type"]
    kind = kinds[0].partition(b";")[0].strip().lower() if len(kinds) == 1 else b""
    shown = kind in INLINE
    safe = [
        (b"content-type", kind if shown else b"application/octet-stream"),
        (b"content-disposition", b"inline" if shown else b"attachment"),
        (b"content-security-policy", ALONE),
        (b"cache-control", b"private"),
    ]
    kept = [(name, value) for name, value in lowered if name in KEPT or name.startswith(b"access-control-")]
    return [*COMMON, *safe, *kept]
