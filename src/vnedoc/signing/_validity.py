"""What is asked of a key before anything is made with it."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import attrs
from cryptography import x509

from vnedoc.errors import ConfigError, SigningError
from vnedoc.model import SignatureAlgorithm, Wire
from vnedoc.protocols import Signer, SigningIdentity
from vnedoc.signing._keys import load_certificate, not_a

_LOAD = 'give the result of vnedoc.load_key("p12:PATH")'
_SIGNATURES = frozenset({"digitalSignature", "nonRepudiation"})
_USAGES = {
    "digital_signature": "digitalSignature",
    "content_commitment": "nonRepudiation",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
}


def require_identity(identity: SigningIdentity) -> None:
    """Refuse what is no signing identity, such as the reference that ``load_key`` takes.

    Raises:
        ConfigError: ``VND-SIGN-017``.
    """
    algorithm = getattr(identity, "algorithm", None)
    if not isinstance(algorithm, SignatureAlgorithm) or not hasattr(identity, "certificate"):
        raise not_a("key", identity, _LOAD)


def require_signer(signer: Signer) -> None:
    """Refuse what cannot sign here and now.

    Raises:
        ConfigError: ``VND-SIGN-017``.
    """
    require_identity(signer)
    if not callable(getattr(signer, "sign", None)):
        raise not_a("key that signs", signer, _LOAD)


def require_kind(name: str, given: object, kind: type, needs: str) -> None:
    """Refuse an argument of another kind; the value itself is never shown.

    Raises:
        ConfigError: ``VND-SIGN-055``.
    """
    if not isinstance(given, kind):
        raise ConfigError.wrong_kind("VND-SIGN-055", name, given, needs)


def require_wire(wire: Wire) -> None:
    """Refuse a document that is no ``Wire``.

    Raises:
        ConfigError: ``VND-SIGN-055``.
    """
    require_kind("wire", wire, Wire, "a Wire; vnedoc.workflow has the same functions for bytes and paths")


def zoned(signing_time: object) -> bool:
    """Whether it is a time with its zone."""
    return isinstance(signing_time, dt.datetime) and signing_time.tzinfo is not None


def require_usable(certificate: bytes, signing_time: dt.datetime) -> None:
    """Refuse a certificate that no verifier would accept a signature of *signing_time* from.

    Raises:
        KeyUnavailable: ``VND-SIGN-008`` when the certificate cannot be read.
        SigningError: ``VND-SIGN-015`` expired or not yet valid at that time (RFC 5280 section 4.1.2.5),
            ``VND-SIGN-016`` its key usage leaves out signatures (RFC 5280 section 4.2.1.3).
    """
    terms = _terms(certificate)
    if not terms.not_before <= signing_time.replace(microsecond=0) <= terms.not_after:
        late = signing_time > terms.not_after
        zone = signing_time.tzinfo
        start, end = (one.astimezone(zone).isoformat() for one in (terms.not_before, terms.not_after))
        raise SigningError(
            "VND-SIGN-015",
            f"the certificate {'has expired' if late else 'is not valid yet'} at the signing time: "
            f"it is valid from {start} to {end}",
            hint="sign with a certificate that is valid at this time, and check the clock",
            facts={"not_before": start, "not_after": end, "signing_time": signing_time.isoformat()},
        )
    if terms.usage is not None and _SIGNATURES.isdisjoint(terms.usage):
        raise SigningError(
            "VND-SIGN-016",
            f"the certificate is for {', '.join(terms.usage) or 'nothing'}, not for signatures",
            hint="sign with the certificate that was issued for signing",
            facts={"seen": list(terms.usage)},
        )


@attrs.frozen
class _Terms:
    """What a certificate says about its use; *usage* is ``None`` when it names none."""

    not_before: dt.datetime
    not_after: dt.datetime
    usage: tuple[str, ...] | None


@lru_cache(maxsize=64)
def _terms(certificate: bytes) -> _Terms:
    parsed = load_certificate(certificate)
    return _Terms(parsed.not_valid_before_utc, parsed.not_valid_after_utc, _usage(parsed))


def _usage(certificate: x509.Certificate) -> tuple[str, ...] | None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError):
        # One extension that cannot be read hides them all; it is the verifier who judges such a certificate.
        return None
    return tuple(name for attribute, name in _USAGES.items() if getattr(usage, attribute))
