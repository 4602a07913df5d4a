"""The first step: what is signed is digested, and all of the signature but its value is written."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Protocol

import attrs
from lxml import etree

from vnedoc.dsig import (
    CONTENT,
    ENVELOPED,
    InPlace,
    SignedData,
    XmlForm,
    attribute,
    build_signature,
    find_signatures,
    fits,
    method_of,
    name_of,
    public_key,
)
from vnedoc.errors import ConfigError, SigningError
from vnedoc.model import EDXML_TYPE, Wire
from vnedoc.protocols import SigningIdentity
from vnedoc.signing._state import Prepared, SigningState
from vnedoc.signing._validity import require_identity, require_kind, require_usable, require_wire, zoned
from vnedoc.signing._xml._parts import DECLARATION, FORMAT, Place, content_of, signature_in
from vnedoc.signing._xml._places import element_at, element_named, is_within, require_free
from vnedoc.xml import XmlDocument, canonicalize_into, element_span, location, parse

DEFAULT_FORM = XmlForm()
_BASE64 = "http://www.w3.org/2000/09/xmldsig#base64"
_PREFIX = "ds:"  # what stands in a signature must not come into its default namespace


@attrs.frozen(kw_only=True)
class Measured:
    """What one reading of a document gives.

    Attributes:
        canonical_digest: By the hash and the canonicalisation of the form: for the default one, SHA-256 of
            the exclusive canonical form without comments.
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


def prepare_xml(
    wire: Wire,
    identity: SigningIdentity,
    *,
    signing_time: dt.datetime,
    parent: tuple[str, ...] | None = None,
    form: XmlForm = DEFAULT_FORM,
) -> Prepared:
    """Prepare a signature; with the default form one over the whole document, XAdES B-B.

    The same document, identity, time and form give the same octets to sign.

    Args:
        wire: What is signed. Enveloped: an XML document of at most ``Limits.tree_bytes``, without any XML
            signature when all of it is signed, else without one that covers the place of the new one.
            Enveloping: the same, or any octets with ``form.octets``. Detached: a content of any size.
        identity: Certificate, chain and what the key makes.
        signing_time: Claimed time, with zone; whole seconds are kept.
        parent: Enveloped: local names from the root to the element whose last child the ``Signature``
            becomes; ``None`` for the root. An empty-element tag is opened.
        form: How the signature looks.

    Raises:
        DecodeError: The document is not well-formed, or has no such parent.
        LimitExceeded: The document is too large, too deep, …
        SigningError: ``VND-SIGN-040`` for a time without zone, ``VND-SIGN-041`` when there is a signature
            already, ``VND-SIGN-044`` when certificate and algorithm do not belong together, ``VND-SIGN-015``
            when the certificate is not valid at *signing_time*, ``VND-SIGN-016`` when it is not for
            signatures, ``VND-SIGN-051`` when ``form.reference`` names no one element, ``VND-SIGN-052`` when
            the new signature would break one that is there.
        ConfigError: ``VND-SIGN-017`` when *identity* is no key, ``VND-SIGN-049`` for a *parent* where there
            is none, ``VND-SIGN-055`` for an argument of another kind.
        FileError: The content cannot be read, or has changed.
    """
    require_wire(wire)
    require_form(form)
    require_able(identity, signing_time)
    if form.packaging == "enveloped":
        document = parse(wire.read())
        return _enveloped(_InMemory(document, wire, form), identity, signing_time, parent, form)
    if parent is not None:
        raise ConfigError(
            "VND-SIGN-049",
            "parent does not go with the rest of the form: only an enveloped signature has one",
            hint="leave one of the two out; see vnedoc.signing.XmlForm",
            facts={"field": "parent", "cause": "only an enveloped signature has one"},
        )
    own = _enveloping if form.packaging == "enveloping" else _detached
    return own(wire, identity, signing_time, form)


def prepare_large_xml(
    document: LargeXml,
    identity: SigningIdentity,
    *,
    signing_time: dt.datetime,
    parent: tuple[str, ...] | None = None,
    form: XmlForm = DEFAULT_FORM,
) -> Prepared:
    """Prepare a signature over a document of any size; the result is that of ``prepare_xml``.

    Args:
        document: It is measured once, after all else that can be refused.
        identity: As for ``prepare_xml``, as are the errors.
        signing_time: Claimed time, with zone; whole seconds are kept.
        parent: Where the ``Signature`` goes; ``None`` for the root.
        form: Enveloped over the whole document, by an exclusive method and SHA-256; the rest is free.

    Raises:
        ConfigError: ``VND-SIGN-050`` for another *form*.
    """
    require_form(form)
    require_able(identity, signing_time)
    if not form.large:
        raise ConfigError(
            "VND-SIGN-050",
            "a document that is not in memory is signed whole, by exclusive canonicalisation and SHA-256",
            hint="leave packaging, reference, canonicalization and digest as they are, or use prepare_xml",
            facts={"packaging": form.packaging, "digest": form.digest, "algorithm": form.canonicalization},
        )
    return _enveloped(document, identity, signing_time, parent, form)


def require_form(form: XmlForm) -> None:
    """Refuse what is no form.

    Raises:
        ConfigError: ``VND-SIGN-055``.
    """
    require_kind("form", form, XmlForm, "a vnedoc.signing.XmlForm")


def require_able(identity: SigningIdentity, signing_time: dt.datetime) -> None:
    """Refuse what cannot sign at this time; the errors are those of ``prepare_xml``."""
    require_identity(identity)
    if not zoned(signing_time):
        raise SigningError(
            "VND-SIGN-040",
            "the signing time needs its zone",
            hint="give a datetime with tzinfo",
            facts={"seen": str(signing_time)[:80]},
        )
    key = public_key(identity.certificate)
    if key is None or not fits(key, method_of(identity.algorithm)):
        raise SigningError(
            "VND-SIGN-044",
            "the certificate's key does not make signatures of this algorithm",
            hint="choose an algorithm of the key's own kind",
            facts={"algorithm": identity.algorithm.value},
        )
    require_usable(identity.certificate, signing_time)


# --- enveloped ------------------------------------------------------------------------------------


class _Outlined(Protocol):
    """A document that is to hold a signature; ``LargeXml`` and ``_InMemory``."""

    @property
    def outline(self) -> XmlDocument: ...

    @property
    def measure(self) -> Callable[[], Measured]: ...

    @property
    def written_offset(self) -> Callable[[int], int]: ...


class _InMemory:
    """A document as a whole."""

    written_offset = staticmethod(_same)

    def __init__(self, document: XmlDocument, wire: Wire, form: XmlForm) -> None:
        self.outline = document
        self._wire, self._form = wire, form

    def measure(self) -> Measured:
        form, reference = self._form, self._form.reference
        target = element_named(self.outline, reference) if reference else self.outline
        digest = digest_of(target, form)
        return Measured(canonical_digest=digest, digest=self._wire.digest, size=self._wire.size)


def digest_of(target: XmlDocument | etree._Element, form: XmlForm) -> bytes:
    """Digest the canonical form of a document or element as a form says."""
    hasher = hashlib.new(form.digest)
    small = isinstance(target, XmlDocument) and target.is_small
    canonicalize_into(hasher.update, target, form.method, at_once=small)
    return hasher.digest()


def _enveloped(
    document: _Outlined,
    identity: SigningIdentity,
    signing_time: dt.datetime,
    parent: tuple[str, ...] | None,
    form: XmlForm,
) -> Prepared:
    outline = document.outline
    path = parent or (str(outline.root.tag).rpartition("}")[2],)
    require_kind("parent", path, tuple, "a tuple of local names from the root on")
    inside = True
    present = find_signatures(outline)
    if form.reference:
        holder = element_at(outline, path)
        inside = is_within(holder, element_named(outline, form.reference))
        require_free(outline, holder)
    elif present:
        # the new one would cover the old one, and break what the old one covers
        where = location(present[0])
        raise SigningError(
            "VND-SIGN-041",
            "the document has an XML signature already",
            path=where,
            hint="sign the document as it was before that signature",
            facts={"place": where},
        )
    place, around = _place_in(outline, path)
    measured = document.measure()
    data = SignedData(
        uri=form.reference,
        transforms=(ENVELOPED, form.canonicalization) if inside else (form.canonicalization,),
        digest=measured.canonical_digest,
        media_type=form.media_type or EDXML_TYPE,
    )
    # the writer of a document cannot have put an identifier into it that depends on its own digest
    seed = measured.canonical_digest + identity.certificate + signing_time.isoformat().encode()
    if form.reference:
        seed += f"{form.reference} {measured.digest}".encode()
    return finish_first_step(
        measured,
        identity,
        signing_time,
        form,
        data,
        seed,
        place=attrs.evolve(place, offset=document.written_offset(place.offset)),
        around=around,
        in_place=lambda text: signature_in(place.put(outline.data, text.encode()), f"sig-{name_of(seed)}"),
    )


def _place_in(outline: XmlDocument, path: tuple[str, ...]) -> tuple[Place, tuple[str, str]]:
    """Give the end of an element, and the text around the signature: tags, where its own is ``<a/>``.

    Raises:
        DecodeError: ``VND-XML-034`` when there is no such element.
    """
    span = element_span(outline, element_at(outline, path))
    if span.end_tag is not None:
        return Place(offset=span.end_tag), ("", "")
    return Place(offset=span.inside - 2, removed=2), (">", f"</{span.name}>")


# --- enveloping and detached ----------------------------------------------------------------------


def _enveloping(wire: Wire, identity: SigningIdentity, signing_time: dt.datetime, form: XmlForm) -> Prepared:
    octets = wire.read()
    if not form.octets:
        parse(octets)
    content = content_of(octets, octets=form.octets)
    media_type = form.media_type or wire.content_type
    seed = _seed(wire, identity, signing_time, form)
    encoding = f' Encoding="{_BASE64}"' if form.octets else ""
    holder = f'{encoding} Id="object-{{name}}" MimeType="{attribute(media_type)}"'
    empty = SignedData(uri=None, transforms=(), digest=b"", holder=holder)
    frame = holder.replace("{name}", name_of(seed))
    document = parse(
        b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:Object%s>%s</ds:Object></ds:Signature>'
        % (frame.encode(), content)
    )
    data = attrs.evolve(
        empty,
        uri="#object-{name}",
        transforms=(form.canonicalization,),
        digest=digest_of(document.root[0], form),
        media_type=media_type,
    )

    def in_place(text: str) -> etree._Element:
        before, _, after = text.partition(CONTENT)
        whole = b"".join((DECLARATION, before.encode(), content, after.encode()))
        return signature_in(whole, f"sig-{name_of(seed)}")

    return finish_first_step(
        wire,
        identity,
        signing_time,
        form,
        data,
        seed,
        prefix=_PREFIX,
        parts={"packaging": "enveloping", "content": "octets" if form.octets else "xml"},
        in_place=in_place,
    )


def _detached(wire: Wire, identity: SigningIdentity, signing_time: dt.datetime, form: XmlForm) -> Prepared:
    hasher = hashlib.new(form.digest)
    for piece in wire.blob.checked_chunks():
        hasher.update(piece)
    data = SignedData(
        uri=form.reference,
        transforms=(),
        digest=hasher.digest(),
        media_type=form.media_type or wire.content_type,
    )
    seed = _seed(wire, identity, signing_time, form)
    return finish_first_step(
        wire,
        identity,
        signing_time,
        form,
        data,
        seed,
        prefix=_PREFIX,
        parts={"packaging": "detached"},
        in_place=lambda text: signature_in(text.encode(), f"sig-{name_of(seed)}"),
    )


def _seed(wire: Wire, identity: SigningIdentity, signing_time: dt.datetime, form: XmlForm) -> bytes:
    return f"{form.packaging} {wire.digest} {signing_time.isoformat()} ".encode() + identity.certificate


# --- all of them ----------------------------------------------------------------------------------


class _Known(Protocol):
    @property
    def digest(self) -> str: ...

    @property
    def size(self) -> int: ...


def finish_first_step(
    known: _Known,
    identity: SigningIdentity,
    signing_time: dt.datetime,
    form: XmlForm,
    data: SignedData,
    seed: bytes,
    *,
    in_place: InPlace,
    prefix: str = "",
    place: Place | None = None,
    around: tuple[str, str] = ("", ""),
    parts: dict[str, str] | None = None,
) -> Prepared:
    """Build the signature and the state that completes it.

    Args:
        known: Digest and size of what was prepared.
        identity: Certificate, chain and what the key makes.
        signing_time: With zone.
        form: How it looks.
        data: What it covers.
        seed: Of its identifiers.
        in_place: Gives the signature of a text that stands in its place.
        prefix: Of its names.
        place: Where its text goes.
        around: Text before and behind it.
        parts: More for the state.
    """
    before, after = around
    built = build_signature(
        form=form,
        data=data,
        method=method_of(identity.algorithm),
        certificate=identity.certificate,
        chain=identity.chain,
        signing_time=signing_time,
        seed=seed,
        prefix=prefix,
        in_place=(lambda text: in_place(before + text + after)) if before else in_place,
    )
    state = SigningState.start(
        format=FORMAT,
        document=known,
        identity=identity,
        to_be_signed=built.signed_info,
        parts={
            **(place.to_parts() if place else {}),
            "signature": before + built.text + after,
            **(parts or {}),
        },
    )
    return Prepared(state)
