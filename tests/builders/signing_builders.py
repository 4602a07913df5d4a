"""Small PDF files, and one throwaway PKI for all tests of this folder."""

import datetime as dt
from functools import cache

from vnedoc.conformance import FakePki
from vnedoc.model import PDF_TYPE, VIETNAM, Wire

AT = dt.datetime(2026, 6, 1, 8, 30, tzinfo=VIETNAM)


@cache
def pki() -> FakePki:
    return FakePki.create(at=AT)


def credential(kind: str = "rsa2048"):
    return _credential(kind)


@cache
def _credential(kind: str):
    return pki().issue(f"Người ký {kind}", key=kind)


def plain_pdf(*, version: str = "1.7", last: bytes = b"%%EOF\n", catalog: bytes = b"") -> bytes:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>",
        b"<< /Length 9 >>\nstream\n0 0 m 0 l\nendstream",
    ]
    octets = bytearray(b"%%PDF-%s\n" % version.encode())
    table = [b"0000000000 65535 f \n"]
    for number, content in enumerate(objects, 1):
        table.append(b"%010d 00000 n \n" % len(octets))
        octets += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(octets)
    octets += b"xref\n0 %d\n%s" % (len(table), b"".join(table))
    octets += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n" % (len(table), start)
    return bytes(octets) + last


def plain_wire(**options) -> Wire:
    return Wire.from_bytes(plain_pdf(**options), PDF_TYPE)
