"""The allow-list: hosts and address prefixes that the caller named."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

import attrs

from vnedoc.errors import ConfigError

PORTS = {"http": 80, "https": 443}
# What a server might read as another path than it says.
_AMBIGUOUS = re.compile(r"%2e|%2f|%5c|\\|//|;", re.IGNORECASE)
_HOST = re.compile(r"(?P<host>[^\s/@?#:\[\]]+|\[[0-9a-f:.]+\])(?::(?P<port>\d{1,5}))?", re.IGNORECASE)


@attrs.frozen
class Place:
    """Scheme, host and port of an address, all in the form in which they are compared."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """What stands in a ``Host`` header (RFC 9110, clause 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


@attrs.frozen
class _Entry:
    scheme: str | None
    host: str
    port: int | None
    path: str

    def allows(self, place: Place, path: str) -> bool:
        if self.scheme not in (None, place.scheme) or self.host != place.host:
            return False
        if (PORTS[place.scheme] if self.port is None else self.port) != place.port:
            return False
        if self.path == "/":
            return True
        if _AMBIGUOUS.search(path):
            return False
        return path == self.path or path.startswith(self.path.rstrip("/") + "/")


@attrs.frozen
class AllowList:
    """What may be asked for. Empty: nothing."""

    _entries: tuple[_Entry, ...]

    @classmethod
    def of(cls, entries: Iterable[str]) -> AllowList:
        """Read hosts (``ocsp.example.vn``, ``tsa.example.vn:8080``) and prefixes (``http://ca.example.vn/pki/``).

        A host allows http and https on their own ports; a prefix also fixes the scheme, and its path ends
        at a whole step.

        Raises:
            ConfigError: ``VND-NET-014``; ``VND-NET-015`` for a host that is not in ASCII.
        """
        return cls(tuple(_entry(one) for one in ([entries] if isinstance(entries, str) else entries)))

    def allows(self, place: Place, path: str) -> bool:
        """Tell whether one of the entries holds the address; *path* is without the query."""
        return any(one.allows(place, path) for one in self._entries)


def _entry(text: str) -> _Entry:
    scheme, host_part, path = None, text, "/"
    if "://" in text:
        parts = urlsplit(text)
        scheme, host_part, path = parts.scheme.lower(), parts.netloc, parts.path or "/"
        if scheme not in PORTS or parts.query or parts.fragment or _AMBIGUOUS.search(path):
            raise _unusable(text)
    match = _HOST.fullmatch(host_part)
    if match is None or "*" in host_part:
        raise _unusable(text)
    return _Entry(
        scheme, _ascii(match["host"].strip("[]"), text), int(match["port"]) if match["port"] else None, path
    )


def _ascii(host: str, text: str) -> str:
    if host.isascii():
        return host.lower()
    # IDNA 2003 and IDNA 2008 make two hosts of one name (RFC 5894, clause 7.2), so nothing is guessed here.
    raise ConfigError(
        "VND-NET-015",
        f"a host in the allow-list must be in ASCII: {_shown(text)}",
        hint="give the form that stands in DNS, which begins with xn--",
        facts={"seen": _shown(text)},
    )


def _shown(text: str) -> str:
    return "…" if "@" in text else text[:200]


def _unusable(text: str) -> ConfigError:
    shown = _shown(text)
    return ConfigError(
        "VND-NET-014",
        f"this is neither a host nor the beginning of an http address: {shown}",
        hint="name hosts such as ocsp.example.vn, or prefixes such as http://ca.example.vn/pki/",
        facts={"seen": shown},
    )
