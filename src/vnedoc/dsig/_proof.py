"""Whose key makes the signature value right: among what is carried, what is given, and, unsafe, any key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from lxml import etree

from vnedoc.dsig._algorithms import SignatureMethod, verify_hmac, verify_value
from vnedoc.dsig._generic import UnsafeGeneric
from vnedoc.dsig._grammar import (
    DS,
    DS11,
    Algorithm,
    KeyInfo,
    SignatureElement,
    read_key_info,
    read_key_parts,
    read_transforms,
)
from vnedoc.dsig._keys import describes, is_bare_key, load_given, public_key, read_bare_key
from vnedoc.dsig._methods import read_method
from vnedoc.dsig._references import WITHOUT_COMMENTS, Scope, Target, transform_into
from vnedoc.dsig._verdict import RefusedError, failed, ill_formed, undecided
from vnedoc.dsig._xades import CertificateReference
from vnedoc.errors import ConfigError, FileError, VnedocError
from vnedoc.model import Blob, Finding, SubIndication
from vnedoc.xml import canonicalize, location, parse

_RAW_CERTIFICATE = DS + "rawX509Certificate"


@attrs.frozen(kw_only=True)
class Proof:
    """What became of the signature value.

    Attributes:
        ok: Whether a key makes it right.
        certificate: The certificate of that key, DER; ``None`` where the key stands by itself.
        refused: Why it is not right.
        method: The signature method; ``None`` when it is not known.
    """

    ok: bool = False
    certificate: bytes | None = None
    refused: RefusedError | None = None
    method: SignatureMethod | None = None


@attrs.frozen
class _Followed:
    """``RetrievalMethod`` or ``KeyInfoReference``, as what has a URI and a place."""

    element: etree._Element

    @property
    def uri(self) -> str | None:
        return self.element.get("URI")

    @property
    def location(self) -> str:
        return location(self.element)


def prove(
    scope: Scope,
    signature: SignatureElement,
    named: Sequence[CertificateReference] = (),
    given: Sequence[bytes] = (),
) -> Proof:
    """Look for the key that makes the signature value right. Never raises for what the sender wrote.

    Args:
        scope: The document.
        signature: The signature.
        named: What its signed properties name as the signer's certificate.
        given: Certificates that the caller knows, DER. They are tried where the signature is about them.
    """
    method = None
    try:
        method = read_method(signature, scope.generic)
        octets = _signed_info(scope, signature)
        if method.family == "hmac":
            return _prove_secret(scope.generic, signature, method, octets)
        carried = usable = 0
        padded = scope.generic is not None and scope.generic.old_algorithms
        for certificate, key in _candidates(scope, signature, named, given):
            carried += 1
            if key is None:
                continue
            usable += 1
            if verify_value(key, method, signature.value, octets, padded=padded):
                return Proof(ok=True, certificate=certificate, method=method)
        return Proof(refused=_unproven(signature, method, carried, usable), method=method)
    except (ConfigError, FileError):
        raise  # says nothing about the signature
    except RefusedError as refused:
        return Proof(refused=refused, method=method)
    except VnedocError as error:
        return Proof(refused=ill_formed(error, location(signature.element)), method=method)


def _signed_info(scope: Scope, signature: SignatureElement) -> bytes:
    how = signature.canonicalization
    if how.uri not in WITHOUT_COMMENTS:
        finding = Finding.error("VND-DSIG-006", location(signature.element), algorithm=how.uri)
        raise undecided(SubIndication.SIGNED_DATA_NOT_FOUND, finding)
    scope.spend_steps(Target(signature.signed_info, comments=False), how.uri)
    octets = canonicalize(signature.signed_info, how.uri, prefixes=how.prefixes, at_once=scope.is_small)
    scope.spend(len(octets))
    return octets


def _prove_secret(
    generic: UnsafeGeneric | None, signature: SignatureElement, method: SignatureMethod, octets: bytes
) -> Proof:
    secrets = () if generic is None else generic.hmac_keys
    right = [verify_hmac(one, method, signature.value, octets) for one in secrets]
    if any(right):
        return Proof(ok=True, method=method)
    return Proof(refused=_unproven(signature, method, len(right), len(right)), method=method)


def _unproven(signature: SignatureElement, method: SignatureMethod, tried: int, usable: int) -> RefusedError:
    """Give the reason why no key verifies the value."""
    where = location(signature.element)
    if usable:
        finding = Finding.error("VND-DSIG-015", where, algorithm=method.uri)
        return failed(SubIndication.SIG_CRYPTO_FAILURE, finding)
    finding = Finding.error("VND-DSIG-020", where, carried=tried)
    return undecided(SubIndication.NO_SIGNING_CERTIFICATE_FOUND, finding)


def _candidates(
    scope: Scope,
    signature: SignatureElement,
    named: Sequence[CertificateReference],
    given: Sequence[bytes],
) -> Iterator[tuple[bytes | None, PublicKeyTypes | None]]:
    """Give certificates with their keys, the likely ones first; unsafe, keys that stand alone after them."""
    generic = scope.generic
    info = signature.key_info
    if generic is not None and generic.retrieval:
        info = _with_followed(scope, signature)
    for one in _in_order(scope, info, named, given):
        yield one, public_key(one)
    if generic is None:
        return
    yield from map(load_given, generic.keys)
    if generic.bare_keys:
        for bare in info.key_values:
            yield None, read_bare_key(bare)


def _in_order(
    scope: Scope, info: KeyInfo, named: Sequence[CertificateReference], given: Sequence[bytes]
) -> Iterator[bytes]:
    """Give the carried certificates, those first that the signer names, then those ``X509Data`` is about.

    Of the certificates that were given, only those that one of the two is about.
    """
    known = dict.fromkeys((*info.certificates, *given)) if given else info.certificates
    tried: list[bytes] = []
    for one in known:
        if any(name.names(one, scope.digest_of) for name in named):
            tried.append(one)
            yield one
    for one in known:
        if one not in tried and any(describes(hints, one, scope.digest_of) for hints in info.hints):
            tried.append(one)
            yield one
    yield from (one for one in info.certificates if one not in tried)


def _with_followed(scope: Scope, signature: SignatureElement) -> KeyInfo:
    """Add what ``RetrievalMethod`` and ``KeyInfoReference`` lead to; what leads nowhere adds nothing."""
    info = signature.key_info
    for element in info.references:
        try:
            more = _follow(scope, signature, _Followed(element))
        except FileError:
            raise  # says nothing about the signature
        except (RefusedError, VnedocError):
            continue
        info = attrs.evolve(
            info,
            certificates=tuple(dict.fromkeys((*info.certificates, *more.certificates))),
            hints=(*info.hints, *more.hints),
            key_values=(*info.key_values, *more.key_values),
        )
    return info


def _follow(scope: Scope, signature: SignatureElement, pointer: _Followed) -> KeyInfo:
    """Read what a reference to key material leads to (clauses 4.5.3 and 4.5.10); once, and no further."""
    target = scope.resolve(pointer)
    transforms: tuple[Algorithm, ...] = ()
    if pointer.element.tag == f"{{{DS11}}}KeyInfoReference":
        if isinstance(target, Blob) or target.element.tag != f"{{{DS}}}KeyInfo":
            return KeyInfo()
        return read_key_info(target.element, scope.limits)
    for one in pointer.element.iterchildren(f"{{{DS}}}Transforms"):
        transforms = read_transforms(one, scope.limits)
    raw = pointer.element.get("Type") == _RAW_CERTIFICATE
    if transforms or raw or isinstance(target, Blob):
        pieces: list[bytes] = []
        transform_into(scope, pieces.append, signature.element, transforms, pointer, target)
        octets = b"".join(pieces)
        if raw:
            return KeyInfo(certificates=(octets,))
        element = parse(octets, scope.limits).root
    else:
        element = target.element
    if element.tag == f"{{{DS}}}KeyInfo":
        return read_key_info(element, scope.limits)
    if is_bare_key(element):
        return KeyInfo(key_values=(element,))
    return read_key_parts([element], scope.limits, element)
