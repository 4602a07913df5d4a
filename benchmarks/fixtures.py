"""What the cases work on: a throwaway authority, a 25 KB PDF and a 6 KB XML, in a folder of files."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization

from vnedoc import Policy, TrustStore
from vnedoc.conformance import FakePki
from vnedoc.signing import KeySigner

PASSPHRASE = "throwaway"
_PDF_OCTETS = 25_000
_XML_OCTETS = 6_000


def build(folder: Path) -> None:
    """Fill *folder*, once for all groups of a run."""
    if (folder / "root.pem").exists():
        return
    pki = FakePki.create()
    credential = pki.issue("Nguyễn Văn An", organization="Cơ quan thử nghiệm")
    write = {
        "key.pem": credential.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        "key.p12": credential.pkcs12(PASSPHRASE),
        "signer.der": credential.der,
        "issuing.der": pki.issuing.der,
        "root.der": pki.root.der,
        "signer.pem": credential.certificate.public_bytes(serialization.Encoding.PEM),
        "issuing.pem": pki.issuing.certificate.public_bytes(serialization.Encoding.PEM),
        "document.pdf": _pdf(),
        "document.xml": _xml(),
    }
    for name, octets in write.items():
        (folder / name).write_bytes(octets)
    (folder / "root.pem").write_bytes(pki.root.certificate.public_bytes(serialization.Encoding.PEM))


def signer(folder: Path) -> KeySigner:
    """Give our signer, its key loaded and checked once."""
    return KeySigner.from_pkcs12(folder / "key.p12", PASSPHRASE)


def policy(folder: Path) -> Policy:
    """Give the strict policy less revocation: a chain to the root, checked each time."""
    import attrs

    trust = TrustStore.from_der([(folder / "root.der").read_bytes()])
    return attrs.evolve(Policy.strict(trust=trust), require_revocation=False)


def private_key(folder: Path) -> Any:
    """Give the key as ``cryptography`` has it."""
    return serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)


def tampered(octets: bytes, before: bytes, after: bytes) -> bytes:
    """Replace one place that the signature covers."""
    assert octets.count(before) == 1
    assert len(before) == len(after)
    return octets.replace(before, after)


def _pdf() -> bytes:
    """Write a page with text, and a stream that no filter makes smaller, up to 25 KB."""
    text = b"BT /F1 12 Tf 72 720 Td (Cong van so 01/BM-TN) Tj ET"
    filler = random.Random(25).randbytes(_PDF_OCTETS - 1000)  # noqa: S311 - the same octets each time
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 7 0 R >>"
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(filler), filler),
        b"<< /Font << /F1 5 0 R >> /Properties << /Filler 6 0 R >> >>",
    ]
    output = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(output))
        output += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start, count, identifier = len(output), len(bodies) + 1, b"25" * 16
    output += b"xref\n0 %d\n0000000000 65535 f \n" % count
    output += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    output += b"trailer\n<< /Size %d /Root 1 0 R /ID [<%s> <%s>] >>\n" % (count, identifier, identifier)
    output += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(output)


def _xml() -> bytes:
    """Write elements of the kind that an envelope's header has, in a namespace, up to 6 KB."""
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<m:message xmlns:m="urn:example:message">',
        "<m:subject>V/v thử nghiệm</m:subject>",
    ]
    size = 0
    for number in itertools.count():
        name = f"<m:name>Đơn vị {number}</m:name>"
        lines.append(f'<m:item number="{number}">{name}<m:code>000.{number:02}.H01</m:code></m:item>')
        size += len(lines[-1].encode()) + 1
        if size > _XML_OCTETS - 300:
            break
    return "\n".join([*lines, "</m:message>", ""]).encode()
