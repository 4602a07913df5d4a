"""Which signature method a ``SignatureMethod`` element means, with its parameters."""

from __future__ import annotations

import hashlib
import re

import attrs
from lxml import etree

from vnedoc.dsig._algorithms import (
    DIGESTS,
    MGF1,
    OLD_SIGNATURES,
    PSS,
    SHA256,
    SIGNATURES,
    SignatureMethod,
    is_hmac,
)
from vnedoc.dsig._generic import UnsafeGeneric
from vnedoc.dsig._grammar import DS, SignatureElement, children, malformed
from vnedoc.dsig._verdict import failed, undecided
from vnedoc.model import Finding, SubIndication
from vnedoc.xml import location, strict_base64, text_of

_MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
_NUMBER = re.compile(r"\s*([0-9]{1,6})\s*", re.ASCII)
_LEAST_HMAC_BITS = 80  # XMLDSig 1.1, clause 6.3.1, and never below half the hash (CVE-2009-0217)


def read_method(signature: SignatureElement, generic: UnsafeGeneric | None) -> SignatureMethod:
    """Give the signature method.

    Raises:
        DecodeError: ``VND-DSIG-001`` for parameters that break their grammar.
        RefusedError: It is not known, not to be used, or its parameters are not.
    """
    uri = signature.method
    if is_hmac(uri):
        return _read_hmac(signature, generic)
    if uri == PSS:
        return _read_pss(signature.method_element)
    method = SIGNATURES.get(uri)
    if method is None and generic is not None and generic.old_algorithms:
        method = OLD_SIGNATURES.get(uri)
    if method is None:
        finding = Finding.error("VND-DSIG-004", location(signature.element), algorithm=uri)
        raise undecided(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, finding)
    return _with_context(method, signature.method_element)


def hash_of(signature: SignatureElement) -> str | None:
    """Give the hash that the method names, name of ``hashlib``; ``None`` where it has or shows none."""
    if signature.method == PSS:
        digest = signature.method_element.find(f".//{{{DS}}}DigestMethod")
        return DIGESTS.get(SHA256 if digest is None else digest.get("Algorithm") or "")
    method = SIGNATURES.get(signature.method) or OLD_SIGNATURES.get(signature.method)
    return None if method is None else method.hash_name


def _read_hmac(signature: SignatureElement, generic: UnsafeGeneric | None) -> SignatureMethod:
    where = location(signature.element)
    if generic is None or not generic.old_algorithms:
        finding = Finding.error("VND-DSIG-005", where, algorithm=signature.method)
        raise failed(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, finding)
    method = OLD_SIGNATURES.get(signature.method)
    if method is None:
        finding = Finding.error("VND-DSIG-004", where, algorithm=signature.method)
        raise undecided(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, finding)
    parts = children(signature.method_element)
    if not parts:
        return method
    if len(parts) != 1 or parts[0].tag != f"{{{DS}}}HMACOutputLength":
        raise malformed(signature.method_element, "an HMAC takes one HMACOutputLength at most")
    bits = _number(parts[0])
    whole = hashlib.new(method.hash_name or "").digest_size * 8
    if bits % 8 or not max(_LEAST_HMAC_BITS, whole // 2) <= bits <= whole:
        finding = Finding.error("VND-DSIG-055", where, bits=bits, least=max(_LEAST_HMAC_BITS, whole // 2))
        raise failed(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, finding)
    return attrs.evolve(method, bits=bits)


def _read_pss(element: etree._Element) -> SignatureMethod:
    """Read ``RSAPSSParams``; what is absent has the defaults of RFC 9231: SHA-256, and all by that hash."""
    parts = children(element)
    if parts and (len(parts) != 1 or parts[0].tag != f"{{{_MORE_2007}}}RSAPSSParams"):
        raise malformed(element, "RSASSA-PSS takes one RSAPSSParams at most")
    found = {str(one.tag): one for one in children(parts[0])} if parts else {}
    known = (f"{{{DS}}}DigestMethod", *(f"{{{_MORE_2007}}}{one}" for one in _PSS_PARTS))
    if not set(found) <= set(known):
        raise malformed(element, "an unknown parameter of RSASSA-PSS")
    hash_name = _hash_named(found.get(known[0]), SHA256)
    mask = found.get(known[1])
    mask_hash = hash_name
    if mask is not None:
        if mask.get("Algorithm", MGF1) != MGF1:
            raise _unknown(element, mask.get("Algorithm"))
        inside = children(mask)
        if inside:
            mask_hash = _hash_named(inside[0], SHA256)
    salt = found.get(known[2])
    trailer = found.get(known[3])
    if trailer is not None and _number(trailer) != 1:
        raise _unknown(element, f"TrailerField {_number(trailer)}")
    return SignatureMethod(
        PSS,
        "rsa-pss",
        hash_name,
        mask_hash=mask_hash,
        salt=None if salt is None else _number(salt),
    )


_PSS_PARTS = ("MaskGenerationFunction", "SaltLength", "TrailerField")


def _hash_named(element: etree._Element | None, default: str) -> str:
    uri = default if element is None else element.get("Algorithm") or ""
    name = DIGESTS.get(uri)
    if name is None or (element is not None and children(element)):
        raise _unknown(element, uri)
    return name


def _unknown(element: etree._Element | None, algorithm: str | None) -> Exception:
    where = None if element is None else location(element)
    finding = Finding.error("VND-DSIG-004", where, algorithm=algorithm)
    return undecided(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, finding)


def _with_context(method: SignatureMethod, element: etree._Element) -> SignatureMethod:
    """Add the context string of ML-DSA."""
    if not method.experimental:
        return method
    parts = children(element)
    if not parts:
        return method
    if len(parts) != 1 or not str(parts[0].tag).endswith("}MLDSAContextString"):
        raise malformed(element, "ML-DSA takes one context string at most")
    return attrs.evolve(method, context=strict_base64(text_of(parts[0])))


def _number(element: etree._Element) -> int:
    match = _NUMBER.fullmatch(text_of(element))
    if match is None:
        raise malformed(element, "not a number")
    return int(match[1])
