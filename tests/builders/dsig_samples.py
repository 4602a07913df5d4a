"""Documents and hand-made signatures for the tests of XML signatures."""

import base64
import datetime as dt
import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from lxml import etree

from vnedoc.model import Limits, Wire
from vnedoc.xml import (
    C14N,
    C14N_11,
    C14N_11_COMMENTS,
    C14N_COMMENTS,
    C14N_METHODS,
    EXC_C14N,
    EXC_C14N_COMMENTS,
    XmlDocument,
    canonicalize,
    parse,
)

DS = "http://www.w3.org/2000/09/xmldsig#"
DS11 = "http://www.w3.org/2009/xmldsig11#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
ENVELOPED = DS + "enveloped-signature"
SHA1 = DS + "sha1"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
SHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
RSA_SHA1 = DS + "rsa-sha1"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
MOMENT = dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.timezone(dt.timedelta(hours=7)))
HEADER = ("edXML", "edXMLEnvelope", "edXMLHeader")
LIMITS = Limits()

_PLAIN = {C14N_COMMENTS: C14N, C14N_11_COMMENTS: C14N_11, EXC_C14N_COMMENTS: EXC_C14N}
_HASH = {SHA1: "sha1", SHA256: "sha256", SHA384: "sha384"}

EDXML = (
    '<?xml version="1.0" encoding="UTF-8"?>\r\n'
    '<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016" '
    'xmlns:xlink="http://www.w3.org/1999/xlink"><edXMLEnvelope><edXMLHeader>\n'
    '  <MessageHeader><Subject a="1&#13;" b="&lt;&quot;">Về việc thử nghiệm &amp; kiểm tra ký số</Subject>'
    "</MessageHeader>\n  <TraceHeaderList/></edXMLHeader><edXMLBody><Manifest><Reference>"
    '<ContentId xlink:href="cid:1"/></Reference></Manifest></edXMLBody></edXMLEnvelope>'
    "<AttachmentEncoded><Attachment><Content>"
    + base64.b64encode(bytes(range(256)) * 4).decode()
    + "</Content></Attachment></AttachmentEncoded></edXML>\n"
)


def edxml_wire():
    return Wire.from_bytes(EDXML.encode())


FORMAT = '<DataObjectFormat ObjectReference="#ref"><MimeType>application/xml</MimeType></DataObjectFormat>'


def b64(data):
    return base64.b64encode(data).decode()


def transform(uri, inner=""):
    return f'<Transform Algorithm="{uri}">{inner}</Transform>'


def reference(uri='URI=""', transforms=(ENVELOPED, EXC_C14N), digest=SHA256, more=""):
    """Give one Reference whose digest is still to be computed."""
    steps = "".join(one if one.startswith("<") else transform(one) for one in transforms)
    steps = f"<Transforms>{steps}</Transforms>" if steps else ""
    return (
        f'<Reference {uri} {more}>{steps}<DigestMethod Algorithm="{digest}"/>'
        f"<DigestValue>@@</DigestValue></Reference>"
    )


def x509_data(*certificates):
    inner = "".join(f"<X509Certificate>{b64(one)}</X509Certificate>" for one in certificates)
    return f"<KeyInfo><X509Data>{inner}</X509Data></KeyInfo>"


def forge(
    credential,
    body="<Doc>{}<Body Id='body'>nội dung</Body></Doc>",
    *references,
    key_info=None,
    objects="",
    method=RSA_SHA256,
    canonicalization=EXC_C14N,
    attributes='Id="sig"',
    before_value="",
):
    """Sign *body*, whose braces take the Signature, by the plain rules of XMLDSig and without any check."""
    parts = list(references) or [reference()]
    parts = [one.replace("@@", f"@@{number}@@") for number, one in enumerate(parts)]
    if key_info is None:
        key_info = x509_data(credential.der, *credential.chain)
    signature = (
        f'<Signature xmlns="{DS}" {attributes}><SignedInfo><CanonicalizationMethod '
        f'Algorithm="{canonicalization}"/><SignatureMethod Algorithm="{method}"/>{"".join(parts)}'
        f"</SignedInfo>{before_value}<SignatureValue>@@value@@</SignatureValue>{key_info}{objects}</Signature>"
    )
    text = body.replace("{}", signature)
    for number in range(len(parts)):
        text = text.replace(f"@@{number}@@", b64(_digest(text, number)))
    return text.replace("@@value@@", b64(_value(credential, text, canonicalization))).encode()


def _digest(text, number):
    document = parse(text.encode())
    signature = next(one for one in document.root.iter(f"{{{DS}}}Signature") if "@@value@@" in _text(one[1]))
    element = signature.findall(f"{{{DS}}}SignedInfo/{{{DS}}}Reference")[number]
    uri = element.get("URI") or ""
    target: XmlDocument | etree._Element = document
    if uri.startswith("#"):
        name = uri[1:].removeprefix("xpointer(id(").rstrip(")").strip("'\"")
        found = document.root.xpath("//*[@Id=$v or @ID=$v or @id=$v or @xml:id=$v]", v=name)
        target = found[-1] if found else document
    steps = [one.get("Algorithm") for one in element.iter(f"{{{DS}}}Transform")]
    method = next((one for one in steps if one in C14N_METHODS), C14N)
    if "xpointer" not in uri:
        method = _PLAIN.get(method, method)
    exclude = signature if ENVELOPED in steps else None
    octets = canonicalize(target, method, exclude=exclude)
    return hashlib.new(_HASH.get(element[-2].get("Algorithm"), "sha256"), octets).digest()


def _value(credential, text, canonicalization):
    document = parse(text.encode())
    signature = next(one for one in document.root.iter(f"{{{DS}}}Signature") if "@@value@@" in _text(one[1]))
    method = canonicalization if canonicalization in C14N_METHODS else EXC_C14N
    octets = canonicalize(signature.find(f"{{{DS}}}SignedInfo"), method)
    if isinstance(credential.key, rsa.RSAPrivateKey):
        old = signature.find(f"{{{DS}}}SignedInfo/{{{DS}}}SignatureMethod").get("Algorithm") == RSA_SHA1
        hash_ = hashes.SHA1() if old else hashes.SHA256()  # noqa: S303
        return credential.key.sign(octets, padding.PKCS1v15(), hash_)
    if isinstance(credential.key, ec.EllipticCurvePrivateKey):
        return credential.key.sign(octets, ec.ECDSA(hashes.SHA256()))
    return credential.key.sign(octets)


def _text(element):
    return "".join(element.itertext())


def cert_v2(certificate, digest=SHA256, issuer_serial=None):
    value = b64(hashlib.new(_HASH[digest], certificate).digest())
    serial = "" if issuer_serial is None else f"<IssuerSerialV2>{issuer_serial}</IssuerSerialV2>"
    return (
        f'<SigningCertificateV2><Cert><CertDigest><DigestMethod xmlns="{DS}" Algorithm="{digest}"/>'
        f'<DigestValue xmlns="{DS}">{value}</DigestValue></CertDigest>{serial}</Cert></SigningCertificateV2>'
    )


def cert_v1(certificate, serial, issuer="CN=ai cũng được"):
    value = b64(hashlib.sha256(certificate).digest())
    return (
        f'<SigningCertificate><Cert><CertDigest><DigestMethod xmlns="{DS}" Algorithm="{SHA256}"/>'
        f'<DigestValue xmlns="{DS}">{value}</DigestValue></CertDigest><IssuerSerial>'
        f'<X509IssuerName xmlns="{DS}">{issuer}</X509IssuerName>'
        f'<X509SerialNumber xmlns="{DS}">{serial}</X509SerialNumber></IssuerSerial></Cert>'
        f"</SigningCertificate>"
    )


def qualifying(
    signature_properties,
    data_properties=FORMAT,
    *,
    target="#sig",
    after="",
    namespace=XADES,
):
    """Give an Object with QualifyingProperties."""
    return (
        f'<Object><QualifyingProperties xmlns="{namespace}" Target="{target}"><SignedProperties Id="props">'
        f"<SignedSignatureProperties>{signature_properties}</SignedSignatureProperties>"
        f"<SignedDataObjectProperties>{data_properties}</SignedDataObjectProperties></SignedProperties>"
        f"{after}</QualifyingProperties></Object>"
    )


TIME = "<SigningTime>2026-11-22T08:00:00+07:00</SigningTime>"
DOCUMENT_REFERENCE = reference(more='Id="ref"')
PROPERTIES_REFERENCE = reference('URI="#props"', (EXC_C14N,), more=f'Type="{SIGNED_PROPERTIES}"')


def forge_xades(credential, objects, *references, **more):
    references = references or (DOCUMENT_REFERENCE, PROPERTIES_REFERENCE)
    return forge(credential, "<Doc>{}<Body/></Doc>", *references, objects=objects, **more)
