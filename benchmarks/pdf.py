"""P1 and P5: PAdES B-B on a PDF of 25 KB, RSA of 2048 bits."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

import vnedoc
from benchmarks import fixtures
from benchmarks.runner import CheckFailed, Goal, Group, Row

Case = Callable[[], Any]


# --- signing --------------------------------------------------------------------------------------


def vnedoc_sign(folder: Path) -> Case:
    signer = fixtures.signer(folder)
    data = (folder / "document.pdf").read_bytes()
    return lambda: vnedoc.sign_pdf(data, signer).read()


def pyhanko_sign(folder: Path) -> Case:
    return _pyhanko_sign(folder, _pyhanko_signer(folder), None)


def pyhanko_sign_tuned(folder: Path) -> Case:
    """As above, with the key loaded once and the room for the signature given."""
    from pyhanko.sign.signers import SimpleSigner

    plain = _pyhanko_signer(folder)
    key = fixtures.private_key(folder)

    class KeptKey(SimpleSigner):
        def sign_raw(self, data: bytes, digest_algorithm: str) -> bytes:
            assert digest_algorithm == "sha256"
            signature: bytes = key.sign(data, padding.PKCS1v15(), hashes.SHA256())
            return signature

    kept = KeptKey(
        signing_cert=plain.signing_cert, signing_key=plain.signing_key, cert_registry=plain.cert_registry
    )
    return _pyhanko_sign(folder, kept, 16_384)


def _pyhanko_signer(folder: Path) -> Any:
    from pyhanko.sign.signers import SimpleSigner

    return SimpleSigner.load_pkcs12(folder / "key.p12", passphrase=fixtures.PASSPHRASE.encode())


def _pyhanko_sign(folder: Path, signer: Any, reserved: int | None) -> Case:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    data = (folder / "document.pdf").read_bytes()
    wanted = signers.PdfSignatureMetadata(
        field_name="Signature1", md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES
    )

    def case() -> bytes:
        writer = IncrementalPdfFileWriter(io.BytesIO(data))
        output: io.BytesIO = signers.sign_pdf(writer, wanted, signer=signer, bytes_reserved=reserved)
        return output.getvalue()

    return case


def endesive_sign(folder: Path) -> Case:
    from endesive.pdf import cms

    data = (folder / "document.pdf").read_bytes()
    key = fixtures.private_key(folder)
    leaf, issuing = (x509.load_der_x509_certificate((folder / name).read_bytes()) for name in _CHAIN)
    wanted = {
        "aligned": 0,
        "sigflags": 3,
        "sigpage": 0,
        "signingdate": dt.datetime.now(dt.UTC).strftime("D:%Y%m%d%H%M%S+00'00'"),
        "contact": "",
        "location": "",
        "reason": "",
    }
    return lambda: data + cms.sign(data, dict(wanted), key, leaf, [issuing], "sha256")


_CHAIN = ("signer.der", "issuing.der")


def sign_floor(folder: Path) -> Case:
    """SHA-256 of the input, and one private operation."""
    data = (folder / "document.pdf").read_bytes()
    key = fixtures.private_key(folder)
    return lambda: key.sign(hashlib.sha256(data).digest(), padding.PKCS1v15(), hashes.SHA256())


# --- verifying ------------------------------------------------------------------------------------


def vnedoc_verify(folder: Path) -> Case:
    data = (folder / "signed.pdf").read_bytes()
    policy = fixtures.policy(folder)
    return lambda: vnedoc.verify(data, policy)


def pyhanko_verify(folder: Path) -> Case:
    data = (folder / "signed.pdf").read_bytes()
    return lambda: _pyhanko_verify(data, folder)


def _pyhanko_verify(data: bytes, folder: Path, _roots: dict[Path, Any] = {}) -> Any:  # noqa: B006 - loaded once
    from pyhanko.keys import load_cert_from_pemder
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    root = _roots.get(folder) or _roots.setdefault(folder, load_cert_from_pemder(str(folder / "root.der")))
    embedded = PdfFileReader(io.BytesIO(data)).embedded_signatures[0]
    context = ValidationContext(trust_roots=[root], allow_fetching=False)
    return validate_pdf_signature(embedded, context)


def endesive_verify(folder: Path) -> Case:
    from endesive import pdf

    data = (folder / "signed.pdf").read_bytes()
    root = (folder / "root.pem").read_bytes()
    return lambda: pdf.verify(data, [root])


def verify_floor(folder: Path) -> Case:
    """SHA-256 of the input, and three public operations: the signature and two certificates."""
    data = (folder / "document.pdf").read_bytes()
    key = fixtures.private_key(folder)
    public = key.public_key()
    signature = key.sign(data[:300], padding.PKCS1v15(), hashes.SHA256())

    def case() -> None:
        hashlib.sha256(data).digest()
        for _ in range(3):
            public.verify(signature, data[:300], padding.PKCS1v15(), hashes.SHA256())

    return case


# --- cross-checks ---------------------------------------------------------------------------------


def _prepare(folder: Path) -> Mapping[str, str]:
    fixtures.build(folder)
    signed = vnedoc_sign(folder)()
    (folder / "signed.pdf").write_bytes(signed)
    policy = fixtures.policy(folder)
    if not vnedoc.verify(signed, policy).passed:
        raise CheckFailed("our own signed PDF does not pass")
    if vnedoc.verify(fixtures.tampered(signed, b"01/BM-TN", b"02/BM-TN"), policy).passed:
        raise CheckFailed("a changed PDF passes")
    if vnedoc.verify(signed + b"\n% more", policy).passed:
        raise CheckFailed("a PDF with octets after the signature passes")
    verdict = _pyhanko_verify(signed, folder)
    if not verdict.bottom_line:
        raise CheckFailed("pyHanko does not accept our signed PDF")
    for make in (pyhanko_sign, pyhanko_sign_tuned):
        if not _pyhanko_verify(make(folder)(), folder).bottom_line:
            raise CheckFailed("pyHanko does not accept its own")
    return {}


GROUPS = (
    Group(
        id="P1",
        ours="benchmarks.pdf:vnedoc_sign",
        rows=(
            Row("P1", "pyHanko sign_pdf", "benchmarks.pdf:pyhanko_sign", Goal(">=", 60), package="pyhanko"),
            Row(
                "P1-tuned",
                "pyHanko, key kept and bytes_reserved",
                "benchmarks.pdf:pyhanko_sign_tuned",
                Goal(">=", 12),
                package="pyhanko",
            ),
            Row(
                "P1-endesive", "endesive", "benchmarks.pdf:endesive_sign", Goal(">=", 40), package="endesive"
            ),
            Row("P1-floor", "SHA-256 and one private operation", "benchmarks.pdf:sign_floor", Goal("<=", 6)),
        ),
        prepare=_prepare,
    ),
    Group(
        id="P5",
        ours="benchmarks.pdf:vnedoc_verify",
        rows=(
            Row(
                "P5",
                "pyHanko validate_pdf_signature",
                "benchmarks.pdf:pyhanko_verify",
                Goal(">=", 12),
                package="pyhanko",
            ),
            Row(
                "P5-endesive",
                "endesive",
                "benchmarks.pdf:endesive_verify",
                Goal(">=", 30),
                package="endesive",
            ),
            Row(
                "P5-floor",
                "SHA-256 and three public operations",
                "benchmarks.pdf:verify_floor",
                Goal("<=", 15),
            ),
        ),
        prepare=_prepare,
    ),
)
