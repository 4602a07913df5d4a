"""X1, X2, X3 and X8 at 6 KB: an enveloped signature on an XML document of 6 KB, RSA of 2048 bits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

import vnedoc
from benchmarks import fixtures, xml_peers
from benchmarks.runner import CheckFailed, Goal, Group, Row

Case = Callable[[], Any]


# --- signing --------------------------------------------------------------------------------------


def vnedoc_sign(folder: Path) -> Case:
    signer = fixtures.signer(folder)
    data = (folder / "document.xml").read_bytes()
    return lambda: vnedoc.sign_xml(data, signer).read()


def vnedoc_sign_plain(folder: Path) -> Case:
    """Plain XMLDSig, which is what the peers make."""
    from vnedoc.signing import XmlForm, sign_xml

    signer = fixtures.signer(folder)
    data = (folder / "document.xml").read_bytes()
    form = XmlForm(xades=False)
    return lambda: sign_xml(vnedoc.Wire.from_bytes(data), signer, form=form).read()


def signxml_sign(folder: Path) -> Case:
    return _signing(folder, xml_peers.signxml_sign)


def xmlsec_sign(folder: Path) -> Case:
    return _signing(folder, xml_peers.xmlsec_sign)


def _signing(folder: Path, peer: Callable[[Path], xml_peers.Sign]) -> Case:
    data = (folder / "document.xml").read_bytes()
    sign = peer(folder)
    return lambda: sign(data)


def bergshamra_sign(folder: Path) -> Case:
    text = (folder / "document.xml").read_text(encoding="utf-8")
    sign = xml_peers.bergshamra_sign_text(folder)
    return lambda: sign(text)


def sign_floor(folder: Path) -> Case:
    """SHA-256 of the input, and one private operation."""
    data = (folder / "document.xml").read_bytes()
    key = fixtures.private_key(folder)
    return lambda: key.sign(hashlib.sha256(data).digest(), padding.PKCS1v15(), hashes.SHA256())


# --- verifying ------------------------------------------------------------------------------------


def vnedoc_verify(folder: Path) -> Case:
    """The chain is judged at each call: what is kept of earlier answers is forgotten before it."""
    from vnedoc.trust import _certificates, _path

    verify = vnedoc_verify_kept(folder)

    def case() -> Any:
        _path._kept_verdict.cache_clear()  # noqa: SLF001 - nobody else needs a door to it
        _certificates._kept_is_signed_by.cache_clear()  # noqa: SLF001 - the same
        return verify()

    return case


def vnedoc_verify_kept(folder: Path) -> Case:
    """The answer about the chain is kept from one call to the next, for up to a second."""
    data = (folder / "signed.xml").read_bytes()
    policy = fixtures.policy(folder)
    return lambda: vnedoc.verify(data, policy)


def signxml_verify(folder: Path) -> Case:
    from signxml import SignatureConfiguration, XMLVerifier

    data = (folder / "signed.xml").read_bytes()
    expected = SignatureConfiguration(expect_references=2)  # the document and the signed properties
    root = str(folder / "root.pem")
    return lambda: XMLVerifier().verify(data, ca_pem_file=root, expect_config=expected)


def xmlsec_verify(folder: Path) -> Case:
    data = (folder / "signed.xml").read_bytes()
    verify = xml_peers.xmlsec_verify(folder)
    return lambda: verify(data)


def bergshamra_verify(folder: Path) -> Case:
    text = (folder / "signed.xml").read_text(encoding="utf-8")
    verify = xml_peers.bergshamra_verify_text(folder)
    return lambda: verify(text)


def verify_floor(folder: Path) -> Case:
    """SHA-256 of the input, and three public operations: the signature and two certificates."""
    data = (folder / "document.xml").read_bytes()
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
    (folder / "signed.xml").write_bytes(signed)
    policy = fixtures.policy(folder)
    changed = fixtures.tampered(signed, *_CHANGE)
    if not vnedoc.verify(signed, policy).passed:
        raise CheckFailed("our own signed XML does not pass")
    if vnedoc.verify(changed, policy).passed:
        raise CheckFailed("a changed XML passes")
    wrong = xml_peers.wrong_judges(signed, changed, folder)
    if wrong is not None:
        raise CheckFailed(wrong)
    _check_peers(folder, policy)
    return {}


_CHANGE = (b"000.07.H01", b"000.08.H02")
_SIGNERS: tuple[Callable[[Path], xml_peers.Sign], ...] = (
    xml_peers.signxml_sign,
    xml_peers.xmlsec_sign,
    xml_peers.bergshamra_sign,
)


def _check_peers(folder: Path, policy: vnedoc.Policy) -> None:
    """What the peers sign must pass with us, and with one change not: else they do not do the same work."""
    for peer in _SIGNERS:
        try:
            signed = peer(folder)((folder / "document.xml").read_bytes())
        except ImportError:
            continue  # its row says so
        if not vnedoc.verify(signed, policy).passed:
            raise CheckFailed(f"what {peer.__name__} makes does not pass")
        if vnedoc.verify(fixtures.tampered(signed, *_CHANGE), policy).passed:
            raise CheckFailed(f"what {peer.__name__} makes passes with a change")


_SELF = "benchmarks.xml:"
_XADES = "ours is XAdES B-B with two references, the peer's plain XMLDSig with one"
_TEXT = "it takes a str, made beforehand"
_KEPT = "ours keeps the answer about a chain for the second that it is about, the peer builds it each time"

GROUPS = (
    Group(
        id="X1",
        ours=f"{_SELF}vnedoc_sign",
        rows=(
            Row("X1", "signxml", f"{_SELF}signxml_sign", Goal(">=", 1.6), _XADES, "signxml"),
            Row("X1-xmlsec", "python-xmlsec", f"{_SELF}xmlsec_sign", Goal(">=", 1.6), _XADES, "xmlsec"),
            Row(
                "X1-plain",
                "our own plain XMLDSig",
                f"{_SELF}vnedoc_sign_plain",
                Goal("<=", 1.3),
                "what the properties of XAdES B-B cost",
            ),
            Row("X1-floor", "SHA-256 and one private operation", f"{_SELF}sign_floor", Goal("<=", 1.6)),
            Row(
                "X8-sign-6KB",
                "pybergshamra",
                f"{_SELF}bergshamra_sign",
                Goal(">=", 3),
                f"{_XADES}; {_TEXT}",
                "pybergshamra",
            ),
        ),
        prepare=_prepare,
    ),
    Group(
        id="X2",
        ours=f"{_SELF}vnedoc_verify",
        rows=(
            Row("X2", "signxml", f"{_SELF}signxml_verify", Goal(">=", 3), package="signxml"),
            Row("X2-xmlsec", "python-xmlsec", f"{_SELF}xmlsec_verify", Goal(">=", 1.6), package="xmlsec"),
            Row("X2-floor", "SHA-256 and three public operations", f"{_SELF}verify_floor", Goal("<=", 5)),
            Row(
                "X8-verify-6KB",
                "pybergshamra",
                f"{_SELF}bergshamra_verify",
                Goal(">=", 1.5),
                _TEXT,
                "pybergshamra",
            ),
        ),
        prepare=_prepare,
    ),
    Group(
        id="X3",
        ours=f"{_SELF}vnedoc_verify_kept",
        rows=(Row("X3", "python-xmlsec", f"{_SELF}xmlsec_verify", Goal(">=", 3), _KEPT, "xmlsec"),),
        prepare=_prepare,
    ),
)
