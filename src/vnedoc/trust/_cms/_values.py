"""Signature algorithms as CMS and OCSP name them: a closed list, each ready to be tried with a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from vnedoc.trust._cms._der import CONTEXT_0, CONTEXT_1, CONTEXT_2, SEQUENCE, Element

_HASHES = {
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.8": "sha3_256",
    "2.16.840.1.101.3.4.2.9": "sha3_384",
    "2.16.840.1.101.3.4.2.10": "sha3_512",
}
# Signature algorithms that name their hash.
_RSA_WITH = {
    "1.2.840.113549.1.1.4": "md5",
    "1.2.840.113549.1.1.5": "sha1",
    "1.2.840.113549.1.1.14": "sha224",
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "2.16.840.1.101.3.4.3.14": "sha3_256",
    "2.16.840.1.101.3.4.3.15": "sha3_384",
    "2.16.840.1.101.3.4.3.16": "sha3_512",
}
_ECDSA_WITH = {
    "1.2.840.10045.4.1": "sha1",
    "1.2.840.10045.4.3.1": "sha224",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
    "2.16.840.1.101.3.4.3.10": "sha3_256",
    "2.16.840.1.101.3.4.3.11": "sha3_384",
    "2.16.840.1.101.3.4.3.12": "sha3_512",
}
_RSA, _EC, _PSS = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1", "1.2.840.113549.1.1.10"
_MGF1 = "1.2.840.113549.1.1.8"
MOST_RSA_BITS = 8192  # a check with a longer key takes milliseconds
_MOST_SALT = 1024  # octets; no more fits beside the hash in a value of that size
_EDDSA: Mapping[str, type] = {"1.3.101.112": ed25519.Ed25519PublicKey, "1.3.101.113": ed448.Ed448PublicKey}

_PRIMITIVES: Mapping[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),  # noqa: S303 - only to name what a weak signature used; the policy refuses it
    "sha1": hashes.SHA1(),  # noqa: S303 - the same
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3_256": hashes.SHA3_256(),
    "sha3_384": hashes.SHA3_384(),
    "sha3_512": hashes.SHA3_512(),
}


class CmsFault(Exception):
    """Ends the check of one CMS; each format turns it into its own finding, so it never leaves a room.

    Attributes:
        problem: ``malformed`` (fact ``cause``), ``signers`` (``count``), ``no-attributes``, ``content-type``
            (``content_type``), ``digest``, ``attribute`` (``attribute``: absent or repeated), ``order`` (not
            DER), ``binding`` (``attribute``: it names something else), ``unsupported`` (``algorithm``),
            ``no-certificate`` or ``value``.
        facts: What was seen.
    """

    def __init__(self, problem: str, **facts: str | int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.facts = facts


@attrs.frozen
class Verify:
    """One signature algorithm; call it with a key, a value and the octets.

    Attributes:
        scheme: ``rsa``, ``rsa-pss``, ``ecdsa`` or ``eddsa``.
        key: The kind of key that it takes.
        arguments: Of that key's ``verify``.
        hash_names: The hashes that it rests on, names of ``hashlib``.
    """

    scheme: str
    key: type
    arguments: tuple[Any, ...]
    hash_names: tuple[str, ...]

    def __call__(self, key: Any, value: bytes, octets: bytes) -> bool:
        if not isinstance(key, self.key):
            return False
        if isinstance(key, rsa.RSAPublicKey) and key.key_size > MOST_RSA_BITS:
            return False
        try:
            key.verify(value, octets, *self.arguments)  # type: ignore[attr-defined]
        except (InvalidSignature, ValueError, UnsupportedAlgorithm):
            return False
        return True


def verifier(algorithm: Element, digest: str | None) -> Verify:
    """Give the check for an AlgorithmIdentifier; the list of algorithms is closed.

    Args:
        algorithm: The AlgorithmIdentifier.
        digest: Hash for the identifiers of CMS that name a kind of key only; ``None`` to refuse those.

    Raises:
        CmsFault: ``unsupported``.
    """
    parts = algorithm.children()
    name = parts[0].oid()
    if name in _EDDSA:
        return Verify("eddsa", _EDDSA[name], (), ())
    if name == _PSS:
        return _pss(parts[1:])
    used = _RSA_WITH.get(name, digest if name == _RSA else None)
    if used is not None:
        return Verify("rsa", rsa.RSAPublicKey, (padding.PKCS1v15(), _PRIMITIVES[used]), (used,))
    used = _ECDSA_WITH.get(name, digest if name == _EC else None)
    if used is not None:
        return Verify("ecdsa", ec.EllipticCurvePublicKey, (ec.ECDSA(_PRIMITIVES[used]),), (used,))
    raise unsupported(name)


def _pss(parameters: Sequence[Element]) -> Verify:
    """Read RSASSA-PSS-params (RFC 4055 section 3.1)."""
    used = mask = "sha1"
    salt, trailer = 20, 1
    for one in parameters[0].expect(SEQUENCE).children() if parameters else ():
        inner = one.children()[0]
        if one.tag == CONTEXT_0:
            used = _known_hash(inner)
        elif one.tag == CONTEXT_1:
            function, argument = inner.children()
            if function.oid() != _MGF1:
                raise unsupported(function.oid())
            mask = _known_hash(argument)
        elif one.tag == CONTEXT_2:
            salt = inner.integer()
        else:
            trailer = inner.integer()
    if trailer != 1 or not 0 <= salt <= _MOST_SALT:
        raise unsupported(_PSS)
    scheme = padding.PSS(mgf=padding.MGF1(_PRIMITIVES[mask]), salt_length=salt)
    return Verify(
        "rsa-pss", rsa.RSAPublicKey, (scheme, _PRIMITIVES[used]), tuple(dict.fromkeys((used, mask)))
    )


def _known_hash(algorithm: Element) -> str:
    return hash_name(algorithm.children()[0].oid())


def hash_name(dotted: str) -> str:
    """Give the name of a hash for ``hashlib``.

    Raises:
        CmsFault: ``unsupported``.
    """
    if dotted not in _HASHES:
        raise unsupported(dotted)
    return _HASHES[dotted]


def unsupported(algorithm: str) -> CmsFault:
    """Give the fault for an algorithm that is not on the list."""
    return CmsFault("unsupported", algorithm=algorithm)
