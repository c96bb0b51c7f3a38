"""Where a link of somebody else's may lead us: into the public internet, and not into the host's own network."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

import anyio

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives the addresses of a host, for connections to a port of it. Raises OSError if there are none."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits


async def resolve(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says, each address once."""
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(place[0] for *_, place in found))


def are_public(addresses: Iterable[str]) -> bool:
    """Whether all of them are in the public internet, also those that an IPv6 address only wraps."""
    return all(map(_is_public, map(_unwrapped, addresses)))


def are_at_home(addresses: Iterable[str]) -> bool:
    """Whether all of them are on this machine or in its private network, and none is for the network's own use."""
    return all(map(_is_at_home, map(_unwrapped, addresses)))


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    unicast = address in _GLOBAL_UNICAST if isinstance(address, IPv6Address) else not address.is_multicast
    return address.is_global and unicast


def _is_at_home(address: IPv4Address | IPv6Address) -> bool:
    special = address.is_multicast or address.is_link_local or address.is_unspecified
    return not address.is_global and not special


def _unwrapped(address: str) -> IPv4Address | IPv6Address:
    found = ip_address(address)
    if isinstance(found, IPv4Address):
        return found
    if found in _NAT64:
        return IPv4Address(int(found) & 0xFFFFFFFF)
    return found.ipv4_mapped or found.sixtofour or found
