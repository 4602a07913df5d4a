"""PDF files and CMS values built by hand, so that each part can be made wrong on its own."""

import datetime as dt
import hashlib
import re
from functools import cache

from asn1crypto import algos, cms, core, tsp, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from vnedoc.conformance import FakePki
from vnedoc.model import PDF_TYPE, VIETNAM, Severity, Wire
from vnedoc.signing import sign_pdf
from vnedoc.verification import Policy, verify_pdf

AT = dt.datetime(2026, 6, 1, 8, 30, tzinfo=VIETNAM)
ROOM = 4500


@cache
def pki() -> FakePki:
    return FakePki.create(at=AT)


def credential(kind: str = "rsa2048"):
    return _credential(kind)


@cache
def _credential(kind: str):
    return pki().issue(f"Người ký {kind}", key=kind)


@cache
def policy() -> Policy:
    return pki().policy()


# --- files ----------------------------------------------------------------------------------------

CATALOG = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R] /SigFlags 3 >> %s >>"
FIELD = (
    b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Chu_ky) /V 6 0 R /P 3 0 R /Rect [0 0 0 0] /F 132 %s >>"
)
SIGNATURE = (
    b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /%s /M (D:20260601083000+07'00') %s"
    b"/ByteRange [@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@] /Contents <%s> >>"
)
PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Annots [5 0 R] "
    b"/Resources << >> >>"
)


def objects(
    *, sub_filter=b"ETSI.CAdES.detached", catalog=b"", field=b"", signature=b"", room=ROOM
) -> dict[int, bytes]:
    return {
        1: CATALOG % catalog,
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: PAGE,
        4: b"<< /Length 9 >>\nstream\n0 0 m 0 l\nendstream",
        5: FIELD % field,
        6: SIGNATURE % (sub_filter, signature, b"0" * (2 * room)),
    }


def write(
    parts: dict[int, bytes], before: bytes = b"%PDF-1.7\n", trailer: bytes = b"", size: int = 21
) -> bytes:
    """Write objects as a file, or as a revision after the file *before*."""
    octets, places = bytearray(before), {}
    for number, content in parts.items():
        places[number] = len(octets)
        octets += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(octets)
    octets += b"xref\n0 1\n0000000000 65535 f \n"
    for number, place in sorted(places.items()):
        octets += b"%d 1\n%010d 00000 n \n" % (number, place)
    octets += b"trailer\n<< /Size %d /Root 1 0 R %s >>\n" % (
        max([size, *(one + 1 for one in places)]),
        trailer,
    )
    return bytes(octets) + b"startxref\n%d\n%%%%EOF\n" % start


def last_startxref(octets: bytes) -> int:
    return int(octets.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])


def update(octets: bytes, parts: dict[int, bytes], trailer: bytes = b"") -> bytes:
    """Append a revision."""
    size = int(re.findall(rb"/Size (\d+)", octets)[-1])
    return write(parts, octets, b"/Prev %d %s" % (last_startxref(octets), trailer), size)


def fill(octets: bytes, make, *, ranges=None) -> bytes:
    """Put the ByteRange and the value that *make* gives for the covered octets into the last signature."""
    start = octets.rindex(b"/Contents <") + len(b"/Contents ")
    end = octets.index(b">", start) + 1
    where = ranges or b"0 %d %d %d" % (start, end, len(octets) - end)
    octets = octets.replace(b"@" * 44, where.ljust(44))
    room = end - start - 2
    value = make(octets[:start] + octets[end:]).hex().encode().ljust(room, b"0")
    assert len(value) == room
    return octets[: start + 1] + value + octets[end - 1 :]


def pdf(make=None, *, ranges=None, **options) -> bytes:
    """Give a file with one signature."""
    return fill(write(objects(**options)), make or cms_of(), ranges=ranges)


# --- CMS ------------------------------------------------------------------------------------------

_HASH = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha512": hashes.SHA512()}  # noqa: S303


def attribute(kind: str, *values) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": kind, "values": values})


def ess(der: bytes, version: int = 2, hash_name: str | None = None):
    if version == 1:
        identifier = tsp.ESSCertID({"cert_hash": hashlib.sha1(der).digest()})  # noqa: S324
        return attribute("signing_certificate", tsp.SigningCertificate({"certs": [identifier]}))
    parts = {"cert_hash": hashlib.new(hash_name or "sha256", der).digest()}
    if hash_name is not None:
        parts["hash_algorithm"] = {"algorithm": hash_name}
    return attribute("signing_certificate_v2", tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2(parts)]}))


def raw_attribute(oid: str, der: bytes) -> cms.CMSAttribute:
    """Give an attribute that asn1crypto has no schema for."""
    body = core.ObjectIdentifier(oid).dump() + b"\x31" + _length(len(der)) + der
    return cms.CMSAttribute.load(b"\x30" + _length(len(body)) + body)


def _length(size: int) -> bytes:
    if size < 128:
        return bytes([size])
    octets = size.to_bytes(2, "big").lstrip(b"\x00")
    return bytes([0x80 | len(octets)]) + octets


def pss(hash_name="sha256", salt=32, mask=None) -> dict:
    return {
        "algorithm": "rsassa_pss",
        "parameters": algos.RSASSAPSSParams(
            {
                "hash_algorithm": {"algorithm": hash_name},
                "mask_gen_algorithm": {
                    "algorithm": "mgf1",
                    "parameters": {"algorithm": mask or hash_name},
                },
                "salt_length": salt,
            }
        ),
    }


def cms_of(
    *,
    kind="rsa2048",
    hash_name="sha256",
    scheme=None,
    algorithm=None,
    attributes=None,
    more=(),
    drop=(),
    order=sorted,
    signed_order=sorted,
    sid=None,
    certificates=None,
    signers=1,
    content=None,
    content_type="data",
    unsigned=(),
    value=None,
    padding_after=b"",
    digest_algorithm=None,
    edit=lambda der: der,
):
    """Give a maker of CMS values for ``fill``; every option but the defaults makes something odd or wrong."""
    owner = credential(kind)

    def make(covered: bytes) -> bytes:
        listed = {
            "content_type": attribute("content_type", "data"),
            "message_digest": attribute("message_digest", hashlib.new(hash_name, covered).digest()),
            "ess": ess(owner.der),
        }
        chosen = [one for name, one in listed.items() if name not in drop]
        chosen = (attributes(covered) if attributes else chosen) + list(more)
        encoded = [one.dump() for one in chosen]
        to_be_signed = set_of(signed_order(encoded)) if encoded else covered
        signature = _sign(owner.key, to_be_signed, hash_name, scheme) if value is None else value
        certificate = x509.Certificate.load(owner.der)
        info = {
            "version": "v1",
            "sid": sid
            or {
                "issuer_and_serial_number": {
                    "issuer": certificate.issuer,
                    "serial_number": certificate.serial_number,
                }
            },
            "digest_algorithm": {"algorithm": digest_algorithm or hash_name},
            "signature_algorithm": algorithm or _algorithm(owner.key, hash_name),
            "signature": signature,
        }
        if encoded:
            info["signed_attrs"] = cms.CMSAttributes.load(set_of(order(encoded)))
        if unsigned:
            info["unsigned_attrs"] = list(unsigned)
        carried = (owner.der, *owner.chain) if certificates is None else certificates
        data = {
            "version": "v1",
            "digest_algorithms": [{"algorithm": hash_name}],
            "encap_content_info": {"content_type": content_type, "content": content},
            "signer_infos": [info] * signers,
        }
        if carried:
            data["certificates"] = [x509.Certificate.load(one) for one in carried]
        whole = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(data)})
        return edit(whole.dump()) + padding_after

    return make


def set_of(encoded) -> bytes:
    body = b"".join(encoded)
    return b"\x31" + _length(len(body)) + body


def _algorithm(key, hash_name: str) -> dict:
    name = getattr(type(key), "__name__", "")
    if "RSA" in name:
        return {"algorithm": f"{hash_name}_rsa"}
    if "EC" in name or "Elliptic" in name:
        return {"algorithm": f"{hash_name}_ecdsa"}
    return {"algorithm": "ed25519"}


def _sign(key, octets: bytes, hash_name: str, scheme) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(octets, ec.ECDSA(_HASH[hash_name]))
    if hasattr(key, "private_numbers"):
        return key.sign(octets, scheme or padding.PKCS1v15(), _HASH[hash_name])
    return key.sign(octets)


# --- what came out --------------------------------------------------------------------------------


def verdict(octets: bytes, by: Policy | None = None, **options):
    return verify_pdf(Wire.from_bytes(octets, PDF_TYPE), by or policy(), **options)


def only(octets: bytes, by: Policy | None = None, **options):
    (one,) = verdict(octets, by, **options).signatures
    return one


def said(one):
    """Give conclusion, reason and the codes that count."""
    reason = one.sub_indication.value if one.sub_indication else None
    return one.conclusion.value, reason, codes(one)


def codes(one, least: Severity = Severity.ERROR) -> list[str]:
    weights = [Severity.INFO, Severity.WARNING, Severity.ERROR]
    return [
        finding.code for finding in one.findings if weights.index(finding.severity) >= weights.index(least)
    ]


def signed_twice() -> bytes:
    first = sign_pdf(
        Wire.from_bytes(unsigned_pdf(), PDF_TYPE), credential().signer(), signing_time=AT, reason="Duyệt"
    )
    return sign_pdf(first, credential("p256").signer(), signing_time=AT).read()


def unsigned_pdf() -> bytes:
    parts = objects()
    del parts[5], parts[6]
    parts[1] = b"<< /Type /Catalog /Pages 2 0 R >>"
    parts[3] = PAGE.replace(b"/Annots [5 0 R] ", b"")
    return write(parts)
