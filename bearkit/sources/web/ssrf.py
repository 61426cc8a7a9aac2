"""Resolve host names, and refuse addresses that are not public (protection against SSRF)."""

import ipaddress
import queue
import socket
import threading
from collections.abc import Sequence
from urllib.request import getproxies_environment

from bearkit.errors import DownloadError

# Addresses that are not public, though Python says so (or said so in an older version). Source: IANA's registries of
# special-purpose addresses; 168.63.129.16 is Azure's. Other addresses of clouds are private (169.254.0.0/16, fd00::/8).
SPECIAL_V4 = tuple(map(ipaddress.IPv4Network, (
    "0.0.0.0/8", "100.64.0.0/10", "168.63.129.16/32", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24",
    "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "240.0.0.0/4",
)))  # fmt: skip
# An IPv6 address may be requested if it is in 2000::/3, or wraps a public IPv4 address for NAT64. Refused are, among
# others, ::a.b.c.d, ::ffff:0:a.b.c.d, 64:ff9b:1::/48, 100::/64, fc00::/7, fe80::/10, fec0::/10 and ff00::/8.
UNICAST, NAT64 = ipaddress.IPv6Network("2000::/3"), ipaddress.IPv6Network("64:ff9b::/96")
SPECIAL_V6 = tuple(map(ipaddress.IPv6Network, (
    "2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20",  # 2001::/32 is Teredo
)))  # fmt: skip
SocketAddress = tuple[socket.AddressFamily, tuple[object, ...]]  # family and address of a socket
LookupResult = Sequence[tuple[socket.AddressFamily, int, int, str, tuple[object, ...]]] | OSError | UnicodeError


def unused_proxies_hint() -> str:
    """Return a hint if the environment names a proxy, which bearkit does not use; "" if it names none."""
    proxies = {name: address for name, address in getproxies_environment().items() if name != "no"}
    if not proxies:
        return ""
    return f"proxies of the environment are not used ({', '.join(f'{name}_proxy' for name in sorted(proxies))} is set)"


def resolve(host: str, port: int, allow_private: bool, seconds: float) -> list[SocketAddress]:
    """Resolve a host name, and return the addresses that may be requested.

    Args:
        host: a name, or an address in any form that the operating system accepts.
        port: port of the URL.
        allow_private: whether private addresses may be requested too.
        seconds: limit of the lookup.

    Raises:
        DownloadError: the name does not exist, has only private addresses, or is not resolved in time.
    """
    answer: queue.SimpleQueue[LookupResult] = queue.SimpleQueue()
    # A lookup of the operating system cannot be stopped: after the limit, its daemon thread goes on in the background.
    threading.Thread(target=_look_up, args=(host, port, answer), name="name-lookup", daemon=True).start()
    try:
        result = answer.get(timeout=max(0.1, seconds))
    except queue.Empty:
        raise DownloadError("the name was not found in time", unused_proxies_hint(), again=True) from None
    if isinstance(result, OSError | UnicodeError):
        raise DownloadError("there is no such host", unused_proxies_hint())
    addresses: list[SocketAddress] = [(family, address) for family, _, _, _, address in result]
    allowed = [where for where in addresses if allow_private or is_public(str(where[1][0]))]
    if not allowed:
        raise DownloadError("refused: it leads into a private network", hint="for servers of your own: --allow-private")
    return allowed


def _look_up(host: str, port: int, answer: "queue.SimpleQueue[LookupResult]") -> None:
    try:
        answer.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    except (OSError, UnicodeError) as error:
        answer.put(error)


def is_public(address: str) -> bool:
    """Return whether an IP address is public. An IPv6 address that wraps an IPv4 address must wrap a public one.

    >>> [is_public(a) for a in ("8.8.8.8", "127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fe80::1%eth0", "::1")]
    [True, False, False, False, False, False]
    """
    number = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(number, ipaddress.IPv4Address):
        return number.is_global and not number.is_multicast and not any(number in network for network in SPECIAL_V4)
    if number.ipv4_mapped is not None:
        return is_public(str(number.ipv4_mapped))
    if number in NAT64:
        return is_public(str(_last_bits(number)))
    if number not in UNICAST or not number.is_global or any(number in network for network in SPECIAL_V6):
        return False
    isatap = int(number) >> 32 & 0xFDFFFFFF == 0x00005EFE  # as in 2001:db8::5efe:10.0.0.1
    wrapped = [number.sixtofour] if number.sixtofour is not None else []
    wrapped += [_last_bits(number)] if isatap else []
    return all(is_public(str(inside)) for inside in wrapped)


def _last_bits(number: ipaddress.IPv6Address) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)
