"""Which addresses a host's name stands for, and whether they may be spoken to.

An address that a certificate or a message names may lead into the network of the reader: to loopback, to a
neighbour, to the service that hands out a machine's own credentials (169.254.169.254).
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from typing import Any, TypeAlias

import attrs

Ip: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

# Nobody needs more; a name with a thousand addresses is no name of an authority.
_MOST_ADDRESSES = 8
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Where clouds tell a machine about itself, its credentials included, outside of the link-local networks.
_METADATA: frozenset[Ip] = frozenset(
    map(
        ipaddress.ip_address,
        (
            "192.0.0.192",  # Oracle
            "168.63.129.16",  # Azure
            "100.100.100.200",  # Alibaba
            "fd00:ec2::254",  # Amazon
        ),
    )
)


@attrs.frozen
class Address:
    """Where a connection goes: what the resolver gave, kept as it is so that nothing is resolved again."""

    family: socket.AddressFamily
    target: tuple[Any, ...]

    @property
    def text(self) -> str:
        """The address, for people."""
        return str(self.target[0])


def kind_of(text: str) -> str | None:
    """Say why an address is not of the public internet, ``None`` when it is.

    IPv4 addresses that are wrapped in IPv6 are judged by what they wrap (RFC 4291, 2.5.5.2; RFC 6052, 2.1);
    tunnels that wrap them (RFC 3056, RFC 4380) are not used at all.
    """
    try:
        found: Ip = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return "unreadable"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        elif found in _NAT64:
            found = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        elif found.sixtofour is not None or found.teredo is not None:
            return "tunnel"
    if found in _METADATA:
        return "metadata"
    for kind in ("unspecified", "loopback", "link_local", "multicast"):
        if getattr(found, f"is_{kind}"):
            return kind.replace("_", "-")
    # Before "private", which holds the reserved block of IPv4 too.
    if found.is_reserved or getattr(found, "is_site_local", False):
        return "reserved"
    return None if found.is_global else "private"


def resolve(host: str, port: int, timeout: float) -> tuple[Address, ...]:
    """Ask for the addresses of a host, once.

    Args:
        host: Name or address, ASCII.
        port: Of the service.
        timeout: Seconds. The system's resolver knows no time-out, so it is left behind in a thread.

    Raises:
        OSError: The host has no address, or the answer took too long (``TimeoutError``).
    """
    found: list[Any] = []

    def ask() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:  # noqa: BLE001 - it must reach the caller, not die in the thread
            found.append(error)

    asking = threading.Thread(target=ask, name="vnedoc-resolve", daemon=True)
    asking.start()
    asking.join(timeout)
    if not found:
        raise TimeoutError(f"no answer within {timeout:.1f} s")
    if isinstance(found[0], OSError):
        raise found[0]
    if isinstance(found[0], ValueError):  # labels that no name may have
        raise OSError(str(found[0])) from found[0]
    if isinstance(found[0], Exception):
        raise found[0]
    addresses = dict.fromkeys(Address(family, target) for family, _, _, _, target in found[0])
    return tuple(addresses)[:_MOST_ADDRESSES]
