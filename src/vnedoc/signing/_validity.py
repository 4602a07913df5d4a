"""What is asked of a key before anything is made with it."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import attrs
from cryptography import x509

from vnedoc.errors import ConfigError, InputError, SigningError
from vnedoc.model import SignatureAlgorithm
from vnedoc.protocols import Signer, SigningIdentity
from vnedoc.signing._keys import load_certificate


def require_identity(identity: SigningIdentity) -> None:
    """Refuse what is no signing identity, such as the reference that ``load_key`` takes.

    Raises:
        ConfigError: ``VND-SIGN-017``.
    """
    algorithm = getattr(identity, "algorithm", None)
    if not isinstance(algorithm, SignatureAlgorithm) or not hasattr(identity, "certificate"):
        raise _no_key(identity, "a key")


def require_signer(signer: Signer) -> None:
    """Refuse what cannot sign here and now.

    Raises:
        ConfigError: ``VND-SIGN-017``.
    """
    require_identity(signer)
    if not callable(getattr(signer, "sign", None)):
        raise _no_key(signer, "a key that signs")


def require_time(signing_time: dt.datetime, code: str) -> None:
    """Refuse a signing time that is none, or has no zone.

    Raises:
        InputError: *code*.
    """
    zone = signing_time.tzinfo if isinstance(signing_time, dt.datetime) else None
    if zone is None:
        raise InputError(
            code,
            "the signing time needs its zone",
            hint="use datetime(..., tzinfo=vnedoc.model.VIETNAM)",
            facts={"seen": str(signing_time)[:80]},
        )


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
    if not terms.signs:
        raise SigningError(
            "VND-SIGN-016",
            "the key usage of the certificate does not allow signatures",
            hint="sign with the certificate that was issued for signing, not with one for encryption",
            facts={"wanted": ["digitalSignature", "nonRepudiation"]},
        )


@attrs.frozen
class _Terms:
    not_before: dt.datetime
    not_after: dt.datetime
    signs: bool


@lru_cache(maxsize=64)
def _terms(certificate: bytes) -> _Terms:
    parsed = load_certificate(certificate)
    return _Terms(parsed.not_valid_before_utc, parsed.not_valid_after_utc, _signs(parsed))


def _signs(parsed: x509.Certificate) -> bool:
    try:
        usage = parsed.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except ValueError:
        # One extension that cannot be read hides them all; it is the verifier who judges such a certificate.
        return True
    return usage.digital_signature or usage.content_commitment


def _no_key(seen: object, expected: str) -> ConfigError:
    return ConfigError(
        "VND-SIGN-017",
        f"{expected} is needed, not {type(seen).__name__}",
        hint='give the result of vnedoc.load_key("p12:PATH")',
        facts={"expected": expected, "seen": type(seen).__name__},
    )
