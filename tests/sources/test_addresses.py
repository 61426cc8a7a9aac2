"""Which addresses count as public, judged offline; none of them is ever asked."""

import ipaddress
import itertools

import pytest

from bearkit.sources.web.scheduler import HostScheduler
from bearkit.sources.web.ssrf import is_public, unused_proxies_hint

# First and last of each range of IANA's special-purpose registries, and what clouds keep for themselves.
SPECIAL_V4 = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
    "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
)  # fmt: skip
SPECIAL_V6 = (
    "::/127", "::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/32", "2001:2::/48",
    "2001:20::/28", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10",
    "fec0::/10", "ff00::/8",
)  # fmt: skip
PUBLIC_V4 = ("8.8.8.8", "1.1.1.1", "93.184.216.34", "168.63.129.17", "192.0.1.1", "192.0.3.1", "100.128.0.1")
METADATA = ("169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "168.63.129.16", "127.0.0.53")


def ends(ranges):
    networks = [ipaddress.ip_network(text) for text in ranges]
    return [str(end) for network in networks for end in (network[0], network[-1])]


def wrapped(address):
    """The same IPv4 address in the kinds of IPv6 that carry one."""
    number = int(ipaddress.IPv4Address(address))
    yield str(ipaddress.IPv6Address(0xFFFF << 32 | number))  # mapped
    yield str(ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | number))  # NAT64
    yield str(ipaddress.IPv6Address(0x2002 << 112 | number << 80 | 1))  # 6to4
    yield str(ipaddress.IPv6Address(int(ipaddress.IPv6Address("2606:4700::5efe:0:0")) | number))  # ISATAP


def test_every_wrapping_of_an_address_counts():
    assert not is_public("2002:808:808::5efe:a00:1")  # 10.0.0.1 by ISATAP, in 8.8.8.8 by 6to4
    assert is_public("2002:808:808::5efe:808:808")


def never_public(address):
    """Kinds that nothing public uses any more, whatever they carry."""
    number = int(ipaddress.IPv4Address(address))
    yield str(ipaddress.IPv6Address(number))  # ::a.b.c.d
    yield str(ipaddress.IPv6Address(0xFFFF << 48 | number))  # ::ffff:0:a.b.c.d
    yield str(ipaddress.IPv6Address(0x20010000 << 96 | number << 64 | number ^ 0xFFFFFFFF))  # Teredo
    yield str(ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b:1::")) | number))  # NAT64 of one's own


@pytest.mark.parametrize("address", [*ends(SPECIAL_V4), *ends(SPECIAL_V6), *METADATA, "fd00:ec2::254", "fe80::1%eth0"])
def test_a_special_address_is_not_public_in_any_wrapping(address):
    assert not is_public(address)
    if "." in address:
        assert not any(map(is_public, itertools.chain(wrapped(address), never_public(address))))


@pytest.mark.parametrize("address", PUBLIC_V4)
def test_a_public_address_is_public_in_wrappings_that_are_in_use(address):
    assert is_public(address)
    assert all(map(is_public, wrapped(address)))
    assert not any(map(is_public, never_public(address)))


def test_public_addresses_of_ipv6_are_public():
    assert all(map(is_public, ("2606:4700:4700::1111", "2a00:1450:4001:81b::200e", "2620:4f:7fff::1")))


def test_a_proxy_of_the_environment_is_named_and_none_is_not(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    assert unused_proxies_hint() == ""
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert unused_proxies_hint() == ""
    monkeypatch.setenv("ALL_PROXY", "socks5://secret@127.0.0.1:9")
    assert unused_proxies_hint() == "proxies of the environment are not used (all_proxy is set)"


def test_many_hosts_take_turns_in_the_order_of_the_list():
    urls = [f"http://h{n}.example/{k}" for k in range(10) for n in range(3)]
    turns = HostScheduler(urls)
    given = [turns.next() for _ in range(24)]
    assert given == urls[:24], "eight of each host at once"
    turns.done(given[1])
    assert turns.next() == "http://h1.example/8"
    turns.done(given[0])
    turns.done(given[2])
    assert [turns.next(), turns.next()] == ["http://h0.example/8", "http://h2.example/8"]
