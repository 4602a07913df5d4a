"""Time-stamp tokens (RFC 3161, RFC 5816): what they say, and whether their own signature is right."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable

import attrs

from vnedoc.errors import DecodeError
from vnedoc.trust._cms._der import (
    BOOLEAN,
    CONTEXT_0,
    CONTEXT_1,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    Element,
    generalized_time,
    malformed,
    read,
)
from vnedoc.trust._cms._signed_data import TST_INFO, SignedData, check, hash_of, parse
from vnedoc.trust._cms._values import CmsFault, hash_name

_CONSTRUCTED_OCTETS = 0x24

# A token with a chain and revocation data has some thousands of octets, its signed attributes some hundreds.
_MOST_OCTETS = 1024 * 1024
_MOST_OCTETS_OF_ATTRIBUTES = 8 * 1024


@attrs.frozen(kw_only=True, eq=False)
class TimestampToken:
    """A time-stamp token, read but not yet believed.

    Attributes:
        der: The octets, a CMS ContentInfo.
        time: ``genTime``, UTC.
        hash_name: Hash of the imprint, name of ``hashlib``.
        imprint: The digest that was stamped.
        policy: Dotted identifier of the authority's policy.
        serial: Number that the authority gave it.
        nonce: That of the request, when there was one.
        certificates: Certificates that the token carries, DER; hints only.
        crls: Revocation lists that it carries, DER.
        ocsps: OCSP responses that it carries, DER.
    """

    der: bytes = attrs.field(repr=False)
    time: dt.datetime
    hash_name: str
    imprint: bytes
    policy: str
    serial: int
    nonce: int | None = None
    certificates: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    crls: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    ocsps: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    _signed: SignedData = attrs.field(repr=False)
    _content: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class TokenSigner:
    """Who made a token.

    Attributes:
        certificate: The certificate whose key made the value, DER.
        hash_names: Every hash that the token rests on: imprint, digest and signature.
    """

    certificate: bytes
    hash_names: tuple[str, ...]


def read_token(der: bytes) -> TimestampToken:
    """Read a ``TimeStampToken``. Nothing is checked but its form.

    Args:
        der: A CMS ContentInfo that holds SignedData over a TSTInfo, and nothing after it.

    Raises:
        DecodeError: ``VND-TRUST-043`` when it is no such thing, or its hash is unknown.
    """
    try:
        return _read(der)
    except (DecodeError, MemoryError):
        raise
    except CmsFault as fault:
        raise _no_token(str(fault.facts.get("cause", fault.problem))) from fault
    except Exception as error:  # hostile octets: whatever goes wrong, they are no token
        raise _no_token("a part is missing") from error


def check_token(token: TimestampToken, others: Iterable[bytes] = ()) -> TokenSigner:
    """Check a token's signature and its binding to the authority's certificate (RFC 3161, clause 2.4.2).

    Args:
        token: What ``read_token`` gave.
        others: Further certificates, DER, among which the authority's may be.

    Raises:
        CmsFault: For whatever is wrong.
    """
    signed = token._signed  # noqa: SLF001 - the other half of read_token
    content = token._content  # noqa: SLF001
    digest = hashlib.new(hash_of(signed), content).digest()
    checked = check(signed, digest, content_type=TST_INFO, others=others)
    if not checked.ess:
        raise CmsFault("binding", attribute="signing-certificate")
    names = (token.hash_name, *checked.hash_names)
    return TokenSigner(certificate=checked.certificate, hash_names=tuple(dict.fromkeys(names)))


def _read(der: bytes) -> TimestampToken:
    if len(der) > _MOST_OCTETS:
        raise malformed(f"longer than {_MOST_OCTETS} octets")
    signed = parse(der)
    if signed.padding:
        raise malformed("octets after the token")
    if signed.attributes is not None and len(signed.attributes.raw) > _MOST_OCTETS_OF_ATTRIBUTES:
        raise malformed(f"signed attributes longer than {_MOST_OCTETS_OF_ATTRIBUTES} octets")
    if signed.content_type != TST_INFO or signed.content is None:
        raise malformed(f"content type {signed.content_type} where a time stamp belongs")
    content = _octets(signed.content)
    info = read(content)
    if info.end != len(content):
        raise malformed("octets after the time stamp")
    version, policy, imprint, serial, time, *rest = info.expect(SEQUENCE).children()
    if version.integer() != 1:
        raise malformed("a time stamp of another version")
    algorithm, digest = imprint.expect(SEQUENCE).children()
    name = hash_name(algorithm.expect(SEQUENCE).children()[0].oid())
    hashed = digest.expect(OCTET_STRING).content
    if len(hashed) != hashlib.new(name).digest_size:
        raise malformed("an imprint of another length than its hash has")
    return TimestampToken(
        der=der,
        time=generalized_time(time),
        hash_name=name,
        imprint=hashed,
        policy=policy.oid(),
        serial=serial.integer(),
        nonce=_nonce(rest),
        certificates=signed.certificates,
        crls=signed.crls,
        ocsps=signed.ocsps,
        signed=signed,
        content=content,
    )


def _octets(content: Element) -> bytes:
    if content.tag == _CONSTRUCTED_OCTETS:  # BER, which RFC 5652 allows around the content
        return b"".join(one.expect(OCTET_STRING).content for one in content.children())
    return content.expect(OCTET_STRING).content


def _nonce(rest: Iterable[Element]) -> int | None:
    """Walk over what may follow the time: accuracy, ordering, nonce, name, extensions."""
    nonce: int | None = None
    for one in rest:
        if one.tag == INTEGER:
            nonce = one.integer()
        elif one.tag == CONTEXT_1:
            for extension in one.children():
                if any(part.tag == BOOLEAN and part.content != b"\0" for part in extension.children()):
                    raise malformed("a critical extension of the time stamp")
        elif one.tag not in {SEQUENCE, BOOLEAN, CONTEXT_0}:
            raise malformed("something that does not belong into a time stamp")
    return nonce


def _no_token(cause: str) -> DecodeError:
    return DecodeError(
        "VND-TRUST-043",
        f"not a readable time stamp: {cause}",
        hint="ask the authority for the time stamp again",
        facts={"cause": cause},
    )
