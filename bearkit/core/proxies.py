"""Correct the proxy variables of the environment: no proxy for this machine, and none that the HTTP client rejects."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

LOOPBACK = ("127.0.0.1", "localhost", "::1")
VARIABLES = ("all_proxy", "http_proxy", "https_proxy")
USABLE = ("http", "https")
SOCKS = ("socks5", "socks5h")  # if the package socksio is installed


@contextmanager
def usable_proxies(*hosts: str) -> Iterator[None]:
    """Inside the block, use no proxy for this machine, and remove proxies that the HTTP client rejects.

    Gradio creates HTTP clients when it is imported, and requests its own page when it is launched. Both fail with a
    proxy that is not valid, or with one for this machine.

    Args:
        hosts: further hosts that need no proxy.
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
    """Return the names of the environment's variables whose proxy the HTTP client rejects.

    >>> os.environ["ALL_PROXY"] = "socks://127.0.0.1:9/"
    >>> unusable_variables()
    ['ALL_PROXY']
    >>> del os.environ["ALL_PROXY"]
    """
    return [name for name, value in os.environ.items() if name.lower() in VARIABLES and value and not _is_usable(value)]


def _is_usable(value: str) -> bool:
    scheme, separator, rest = value.strip().partition("://")
    if not separator:
        return bool(value.strip()) and _has_port(value)
    known = scheme.lower() in (*USABLE, *(SOCKS if find_spec("socksio") else ()))
    return known and _has_port(rest)


def _has_port(address: str) -> bool:
    """Return whether an address has a valid port after its host, or no port."""
    host, colon, port = address.split("/")[0].rpartition("@")[2].rpartition(":")
    if not colon or port.endswith("]"):
        return bool(host or port)
    return bool(host) and port.isdecimal() and int(port[:9]) < 65536


def _direct(before: dict[str, str]) -> list[str]:
    """Return the hosts that the environment already excludes from proxies."""
    lists = [before.get("NO_PROXY", ""), before.get("no_proxy", "")]
    return [host.strip() for text in lists for host in text.split(",") if host.strip()]
