"""What an XML signature signed, handed back: the very octets that went into its digests."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from vnedoc.dsig import ReferenceCheck, check_signatures
from vnedoc.model import Limits
from vnedoc.workflow._source import Contents, Source, as_wire, contents_of
from vnedoc.xml import parse


@attrs.frozen(kw_only=True)
class SignedPart:
    """One piece that a signature covers, by one of its references or by one of a manifest.

    Attributes:
        signature: Identifier of the signature, that of its ``SignatureReport``.
        uri: ``URI`` of the reference; ``None`` when it has none.
        type: ``Type`` of the reference; ``None`` when it has none.
        node: Path of the covered element, such as ``/edXML``; ``None`` for data outside of the document.
        transforms: URIs, in the order in which they were applied.
        octets: What went into the digest, all of it.
    """

    signature: str
    uri: str | None
    type: str | None
    node: str | None
    transforms: tuple[str, ...]
    octets: bytes = attrs.field(repr=False)


def signed_parts(
    source: Source, *, limits: Limits | None = None, resolver: Contents = None
) -> tuple[SignedPart, ...]:
    """Give what each XML signature of a document covers (XMLDSig 1.1, clause 8.1, "see what is signed").

    Only what is proven: the signature value is right, and so is the digest. Whose signature it is and whether
    to trust it is for ``verify`` to say, and it does so on the same octets.

    Args:
        source: Bytes, path or ``Wire`` of a signed XML file or edXML message, of at most ``tree_bytes``.
        limits: Bounds on the work.
        resolver: Data outside of the document, by its URI, as for ``verify``.

    Raises:
        ConfigError: ``VND-FLOW-026``, *resolver* or what it gives is of another kind.
        DecodeError: It is not well-formed.
        LimitExceeded: It is too large, or has too many signatures.
        FileError: A file cannot be read.
    """
    bounds = limits or Limits()
    document = parse(as_wire(source).read(), bounds)
    checks = check_signatures(document, bounds, resolver=contents_of(resolver))
    return tuple(
        part
        for number, check in enumerate(checks, start=1)
        if check.value_ok
        for one in check.references
        for part in _parts(f"signature-{number}", one)
    )


def _parts(signature: str, check: ReferenceCheck) -> Iterator[SignedPart]:
    if not check.ok:
        return
    yield SignedPart(
        signature=signature,
        uri=check.reference.uri,
        type=check.reference.type,
        node=check.node,
        transforms=check.transforms,
        octets=check.read(),
    )
    for one in check.inner:
        yield from _parts(signature, one)
