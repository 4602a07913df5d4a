"""The ``Signature`` element as text.

Where the method is exclusive, both signed parts are written in their canonical form, so the octets that are
digested and signed are those of the file, but for one declaration: no second form, no serialiser in between.
Inclusive methods take in what is declared around the signature, so there the text is read where it stands.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

import attrs
from lxml import etree

from vnedoc.dsig._algorithms import DIGESTS, SignatureMethod
from vnedoc.dsig._build._form import XmlForm
from vnedoc.dsig._build._key_info import key_info
from vnedoc.dsig._build._properties import DECLARATION, declaration, digest_text, signed_properties
from vnedoc.dsig._build._texts import attribute, b64
from vnedoc.dsig._grammar import DS, XADES
from vnedoc.dsig._xades import SIGNED_PROPERTIES_TYPE
from vnedoc.xml import canonicalize, parse

VALUE = "{value}"
"""Stands in the text of a signature where its value goes; no other brace is in it, but for ``CONTENT``."""

CONTENT = "{content}"
"""Stands in the text of an enveloping signature where its content goes."""

InPlace: TypeAlias = Callable[[str], etree._Element]  # noqa: SLF001 - the name that lxml gives
"""Gives the ``Signature`` of a text, parsed in the document where it will stand."""

_PROPERTIES = f"{{{XADES}}}SignedProperties"


@attrs.frozen(kw_only=True)
class SignedData:
    """What a signature covers besides its own properties.

    Attributes:
        uri: ``URI`` of the reference; ``None`` for none. ``{name}`` in it is the name of the signature.
        transforms: URIs, in order.
        digest: By the hash of the form.
        type: ``Type`` of the reference.
        media_type: For ``DataObjectFormat``; ``None`` for none.
        holder: Attributes of the ``Object`` that holds the content, canonical, with a space before each;
            ``None`` when the content stands elsewhere.
    """

    uri: str | None
    transforms: tuple[str, ...]
    digest: bytes
    type: str | None = None
    media_type: str | None = None
    holder: str | None = None


@attrs.frozen
class UnfinishedSignature:
    """A signature that lacks its value.

    Attributes:
        text: The ``Signature`` element, with ``VALUE`` in place of the value.
        signed_info: The octets to sign.
        id: Its identifier.
    """

    text: str
    signed_info: bytes
    id: str


def build_signature(
    *,
    form: XmlForm,
    data: SignedData,
    method: SignatureMethod,
    certificate: bytes,
    chain: Sequence[bytes],
    signing_time: dt.datetime,
    seed: bytes,
    prefix: str = "",
    in_place: InPlace | None = None,
) -> UnfinishedSignature:
    """Build a ``Signature`` without its value.

    Args:
        form: How it looks.
        data: What it covers.
        method: How the value is made.
        certificate: The signer's, DER.
        chain: Further certificates, DER, nearest first.
        signing_time: With zone; whole seconds are kept.
        seed: Octets that identifiers are derived from; nobody who wrote the document must have known them.
        prefix: Of the names, with its colon; nothing makes their namespace the default one.
        in_place: Needed where ``form.exclusive`` is not.

    Raises:
        ValueError: *certificate* is not one.
        DecodeError: There is no canonical form in the document.
    """
    name = name_of(seed)
    writer = _Writer(form, data, method, name, prefix)
    properties, inherited, value = "", "", ""
    if form.xades:
        properties = signed_properties(name, prefix, form, certificate, signing_time, data.media_type)
        # It is inherited here. Written twice, its copy could be changed without anybody noticing.
        inherited = properties.replace(DECLARATION, "", 1)
        if "{" in inherited:
            inherited = inherited.replace("{", "&#123;")
        value = b64(hashlib.new(form.digest, properties.encode()).digest())
    carried = key_info(prefix, certificate, tuple(chain), bare=form.key_value)
    if form.exclusive or in_place is None:
        signed_info = writer.signed_info(value)
        return UnfinishedSignature(
            writer.signature(signed_info, carried, inherited), signed_info.encode(), f"sig-{name}"
        )
    # Nobody who wrote the document can have written the token that stands for the digest.
    token = f"@{name}@"
    draft = writer.signature(writer.signed_info(token), carried, inherited)
    signature = in_place(draft)
    if form.xades:
        octets = canonicalize(next(signature.iter(_PROPERTIES)), form.canonicalization)
        value = b64(hashlib.new(form.digest, octets).digest())
    octets = canonicalize(signature[0], form.canonicalization).replace(token.encode(), value.encode())
    return UnfinishedSignature(draft.replace(token, value), octets, f"sig-{name}")


def name_of(seed: bytes) -> str:
    """Give what all identifiers of a signature end in."""
    return hashlib.sha256(seed).hexdigest()[:32]


@attrs.frozen
class _Writer:
    form: XmlForm
    data: SignedData
    method: SignatureMethod
    name: str
    prefix: str

    def signed_info(self, properties_digest: str) -> str:
        """Give ``SignedInfo``, in exclusive canonical form."""
        p, form, name = self.prefix, self.form, self.name
        canonical = self._transform(form.canonicalization)
        properties = ""
        if form.xades:
            properties = (
                f'<{p}Reference Type="{SIGNED_PROPERTIES_TYPE}" URI="#props-{name}">'
                f"<{p}Transforms>{canonical}</{p}Transforms>"
                f"{digest_text(p, form.digest, properties_digest)}</{p}Reference>"
            )
        return (
            f"<{p}SignedInfo{declaration(p)}>"
            f'<{p}CanonicalizationMethod Algorithm="{form.canonicalization}"></{p}CanonicalizationMethod>'
            f'<{p}SignatureMethod Algorithm="{self.method.uri}"></{p}SignatureMethod>'
            f"{self._data()}{properties}</{p}SignedInfo>"
        )

    def _data(self) -> str:
        p, data = self.prefix, self.data
        type_ = "" if data.type is None else f' Type="{attribute(data.type)}"'
        uri = "" if data.uri is None else f' URI="{attribute(data.uri.replace("{name}", self.name))}"'
        steps = "".join(map(self._transform, data.transforms))
        steps = steps and f"<{p}Transforms>{steps}</{p}Transforms>"
        return (
            f'<{p}Reference Id="ref-{self.name}"{type_}{uri}>{steps}'
            f"{digest_text(p, self.form.digest, b64(data.digest))}</{p}Reference>"
        )

    def _transform(self, uri: str) -> str:
        return f'<{self.prefix}Transform Algorithm="{uri}"></{self.prefix}Transform>'

    def signature(self, signed_info: str, carried: str, properties: str) -> str:
        """Give the whole element."""
        p, name = self.prefix, self.name
        own = f' Id="value-{name}"' if self.form.value_id else ""
        qualifying = properties and (
            f'<{p}Object><xades:QualifyingProperties{DECLARATION} Target="#sig-{name}">{properties}'
            f"</xades:QualifyingProperties></{p}Object>"
        )
        holder = ""
        if self.data.holder is not None:
            attributes = self.data.holder.replace("{name}", name)
            holder = f"<{p}Object{attributes}>{CONTENT}</{p}Object>"
        return (
            f'<{p}Signature{declaration(p)} Id="sig-{name}">{signed_info}'
            f"<{p}SignatureValue{own}>{VALUE}</{p}SignatureValue>"
            f"{carried}{qualifying}{holder}</{p}Signature>"
        )


def is_whole(signature: etree._Element, signed_info: bytes) -> bool:
    """Tell whether a signature that was built holds *signed_info*, and the properties that it names.

    Args:
        signature: As it was parsed, standing alone if its method is exclusive, else in its document.
        signed_info: The octets that were signed.
    """
    try:
        info = signature[0]
        method = info[0].get("Algorithm") or ""
        if info.tag != f"{{{DS}}}SignedInfo" or canonicalize(info, method) != signed_info:
            return False
        for reference in info.iterchildren(f"{{{DS}}}Reference"):
            if reference.get("Type") == SIGNED_PROPERTIES_TYPE:
                (properties,) = signature.iter(_PROPERTIES)
                hash_name = DIGESTS[reference[-2].get("Algorithm") or ""]
                octets = canonicalize(properties, method)
                if b64(hashlib.new(hash_name, octets).digest()) != reference[-1].text:
                    return False
    except (IndexError, KeyError, ValueError):
        return False
    return True


_EXCLUSIVE = re.compile(
    r"<(?:ds:)?CanonicalizationMethod Algorithm=\"http://www\.w3\.org/2001/10/xml-exc-c14n#"
)


def stands_alone(text: str) -> bool:
    """Tell whether the canonical form of what is signed in the text of a signature depends on it alone."""
    return _EXCLUSIVE.search(text) is not None


def parse_alone(text: str) -> etree._Element:
    """Read the text of a signature as a document of its own.

    Raises:
        DecodeError: It is not well formed.
    """
    return parse(text.encode()).root
