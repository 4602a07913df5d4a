"""Time stamps that a signature carries: their tokens, and what each of them proves to have existed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs
from lxml import etree

from vnedoc.dsig._grammar import DS, XADES, SignatureElement, malformed
from vnedoc.dsig._xades._imprints import Imprints, Octets, included_references
from vnedoc.dsig._xades._names import SIGNED_PROPERTIES_TYPE, TIME_STAMPS, local
from vnedoc.dsig._xades._properties import Properties
from vnedoc.dsig._xades._values import digests_inside, unreadable
from vnedoc.errors import DecodeError, LimitExceeded, VnedocError
from vnedoc.model import Finding, Limits
from vnedoc.xml import location, strict_base64, text_of

_X = f"{{{XADES}}}"
_TOKENS = (_X + "EncapsulatedTimeStamp", _X + "XMLTimeStamp")
_OVER_SIGNATURE = frozenset({"signature", "sig-and-refs", "archive-132", "archive-141"})
_OVER_DATA = frozenset({"archive-132", "archive-141"})


@attrs.frozen(kw_only=True, eq=False)
class CarriedTimestamp:
    """One token.

    Attributes:
        kind: ``content``, ``signature``, ``refs-only``, ``sig-and-refs``, ``archive-132`` or ``archive-141``.
        token: ``TimeStampToken``, DER; ``None`` where there is none that can be read.
        location: Where it stands.
        imprint: Gives the digest that it must have stamped, for the name of a hash of ``hashlib``; computed
            when asked for, and under the limits of the document. Raises a ``VnedocError`` when it cannot be
            computed.
        proves_signature: Whether it covers the signature value.
        proves_data: Whether it covers all data that is signed.
        proves: SHA-256 of each certificate, revocation list, OCSP response and earlier token, DER, that
            stands in what it covers.
    """

    kind: str
    token: bytes | None = attrs.field(repr=False)
    location: str
    imprint: Callable[[str], bytes] = attrs.field(repr=False)
    proves_signature: bool
    proves_data: bool
    proves: frozenset[bytes] = attrs.field(default=frozenset(), repr=False)


def carried_timestamps(
    signature: SignatureElement, properties: Properties | None, octets: Octets, limits: Limits
) -> tuple[tuple[CarriedTimestamp, ...], tuple[Finding, ...]]:
    """Give the time stamps of a signature in document order, and findings on those that cannot be read.

    Raises:
        LimitExceeded: ``VND-DSIG-002`` for more than ``Limits.signatures`` tokens.
    """
    if properties is None:
        return (), ()
    imprints = Imprints(signature=signature, properties=properties, octets=octets)
    found: list[CarriedTimestamp] = []
    broken: list[Finding] = []
    for stamp, proves in _stamps(signature, properties):
        for element in stamp.iterchildren(*_TOKENS):
            if len(found) == limits.signatures:
                raise LimitExceeded.of("VND-DSIG-002", "signatures", limits.signatures, None)
            token = None
            try:
                token = _token(element)
            except VnedocError as error:
                broken.append(unreadable(element, error))
            kind = TIME_STAMPS[str(stamp.tag)]
            found.append(
                CarriedTimestamp(
                    kind=kind,
                    token=token,
                    location=location(element),
                    imprint=_imprint(imprints, stamp),
                    proves_signature=kind in _OVER_SIGNATURE,
                    proves_data=kind in _OVER_DATA or (kind == "content" and _over_all(signature, stamp)),
                    proves=proves,
                )
            )
    return tuple(found), tuple(broken)


def _imprint(imprints: Imprints, stamp: etree._Element) -> Callable[[str], bytes]:
    return lambda hash_name: imprints.of(stamp, hash_name)


def _stamps(
    signature: SignatureElement, properties: Properties
) -> Iterator[tuple[etree._Element, frozenset[bytes]]]:
    """Give the properties with time stamps in document order, each with the digests that it covers."""
    nothing: frozenset[bytes] = frozenset()
    # Objects may stand in any order, but in one of them the signed properties come first.
    for stamp in properties.content_stamps:
        yield stamp, nothing
    if not any(one.tag in TIME_STAMPS for one in properties.unsigned):
        return
    in_archive = set(digests_inside(signature.element.iterchildren(f"{{{DS}}}KeyInfo")))
    in_stamps: set[bytes] = set()
    for one in properties.unsigned:
        kind = TIME_STAMPS.get(str(one.tag))
        if kind is not None:
            covered = in_archive if kind in _OVER_DATA else in_stamps if kind == "sig-and-refs" else nothing
            yield one, frozenset(covered)
        inside = set(digests_inside([one]))
        in_archive |= inside
        if kind == "signature":
            in_stamps |= inside


def _over_all(signature: SignatureElement, stamp: etree._Element) -> bool:
    try:
        covered = included_references(signature, stamp)
    except DecodeError:
        return False
    data = [one for one in signature.references if one.type != SIGNED_PROPERTIES_TYPE]
    return bool(data) and all(any(one is other for other in covered) for one in data)


def _token(element: etree._Element) -> bytes:
    if local(element) == "XMLTimeStamp":
        raise DecodeError(
            "VND-DSIG-086",
            "a time stamp in XML, where only tokens of RFC 3161 are read",
            path=location(element),
            hint="ask for a time stamp after RFC 3161",
        )
    token = strict_base64(text_of(element))
    if not token:
        raise malformed(element, "there is no token in it")
    return token
