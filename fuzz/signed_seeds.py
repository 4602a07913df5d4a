"""Signed documents as seeds, by keys that are made from names: the same sources always give the same octets.

Whoever reads this can sign with these keys. They are for the fuzz target alone.
"""

import datetime as dt
import hashlib
import sys
from functools import lru_cache
from pathlib import Path

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

HERE = Path(__file__).resolve().parent
AT = dt.datetime(2026, 11, 22, 1, tzinfo=dt.UTC)
_DAY = dt.timedelta(days=1)
_LONGEST = 100  # of the dictionary, characters
_EDDSA = "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519"
_USAGES = ("key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only")


@attrs.frozen(eq=False)
class Credential:
    """A certificate with its key."""

    key: Ed25519PrivateKey = attrs.field(repr=False)
    certificate: x509.Certificate
    chain: tuple[bytes, ...] = ()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _make(name: str, issuer: Credential | None = None) -> Credential:
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
    by, ca = (key if issuer is None else issuer.key), issuer is None
    usage = x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_cert_sign=ca,
        crl_sign=ca,
        **dict.fromkeys(_USAGES, False),
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(name) if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))
        .not_valid_before(AT - 300 * _DAY)
        .not_valid_after(AT + 300 * _DAY)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
    )
    return Credential(key, builder.sign(by, None))


@lru_cache(maxsize=1)
def credentials() -> tuple[Credential, Credential, Credential]:
    """Give an anchor, a signer below it, and a signer whom nobody knows."""
    anchor = _make("CA fuzz")
    return anchor, _make("Nguyễn Văn Fuzz", anchor), _make("Kẻ lạ", _make("CA lạ"))


def revocation_list() -> bytes:
    """Give the anchor's list, which revokes nobody."""
    anchor = credentials()[0]
    builder = x509.CertificateRevocationListBuilder().issuer_name(anchor.certificate.subject)
    builder = builder.last_update(AT - _DAY).next_update(AT + 30 * _DAY)
    return builder.sign(anchor.key, None).public_bytes(Encoding.DER)


def seeds() -> dict[str, bytes]:
    """Give each seed by its file name."""
    sys.path.insert(0, str(HERE.parent / "tests/builders"))
    import dsig_samples as samples

    from vnedoc.xml import C14N_METHODS, EXC_C14N

    _, signer, stranger = credentials()
    exclusive = (EXC_C14N,)

    def forge(*references: str, by: Credential = signer, **more: str) -> bytes:
        body = more.pop("body", '<Doc Id="doc">{}<!-- a --><Body Id="body" b="1">nội dung</Body></Doc>')
        return samples.forge(by, body, *references, **{"method": _EDDSA, **more})

    def xades(objects: str, *references: str, **more: str) -> bytes:
        return samples.forge_xades(signer, objects, *references, **{"method": _EDDSA, **more})

    def whole(*transforms: str) -> str:
        return samples.reference(transforms=(samples.ENVELOPED, *transforms))

    def uri(text: str) -> str:
        return samples.reference(f'URI="{text}"', exclusive)

    named = samples.TIME + samples.cert_v2(signer.der)
    good = xades(samples.qualifying(named))
    plain = forge()
    inner = plain.decode()
    signature = inner[inner.index("<Signature ") : inner.index("<!-- a")]

    def renamed(name: str) -> str:
        return signature.replace('Id="sig"', f'Id="{name}"')

    group = "UnsignedSignatureProperties"
    unsigned = f"<UnsignedProperties><{group}>{{}}</{group}></UnsignedProperties>"
    stamp = "<SignatureTimeStamp><EncapsulatedTimeStamp>MAA=</EncapsulatedTimeStamp></SignatureTimeStamp>"
    counter = f"<CounterSignature>{renamed('counter')}</CounterSignature>"
    message = samples.EDXML.replace("</edXMLHeader>", "{}</edXMLHeader>")
    made = {
        f"c14n-{n}": forge(whole(one), canonicalization=one) for n, one in enumerate(sorted(C14N_METHODS))
    }
    made |= {
        "plain": plain,
        "part": forge(uri("#body")),
        "two-parts": forge(uri("#body"), whole(EXC_C14N)),
        "pointer": forge(samples.reference("URI='#xpointer(id(\"doc\"))'", (samples.ENVELOPED, EXC_C14N))),
        "root": forge(samples.reference('URI="#xpointer(/)"', (samples.ENVELOPED, EXC_C14N))),
        "no-transform": forge(samples.reference('URI="#body"', ())),
        "outside": forge(uri("http://127.0.0.1:9/x")),
        "dangling": forge(uri("#khong-co")),
        "enveloping": forge(uri("#o"), body="{}", objects='<Object Id="o"><a>1</a></Object>'),
        "manifest": forge(
            samples.reference('URI="#m"', exclusive, more=f'Type="{samples.DS}Manifest"'),
            objects=f'<Object><Manifest Id="m">{uri("#body").replace("@@", "AAAA")}</Manifest></Object>',
        ),
        "xpath": forge(
            whole(samples.transform("http://www.w3.org/TR/1999/REC-xpath-19991116", "<XPath>1</XPath>"))
        ),
        "base64": forge(whole(samples.DS + "base64")),
        "prefixes": forge(
            whole(
                samples.transform(
                    EXC_C14N, f'<InclusiveNamespaces xmlns="{EXC_C14N}" PrefixList="#default x"/>'
                )
            )
        ),
        "sha-1": forge(samples.reference(digest=samples.SHA1)),
        "hmac": forge().replace(_EDDSA.encode(), b"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        "unknown": forge().replace(_EDDSA.encode(), b"urn:la"),
        "rsa": forge().replace(_EDDSA.encode(), samples.RSA_SHA256.encode()),
        "no-key": forge(key_info=""),
        "key-name": forge(key_info="<KeyInfo><KeyName>a</KeyName></KeyInfo>"),
        "key-value": forge(
            key_info=samples.x509_data(signer.der).replace(
                "</KeyInfo>",
                "<KeyValue><RSAKeyValue><Modulus>AQAB</Modulus><Exponent>AQAB</Exponent></RSAKeyValue></KeyValue>"
                f'<KeyValue><ECKeyValue xmlns="{samples.DS11}">'
                '<NamedCurve URI="urn:oid:1.2.840.10045.3.1.7"/><PublicKey>BAAB</PublicKey>'
                "</ECKeyValue></KeyValue></KeyInfo>",
            )
        ),
        "retrieval": forge(key_info='<KeyInfo><RetrievalMethod URI="#k"/></KeyInfo>'),
        "stranger": forge(by=stranger),
        "twice": forge(body=f'<Doc Id="doc">{renamed("first")}{{}}<Body Id="body"/></Doc>'),
        "nested": forge(objects=f"<Object>{renamed('nested')}</Object>"),
        "changed": plain.replace(b"dung", b"dang"),
        "doctype": b"<!DOCTYPE Doc>" + plain,
        "cut": plain[:-40],
        "instruction": b"<?a b?>" + plain + b"<!-- c -->",
        "namespaces": forge(
            body='<d:Doc xmlns:d="urn:d" xmlns="urn:e" xml:lang="vi">{}<Body d:Id="x"/></d:Doc>'
        ),
        "xades": good,
        "xades-v1": xades(
            samples.qualifying(samples.TIME + samples.cert_v1(signer.der, signer.certificate.serial_number))
        ),
        "xades-no-type": xades(samples.qualifying(named), samples.DOCUMENT_REFERENCE, uri("#props")),
        "xades-policy": xades(
            samples.qualifying(
                named
                + "<SignaturePolicyIdentifier><SignaturePolicyId><SigPolicyId><Identifier>urn:a</Identifier>"
                "</SigPolicyId></SignaturePolicyId></SignaturePolicyIdentifier>"
            )
        ),
        "xades-roles": xades(
            samples.qualifying(
                named
                + "<SignerRoleV2><ClaimedRoles><ClaimedRole>Văn thư</ClaimedRole></ClaimedRoles>"
                + "</SignerRoleV2>",
                samples.FORMAT + "<CommitmentTypeIndication><CommitmentTypeId><Identifier>urn:b</Identifier>"
                "</CommitmentTypeId><AllSignedDataObjects/></CommitmentTypeIndication>",
            )
        ),
        "xades-later": xades(samples.qualifying(named, after=unsigned.format(stamp + counter))),
        "xades-values": xades(
            samples.qualifying(
                named,
                after=unsigned.format(
                    f"{stamp}<CertificateValues><EncapsulatedX509Certificate>{samples.b64(signer.der)}"
                    "</EncapsulatedX509Certificate></CertificateValues><RevocationValues><CRLValues>"
                    f"<EncapsulatedCRLValue>{samples.b64(revocation_list())}</EncapsulatedCRLValue></CRLValues>"
                    '</RevocationValues><ArchiveTimeStamp xmlns="http://uri.etsi.org/01903/v1.4.1#">'
                    f'<CanonicalizationMethod xmlns="{samples.DS}" Algorithm="{EXC_C14N}"/>'
                    f'<EncapsulatedTimeStamp xmlns="{samples.XADES}">MAA=</EncapsulatedTimeStamp>'
                    "</ArchiveTimeStamp>"
                ),
            )
        ),
        "seal": samples.forge(
            signer,
            message,
            samples.DOCUMENT_REFERENCE,
            samples.PROPERTIES_REFERENCE,
            objects=samples.qualifying(named),
            method=_EDDSA,
        ),
    }
    return {name: made[name] for name in sorted(made)}


def dictionary() -> bytes:
    """Give the words that mutations may put in: names of elements and attributes, algorithms, URIs."""
    words: set[str] = set()
    for data in seeds().values():
        for part in data.decode().split("<")[1:]:
            inside = part.split(">")[0].rstrip("/")
            name, *rest = inside.split(" ", 1)
            if name.replace(":", "").isalnum() and name.isascii():
                words |= {f"<{name}>", f"</{name}>", f"<{name}/>"}
            words |= {
                f"{one}=" for text in rest for one in ("Id", "URI", "Type", "Algorithm") if f"{one}=" in text
            }
            for text in rest:
                words |= {
                    one
                    for one in text.split('"')[1::2]
                    if one.startswith(("http", "#", "urn")) and one.isascii()
                }
    words |= {"<!--", "-->", "<?x?>", "<![CDATA[", "]]>", "&#13;", 'xmlns=""', 'xml:id="body"', '=""'}
    quoted = [one.replace("\\", "\\\\").replace('"', '\\"') for one in sorted(words)]
    return "".join(f'"{one}"\n' for one in quoted if len(one) <= _LONGEST).encode()
