"""Time-stamp tokens and OCSP answers for the tests, built by hand with asn1crypto and cryptography."""

import hashlib
import itertools

from asn1crypto import algos, cms, core, crl, tsp
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from trust_builders import AT, DAY

_SERIALS = itertools.count(1)
TIME_STAMPING = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True)
OCSP_SIGNING = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False)
NO_CHECK = (x509.OCSPNoCheck(), False)
KINDS = {"sha256": hashes.SHA256(), "sha512": hashes.SHA512(), "sha1": hashes.SHA1()}  # noqa: S303


def tsa(issuer, subject="Cấp dấu thời gian", **more):
    """Issue the certificate of a time-stamping authority."""
    extensions = more.pop("extensions", [TIME_STAMPING])
    return issuer.issue(subject, **{"key_usage": ("digital_signature",), **more}, extensions=extensions)


def responder(issuer, subject="Trả lời trực tuyến", *, checked=False, **more):
    """Issue the certificate of an OCSP responder."""
    extensions = more.pop("extensions", [OCSP_SIGNING] if checked else [OCSP_SIGNING, NO_CHECK])
    return issuer.issue(subject, **{"key_usage": ("digital_signature",), **more}, extensions=extensions)


def sign(key, octets, kind):
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(octets, padding.PKCS1v15(), kind)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(octets, ec.ECDSA(kind))
    return key.sign(octets)


def signature_algorithm(key, digest):
    if isinstance(key, rsa.RSAPrivateKey):
        return {"algorithm": f"{digest}_rsa", "parameters": core.Null()}
    return (
        {"algorithm": f"{digest}_ecdsa"}
        if isinstance(key, ec.EllipticCurvePrivateKey)
        else {"algorithm": "ed25519"}
    )


def token(
    maker,
    stamped,
    time=AT,
    *,
    hash_name="sha256",
    digest="sha256",
    ess="v2",
    bound=None,
    certificates=None,
    crls=(),
    ocsps=(),
    nonce=None,
    key=None,
    change=lambda info: None,
    attributes=lambda found: found,
    content_type="tst_info",
):
    """Make a token over the octets *stamped*; every way to spoil one is an argument."""
    info = tsp.TSTInfo(
        {
            "version": 1,
            "policy": "1.3.6.1.4.1.55555.1",
            "message_imprint": {
                "hash_algorithm": {"algorithm": hash_name},
                "hashed_message": hashlib.new(hash_name, stamped).digest(),
            },
            "serial_number": next(_SERIALS),
            "gen_time": core.GeneralizedTime(time),
            "nonce": nonce,
        }
    )
    change(info)
    content = info.dump(force=True)
    named = (bound or maker).der
    found = [
        cms.CMSAttribute({"type": "content_type", "values": [content_type]}),
        cms.CMSAttribute({"type": "message_digest", "values": [hashlib.new(digest, content).digest()]}),
    ]
    if ess == "v2":
        identifier = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(named).digest()})
        found.append(
            cms.CMSAttribute(
                {
                    "type": "signing_certificate_v2",
                    "values": [tsp.SigningCertificateV2({"certs": [identifier]})],
                }
            )
        )
    elif ess == "v1":
        identifier = tsp.ESSCertID({"cert_hash": hashlib.sha1(named).digest()})  # noqa: S324
        found.append(
            cms.CMSAttribute(
                {"type": "signing_certificate", "values": [tsp.SigningCertificate({"certs": [identifier]})]}
            )
        )
    signed = cms.CMSAttributes(attributes(found))
    key = key or maker.key
    certificate = asn1.Certificate.load(maker.der)
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {
                    "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                        {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
                    )
                }
            ),
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": digest}),
            "signed_attrs": signed,
            "signature_algorithm": algos.SignedDigestAlgorithm(signature_algorithm(key, digest)),
            "signature": sign(key, signed.untag().dump(), KINDS[digest]),
        }
    )
    carried = [maker.der] if certificates is None else [one.der for one in certificates]
    revocation = [_crl(one) for one in crls]
    revocation += [_ocsp(one) for one in ocsps]
    data = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [algos.DigestAlgorithm({"algorithm": digest})],
            "encap_content_info": {
                "content_type": "tst_info",
                "content": core.ParsableOctetString(content),
            },
            "certificates": [
                cms.CertificateChoices({"certificate": asn1.Certificate.load(one)}) for one in carried
            ],
            **({"crls": revocation} if revocation else {}),
            "signer_infos": [signer],
        }
    )
    return cms.ContentInfo({"content_type": "signed_data", "content": data}).dump()


def _crl(der):
    return cms.RevocationInfoChoice(name="crl", value=crl.CertificateList.load(der))


def _ocsp(der):
    other = cms.OtherRevocationInfoFormat(
        {"other_rev_info_format": "ocsp_response", "other_rev_info": asn1_ocsp.OCSPResponse.load(der)}
    )
    return cms.RevocationInfoChoice(name="other", value=other)


def answer(
    subject,
    issuer,
    *,
    by=None,
    revoked=None,
    reason=None,
    unknown=False,
    this=AT - DAY,
    following=AT + 7 * DAY,
    hash_name="sha1",
    by_name=False,
    certificates=None,
    key=None,
    extensions=(),
):
    """Make an OCSP response by the issuer itself, or *by* a responder."""
    maker = by or issuer
    status = ocsp.OCSPCertStatus.GOOD
    if revoked is not None:
        status = ocsp.OCSPCertStatus.REVOKED
    if unknown:
        status = ocsp.OCSPCertStatus.UNKNOWN
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=subject.certificate,
        issuer=issuer.certificate,
        algorithm=KINDS[hash_name],
        cert_status=status,
        this_update=this.replace(tzinfo=None),
        next_update=None if following is None else following.replace(tzinfo=None),
        revocation_time=None if revoked is None else revoked.replace(tzinfo=None),
        revocation_reason=reason,
    )
    encoding = ocsp.OCSPResponderEncoding.NAME if by_name else ocsp.OCSPResponderEncoding.HASH
    builder = builder.responder_id(encoding, maker.certificate)
    carried = ([] if by is None else [by]) if certificates is None else certificates
    if carried:
        builder = builder.certificates([one.certificate for one in carried])
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    der = builder.sign(maker.key, hashes.SHA256()).public_bytes(Encoding.DER)
    return der if key is None else _signed_by(der, key)


def _signed_by(der, key):
    """Put in the value of another key, which the builder refuses to make."""
    parsed = asn1_ocsp.OCSPResponse.load(der)
    basic = parsed["response_bytes"]["response"].parsed
    basic["signature"] = sign(key, basic["tbs_response_data"].dump(), hashes.SHA256())
    parsed["response_bytes"]["response"] = core.ParsableOctetString(basic.dump(force=True))
    return parsed.dump(force=True)
