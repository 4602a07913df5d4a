"""Fetching over HTTP, from where the caller allows it and nowhere else."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn

import attrs

from vnedoc.errors import MissingExtra, PermanentError, SecurityError, TransientError
from vnedoc.net._addresses import Address, kind_of, resolve
from vnedoc.net._allowed import PORTS, AllowList, Place

if TYPE_CHECKING:
    from vnedoc.net._connection import Deadline
    from vnedoc.protocols import Fetcher

_MOST_OCTETS_OF_URL = 2048
_OK = 200
_REDIRECTS = range(300, 400)
# "Later", and whatever is the server's own fault (RFC 9110, clause 15; RFC 6585, clause 4).
_LATER = frozenset({408, 425, 429}) | frozenset(range(500, 600))
_PRIVATE = frozenset({"loopback", "private"})
_LONGEST_PORT = 65535
_LONGEST_WAIT = 24 * 3600.0  # seconds


class HttpFetcher:
    """A ``Fetcher`` over HTTP/1.1, one connection for each question, without proxies or redirects.

    Of an address are checked: the scheme (http or https), that it carries no user name or password, that it
    stands on the allow-list, and that every IP address of its host is one of the public internet. The
    connection goes to the very IP address that was checked. https is verified against the system's
    authorities unless *tls* says otherwise. Answers are read without decompression and up to a size. The
    time-out is for the whole: finding the host, connecting, asking, reading.

    The same fetcher may be used from several threads.
    """

    def __init__(
        self,
        allow: Iterable[str],
        *,
        timeout: float = 5.0,
        max_bytes: int = 1024 * 1024,
        allow_private: bool = False,
        mirrors: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Name what may be fetched.

        Args:
            allow: Hosts (``ocsp.example.vn``, ``tsa.example.vn:8080``) and prefixes of addresses
                (``http://ca.example.vn/pki/``).
            timeout: Seconds for one fetch, everything together.
            max_bytes: Size of an answer where the question names none, octets.
            allow_private: Speak to loopback and private networks too, such as that of an agency. Link-local
                addresses and the others where clouds keep their machines' credentials stay closed.
            mirrors: What an address begins with → what it shall begin with instead, for networks that reach
                authorities through a copy; the longest that fits is taken, and the outcome must be allowed.
            tls: How https is verified.

        Raises:
            MissingExtra: ``VND-EXTRA-001`` without the extra ``http``.
            ConfigError: ``VND-NET-014`` for an entry that is no host and no prefix, ``VND-NET-015`` for a
                host that is not in ASCII.
        """
        self._client = _client()
        self._allow = AllowList.of(allow)
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._allow_private = allow_private
        self._mirrors = dict(sorted((mirrors or {}).items(), key=lambda one: -len(one[0])))
        self._tls = tls

    def fetch(
        self,
        url: str,
        *,
        body: bytes | None = None,
        content_type: str | None = None,
        accept: str | None = None,
        max_bytes: int | None = None,
    ) -> bytes:
        """Give the body of the answer to a GET, or to a POST of *body*.

        Args:
            url: Absolute, http or https.
            body: What to post; the question must be one that may be asked twice.
            content_type: Of the body.
            accept: Media types that are understood.
            max_bytes: Size of the answer; default the fetcher's.

        Raises:
            PermanentError: ``VND-NET-001`` and ``-002`` for an address that is never fetched, ``-010`` and
                ``-013`` for an answer that is no use, ``-012`` for one that is too large.
            SecurityError: ``VND-NET-003`` not allowed, ``-004`` not public, ``-008`` not who it should be,
                ``-009`` sent elsewhere.
            TransientError: ``VND-NET-005``, ``-006``, ``-007``, ``-011``: another time it may work.
        """
        for begins, instead in self._mirrors.items():
            if url.startswith(begins):
                url = instead + url[len(begins) :]
                break
        place, target = self._checked(url)
        headers = {
            "Host": place.authority,
            "User-Agent": "vnedoc",
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        if accept is not None:
            headers["Accept"] = accept
        if body is not None:
            headers["Content-Type"] = content_type or "application/octet-stream"
            headers["Content-Length"] = str(len(body))
        question = _Question(
            place=place,
            target=target,
            headers=headers,
            body=body,
            allowed=self._max_bytes if max_bytes is None else max_bytes,
        )
        deadline = self._client.connection.Deadline(self._timeout)
        with _explained(self._client.core, question.shown, self._timeout):
            return self._ask(question, self._resolved(place, question.shown, deadline), deadline)

    def _checked(self, url: str) -> tuple[Place, bytes]:
        """Take an address apart, once: what is checked here is what is asked for."""
        if len(url) > _MOST_OCTETS_OF_URL:
            _refuse_address("too long")
        try:
            parsed = self._client.x.URL(url)
        except (self._client.x.InvalidURL, ValueError, TypeError):  # ValueError: ports that are no number
            _refuse_address("malformed")
        if parsed.userinfo:
            raise PermanentError(
                "VND-NET-002",
                "the address holds a user name or password",
                hint="an address without them; nothing that asks for a password is fetched",
            )
        host = parsed.raw_host.decode("ascii")
        if parsed.scheme not in PORTS:
            _refuse_address("neither http nor https")
        port = PORTS[parsed.scheme] if parsed.port is None else parsed.port
        if not host or not 0 < port <= _LONGEST_PORT or set(host) & set("%\\ "):
            _refuse_address("no host")
        place = Place(parsed.scheme, host.lower(), port)
        if not self._allow.allows(place, parsed.raw_path.partition(b"?")[0].decode("ascii")):
            shown = _shown(place, parsed.raw_path)
            raise SecurityError(
                "VND-NET-003",
                f"this address is not on the allow-list: {shown}",
                hint="if you trust the host, name it: HttpFetcher(allow=[...])",
                facts={"url": shown, "host": place.authority},
            )
        return place, parsed.raw_path

    def _resolved(self, place: Place, shown: str, deadline: Deadline) -> tuple[Address, ...]:
        try:
            addresses = resolve(place.host, place.port, deadline.left())
        except TimeoutError:
            raise
        except OSError as error:
            raise TransientError(
                "VND-NET-005",
                f"the host {place.host} has no address",
                hint="check the name and the resolver",
                facts={"url": shown, "host": place.host, "cause": str(error)[:200]},
            ) from error
        for address in addresses:
            kind = kind_of(address.text)
            if kind is None or (self._allow_private and kind in _PRIVATE):
                continue
            # One bad address among good ones is a sign of its own: nothing is asked at all.
            raise SecurityError(
                "VND-NET-004",
                f"{place.host} leads to an address that is not spoken to: {address.text} ({kind})",
                hint="for a service in your own network, HttpFetcher(allow_private=True)",
                facts={"url": shown, "host": place.host, "address": address.text, "network": kind},
            )
        return addresses

    def _ask(self, question: _Question, addresses: tuple[Address, ...], deadline: Deadline) -> bytes:
        core = self._client.core
        place = question.place
        if place.scheme == "https" and self._tls is None:
            self._tls = core.default_ssl_context()
        pool = core.ConnectionPool(
            ssl_context=self._tls,
            network_backend=self._client.connection.Checked(addresses, deadline),
            max_keepalive_connections=0,
        )
        url = core.URL(
            scheme=place.scheme.encode(), host=place.host.encode(), port=place.port, target=question.target
        )
        headers = list(question.headers.items())
        method = "GET" if question.body is None else "POST"
        with pool, pool.stream(method, url, headers=headers, content=question.body) as answer:
            found = {
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers
            }
            _check_answer(answer.status, found, question.shown)
            return _read(answer.iter_stream(), found.get("content-length"), question.allowed, question.shown)


@attrs.frozen(kw_only=True)
class _Question:
    place: Place
    target: bytes
    headers: Mapping[str, str]
    body: bytes | None
    allowed: int

    @property
    def shown(self) -> str:
        return _shown(self.place, self.target)


class _Client:
    """The modules of the HTTP client, at hand once they were found."""

    def __init__(self, x: ModuleType, core: ModuleType, connection: ModuleType) -> None:
        self.x = x
        self.core = core
        self.connection = connection


def _client() -> _Client:
    try:
        import httpcore2
        import httpx2
    except ImportError as error:
        raise MissingExtra.of("http", "fetching over HTTP") from error
    from vnedoc.net import _connection

    return _Client(httpx2, httpcore2, _connection)


def _shown(place: Place, target: bytes) -> str:
    """Give an address for people and reports: without the query, which may hold secrets."""
    path, question, _ = target.decode("ascii").partition("?")
    return f"{place.scheme}://{place.authority}{path}"[:200] + ("?…" if question else "")


def _refuse_address(why: str) -> NoReturn:
    # The address itself is not repeated: it could not be read, so nobody knows what of it is secret.
    raise PermanentError(
        "VND-NET-001",
        f"this address cannot be fetched: {why}",
        hint="an absolute address that begins with http:// or https://",
        facts={"cause": why},
    )


@contextlib.contextmanager
def _explained(core: ModuleType, shown: str, timeout: float) -> Iterator[None]:
    """Turn what the client raises into errors of the tree."""
    try:
        yield
    except (TimeoutError, core.TimeoutException) as error:
        raise TransientError(
            "VND-NET-007",
            f"no whole answer within {timeout:g} s: {shown}",
            hint="try again later, or allow more: HttpFetcher(timeout=...)",
            facts={"url": shown, "allowed": f"{timeout:g}"},
        ) from error
    except ssl.SSLCertVerificationError as error:
        raise SecurityError(
            "VND-NET-008",
            f"the server cannot prove that it is the one of this address: {shown}",
            hint="if it has a certificate of its own authority, give that: HttpFetcher(tls=...)",
            facts={"url": shown, "cause": error.verify_message[:200]},
        ) from error
    except (core.ProtocolError, core.UnsupportedProtocol) as error:
        raise PermanentError(
            "VND-NET-013",
            f"the answer is not HTTP as it should be: {shown}",
            hint="check that the address is that of the service",
            facts={"url": shown, "cause": _plain(error)},
        ) from error
    except (OSError, core.NetworkError) as error:
        raise TransientError(
            "VND-NET-006",
            f"the server was not reached, or the connection broke: {shown}",
            hint="check that the service runs and that the network lets you through",
            facts={"url": shown, "cause": _plain(error)},
        ) from error


def _plain(error: Exception) -> str:
    text = "".join(letter if letter.isprintable() else " " for letter in str(error))
    return f"{type(error).__name__}: {text}"[:200]


def _check_answer(status: int, headers: Mapping[str, str], shown: str) -> None:
    if status in _REDIRECTS:
        raise SecurityError(
            "VND-NET-009",
            f"the server sends elsewhere, and nobody follows: {shown}",
            hint="if the new address is right, allow and use it",
            facts={"url": shown, "seen": status},
        )
    if status in _LATER:
        wait = headers.get("retry-after", "")
        raise TransientError(
            "VND-NET-011",
            f"the server cannot answer now: {shown}",
            hint="try again later",
            facts={"url": shown, "seen": status},
            retry_after=min(float(wait), _LONGEST_WAIT) if wait.isascii() and wait.isdigit() else None,
        )
    if status != _OK:
        raise PermanentError(
            "VND-NET-010",
            f"the server does not have what was asked for: {shown}",
            hint="check the address",
            facts={"url": shown, "seen": status},
        )
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding != "identity":
        raise PermanentError(
            "VND-NET-013",
            f"the answer came packed, which was not asked for: {shown}",
            hint="check that the address is that of the service",
            facts={"url": shown, "cause": f"Content-Encoding: {_plain(ValueError(coding))[12:60]}"},
        )


def _read(stream: Iterable[bytes], length: str | None, allowed: int, shown: str) -> bytes:
    """Read up to a size; the length that the server announces can only make it refuse sooner."""
    # Longer figures are longer than any size, and int() has a limit of its own.
    announced = length is not None and (len(length) > 18 or int(length) > allowed)  # noqa: PLR2004
    parts: list[bytes] = []
    seen = 0
    if not announced:
        for part in stream:
            seen += len(part)
            if seen > allowed:
                break
            parts.append(part)
        else:
            return b"".join(parts)
    raise PermanentError(
        "VND-NET-012",
        f"the answer is larger than {allowed} octets: {shown}",
        hint="if you trust the host, allow more: HttpFetcher(max_bytes=...)",
        facts={"url": shown, "allowed": allowed},
    )


if TYPE_CHECKING:
    _: type[Fetcher] = HttpFetcher
