"""The proxies that the environment names: a server of ours asks itself without them, and unusable ones are left out."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

LOOPBACK = ("127.0.0.1", "localhost", "::1")
VARIABLES = ("all_proxy", "http_proxy", "https_proxy")
USABLE = ("http", "https")
SOCKS = ("socks5", "socks5h")  # for those who have socksio


@contextmanager
def usable_proxies(*hosts: str) -> Iterator[None]:
    """Inside, this process asks its own machine directly, and no proxy is named that its HTTP client cannot use.

    Gradio makes clients when it is imported, and asks its own page when that is launched; both fail otherwise.

    Args:
        hosts: further addresses that are asked directly.
    """
    before = {name: os.environ[name] for name in os.environ if name.lower() in (*VARIABLES, "no_proxy")}
    direct = ",".join(dict.fromkeys([*_direct(before), *LOOPBACK, *hosts]))
    try:
        for name in unusable_variables():
            del os.environ[name]
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = direct
        yield
    finally:
        for name in ("NO_PROXY", "no_proxy"):
            os.environ.pop(name, None)
        os.environ.update(before)


def unusable_variables() -> list[str]:
    """The names of variables whose proxy no client here can use.

    >>> os.environ["ALL_PROXY"] = "socks://127.0.0.1:9/"
    >>> unusable()
    ['ALL_PROXY']
    >>> del os.environ["ALL_PROXY"]
    """
    return [name for name, value in os.environ.items() if name.lower() in VARIABLES and value and not _is_usable(value)]


def _is_usable(value: str) -> bool:
    scheme, there, rest = value.strip().partition("://")
    if not there:
        return bool(value.strip()) and _has_port(value)
    known = scheme.lower() in (*USABLE, *(SOCKS if find_spec("socksio") else ()))
    return known and _has_port(rest)


def _has_port(place: str) -> bool:
    """Whether what follows the last colon can be a port, or nothing does."""
    host, colon, port = place.split("/")[0].rpartition("@")[2].rpartition(":")
    if not colon or port.endswith("]"):
        return bool(host or port)
    return bool(host) and port.isdecimal() and int(port[:9]) < 65536


def _direct(before: dict[str, str]) -> list[str]:
    said = [before.get("NO_PROXY", ""), before.get("no_proxy", "")]
    return [place.strip() for text in said for place in text.split(",") if place.strip()]
