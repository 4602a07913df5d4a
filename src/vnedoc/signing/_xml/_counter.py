"""Counter-signatures: a signature over the value of another one (EN 319 132-1 V1.3.1, clause 5.2.7)."""

from __future__ import annotations

import datetime as dt
from typing import Literal, TypeAlias

import attrs
from lxml import etree

from vnedoc.dsig import DS, SIGNATURE_TAG, XADES, SignedData, XmlForm, find_signatures, name_of
from vnedoc.errors import ConfigError, SigningError
from vnedoc.model import Wire
from vnedoc.protocols import Signer, SigningIdentity
from vnedoc.signing._naming import named, names_of
from vnedoc.signing._state import Prepared
from vnedoc.signing._validity import require_signer, require_wire
from vnedoc.signing._xml._complete import sign_prepared
from vnedoc.signing._xml._parts import Place, signature_in
from vnedoc.signing._xml._places import covering, element_named, require_free
from vnedoc.signing._xml._prepare import (
    DEFAULT_FORM,
    digest_of,
    finish_first_step,
    require_able,
    require_form,
)
from vnedoc.xml import XmlDocument, element_span, location, parse

CounterStyle: TypeAlias = Literal["property", "separate"]

_TYPE = "http://uri.etsi.org/01903#CountersignedSignature"
_STYLES = ("property", "separate")
_NOT_FOR_DATA = ("packaging", "reference", "octets", "media_type", "description", "encoding")
_D, _X = f"{{{DS}}}", f"{{{XADES}}}"
_OBJECT = (f'<Object xmlns="{DS}">', "</Object>")
_ARCHIVE = "{*}ArchiveTimeStamp"
_HOLDERS = ("UnsignedProperties", "UnsignedSignatureProperties", "CounterSignature")


def prepare_counter_xml(
    wire: Wire,
    identity: SigningIdentity,
    *,
    signature_id: str,
    signing_time: dt.datetime,
    style: CounterStyle = "property",
    form: XmlForm = DEFAULT_FORM,
) -> Prepared:
    """Prepare a signature over the value of one that stands in a document; ``complete_xml`` finishes it.

    Args:
        wire: The signed document. All its octets stay; where the value of the signature has no identifier
            yet, it gets one.
        identity: Certificate, chain and what the key makes.
        signature_id: ``Id`` of the signature that is signed, or ``signature-N`` as reports call it.
        signing_time: Claimed time, with zone; whole seconds are kept.
        style: ``property``: in the unsigned properties of that signature. ``separate``: a signature of its
            own, beside that one, or in it where whatever stands beside it is signed.
        form: How the new signature looks; nothing about packaging, reference and data.

    Raises:
        SigningError: ``VND-SIGN-053`` when no one signature has that identifier, ``VND-SIGN-054`` when it
            cannot be signed in this way, ``VND-SIGN-058`` when its value has no ``Id`` and cannot get
            one, ``VND-SIGN-052`` when another signature covers the place; further as ``prepare_xml``.
        ConfigError: ``VND-SIGN-049`` for a *form* or *style* that does not go with it,
            ``VND-SIGN-055`` for an argument of another kind.
        DecodeError: The document is not well-formed.
    """
    require_wire(wire)
    require_form(form)
    require_able(identity, signing_time)
    _require_form(style, form)
    document = parse(wire.read())
    signature = _signature(document, signature_id)
    seed = f"counter {wire.digest} {signature_id} {signing_time.isoformat()} ".encode() + identity.certificate
    value, earlier = _value(document, signature, name_of(seed))
    place, around = (_in_properties if style == "property" else _separate)(document, signature)
    _require_unstamped(signature, inside=around == _OBJECT)
    place = attrs.evolve(place, earlier=earlier)
    target = value
    if earlier is not None:
        again = parse(Place(offset=earlier[0]).put(document.data, earlier[1].encode()))
        target = _value_of(_signature(again, signature_id))
    data = SignedData(
        uri=f"#{target.get('Id')}",
        transforms=(form.canonicalization,),
        digest=digest_of(target, form),
        type=_TYPE,
    )
    return finish_first_step(
        wire,
        identity,
        signing_time,
        form,
        data,
        seed,
        place=place,
        around=around,
        in_place=lambda text: signature_in(place.put(document.data, text.encode()), f"sig-{name_of(seed)}"),
    )


def counter_sign_xml(
    wire: Wire,
    signer: Signer,
    *,
    signature_id: str,
    style: CounterStyle = "property",
    signing_time: dt.datetime | None = None,
    form: XmlForm = DEFAULT_FORM,
) -> Wire:
    """Sign the value of a signature that stands in a document; see ``prepare_counter_xml``.

    Args:
        wire: The signed document.
        signer: The key.
        signature_id: The signature that is signed.
        style: Where the new one goes.
        signing_time: Claimed time, with zone; ``None`` is now.
        form: How the new signature looks.
    """
    require_signer(signer)
    moment = signing_time or dt.datetime.now(dt.UTC)
    state = prepare_counter_xml(
        wire, signer, signature_id=signature_id, signing_time=moment, style=style, form=form
    ).state
    return sign_prepared(wire, signer, state)


def _require_form(style: str, form: XmlForm) -> None:
    wrong = next(
        (one for one in _NOT_FOR_DATA if getattr(form, one) != getattr(DEFAULT_FORM, one)),
        None if style in _STYLES else "style",
    )
    if wrong is not None:
        cause = f"a counter-signature is one of {', '.join(_STYLES)}, and covers a signature value"
        raise ConfigError(
            "VND-SIGN-049",
            f"{wrong} does not go with the rest of the form: {cause}",
            hint="leave one of the two out; see vnedoc.signing.XmlForm",
            facts={"field": wrong, "cause": cause},
        )


def _signature(document: XmlDocument, identifier: str) -> etree._Element:
    there = find_signatures(document)
    found = named(there, identifier)
    if len(found) != 1:
        ids = names_of(there)
        raise SigningError(
            "VND-SIGN-053",
            f"{len(found)} signatures have this identifier",
            hint=f"give signature_id, one of: {', '.join(ids) or 'none'}",
            facts={"id": identifier, "count": len(found), "ids": ids},
        )
    return found[0]


def _value_of(signature: etree._Element) -> etree._Element:
    value = signature.find(f"{_D}SignatureValue")
    if value is None:
        raise _cannot(signature, "it has no SignatureValue", "verify the document first: it is damaged")
    return value


def _value(
    document: XmlDocument, signature: etree._Element, name: str
) -> tuple[etree._Element, tuple[int, str] | None]:
    """Give the value, and the attribute that it needs to be named, with its offset."""
    value = _value_of(signature)
    identifier = value.get("Id")
    if identifier is not None:
        element_named(document, f"#{identifier}")
        return value, None
    if signature.find(f"{_D}Object/{_X}QualifyingProperties/{_X}UnsignedProperties") is not None:
        raise _too_late(signature)
    require_free(document, value)
    span = element_span(document, value)
    return value, (span.start + len(f"<{span.name}".encode()), f' Id="countersigned-{name}"')


def _in_properties(document: XmlDocument, signature: etree._Element) -> tuple[Place, tuple[str, str]]:
    """Give the end of the unsigned properties, and what of them is still missing."""
    holder = signature.find(f"{_D}Object/{_X}QualifyingProperties")
    if holder is None:
        raise _cannot(signature, "it is no XAdES signature", 'use style="separate"')
    missing = list(_HOLDERS)
    while len(missing) > 1 and (inner := holder.find(_X + missing[0])) is not None:
        holder = inner
        missing.pop(0)
    require_free(document, holder)
    span = element_span(document, holder)
    before = "".join(f"<xades:{one}>" for one in missing).replace(">", f' xmlns:xades="{XADES}">', 1)
    after = "".join(f"</xades:{one}>" for one in reversed(missing))
    if span.end_tag is None:
        return Place(offset=span.inside - 2, removed=2), (f">{before}", f"{after}</{span.name}>")
    # UnsignedSignatureProperties come before UnsignedDataObjectProperties
    first = missing[0] == "UnsignedSignatureProperties"
    return Place(offset=span.inside if first else span.end_tag), (before, after)


def _separate(document: XmlDocument, signature: etree._Element) -> tuple[Place, tuple[str, str]]:
    """Give the end of what holds the signature, or of the signature itself."""
    holder = signature.getparent()
    around = ("", "")
    if (
        holder is None
        or covering(document, holder) is not None
        or any(one.tag == SIGNATURE_TAG for one in (holder, *holder.iterancestors()))
    ):
        holder, around = signature, _OBJECT
        require_free(document, signature)
    span = element_span(document, holder)
    assert span.end_tag is not None, "it holds a signature or is one"  # noqa: S101
    return Place(offset=span.end_tag), around


def _require_unstamped(signature: etree._Element, *, inside: bool) -> None:
    """Refuse a place that an archive time stamp covers (EN 319 132-1, clause 5.5.2): it would prove nothing.

    Args:
        signature: The one that is signed.
        inside: Whether the new one becomes an ``Object`` of it; else it is behind all of its properties.
    """
    if inside and next(signature.iter(_ARCHIVE), None) is not None:
        raise _cannot(signature, "an archive time stamp covers all its objects", 'use style="property"')
    for one in (signature, *signature.iterancestors()):
        if next(one.itersiblings(_ARCHIVE), None) is not None:
            raise _cannot(
                signature,
                "an archive time stamp of the signature around it covers it",
                "counter-sign before the level of the outer signature is raised",
            )


def _cannot(signature: etree._Element, cause: str, remedy: str) -> SigningError:
    where = location(signature)
    return SigningError(
        "VND-SIGN-054",
        f"this signature cannot be counter-signed in this way: {cause}",
        path=where,
        hint=remedy,
        facts={"place": where, "cause": cause},
    )


def _too_late(signature: etree._Element) -> SigningError:
    """Give the error for a value that cannot get an ``Id`` any more: a time stamp over it would break."""
    where = location(signature)
    return SigningError(
        "VND-SIGN-058",
        "this signature cannot be counter-signed in any style: its value has no Id, and gets none any more, "
        "as time stamps that were added since may cover it",
        path=where,
        hint="counter-sign before raising the level, or sign with XmlForm(value_id=True) in the first place",
        facts={"place": where},
    )
