"""Throwaway authorities on HTTP, on this machine's own loopback, for as long as a test lasts."""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
import socketserver
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol
from urllib.parse import unquote

from vnedoc.errors import VnedocError

_MOST_OCTETS = 1024 * 1024


class Answering(Protocol):
    """What answers a question in octets, such as ``FakeTsa`` and ``FakeOcsp``."""

    def answer(self, request: bytes) -> bytes:
        """Give the answer."""
        ...


class Served:
    """Where the authorities are, and what was asked of them.

    Attributes:
        address: Such as ``http://127.0.0.1:40123``; its host and port go on an allow-list.
        tsa: Answers at ``tsa_url``; may be put there later, ``None`` is not found.
        ocsp: Answers at ``ocsp_url``, POST and GET; may be put there later.
        files: Path without the first slash → octets, for revocation lists and certificates.
        asked: Method and path of every question, in order.
    """

    def __init__(
        self, address: str, tsa: Answering | None, ocsp: Answering | None, files: Mapping[str, bytes]
    ) -> None:
        self.address = address
        self.tsa = tsa
        self.ocsp = ocsp
        self.files = dict(files)
        self.asked: list[tuple[str, str]] = []

    @property
    def host(self) -> str:
        """Host and port, for an allow-list."""
        return self.address.removeprefix("http://")

    @property
    def tsa_url(self) -> str:
        """Where time stamps are made."""
        return f"{self.address}/tsa"

    @property
    def ocsp_url(self) -> str:
        """Where certificates are asked about."""
        return f"{self.address}/ocsp"

    def url(self, name: str) -> str:
        """Give the address of a file."""
        return f"{self.address}/{name}"


_KINDS = {
    "tsa": ("application/timestamp-query", "application/timestamp-reply"),
    "ocsp": ("application/ocsp-request", "application/ocsp-response"),
}
_FILES = {"crl": "application/pkix-crl", "crt": "application/pkix-cert", "p7b": "application/pkcs7-mime"}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    served: Served

    def server_bind(self) -> None:
        # The base class asks the resolver for this machine's name, which may take seconds and is of no use.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def do_GET(self) -> None:
        """Serve files, and OCSP as RFC 6960, A.1 has it: the request in base64 behind the address."""
        self.server.served.asked.append(("GET", self.path))
        name = self.path.partition("?")[0].removeprefix("/")
        found = self.server.served.files.get(name)
        if found is not None:
            self._send(200, found, _FILES.get(name.rpartition(".")[2], "application/octet-stream"))
            return
        place, _, text = name.partition("/")
        responder = self.server.served.ocsp
        if place != "ocsp" or responder is None or not text:
            self._send(404, b"", "text/plain")
            return
        try:
            request = base64.b64decode(unquote(text), validate=True)
        except binascii.Error:
            self._send(400, b"", "text/plain")
            return
        self._send(200, responder.answer(request), _KINDS["ocsp"][1])

    def do_POST(self) -> None:
        """Serve time stamps and OCSP."""
        served = self.server.served
        served.asked.append(("POST", self.path))
        length = self.headers.get("Content-Length", "")
        size = int(length) if re.fullmatch("[0-9]{1,8}", length) else 0
        if size > _MOST_OCTETS:
            self.rfile.read(min(size, 2 * _MOST_OCTETS))  # else the answer is lost with the connection
            self.close_connection = True
            self._send(413, b"", "text/plain")
            return
        body = self.rfile.read(size)
        place = self.path.removeprefix("/")
        service = {"tsa": served.tsa, "ocsp": served.ocsp}.get(place)
        if service is None:
            self._send(404, b"", "text/plain")
        elif self.headers.get("Content-Type") != _KINDS[place][0]:
            self._send(415, b"", "text/plain")
        else:
            try:
                answer = service.answer(body)
            except VnedocError:
                self._send(500, b"", "text/plain")
            else:
                self._send(200, answer, _KINDS[place][1])

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def serve(
    *,
    tsa: Answering | None = None,
    ocsp: Answering | None = None,
    crls: Mapping[str, bytes] | None = None,
) -> Iterator[Served]:
    """Serve throwaway authorities over HTTP on 127.0.0.1, at a port that is free.

    Certificates that name these addresses can only be issued when the port is known: open this first, then
    make the infrastructure, then put the services and files in.

    Args:
        tsa: Such as ``FakeTsa``.
        ocsp: Such as ``FakeOcsp``.
        crls: Path → octets of a revocation list, or of any file.
    """
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.served = Served(f"http://127.0.0.1:{server.server_port}", tsa, ocsp, crls or {})
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server.served
        finally:
            server.shutdown()
            thread.join()
