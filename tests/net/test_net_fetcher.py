"""The door to the network: what may pass, and that nothing else does."""

import ast
import contextlib
import datetime as dt
import ipaddress
import pickle
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from unittest import mock

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

import vnedoc
from vnedoc.conformance import FakePki
from vnedoc.errors import ConfigError, PermanentError, SecurityError, TransientError, TransportError
from vnedoc.net import HttpFetcher

SOURCE = Path(vnedoc.__file__).parent
LOOPBACK = [pytest.mark.server, pytest.mark.allow_hosts(["127.0.0.1"])]
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@contextlib.contextmanager
def answering(*parts, wait=None, context=None):
    """Answer one connection with octets, each part at once; *wait* is set before the last one goes."""
    seen = bytearray()
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()

        def work():
            with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
                plain = stack.enter_context(contextlib.closing(door.accept()[0]))
                plain.settimeout(10)
                peer = (
                    plain
                    if context is None
                    else stack.enter_context(context.wrap_socket(plain, server_side=True))
                )
                while b"\r\n\r\n" not in seen:
                    octets = peer.recv(65536)
                    if not octets:
                        break
                    seen.extend(octets)
                for part in parts[:-1]:
                    peer.sendall(part)
                if wait is not None:
                    wait.wait(10)
                peer.sendall(parts[-1])

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{door.getsockname()[1]}", seen
        finally:
            if wait is not None:
                wait.set()
            thread.join(10)


class Resolver:
    """Stands in for the system's: each question gets the next answer, the last one for ever."""

    def __init__(self, *answers):
        self.answers = [[one] if isinstance(one, str) else one for one in answers]
        self.asked = []

    def __call__(self, host, port, *_more, **_named):
        self.asked.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            (
                socket.AF_INET6 if ":" in one else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (one, port, 0, 0) if ":" in one else (one, port),
            )
            for one in found
        ]


@pytest.fixture(scope="module")
def pki():
    return FakePki.create(at=dt.datetime.now(dt.UTC), key="p256")


@pytest.fixture
def connections(monkeypatch):
    """Give the list of addresses that anybody tries to connect to; every attempt fails."""
    tried = []

    class Nowhere:
        def __init__(self, *_args, **_named):
            pass

        def settimeout(self, _seconds):
            pass

        def connect(self, target):
            tried.append(target[0])
            raise ConnectionRefusedError(111, "refused for the test")

        def close(self):
            pass

    monkeypatch.setattr(socket, "socket", Nowhere)
    return tried


def fetcher(*allow, **more):
    return HttpFetcher(allow or ["ca.example.vn"], **more)


def code(error, url, **more):
    with pytest.raises(error) as caught:
        fetcher(**more).fetch(url)
    return caught.value.code


# --- before any packet -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("file:///etc/hostname", "VND-NET-001"),
        ("ldap://ca.example.vn/cn=CA", "VND-NET-001"),
        ("ftp://ca.example.vn/x.crl", "VND-NET-001"),
        ("gopher://ca.example.vn:70/_x", "VND-NET-001"),
        ("//ca.example.vn/x", "VND-NET-001"),
        ("x.crl", "VND-NET-001"),
        ("", "VND-NET-001"),
        ("http:///x", "VND-NET-001"),
        ("http://ca.example.vn:99999/", "VND-NET-001"),
        ("http://ca.example.vn:0/", "VND-NET-001"),
        ("http://ca.example.vn:x/", "VND-NET-001"),
        ("http://ca.example.vn\n.evil.example/", "VND-NET-001"),
        ("http://ca.example.vn evil.example/", "VND-NET-001"),
        ("http://[fe80::1%25eth0]/", "VND-NET-001"),
        ("http://[::1/", "VND-NET-001"),
        ("http://0177.0.0.1/", "VND-NET-001"),
        ("http://ca.example.vn/" + "a" * 3000, "VND-NET-001"),
        ("http://an:secret@ca.example.vn/", "VND-NET-002"),
        ("http://an@ca.example.vn/", "VND-NET-002"),
        ("http://ca.example.vn\\@evil.example/", "VND-NET-002"),
    ],
)
def test_an_address_that_is_never_fetched(url, expected, connections):
    assert code(PermanentError, url) == expected
    assert connections == []


@pytest.mark.parametrize(
    "url",
    [
        "http://other.example.vn/",
        "http://ca.example.vn.evil.example/",
        "http://sub.ca.example.vn/",
        "http://ca.example.vn:8080/",
        "http://evil.example/?ca.example.vn",
        "http://evil.example/#@ca.example.vn",
        "http://ca.example.vn./",
        "http://169.254.169.254/latest/meta-data/",
        "http://xn--ca-example-vn/",
    ],
)
def test_a_host_that_nobody_named(url, connections, monkeypatch):
    resolver = Resolver("93.184.216.34")
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    assert code(SecurityError, url) == "VND-NET-003"
    assert (connections, resolver.asked) == ([], [])  # not even a question about the name


PIECES = st.sampled_from(
    ["http:", "https:", "HTTP:", "//", "/", "\\", "@", ":", "?", "#", "%", "[", "]", ".", "u:p", "80", "8080",
     "ca.example.vn", "evil.example", "127.0.0.1", "%2e", "\t", "\n", "\0", " ", "\u3002", "\uff0f", "\ud800"]
)  # fmt: skip


@given(st.lists(PIECES | st.characters(), max_size=12).map("".join))
def test_whatever_is_asked_only_the_named_host_is_looked_up(url):
    """RFC 3986, clause 3.2: however an address is written, no other host is spoken to."""
    resolver = Resolver("10.0.0.1")
    with mock.patch.object(socket, "getaddrinfo", resolver), pytest.raises(TransportError) as caught:
        fetcher().fetch(url)
    assert resolver.asked in ([], ["ca.example.vn"])
    assert (caught.value.code == "VND-NET-004") == bool(resolver.asked)


@pytest.mark.parametrize(
    ("allow", "url", "allowed"),
    [
        ("ca.example.vn", "https://CA.example.VN/x", True),
        ("CA.Example.vn", "http://ca.example.vn:80/x", True),
        ("ca.example.vn:8080", "http://ca.example.vn:8080/x", True),
        ("ca.example.vn:8080", "http://ca.example.vn/x", False),
        ("http://ca.example.vn/pki/", "http://ca.example.vn/pki/crl/a.crl", True),
        ("http://ca.example.vn/pki", "http://ca.example.vn/pki", True),
        ("http://ca.example.vn/pki", "http://ca.example.vn/pki/a", True),
        ("http://ca.example.vn/pki", "http://ca.example.vn/pki?a", True),
        ("http://ca.example.vn/pki", "http://ca.example.vn/pkix", False),
        ("http://ca.example.vn/pki/", "https://ca.example.vn/pki/a", False),
        ("http://ca.example.vn/pki/", "http://ca.example.vn/pki/../admin", False),
        ("http://ca.example.vn/pki/", "http://ca.example.vn/pki/%2e%2e/admin", False),
        ("http://ca.example.vn/pki/", "http://ca.example.vn/pki/..%2fadmin", False),
        ("http://ca.example.vn/pki/", "http://ca.example.vn/pki//admin", False),
        ("http://ca.example.vn", "http://ca.example.vn/a%2eb", True),
        ("https://ca.example.vn:8443/", "https://ca.example.vn:8443/a", True),
        ("[2606:2800:220:1:248:1893:25c8:1946]", "http://[2606:2800:220:1:248:1893:25c8:1946]/", True),
    ],
)
def test_the_allow_list(allow, url, allowed, connections, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", Resolver("93.184.216.34"))
    with pytest.raises(TransportError) as caught:
        HttpFetcher([allow]).fetch(url)
    assert caught.value.code == ("VND-NET-006" if allowed else "VND-NET-003")
    assert len(connections) == bool(allowed)


def test_a_vietnamese_host_is_allowed_as_it_stands_in_dns(connections, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", Resolver("93.184.216.34"))
    plain = "cơquan.example.vn".encode("idna").decode()
    for url in (plain, "cơquan.example.vn"):
        with pytest.raises(TransientError):
            HttpFetcher([plain]).fetch(f"http://{url}/")
    assert len(connections) == 2


@pytest.mark.parametrize("entry", ["faß.example", "http://cơquan.example.vn/pki/", "http://u:gehéim@faß.vn/"])
def test_a_host_that_could_be_two_is_not_guessed(entry):
    # "faß.example" is fass.example by IDNA 2003 and xn--fa-hia.example by IDNA 2008.
    with pytest.raises(ConfigError) as caught:
        HttpFetcher([entry])
    assert caught.value.code == ("VND-NET-014" if "@" in entry else "VND-NET-015")
    assert "geh" not in str(caught.value) + repr(caught.value.facts)


@pytest.mark.parametrize(
    "entry",
    ["*", "*.example.vn", "", "a b", "ldap://x/", "http://", "http://x/?q", "http://u:geheim@x/", "x/y"],
)
def test_an_entry_that_names_no_place(entry):
    with pytest.raises(ConfigError) as caught:
        HttpFetcher([entry])
    assert caught.value.code == "VND-NET-014"
    assert "geheim" not in str(caught.value)
    assert "geheim" not in str(caught.value.facts)


# --- addresses -------------------------------------------------------------------------------------

CLOSED = {
    "127.0.0.1": "loopback",
    "127.8.8.8": "loopback",
    "::1": "loopback",
    "::ffff:127.0.0.1": "loopback",
    "::ffff:10.0.0.1": "private",
    "64:ff9b::7f00:1": "loopback",
    "64:ff9b::a9fe:a9fe": "link-local",
    "10.1.2.3": "private",
    "172.16.0.1": "private",
    "192.168.1.1": "private",
    "100.64.0.1": "private",
    "100.100.100.200": "metadata",
    "fd00:ec2::254": "metadata",
    "192.0.0.192": "metadata",
    "168.63.129.16": "metadata",
    "::ffff:168.63.129.16": "metadata",
    "64:ff9b::a83f:8110": "metadata",
    "169.254.169.254": "link-local",
    "fe80::1": "link-local",
    "224.0.0.1": "multicast",
    "ff02::1": "multicast",
    "0.0.0.0": "unspecified",  # noqa: S104
    "::": "unspecified",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "fe80::1%eth0": "link-local",
    "127.0.0.1.evil": "unreadable",
    "2002:7f00:1::": "tunnel",
    "2001:0:7f00:1::": "tunnel",
}


@pytest.mark.parametrize(("address", "network"), CLOSED.items())
def test_a_name_that_leads_inside(address, network, connections, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", Resolver(address))
    with pytest.raises(SecurityError) as caught:
        fetcher().fetch("http://ca.example.vn/a.crl?token=geheim")
    assert caught.value.code == "VND-NET-004"
    assert caught.value.facts["network"] == network
    assert "geheim" not in repr(caught.value.facts) + str(caught.value)
    assert connections == []


@pytest.mark.parametrize(("address", "network"), CLOSED.items())
def test_private_networks_are_opened_by_the_caller_and_link_local_never(
    address, network, connections, monkeypatch
):
    monkeypatch.setattr(socket, "getaddrinfo", Resolver(address))
    opened = network in {"loopback", "private"}
    expected = (TransientError, "VND-NET-006") if opened else (SecurityError, "VND-NET-004")
    assert code(expected[0], "http://ca.example.vn/", allow_private=True) == expected[1]
    assert len(connections) == opened


@given(st.ip_addresses())
def test_no_address_that_is_not_global_is_public(address):
    """RFC 6890: an address that is not globally reachable is no place of a public service."""
    from vnedoc.net._addresses import kind_of

    if not address.is_global or address.is_multicast:
        assert kind_of(str(address)) is not None
    elif address.version == 4:
        assert kind_of(str(address)) is None
        assert kind_of(f"::ffff:{address}") is None
        assert kind_of(str(ipaddress.ip_address("64:ff9b::") + int(address))) is None


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "localhost"])
@pytest.mark.server
@pytest.mark.enable_socket
def test_other_writings_of_loopback(host):
    # The system's own resolver reads them; no packet leaves, for the address is checked before.
    with pytest.raises(TransportError) as caught:
        HttpFetcher([host]).fetch(f"http://{host}/")
    assert caught.value.code in {"VND-NET-004", "VND-NET-005"}


def test_one_bad_address_among_good_ones(connections, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", Resolver(["93.184.216.34", "127.0.0.1"]))
    assert code(SecurityError, "http://ca.example.vn/") == "VND-NET-004"
    assert connections == []


def test_what_was_checked_is_what_is_spoken_to(connections, monkeypatch):
    # DNS rebinding: good when it is checked, loopback when it is connected to.
    resolver = Resolver("93.184.216.34", "127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    assert code(TransientError, "http://ca.example.vn/") == "VND-NET-006"
    assert resolver.asked == ["ca.example.vn"]
    assert connections == ["93.184.216.34"]


def test_every_address_is_tried_in_turn(connections, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", Resolver(["93.184.216.34", "2606:2800:220:1::1"]))
    assert code(TransientError, "http://ca.example.vn/") == "VND-NET-006"
    assert connections == ["93.184.216.34", "2606:2800:220:1::1"]


def test_a_name_without_an_address(monkeypatch):
    def unknown(*_args, **_named):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert code(TransientError, "http://ca.example.vn/") == "VND-NET-005"


def test_a_name_that_the_resolver_cannot_write(monkeypatch):
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_a, **_n: "x".encode("idna") + ("a" * 70).encode("idna")
    )
    assert code(TransientError, "http://ca.example.vn/") == "VND-NET-005"


def test_a_resolver_that_does_not_answer(monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_n: over.wait(20) and [])
    begun = time.monotonic()
    assert code(TransientError, "http://ca.example.vn/", timeout=0.2) == "VND-NET-007"
    assert time.monotonic() - begun < 5
    over.set()


# --- on loopback -----------------------------------------------------------------------------------


class TestOverHttp:
    pytestmark = LOOPBACK

    def fetch(self, host, *, path="/a.crl?x=1", **more):
        questions = {
            one: more.pop(one) for one in ("body", "content_type", "accept", "max_bytes") if one in more
        }
        more.setdefault("timeout", 30)
        return HttpFetcher([host], allow_private=True, **more).fetch(f"http://{host}{path}", **questions)

    def failing(self, *parts, wait=None, **more):
        with answering(*parts, wait=wait) as (host, _), pytest.raises(TransportError) as caught:
            self.fetch(host, **more)
        return caught.value

    def test_get(self):
        with answering(ANSWER) as (host, seen):
            assert self.fetch(host, accept="application/pkix-crl") == b"hello"
        lines = bytes(seen).decode().split("\r\n")
        assert lines[0] == "GET /a.crl?x=1 HTTP/1.1"
        assert set(lines[1:-2]) == {
            f"Host: {host}", "User-Agent: vnedoc", "Accept-Encoding: identity", "Connection: close",
            "Accept: application/pkix-crl",
        }  # fmt: skip

    def test_post(self):
        with answering(ANSWER) as (host, seen):
            assert self.fetch(host, body=b"ask", content_type="application/ocsp-request") == b"hello"
        text = bytes(seen).decode()
        assert text.startswith("POST /a.crl?x=1 HTTP/1.1\r\n")
        assert "Content-Type: application/ocsp-request\r\n" in text
        assert "Content-Length: 3\r\n" in text

    def test_environment_proxies_are_not_used(self, monkeypatch):
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        with answering(ANSWER) as (host, _):
            assert self.fetch(host) == b"hello"

    def test_a_mirror(self):
        with answering(ANSWER) as (host, seen):
            mirrored = HttpFetcher(
                [f"http://{host}/copy/"],
                allow_private=True,
                mirrors={
                    "http://": "http://nowhere.example/",
                    "http://ca.example.vn/": f"http://{host}/copy/",
                },
            )
            assert mirrored.fetch("http://ca.example.vn/pki/a.crl") == b"hello"
        assert seen.startswith(b"GET /copy/pki/a.crl ")

    def test_chunks(self):
        answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
        with answering(answer) as (host, _):
            assert self.fetch(host) == b"hello"

    def test_until_the_end_of_the_connection(self):
        with answering(b"HTTP/1.0 200 OK\r\n\r\n", b"hello") as (host, _):
            assert self.fetch(host) == b"hello"

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize("where", ["http://169.254.169.254/latest/meta-data/", "/elsewhere"])
    def test_nobody_follows(self, status, where):
        error = self.failing(f"HTTP/1.1 {status} Go\r\nLocation: {where}\r\n\r\n".encode())
        assert (type(error), error.code) == (SecurityError, "VND-NET-009")

    @pytest.mark.parametrize(
        ("status", "kind", "expected"),
        [
            (204, PermanentError, "VND-NET-010"),
            (206, PermanentError, "VND-NET-010"),
            (400, PermanentError, "VND-NET-010"),
            (404, PermanentError, "VND-NET-010"),
            (408, TransientError, "VND-NET-011"),
            (429, TransientError, "VND-NET-011"),
            (500, TransientError, "VND-NET-011"),
            (503, TransientError, "VND-NET-011"),
        ],
    )
    def test_other_answers(self, status, kind, expected):
        error = self.failing(f"HTTP/1.1 {status} X\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n".encode())
        assert (type(error), error.code, error.facts["seen"]) == (kind, expected, status)
        assert getattr(error, "retry_after", None) == (7.0 if kind is TransientError else None)

    @pytest.mark.parametrize(
        ("said", "told"), [("86400", 86400.0), ("86401", 86400.0), ("9" * 400, 86400.0), ("soon", None)]
    )
    def test_nobody_is_sent_away_for_longer_than_a_day(self, said, told):
        answer = f"HTTP/1.1 503 X\r\nRetry-After: {said}\r\nContent-Length: 0\r\n\r\n"
        assert self.failing(answer.encode()).retry_after == told

    @pytest.mark.parametrize(
        "head",
        [
            "Content-Length: 6\r\n\r\n",
            "\r\n",
            "Transfer-Encoding: chunked\r\n\r\n6\r\n",
            f"Content-Length: {10**17}\r\n\r\n",
        ],
    )
    def test_too_large(self, head):
        error = self.failing(f"HTTP/1.1 200 OK\r\n{head}".encode(), b"hellos", max_bytes=5)
        assert (type(error), error.code, error.facts["allowed"]) == (PermanentError, "VND-NET-012", 5)

    def test_a_size_of_its_own_for_one_question(self):
        assert self.failing(ANSWER, max_bytes=4).code == "VND-NET-012"
        with answering(ANSWER) as (host, _):
            fetched = HttpFetcher([host], allow_private=True, max_bytes=4).fetch(
                f"http://{host}/", max_bytes=5
            )
        assert fetched == b"hello"

    def test_an_answer_without_end_is_not_read_to_the_end(self):
        # 1 MiB is the default: what goes beyond is not even taken from the socket.
        error = self.failing(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(2 * 1024 * 1024), b"")
        assert error.code == "VND-NET-012"

    @pytest.mark.parametrize(
        "answer",
        [
            b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nhello",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
            b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
            b"\x00" * 100,
            b"",
        ],
        ids=["ssh", "length-x", "two-lengths", "short", "chunk", "gzip", "long-head", "zeros", "nothing"],
    )
    def test_not_http(self, answer):
        error = self.failing(answer)
        assert (type(error), error.code) in {
            (PermanentError, "VND-NET-013"),
            (TransientError, "VND-NET-006"),  # reset while the rest was still on its way
        }

    @pytest.mark.parametrize(
        "begun",
        [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\nhel", b"HTTP/1.1 103 Early\r\n\r\n" * 100],
        ids=["silent", "head", "body", "informational"],
    )
    def test_a_slow_server(self, begun):
        start = time.monotonic()
        error = self.failing(begun, b"", wait=threading.Event(), timeout=0.3)
        assert (type(error), error.code) == (TransientError, "VND-NET-007")
        assert time.monotonic() - start < 5

    def test_a_server_that_drips_takes_from_the_same_time(self):
        # Each octet comes well within the time-out; together they must not outlast it.
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            door.listen()
            over = threading.Event()

            def drip():
                with contextlib.suppress(OSError), contextlib.closing(door.accept()[0]) as peer:
                    peer.recv(65536)
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                    while not over.wait(0.05):
                        peer.sendall(b"x")

            thread = threading.Thread(target=drip, daemon=True)
            thread.start()
            start = time.monotonic()
            with pytest.raises(TransientError) as caught:
                self.fetch(f"127.0.0.1:{door.getsockname()[1]}", timeout=0.4)
            over.set()
            thread.join(10)
        assert caught.value.code == "VND-NET-007"
        assert time.monotonic() - start < 5

    def test_nobody_listens(self):
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            host = f"127.0.0.1:{door.getsockname()[1]}"
        with pytest.raises(TransientError) as caught:
            self.fetch(host)
        assert caught.value.code == "VND-NET-006"


class TestOverHttps:
    pytestmark = LOOPBACK

    def serving(self, pki, name, folder):
        server = pki.issue(
            "Máy chủ thử",
            key="p256",
            extended_key_usage=["1.3.6.1.5.5.7.3.1"],
            extensions=[(x509.SubjectAlternativeName([name]), False)],
        )
        (folder / "server.pem").write_bytes(server.pem())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        return context

    def trusting(self, pki):
        return ssl.create_default_context(cadata=pki.root.der)

    def test_the_name_of_the_address_is_verified_though_a_number_is_called(self, pki, tmp_path, monkeypatch):
        context = self.serving(pki, x509.DNSName("tsa.example.vn"), tmp_path)
        with answering(ANSWER, context=context) as (host, seen):
            port = int(host.partition(":")[2])
            monkeypatch.setattr(socket, "getaddrinfo", Resolver("127.0.0.1"))
            place = f"tsa.example.vn:{port}"
            found = HttpFetcher([place], allow_private=True, tls=self.trusting(pki)).fetch(
                f"https://{place}/"
            )
        assert found == b"hello"
        assert f"Host: tsa.example.vn:{port}\r\n".encode() in seen

    @pytest.mark.parametrize("trusted", [True, False])
    def test_a_server_that_is_another(self, pki, tmp_path, trusted):
        context = self.serving(pki, x509.DNSName("other.example.vn"), tmp_path)
        more = {"tls": self.trusting(pki)} if trusted else {}
        with answering(ANSWER, context=context) as (host, seen), pytest.raises(SecurityError) as caught:
            HttpFetcher([f"https://{host}/"], allow_private=True, **more).fetch(f"https://{host}/")
        assert caught.value.code == "VND-NET-008"
        assert seen == b""


# --- house -----------------------------------------------------------------------------------------


def test_errors_travel_and_have_words():
    with pytest.raises(SecurityError) as caught:
        fetcher().fetch("http://other.example.vn/?a")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.code, again.facts) == (caught.value.code, caught.value.facts)


def test_only_this_room_imports_the_http_client():
    users = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(one.partition(".")[0] in {"httpx2", "httpcore2"} for one in names):
                users.add(path.relative_to(SOURCE).parts[0])
    assert users == {"net"}


def test_without_the_extra_it_says_what_to_install():
    script = (
        "import sys; sys.modules['httpx2'] = None\n"
        "import vnedoc.net\n"
        "from vnedoc.errors import MissingExtra\n"
        "try: vnedoc.net.HttpFetcher([])\n"
        "except MissingExtra as error: print(error.code, error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "VND-EXTRA-001 pip install 'vnedoc[http]'"


def test_the_door_itself_loads_no_client():
    script = "import sys, vnedoc.net; print(sorted({'httpx2', 'httpcore2', 'ssl'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "http" not in done.stdout
