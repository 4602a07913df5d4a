"""How a signature looks: where it stands, how it is computed, and what it says besides."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

import attrs

from vnedoc.dsig._build._claims import HASHES, CommitmentType, ProductionPlace, SignaturePolicy
from vnedoc.dsig._build._texts import require_text, unusable
from vnedoc.errors import ConfigError
from vnedoc.xml import (
    C14N,
    C14N_11,
    C14N_11_COMMENTS,
    C14N_COMMENTS,
    C14N_METHODS,
    EXC_C14N,
    EXC_C14N_COMMENTS,
)

Packaging: TypeAlias = Literal["enveloped", "enveloping", "detached"]

_PACKAGINGS: Final = ("enveloped", "enveloping", "detached")
_PLAIN = {C14N_COMMENTS: C14N, C14N_11_COMMENTS: C14N_11, EXC_C14N_COMMENTS: EXC_C14N}
_FRAGMENT = re.compile(r"#[^\W\d][\w.\-\u00b7]*")
_URI = re.compile(r"[^\s\"<>\\^`{|}\x00-\x20\x7f]+")  # RFC 3987: non-ASCII letters stand for themselves
_ABSOLUTE = re.compile(rf"[A-Za-z][A-Za-z0-9+.\-]*:{_URI.pattern}")  # RFC 3986, clause 3
_TOKEN = r"[A-Za-z0-9!#$&^_.+\-]{1,127}"  # noqa: S105 - RFC 6838, clause 4.2
_MEDIA_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?:; ?{_TOKEN}=(?:{_TOKEN}|\"[^\"\\{{}}\x00-\x1f]*\"))*")


def _roles(given: str | Iterable[str]) -> tuple[str, ...]:
    if isinstance(given, str):
        return (given,)
    if not isinstance(given, Iterable):
        raise unusable("roles", f"texts are needed, not {type(given).__name__}")
    return tuple(given)


@attrs.frozen(kw_only=True)
class XmlForm:
    """How an XML signature is made. The default is the seal of an edXML message: enveloped XAdES B-B.

    Comments of the document are never signed: ``""`` and ``#id`` leave them out by themselves (XMLDSig 1.1,
    clause 4.4.3.3). A method ``WithComments`` is for receivers that ask for its name.

    Attributes:
        packaging: ``enveloped``: the signature stands in the document. ``enveloping``: the document, or any
            octets, stand in the signature. ``detached``: the signature is a document of its own beside the
            content.
        reference: What is signed. Enveloped: ``""`` for the whole document, ``#id`` for one element.
            Detached: the URI of the content, ``None`` when only the receiver knows what it is.
            Enveloping: left alone.
        octets: Enveloping only: put the content in as base64, whatever it is, instead of as XML.
        canonicalization: URI, for what is signed, the signed properties and ``SignedInfo``.
        digest: Name of ``hashlib``, for every digest in the signature.
        xades: ``False`` makes a plain XMLDSig signature, which says nothing of time and certificate.
        key_value: Write the bare key into ``KeyInfo`` too, beside the certificates.
        value_id: Give the ``SignatureValue`` an identifier, so that others can sign it too.
        media_type: Of what is signed; ``None``: XML for enveloped, else that of the ``Wire``.
        description: Of what is signed.
        encoding: URI of the encoding of what is signed.
        policy: The signature policy.
        commitment: What the signer commits to; an absolute URI for what ``CommitmentType`` does not have.
        roles: Roles that the signer claims; a text alone is one role.
        place: Where it was signed.
    """

    packaging: Packaging = "enveloped"
    reference: str | None = ""
    octets: bool = False
    canonicalization: str = EXC_C14N
    digest: str = "sha256"
    xades: bool = True
    key_value: bool = False
    value_id: bool = False
    media_type: str | None = None
    description: str | None = None
    encoding: str | None = None
    policy: SignaturePolicy | None = None
    commitment: CommitmentType | str | None = None
    roles: tuple[str, ...] = attrs.field(default=(), converter=_roles)
    place: ProductionPlace | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot be made.

        Raises:
            ConfigError: ``VND-SIGN-048`` for a value that no signature can hold, ``VND-SIGN-049`` for
                values that do not go together.
        """
        self._check_values()
        self._check_claims()
        self._check_together()

    @property
    def exclusive(self) -> bool:
        """Whether the canonical form of a part does not depend on where it stands."""
        return self.canonicalization in (EXC_C14N, EXC_C14N_COMMENTS)

    @property
    def method(self) -> str:
        """URI of what is done to the signed data: its comments never belong to it."""
        return _PLAIN.get(self.canonicalization, self.canonicalization)

    @property
    def large(self) -> bool:
        """Whether it can be made of a document that is not in memory."""
        return (self.packaging, self.reference, self.digest) == ("enveloped", "", "sha256") and self.exclusive

    def _check_values(self) -> None:
        for field, seen, known in (
            ("packaging", self.packaging, _PACKAGINGS),
            ("canonicalization", self.canonicalization, sorted(C14N_METHODS)),
            ("digest", self.digest, HASHES),
        ):
            if seen not in known:
                raise unusable(field, f"{seen!r} is none of {', '.join(known)}")
        if self.packaging == "detached":
            if self.reference is not None and (
                _URI.fullmatch(require_text(self.reference, "reference")) is None
                or self.reference.startswith("#")
            ):
                raise unusable("reference", "the URI of a content outside of the signature is needed")
        elif self.reference != "" and (
            self.packaging == "enveloping" or _FRAGMENT.fullmatch(self.reference or "") is None
        ):
            raise unusable("reference", 'it is neither "" nor # and an identifier')

    def _check_claims(self) -> None:
        for field in ("media_type", "description", "encoding"):
            value = getattr(self, field)
            if value is not None:
                require_text(value, field)
        if self.media_type is not None and _MEDIA_TYPE.fullmatch(self.media_type) is None:
            raise unusable("media_type", "it is no media type such as application/xml")
        for role in self.roles:
            require_text(role, "roles")
        if isinstance(self.commitment, str):
            require_text(self.commitment, "commitment")
            if _ABSOLUTE.fullmatch(self.commitment) is None:
                raise unusable("commitment", "it is neither a CommitmentType nor an absolute URI")
        for field, kinds in (
            ("policy", (SignaturePolicy, type(None))),
            ("commitment", (CommitmentType, str, type(None))),
            ("place", (ProductionPlace, type(None))),
        ):
            if not isinstance(getattr(self, field), kinds):
                raise unusable(field, f"it cannot be a {type(getattr(self, field)).__name__}")

    def _check_together(self) -> None:
        if self.octets and self.packaging != "enveloping":
            raise _apart("octets", "only an enveloping signature holds octets")
        if not self.xades:
            for field in ("description", "encoding", "policy", "commitment", "roles", "place", "media_type"):
                if getattr(self, field):
                    raise _apart(field, "only XAdES has a place for it")


def _apart(field: str, cause: str) -> ConfigError:
    return ConfigError(
        "VND-SIGN-049",
        f"{field} does not go with the rest of the form: {cause}",
        hint="leave one of the two out; see vnedoc.signing.XmlForm",
        facts={"field": field, "cause": cause},
    )
