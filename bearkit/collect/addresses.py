"""Which machines may be asked: public ones, by what a name really resolves to."""

import ipaddress
import queue
import socket
import threading
from collections.abc import Sequence

from bearkit.errors import DownloadError

Where = tuple[socket.AddressFamily, tuple[object, ...]]  # family and address of a socket
Found = Sequence[tuple[socket.AddressFamily, int, int, str, tuple[object, ...]]] | OSError | UnicodeError


def resolved(host: str, port: int, allow_private: bool, seconds: float) -> list[Where]:
    """Where a name leads to, those addresses that may be asked.

    Args:
        host: a name, or an address in any of the forms that a system understands.
        port: as in the URL.
        allow_private: also this machine and its network.
        seconds: how long the lookup may take.

    Raises:
        DownloadError: there is no such name, or it leads into a private network.
    """
    answer: queue.SimpleQueue[Found] = queue.SimpleQueue()
    # A system's lookup cannot be stopped: its thread is left behind, and keeps no program from ending.
    threading.Thread(target=_look_up, args=(host, port, answer), name="name-lookup", daemon=True).start()
    try:
        found = answer.get(timeout=max(0.1, seconds))
    except queue.Empty:
        raise DownloadError("the name was not found in time", again=True) from None
    if isinstance(found, OSError | UnicodeError):
        raise DownloadError("there is no such host")
    every: list[Where] = [(family, address) for family, _, _, _, address in found]
    allowed = [where for where in every if allow_private or is_public(str(where[1][0]))]
    if not allowed:
        raise DownloadError("refused: it leads into a private network", hint="for servers of your own: --allow-private")
    return allowed


def _look_up(host: str, port: int, answer: "queue.SimpleQueue[Found]") -> None:
    try:
        answer.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    except (OSError, UnicodeError) as error:
        answer.put(error)


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, also when it is wrapped in another kind.

    >>> [is_public(a) for a in ("8.8.8.8", "127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fe80::1%eth0", "::1")]
    [True, False, False, False, False, False]
    """
    number = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(number, ipaddress.IPv6Address):
        wrapped = number.ipv4_mapped or number.sixtofour or (number.teredo or (None, None))[1] or _nat64(number)
        if wrapped is not None:
            number = wrapped
    return number.is_global and not number.is_multicast


def _nat64(number: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    return ipaddress.IPv4Address(int(number) & 0xFFFFFFFF) if number in ipaddress.ip_network("64:ff9b::/96") else None
