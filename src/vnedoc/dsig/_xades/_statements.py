"""What the signer states besides time, certificate and policy: commitments, roles, place, data formats.

Claims, all of them: they are signed, so they are the signer's, and nobody else vouches for them.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from lxml import etree

from vnedoc.dsig._grammar import XADES, children
from vnedoc.dsig._xades._names import XADES_141, local
from vnedoc.dsig._xades._policy import read_identifier
from vnedoc.errors import VnedocError
from vnedoc.xml import strict_base64, text_of

_X, _Y = f"{{{XADES}}}", f"{{{XADES_141}}}"
_COMMITMENT, _FORMAT = _X + "CommitmentTypeIndication", _X + "DataObjectFormat"
_FORMAT_TEXTS = {
    _X + "MimeType": "media_type",
    _X + "Description": "description",
    _X + "Encoding": "encoding",
}
_PLACE = ("City", "StreetAddress", "StateOrProvince", "PostalCode", "CountryName")


@attrs.frozen(kw_only=True)
class Commitment:
    """One ``CommitmentTypeIndication`` (clause 5.2.3).

    Attributes:
        identifier: What the signer commits to, a URI; ``""`` when nothing is named.
        references: Identifiers of the references that it is about; empty for all signed data.
    """

    identifier: str
    references: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class DataFormat:
    """One ``DataObjectFormat`` (clause 5.2.4).

    Attributes:
        reference: Identifier of the reference that it is about.
        media_type: As the signer says.
        description: As the signer says.
        identifier: Of the format, a URI.
        encoding: URI of the encoding.
    """

    reference: str
    media_type: str | None = None
    description: str | None = None
    identifier: str | None = None
    encoding: str | None = None


@attrs.frozen(kw_only=True)
class Statements:
    """All of them.

    Attributes:
        commitments: In order.
        formats: In order.
        roles: Claimed roles, as texts.
        certified_roles: Attribute certificates that the signer encloses, as they are; not evaluated.
        place: Parts of the place where it was signed, by name, in the order of the standard.
    """

    commitments: tuple[Commitment, ...] = ()
    formats: tuple[DataFormat, ...] = ()
    roles: tuple[str, ...] = ()
    certified_roles: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    place: tuple[tuple[str, str], ...] = ()


STATED = frozenset(
    {
        *("CommitmentTypeIndication", "DataObjectFormat"),
        *("SignerRole", "SignerRoleV2", "SignatureProductionPlace", "SignatureProductionPlaceV2"),
    }
)
"""Local names of the properties that are read here."""


def read_statements(
    role: etree._Element | None, place: etree._Element | None, about_data: Sequence[etree._Element]
) -> Statements:
    """Read them.

    Args:
        role: ``SignerRole`` or ``SignerRoleV2``.
        place: ``SignatureProductionPlace`` or ``SignatureProductionPlaceV2``.
        about_data: The ``SignedDataObjectProperties``, in order.

    Raises:
        DecodeError: ``VND-DSIG-001``, or what ``vnedoc.xml`` says of a value.
    """
    claimed = [] if role is None else list(role.iter(_X + "ClaimedRole"))
    return Statements(
        commitments=tuple([_commitment(one) for one in about_data if one.tag == _COMMITMENT]),
        formats=tuple([_format(one) for one in about_data if one.tag == _FORMAT]),
        roles=tuple([text_inside(one) for one in claimed]),
        certified_roles=() if role is None else _certified(role),
        place=() if place is None else _place(place),
    )


def text_inside(element: etree._Element) -> str:
    """Give all text of an element of any content, white space around it taken away."""
    if not len(element):
        return (element.text or "").strip()
    return "".join([str(one) for one in element.itertext()]).strip()


def _commitment(element: etree._Element) -> Commitment:
    named = element.find(_X + "CommitmentTypeId")
    about = [text_inside(one) for one in element.iterchildren(_X + "ObjectReference")]
    return Commitment(
        identifier="" if named is None else read_identifier(named)[0],
        references=tuple(one.removeprefix("#") for one in about),
    )


def _format(element: etree._Element) -> DataFormat:
    parts = {str(one.tag): one for one in children(element)}
    identifier = parts.pop(_X + "ObjectIdentifier", None)
    texts = {name: text_inside(parts[tag]) for tag, name in _FORMAT_TEXTS.items() if tag in parts}
    return DataFormat(
        reference=(element.get("ObjectReference") or "").removeprefix("#"),
        identifier=None if identifier is None else read_identifier(identifier)[0],
        **texts,
    )


def _certified(role: etree._Element) -> tuple[bytes, ...]:
    """Give the attribute certificates; one that is no base64 is left out, for none of them is believed."""
    found = []
    for one in role.iter(_X + "CertifiedRole", _X + "X509AttributeCertificate"):
        try:
            found.append(strict_base64(text_of(one)))
        except VnedocError:
            continue
    return tuple(found)


def _place(element: etree._Element) -> tuple[tuple[str, str], ...]:
    texts = {local(one): text_inside(one) for one in children(element)}
    return tuple((name, texts[name]) for name in _PLACE if texts.get(name))
