"""A throwaway public key infrastructure for tests and for the demo. Never trust what it issues."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
    ObjectIdentifier,
)

from vnedoc.protocols import Clock
from vnedoc.signing import KeySigner
from vnedoc.trust import RevocationStore, TrustStore
from vnedoc.verification import Policy

Hash = hashes.SHA256 | hashes.SHA384 | hashes.SHA512
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_DAY = dt.timedelta(days=1)
_DIGITAL_SIGNATURE = frozenset({"digital_signature", "content_commitment"})
_CA_USAGE = frozenset({"key_cert_sign", "crl_sign"})


def make_key(kind: str = "rsa2048") -> PrivateKey:
    """Make a private key: ``rsa<bits>``, ``p256``, ``p384``, ``p521`` or ``ed25519``."""
    curves: Mapping[str, ec.EllipticCurve] = {
        "p256": ec.SECP256R1(),
        "p384": ec.SECP384R1(),
        "p521": ec.SECP521R1(),
    }
    if kind in curves:
        return ec.generate_private_key(curves[kind])
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=int(kind.removeprefix("rsa")))


def _key_usage(names: Iterable[str]) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    wanted = set(names)
    return x509.KeyUsage(**{name: name in wanted for name in every})


def _name(common_name: str, organization: str | None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COUNTRY_NAME, "VN")]
    if organization is not None:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _hash_for(key: PrivateKey, name: Hash | None) -> Hash | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else name or hashes.SHA256()


@attrs.frozen(eq=False)
class Authority:
    """A certification authority with its key."""

    certificate: x509.Certificate
    key: PrivateKey = attrs.field(repr=False)

    @property
    def der(self) -> bytes:
        """The certificate, DER."""
        return self.certificate.public_bytes(serialization.Encoding.DER)


@attrs.frozen(eq=False)
class Credential:
    """A certificate with its key, and the certificates up to but without the root.

    Attributes:
        certificate: The end-entity certificate.
        key: Its private key.
        chain: DER, nearest first.
    """

    certificate: x509.Certificate
    key: PrivateKey = attrs.field(repr=False)
    chain: tuple[bytes, ...] = ()

    @property
    def der(self) -> bytes:
        """The certificate, DER."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def signer(self) -> KeySigner:
        """Give the key as a signer."""
        return KeySigner.from_key(self.key, self.der, self.chain)

    def pkcs12(self, passphrase: str) -> bytes:
        """Give key and certificates as PKCS#12."""
        common_name = self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        return pkcs12.serialize_key_and_certificates(
            str(common_name).encode(),
            self.key,
            self.certificate,
            [x509.load_der_x509_certificate(one) for one in self.chain],
            serialization.BestAvailableEncryption(passphrase.encode()),
        )

    def pem(self, passphrase: str | None = None) -> bytes:
        """Give key and certificates in one PEM text."""
        protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if passphrase is not None:
            protection = serialization.BestAvailableEncryption(passphrase.encode())
        key = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection
        )
        return key + b"".join(to_pem(one) for one in (self.der, *self.chain))


def time_of(at: dt.datetime | None, clock: Clock | None) -> dt.datetime:
    """Give the time of a service, UTC, whole seconds: what was set, else what its clock says."""
    moment = at or (dt.datetime.now(dt.UTC) if clock is None else clock.now())
    return moment.astimezone(dt.UTC).replace(microsecond=0)


def where_to_ask(
    *, ocsp: str | None = None, crl: str | None = None, issuer: str | None = None
) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    """Give the extensions that say where a certificate's status and issuer are found.

    Args:
        ocsp: Address of the OCSP responder (RFC 5280, clause 4.2.2.1).
        crl: Address of the revocation list (clause 4.2.1.13).
        issuer: Address of the issuer's certificate (clause 4.2.2.1).
    """
    found: list[tuple[x509.ExtensionType, bool]] = []
    access = [
        x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
        for method, url in (
            (AuthorityInformationAccessOID.OCSP, ocsp),
            (AuthorityInformationAccessOID.CA_ISSUERS, issuer),
        )
        if url is not None
    ]
    if access:
        found.append((x509.AuthorityInformationAccess(access), False))
    if crl is not None:
        names = [x509.UniformResourceIdentifier(crl)]
        points = x509.CRLDistributionPoints([x509.DistributionPoint(names, None, None, None)])
        found.append((points, False))
    return tuple(found)


def to_pem(certificate: bytes) -> bytes:
    """Give a DER certificate as PEM."""
    return x509.load_der_x509_certificate(certificate).public_bytes(serialization.Encoding.PEM)


def crl_to_pem(crl: bytes) -> bytes:
    """Give a DER revocation list as PEM."""
    return x509.load_der_x509_crl(crl).public_bytes(serialization.Encoding.PEM)


class FakePki:
    """A root, an issuing authority below it, and what they issue. For tests and demos only."""

    def __init__(self, root: Authority, issuing: Authority, at: dt.datetime) -> None:
        self.root = root
        self.issuing = issuing
        self.at = at
        self._revoked: dict[int, tuple[Authority, dt.datetime]] = {}

    @classmethod
    def create(
        cls,
        *,
        at: dt.datetime | None = None,
        name: str = "Thử nghiệm",
        key: str = "rsa2048",
        extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
    ) -> FakePki:
        """Make both authorities, valid from ten years before *at* (default: now) to ten years after.

        Args:
            at: The present of this infrastructure.
            name: Part of both names.
            key: A kind for ``make_key``.
            extensions: Further ones of the issuing authority's certificate, such as ``where_to_ask``.
        """
        now = (at or dt.datetime.now(dt.UTC)).replace(microsecond=0)
        start, end = now - 3650 * _DAY, now + 3650 * _DAY
        root_key, issuing_key = make_key(key), make_key(key)
        root = _authority(f"CA gốc {name}", root_key, None, 1, start, end)
        issuing = _authority(
            f"CA cấp phát {name}", issuing_key, root, 0, start + _DAY, end - _DAY, extensions
        )
        return cls(root, issuing, now)

    def issue(
        self,
        common_name: str,
        *,
        organization: str | None = None,
        not_before: dt.datetime | None = None,
        not_after: dt.datetime | None = None,
        key: str | PrivateKey = "rsa2048",
        key_usage: Iterable[str] | None = _DIGITAL_SIGNATURE,
        extended_key_usage: Iterable[str] | None = (ExtendedKeyUsageOID.EMAIL_PROTECTION.dotted_string,),
        extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
        authority: Authority | None = None,
        hash_algorithm: Hash | None = None,
    ) -> Credential:
        """Issue an end-entity certificate, valid for a year on both sides of ``at`` unless told otherwise.

        Args:
            common_name: Of the subject.
            organization: Of the subject.
            not_before: Start of validity, with zone.
            not_after: End of validity, with zone.
            key: A kind for ``make_key``, or a private key.
            key_usage: Names of key usages, ``None`` for no such extension.
            extended_key_usage: Dotted object identifiers, ``None`` for no such extension.
            extensions: Further extensions with their criticality.
            authority: Who issues; default the issuing authority.
            hash_algorithm: Of the certificate's signature; default SHA-256.
        """
        by = authority or self.issuing
        private = make_key(key) if isinstance(key, str) else key
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(common_name, organization))
            .issuer_name(by.certificate.subject)
            .public_key(private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(not_before or self.at - 365 * _DAY)
            .not_valid_after(not_after or self.at + 365 * _DAY)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
            .add_extension(_aki(by), critical=False)
        )
        if key_usage is not None:
            builder = builder.add_extension(_key_usage(key_usage), critical=True)
        if extended_key_usage is not None:
            purposes = [ObjectIdentifier(one) for one in extended_key_usage]
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        certificate = builder.sign(by.key, _hash_for(by.key, hash_algorithm))
        chain = () if by is self.root else (by.der,)
        return Credential(certificate, private, chain)

    def issue_tsa(
        self,
        common_name: str = "Dịch vụ dấu thời gian thử nghiệm",
        *,
        key: str | PrivateKey = "p256",
        extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
        **more: Any,
    ) -> Credential:
        """Issue the certificate of a time-stamping authority (RFC 3161, clause 2.3).

        Its extended key usage is critical and holds timeStamping alone.

        Args:
            common_name: Of the subject.
            key: A kind for ``make_key``, or a private key.
            extensions: Further extensions with their criticality.
            more: As for ``issue``.
        """
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        return self.issue(
            common_name,
            key=key,
            extensions=((purpose, True), *extensions),
            **{"extended_key_usage": None, **more},
        )

    def issue_ocsp_responder(
        self,
        common_name: str = "Dịch vụ OCSP thử nghiệm",
        *,
        key: str | PrivateKey = "p256",
        nocheck: bool = True,
        extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
        **more: Any,
    ) -> Credential:
        """Issue the certificate of a delegated OCSP responder (RFC 6960, clause 4.2.2.2).

        Args:
            common_name: Of the subject.
            key: A kind for ``make_key``, or a private key.
            nocheck: With id-pkix-ocsp-nocheck: the responder itself is not asked about.
            extensions: Further extensions with their criticality.
            more: As for ``issue``; *authority* is the one that the responder speaks for.
        """
        return self.issue(
            common_name,
            key=key,
            extensions=(*(((x509.OCSPNoCheck(), False),) if nocheck else ()), *extensions),
            **{
                "extended_key_usage": (ExtendedKeyUsageOID.OCSP_SIGNING.dotted_string,),
                "key_usage": ("digital_signature",),
                **more,
            },
        )

    def revoked_at(self, serial: int, authority: Authority) -> dt.datetime | None:
        """Tell when the certificate with this serial number was revoked by *authority*."""
        by, when = self._revoked.get(serial, (None, None))
        return when if by is authority else None

    def revoke(self, credential: Credential | Authority, at: dt.datetime | None = None) -> None:
        """Put a certificate on its issuer's next revocation list, as revoked at *at* (default ``at``)."""
        by = self.root if credential.certificate.issuer == self.root.certificate.subject else self.issuing
        self._revoked[credential.certificate.serial_number] = (by, at or self.at)

    def crls(
        self, this_update: dt.datetime | None = None, next_update: dt.datetime | None = None
    ) -> tuple[bytes, bytes]:
        """Give the revocation lists of root and issuing authority, DER, good for 30 days around ``at``."""
        start, end = this_update or self.at - _DAY, next_update or self.at + 30 * _DAY
        root, issuing = (self._crl(by, start, end) for by in (self.root, self.issuing))
        return root, issuing

    def _crl(self, by: Authority, this_update: dt.datetime, next_update: dt.datetime) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(by.certificate.subject)
            .last_update(this_update)
            .next_update(next_update)
            .add_extension(_aki(by), critical=False)
            .add_extension(x509.CRLNumber(1), critical=False)
        )
        for serial, (issuer, when) in self._revoked.items():
            if issuer is by:
                entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when)
                builder = builder.add_revoked_certificate(entry.build())
        crl = builder.sign(by.key, _hash_for(by.key, None))
        return crl.public_bytes(serialization.Encoding.DER)

    def trust(self) -> TrustStore:
        """Give the root as the one anchor."""
        return TrustStore.from_der([self.root.der])

    def revocation(self) -> RevocationStore:
        """Give both revocation lists."""
        return RevocationStore.from_der(self.crls())

    def policy(self, at: dt.datetime | None = None) -> Policy:
        """Give the strict policy with this trust, for ``at``."""
        return Policy.strict(trust=self.trust(), revocation=self.revocation(), at=at or self.at)


def _aki(by: Authority) -> x509.AuthorityKeyIdentifier:
    identifier = by.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier.value)


def _authority(
    name: str,
    key: PrivateKey,
    by: Authority | None,
    path_length: int,
    not_before: dt.datetime,
    not_after: dt.datetime,
    extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
) -> Authority:
    subject = _name(name, "Cơ quan thí điểm")
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if by is None else by.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(_CA_USAGE), critical=True)
        .add_extension(identifier, critical=False)
    )
    if by is not None:
        builder = builder.add_extension(_aki(by), critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    signing_key = key if by is None else by.key
    return Authority(builder.sign(signing_key, _hash_for(signing_key, None)), key)
