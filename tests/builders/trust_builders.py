"""Certificates and revocation lists for the tests of trust, built by hand and independent of FakePki."""

import datetime as dt
import functools
import itertools
import warnings

from asn1crypto import algos, core
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

from vnedoc.model import Limits
from vnedoc.trust import AlgorithmPolicy, RevocationStore, TrustStore, validate_path

AT = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
_SERIALS = itertools.count(1000)

CA_USAGE = ("key_cert_sign", "crl_sign")
LEAF_USAGE = ("digital_signature", "content_commitment")
_EVERY_USAGE = (
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


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else [])


def usage(names):
    return x509.KeyUsage(**{one: one in names for one in _EVERY_USAGE})


@functools.cache
def rsa_key(bits):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


class Entity:
    """A certificate with its key; issues others."""

    def __init__(self, certificate, key):
        self.certificate = certificate
        self.key = key

    @property
    def der(self):
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self):
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(self, subject, **more):
        return make(subject, issuer=self, **more)

    def authority(self, subject, **more):
        return make(subject, issuer=self, ca=True, **{"key_usage": CA_USAGE, **more})

    def crl(self, revoked=(), *, this=AT - DAY, following=AT + 7 * DAY, extensions=(), key=None, issuer=None):
        """Make a list. *revoked* holds (entity, date), optionally with entry extensions."""
        key = key or self.key
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer or self.certificate.subject)
            .last_update(this)
            .next_update(following)
        )
        for entity, date, *entry_extensions in revoked:
            entry = (
                x509.RevokedCertificateBuilder()
                .serial_number(entity.certificate.serial_number)
                .revocation_date(date)
            )
            for extension, critical in entry_extensions:
                entry = entry.add_extension(extension, critical=critical)
            builder = builder.add_revoked_certificate(entry.build())
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def make(
    subject,
    *,
    issuer=None,
    key=None,
    ca=False,
    path_length=None,
    key_usage=LEAF_USAGE,
    purposes=None,
    extensions=(),
    not_before=AT - 30 * DAY,
    not_after=AT + 30 * DAY,
    serial=None,
    identifiers=True,
):
    """Make a certificate; without *issuer* it signs itself."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = name(subject) if isinstance(subject, str) else subject
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(next(_SERIALS) if serial is None else serial)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )
    if ca:
        builder = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=path_length), critical=True
        )
    if key_usage is not None:
        builder = builder.add_extension(usage(key_usage), critical=True)
    if purposes is not None:
        oids = [ObjectIdentifier(one) for one in purposes]
        builder = builder.add_extension(x509.ExtendedKeyUsage(oids), critical=False)
    if identifiers:
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
        signing_key = key if issuer is None else issuer.key
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False
        )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return Entity(builder.sign(key if issuer is None else issuer.key, hashes.SHA256()), key)


def root(subject="Gốc", **more):
    return make(subject, ca=True, **{"key_usage": CA_USAGE, **more})


def resigned(entity, issuer_key, *, hash_name="sha256", change=lambda tbs: None):
    """Give the same certificate, changed, under an RSA signature that the builders refuse to make."""
    parsed = asn1.Certificate.load(entity.der)
    tbs = parsed["tbs_certificate"]
    change(tbs)
    algorithm = algos.SignedDigestAlgorithm({"algorithm": f"{hash_name}_rsa", "parameters": core.Null()})
    tbs["signature"] = algorithm
    parsed["signature_algorithm"] = algorithm
    # A hash that the library does not make gets any value: it must be refused before.
    kind = hashes.SHA1() if hash_name == "sha1" else hashes.SHA256()  # noqa: S303 - that is the point
    parsed["signature_value"] = issuer_key.sign(tbs.dump(force=True), padding.PKCS1v15(), kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Entity(x509.load_der_x509_certificate(parsed.dump(force=True)), entity.key)


def judge(
    certificate,
    *,
    anchors=(),
    certificates=(),
    hints=(),
    crls=(),
    required=False,
    at=AT,
    algorithms=None,
    limits=None,
):
    """Run validate_path on entities or octets, revocation not required unless asked for."""

    def der(one):
        return one if isinstance(one, bytes) else one.der

    return validate_path(
        der(certificate),
        hints=[der(one) for one in hints],
        trust=TrustStore.from_der(map(der, anchors), map(der, certificates)),
        revocation=RevocationStore.from_der(crls),
        require_revocation=required,
        at=at,
        algorithms=algorithms or AlgorithmPolicy(),
        limits=limits or Limits(),
    )


def codes(verdict):
    return {one.code.removeprefix("VND-TRUST-") for one in verdict.findings}


def errors(verdict):
    return {one.code.removeprefix("VND-TRUST-") for one in verdict.findings if one.severity.value == "error"}
