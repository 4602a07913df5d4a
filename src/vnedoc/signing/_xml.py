"""Enveloped XAdES B-B signatures on XML documents, in two steps or in one.

The document's octets are kept as they are: it is parsed once to digest its canonical form, and the text of
the ``Signature`` is spliced in before the end tag of its parent.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Callable

import attrs

from vnedoc.dsig import (
    VALUE,
    build_enveloped,
    find_signatures,
    fits,
    method_of,
    public_key,
    to_xml_value,
    verify_value,
)
from vnedoc.errors import SigningError, StateMismatch
from vnedoc.model import EDXML_TYPE, Wire
from vnedoc.protocols import Signer, SigningIdentity
from vnedoc.signing._state import Prepared, SigningState
from vnedoc.signing._validity import require_identity, require_signer, require_usable, zoned
from vnedoc.xml import EXC_C14N, XmlDocument, canonicalize_into, end_tag_offset, location, parse

_FORMAT = "xml"
_MOST_DIGITS = 18  # of an offset; Python itself refuses to read thousands


def prepare_xml(
    wire: Wire,
    identity: SigningIdentity,
    *,
    signing_time: dt.datetime,
    parent: tuple[str, ...] | None = None,
) -> Prepared:
    """Prepare a signature over the whole document, XAdES B-B.

    The same document, identity and time give the same octets to sign.

    Args:
        wire: A document without any XML signature, of at most ``Limits.tree_bytes``.
        identity: Certificate, chain and what the key makes.
        signing_time: Claimed time, with zone; whole seconds are kept.
        parent: Local names from the root to the element whose last child the ``Signature`` becomes;
            ``None`` for the root.

    Raises:
        DecodeError: The document is not well-formed, or has no such parent with an end tag.
        LimitExceeded: The document is too large, too deep, …
        SigningError: ``VND-SIGN-040`` for a time without zone, ``VND-SIGN-041`` when there is a signature
            already, ``VND-SIGN-044`` when certificate and algorithm do not belong together, ``VND-SIGN-015``
            when the certificate is not valid at *signing_time*, ``VND-SIGN-016`` when it is not for
            signatures.
        ConfigError: ``VND-SIGN-017`` when *identity* is no key.
    """
    _require_able(identity, signing_time)
    document = parse(wire.read())

    def measure() -> Measured:
        hasher = hashlib.sha256()
        canonicalize_into(hasher.update, document, EXC_C14N)
        return Measured(canonical_digest=hasher.digest(), digest=wire.digest, size=wire.size)

    return _prepare(LargeXml(outline=document, measure=measure), identity, signing_time, parent)


@attrs.frozen(kw_only=True)
class Measured:
    """What one reading of a document gives.

    Attributes:
        canonical_digest: SHA-256 of its exclusive canonical form without comments.
        digest: ``sha256:`` and 64 hex digits over its octets.
        size: Its octets.
    """

    canonical_digest: bytes
    digest: str
    size: int


def _same(offset: int) -> int:
    return offset


@attrs.frozen(kw_only=True)
class LargeXml:
    """A document that is signed without being in memory.

    Attributes:
        outline: The document with every tag, but without the texts that make it large. Signatures are
            looked for in it, and the place for the new one.
        measure: Reads the document once.
        written_offset: Gives the offset in the document for one in the outline's octets.
    """

    outline: XmlDocument
    measure: Callable[[], Measured]
    written_offset: Callable[[int], int] = _same


def prepare_large_xml(
    document: LargeXml,
    identity: SigningIdentity,
    *,
    signing_time: dt.datetime,
    parent: tuple[str, ...] | None = None,
) -> Prepared:
    """Prepare a signature over a document of any size; the result is that of ``prepare_xml``.

    Args:
        document: It is measured once, after all else that can be refused.
        identity: As for ``prepare_xml``, as are the errors.
        signing_time: Claimed time, with zone; whole seconds are kept.
        parent: Where the ``Signature`` goes; ``None`` for the root.
    """
    _require_able(identity, signing_time)
    return _prepare(document, identity, signing_time, parent)


def _require_able(identity: SigningIdentity, signing_time: dt.datetime) -> None:
    """Refuse what cannot sign at this time."""
    require_identity(identity)
    _require_zone(signing_time)
    key = public_key(identity.certificate)
    if key is None or not fits(key, method_of(identity.algorithm)):
        raise SigningError(
            "VND-SIGN-044",
            "the certificate's key does not make signatures of this algorithm",
            hint="choose an algorithm of the key's own kind",
            facts={"algorithm": identity.algorithm.value},
        )
    require_usable(identity.certificate, signing_time)


def _prepare(
    document: LargeXml,
    identity: SigningIdentity,
    signing_time: dt.datetime,
    parent: tuple[str, ...] | None,
) -> Prepared:
    outline = document.outline
    present = find_signatures(outline)
    if present:
        # the new one would cover the old one, and break what the old one covers
        where = location(present[0])
        raise SigningError(
            "VND-SIGN-041",
            "the document has an XML signature already",
            path=where,
            hint="sign the document as it was before that signature",
            facts={"place": where},
        )
    offset = end_tag_offset(outline.data, parent or (str(outline.root.tag).rpartition("}")[2],))
    measured = document.measure()
    digest = measured.canonical_digest
    built = build_enveloped(
        digest=digest,
        method=method_of(identity.algorithm),
        certificate=identity.certificate,
        chain=identity.chain,
        signing_time=signing_time,
        media_type=EDXML_TYPE,
        # the writer of a document cannot have put an identifier into it that depends on its own digest
        seed=digest + identity.certificate + signing_time.isoformat().encode(),
    )
    state = SigningState.start(
        format=_FORMAT,
        document=measured,
        identity=identity,
        to_be_signed=built.signed_info,
        parts={"offset": str(document.written_offset(offset)), "signature": built.text},
    )
    return Prepared(state)


def complete_xml(wire: Wire, state: SigningState, signature: bytes) -> Wire:
    """Put the signature value into the prepared document.

    Args:
        wire: The document that was prepared, unchanged.
        state: What ``prepare_xml`` gave.
        signature: As ``Signer.sign`` gives it: RSA as it is, ECDSA as DER.

    Raises:
        StateMismatch: ``VND-SIGN-010`` for another document, ``VND-SIGN-043`` for a state that is not of
            this profile or was changed.
        SigningError: ``VND-SIGN-042`` when the value is not by the certificate's key over the octets.
    """
    offset, _, _ = _parts_of(state)
    state.require_document(wire)
    data = wire.read()
    if not 0 < offset <= len(data):
        raise _bad_state("the offset is outside of the document")
    _, octets = finished_signature(state, signature)
    return Wire.from_bytes(b"".join((data[:offset], octets, data[offset:])), wire.content_type)


def finished_signature(state: SigningState, signature: bytes) -> tuple[int, bytes]:
    """Give the offset in the prepared document and the octets of the ``Signature`` that goes there.

    Whoever puts them in must have held the document against the state, see ``SigningState``.

    Args:
        state: What ``prepare_xml`` or ``prepare_large_xml`` gave.
        signature: As ``Signer.sign`` gives it: RSA as it is, ECDSA as DER.

    Raises:
        StateMismatch: ``VND-SIGN-043`` for a state that is not of this profile or was changed.
        SigningError: ``VND-SIGN-042`` when the value is not by the certificate's key over the octets.
    """
    offset, before, after = _parts_of(state)
    value = _xml_value(state, signature)
    return offset, b"".join((before.encode(), base64.b64encode(value), after.encode()))


def sign_xml(
    wire: Wire,
    signer: Signer,
    *,
    signing_time: dt.datetime | None = None,
    parent: tuple[str, ...] | None = None,
) -> Wire:
    """Sign the whole document in one step, XAdES B-B; see ``prepare_xml`` and ``complete_xml``.

    Args:
        wire: The document.
        signer: The key.
        signing_time: Claimed time, with zone; ``None`` is now.
        parent: Where the ``Signature`` goes; ``None`` for the root.
    """
    require_signer(signer)
    moment = signing_time or dt.datetime.now(dt.UTC)
    state = prepare_xml(wire, signer, signing_time=moment, parent=parent).state
    return complete_xml(wire, state, signer.sign(state.to_be_signed))


def _require_zone(signing_time: dt.datetime) -> None:
    if not zoned(signing_time):
        raise SigningError(
            "VND-SIGN-040",
            "the signing time needs its zone",
            hint="give a datetime with tzinfo",
            facts={"seen": str(signing_time)[:80]},
        )


def _parts_of(state: SigningState) -> tuple[int, str, str]:
    """Give the offset and the two halves of the signature's text."""
    if state.format != _FORMAT:
        raise _bad_state(f"a state for {state.format}")
    text, offset = state.parts.get("signature", ""), state.parts.get("offset", "")
    if text.count(VALUE) != 1 or not (offset.isascii() and offset.isdigit() and len(offset) <= _MOST_DIGITS):
        raise _bad_state("parts are missing")
    if state.to_be_signed not in text.encode():
        raise _bad_state("the octets to sign are not those of the signature")
    before, _, after = text.partition(VALUE)
    return int(offset), before, after


def _xml_value(state: SigningState, signature: bytes) -> bytes:
    """Give the value as XML carries it, once it is proven to be by the certificate's key."""
    key = public_key(state.certificate)
    if key is not None:
        try:
            value = to_xml_value(key, signature)
        except ValueError:
            value = b""
        if verify_value(key, method_of(state.algorithm), value, state.to_be_signed):
            return value
    raise SigningError(
        "VND-SIGN-042",
        "the signature value is not by the certificate's key over the prepared octets",
        hint="sign to_be_signed with the key of the certificate that was given to prepare",
        facts={"algorithm": state.algorithm.value},
    )


def _bad_state(cause: str) -> StateMismatch:
    return StateMismatch(
        "VND-SIGN-043",
        f"not a state of the XML profile: {cause}",
        hint="prepare again, then have the new octets signed",
        facts={"cause": cause},
    )
