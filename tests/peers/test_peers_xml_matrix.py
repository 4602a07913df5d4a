"""Every packaging, canonicalisation and algorithm that we make, before every peer that is installed.

The tables of exceptions say which peer cannot judge what, and why. They are exact: a combination that is
not in them must be valid, one that is in them must not be.
"""

import itertools
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric import ed448
from dsig_samples import LIMITS, edxml_wire
from lxml import etree
from standards_page import figures
from xml_peers import (
    java_class_path,
    judge_by_bergshamra,
    judge_by_java,
    judge_by_python_xmlsec,
    judge_by_xmlsec1,
)

from vnedoc.conformance import to_pem
from vnedoc.dsig import check_signatures
from vnedoc.model import Blob, Conclusion, Level, SignatureAlgorithm, Wire
from vnedoc.signing import (
    CommitmentType,
    KeySigner,
    ProductionPlace,
    SignaturePolicy,
    XmlForm,
    counter_sign_xml,
    sign_xml,
)
from vnedoc.xml import C14N, C14N_11, C14N_11_COMMENTS, C14N_METHODS, EXC_C14N, parse

pytestmark = [pytest.mark.peer, pytest.mark.slow]

DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<!-- trước --><h:Ho xmlns:h="urn:thu" xmlns="urn:mac-dinh"
 xmlns:k="urn:khac" xml:lang="vi" xml:space="preserve">
<h:Phan Id="phan-1" k:a="1"><!-- chú thích --><Ruot xmlns=""> nội dung &amp; <k:b/> </Ruot></h:Phan>\r
<Ky xml:id="cho-ky"><Cho>1</Cho></Ky></h:Ho>
""".encode()
CONTENT = bytes(range(256)) * 3
PARENT = ("Ho", "Ky", "Cho")

PACKAGINGS = {
    "whole": {},
    "part": {"reference": "#phan-1"},
    "around-xml": {"packaging": "enveloping"},
    "around-octets": {"packaging": "enveloping", "octets": True},
    "beside": {"packaging": "detached", "reference": "noi-dung.bin"},
}
PEERS = ("jdk", "santuario", "xmlsec1", "python-xmlsec", "bergshamra")
COMBINATIONS = list(itertools.product(PACKAGINGS, sorted(C14N_METHODS), SignatureAlgorithm))

OLD = ("xmlsec1", "santuario")
NO_ALGORITHM = {
    **{(peer, "rsa-pss"): "knows no RSASSA-PSS by these names" for peer in OLD},
    **{(peer, "ed25519"): "knows no EdDSA" for peer in (*OLD, "python-xmlsec")},
    **{(peer, "ed448"): "knows no Ed448" for peer in (*OLD, "python-xmlsec", "bergshamra")},
    **{(peer, "ecdsa-sha3"): "knows ECDSA with SHA-2 alone" for peer in (*OLD, "jdk")},
}
"""Peer and family: why it does not judge it."""

XML_ID = "takes the xml:id of an ancestor down into a part, which C14N 1.1, clause 2.4 forbids"


def missing(peer, packaging, method, algorithm):
    """Give the reason why a peer does not accept a combination; ``None`` when it must."""
    family = algorithm.family
    if "ecdsa-sha3-" in algorithm.value:
        family = "ecdsa-sha3"
    reason = NO_ALGORITHM.get((peer, family))
    if reason is None and peer == "bergshamra" and packaging in ("whole", "part"):
        reason = XML_ID if method in (C14N_11, C14N_11_COMMENTS) else None
    return reason


@attrs.frozen
class Made:
    """What was made, and what each peer says of it: by peer and file."""

    folder: object
    files: dict
    verdicts: dict

    @property
    def peers(self):
        """The peers that are installed: in CI all of them."""
        return {peer for peer, found in self.verdicts.items() if found}

    def of(self, name):
        """Give the verdict of each peer that judged a file."""
        path = self.files[name]
        return {peer: found[path] for peer, found in self.verdicts.items() if path in found}


_WHEELS = ("xmlsec", "pybergshamra")
"""Peers in the group ``bench``, which have wheels up to Python 3.13."""


@pytest.fixture(scope="module")
def credentials(pki):
    kinds = {
        "rsa": "rsa2048",
        "ecdsa": "p256",
        "ed25519": "ed25519",
        "ed448": ed448.Ed448PrivateKey.generate(),
    }
    found = {family: pki.issue(f"Người ký {family}", key=key) for family, key in kinds.items()}
    return {**found, "rsa-pss": found["rsa"]}


@pytest.fixture(scope="module")
def made(tmp_path_factory, pki, credentials, peer):
    """Make all files, then start each peer once."""
    absent = [name for name in _WHEELS if find_spec(name) is None]
    absent += ["libxml-security-java"] if java_class_path() is None else []
    if absent and os.environ.get("VNEDOC_REQUIRE_PEERS") and sys.version_info < (3, 14):
        pytest.fail(f"required here and not installed: {', '.join(absent)}")
    folder = tmp_path_factory.mktemp("matrix")
    root = folder / "root.pem"
    root.write_bytes(to_pem(pki.root.der))
    (folder / "noi-dung.bin").write_bytes(CONTENT)
    (folder / "khac").mkdir()
    (folder / "khac" / "noi-dung.bin").write_bytes(CONTENT[:-1] + b"?")
    octets = dict(_all(folder, credentials))
    files = {}
    for number, (name, data) in enumerate(octets.items()):
        inside = folder / "khac" if name[-1] == "octets" and name[1] == "beside" else folder
        files[name] = inside / f"{number:04}.xml"
        files[name].write_bytes(data)
    every = list(files.values())
    judged = judge_by_java(peer("javac").removesuffix("c"), every)
    known = [files[name] for name in files if not _unknown_to_xmlsec1(name)]
    judged["xmlsec1"] = judge_by_xmlsec1(peer("xmlsec1"), known, root)
    judged["python-xmlsec"] = {} if "xmlsec" in absent else judge_by_python_xmlsec(every, root)
    judged["bergshamra"] = {} if "pybergshamra" in absent else judge_by_bergshamra(every, root)
    return Made(folder, files, judged)


def _unknown_to_xmlsec1(name):
    """It starts anew for each signature, so of what it does not know it is shown one of each family.

    Of the changed ones it sees those of one algorithm; the Python binding of its library sees all of them.
    """
    if name[0] == "mutated":
        return name[2:4] != (EXC_C14N, RSA)
    if name[0] != "matrix" or missing("xmlsec1", *name[1:]) is None:
        return False
    return name[1:3] != ("whole", EXC_C14N)


def _signer(credentials, algorithm):
    owner = credentials[algorithm.family]
    return KeySigner.from_key(owner.key, owner.der, owner.chain, algorithm=algorithm)


def _sign(folder, credentials, packaging, algorithm, **form):
    enveloped = packaging in ("whole", "part")
    wire = Wire.from_bytes(DOCUMENT)
    if packaging in ("around-octets", "beside"):
        wire = Wire.from_file(folder / "noi-dung.bin", "application/octet-stream")
    form = XmlForm(**PACKAGINGS[packaging], **form)
    signer = _signer(credentials, algorithm)
    return sign_xml(wire, signer, form=form, parent=PARENT if enveloped else None).read()


CLAIMS = {
    "policy": SignaturePolicy.of(
        "urn:oid:1.2.3.4.5",
        "Quy chế ký số thử nghiệm".encode(),
        description="Quy chế <thử> & nghiệm",
        uri="https://example.test/quy-che?a=1&b=2",
        notice='Chỉ để "thử"\r\n{value} {content}',
    ),
    "commitment": CommitmentType.PROOF_OF_APPROVAL,
    "roles": ("Chủ tịch <thử>", "Người ký & duyệt"),
    "place": ProductionPlace(city="Hà Nội", street="Số 1 phố Thử", postal_code="100000", country="VN"),
    "description": "Văn bản thử",
    "media_type": "application/xml",
    "encoding": "http://www.w3.org/2000/09/xmldsig#base64",
}
SINGLE = {
    **{f"digest {one}": {"digest": one} for one in ("sha384", "sha512", "sha3_256", "sha3_384", "sha3_512")},
    **{f"plain {one}": {"xades": False, "canonicalization": one} for one in (EXC_C14N, C14N)},
    "bare key": {"key_value": True},
    "named value": {"value_id": True},
    "claims": CLAIMS,
    "claims inclusive": {**CLAIMS, "canonicalization": C14N},
    "implied policy": {"policy": SignaturePolicy.implied()},
}
RSA, ECDSA, ED = (
    SignatureAlgorithm.RSA_SHA256,
    SignatureAlgorithm.ECDSA_SHA256,
    SignatureAlgorithm.ED25519,
)
MUTATED = list(itertools.product(PACKAGINGS, (EXC_C14N, C14N), (RSA, ECDSA, ED)))


def _all(folder, credentials):
    for packaging, method, algorithm in COMBINATIONS:
        digest = algorithm.hash_name or "sha512"
        more = {"canonicalization": method, "digest": digest}
        yield (
            ("matrix", packaging, method, algorithm),
            _sign(folder, credentials, packaging, algorithm, **more),
        )
    for (name, form), packaging, algorithm in itertools.product(
        SINGLE.items(), ("whole", "around-octets"), (RSA, ECDSA, ED)
    ):
        yield (name, packaging, algorithm), _sign(folder, credentials, packaging, algorithm, **form)
    yield from _several(folder, credentials)
    for packaging, method, algorithm in MUTATED:
        good = _sign(folder, credentials, packaging, algorithm, canonicalization=method)
        for kind, changed in _mutations(packaging, good):
            yield ("mutated", packaging, method, algorithm, kind), changed


def _several(folder, credentials):
    first, second, third = (_signer(credentials, one) for one in (RSA, ECDSA, RSA))
    for method in (EXC_C14N, C14N, C14N_11):
        form = {"canonicalization": method}
        wire = Wire.from_bytes(DOCUMENT.replace(b"<Cho>1</Cho>", b"<Cho Id='phan-2'>1</Cho>"))
        wire = sign_xml(wire, first, form=XmlForm(reference="#phan-1", **form), parent=("Ho", "Ky"))
        both = sign_xml(wire, second, form=XmlForm(reference="#phan-2", **form))
        yield ("two parts", method), both.read()
        for style, packaging in itertools.product(("property", "separate"), ("whole", "part", "beside")):
            data = _sign(folder, credentials, packaging, RSA, **form)
            name = next(iter(parse(data).root.iter("{*}Signature"))).get("Id")
            more = {"signature_id": name, "style": style, "form": XmlForm(**form)}
            once = counter_sign_xml(Wire.from_bytes(data), second, **more)
            yield ("counter", style, packaging, method), once.read()
            twice = counter_sign_xml(once, third, **more)
            yield ("counter twice", style, packaging, method), twice.read()


def _mutations(packaging, good):
    digest = good.index(b"DigestValue>") + len(b"DigestValue>")
    yield (
        "SignedInfo",
        good[:digest] + (b"B" if good[digest : digest + 1] == b"A" else b"A") + good[digest + 1 :],
    )
    time = good.index(b"SigningTime>20")
    yield "SignedProperties", good[: time + 12] + b"1" + good[time + 13 :]
    if packaging == "around-octets":
        at = good.rindex(b"</ds:Object>") - 300
        yield "octets", good[:at] + (b"B" if good[at : at + 1] == b"A" else b"A") + good[at + 1 :]
    elif packaging == "beside":
        yield "octets", good
    else:
        yield "octets", good.replace("nội dung".encode(), "nội dunh".encode())


def _core(path):
    document = parse(path.read_bytes())
    return check_signatures(document, LIMITS, resolver=lambda uri: Blob.from_file(path.with_name(uri or "")))


@pytest.mark.parametrize("packaging", PACKAGINGS)
@pytest.mark.parametrize("method", sorted(C14N_METHODS))
def test_every_peer_that_knows_it_accepts_it(made, packaging, method):
    for algorithm in SignatureAlgorithm:
        seen = made.of(("matrix", packaging, method, algorithm))
        expected = {one for one in seen if missing(one, packaging, method, algorithm) is None}
        assert {one for one, verdict in seen.items() if verdict == "valid"} == expected, (algorithm, seen)
        assert seen.keys() >= made.peers - {"xmlsec1"}
        (core,) = _core(made.files["matrix", packaging, method, algorithm])
        assert (core.conclusion, core.level) == (Conclusion.PASSED, Level.B_B), core.findings


def test_no_combination_is_without_a_peer(made):
    """Ed448 in all its forms, and ECDSA with SHA-3, stand on one or two peers; nothing stands on none."""
    if made.peers != set(PEERS):
        pytest.skip("not every peer is installed")
    judges = {}
    for name in COMBINATIONS:
        verdicts = made.of(("matrix", *name))
        judges.setdefault(tuple(sorted(k for k, v in verdicts.items() if v == "valid")), []).append(name)
    assert () not in judges, judges.get(())
    accepted = sum(len(names) for names in judges.values())
    assert figures("combinations that we make") == (len(COMBINATIONS), accepted, 0)
    lonely = {(who[0], one.value) for who, names in judges.items() if len(who) == 1 for _, _, one in names}
    assert lonely == LONELY


LONELY = {
    ("jdk", "ed448"),
    *(("python-xmlsec", f"ecdsa-sha3-{size}") for size in (256, 384, 512)),
    ("jdk", "ed25519"),
}
"""What only one peer accepts in one or more packagings: with C14N 1.1, where Bergshamra is wrong."""


@pytest.mark.parametrize("name", SINGLE)
def test_each_property_is_accepted(made, name):
    for packaging, algorithm in itertools.product(("whole", "around-octets"), (RSA, ECDSA, ED)):
        seen = made.of((name, packaging, algorithm))
        expected = {one for one in made.peers if missing(one, packaging, EXC_C14N, algorithm) is None}
        expected -= {"xmlsec1"} if name.startswith("digest sha3_") else set()
        assert {one for one, verdict in seen.items() if verdict == "valid"} == expected, (algorithm, seen)


def test_every_signature_keeps_the_published_schemas(made):
    """XMLDSig 1.0 and XAdES 1.3.2 as the W3C and ETSI publish them; signxml has them with it."""
    signxml = pytest.importorskip("signxml")
    folder = Path(signxml.__file__).parent / "xades" / "schemas"
    schema = etree.XMLSchema(file=str(folder / "XAdES01903v132-201601.xsd"))
    for name, path in made.files.items():
        for signature in etree.parse(str(path)).iter("{*}Signature"):
            # by itself, since of the documents that it stands in there is no schema
            alone = etree.fromstring(etree.tostring(signature, with_tail=False))
            assert schema.validate(alone), (name, schema.error_log.last_error)


def test_several_signatures_are_accepted(made):
    rows = [name for name in made.files if name[0] in ("two parts", "counter", "counter twice")]
    assert len(rows) == 3 * (1 + 2 * 2 * 3)
    for name in rows:
        seen = made.of(name)
        expected = made.peers - ({"bergshamra"} if name[-1] == C14N_11 and "beside" not in name else set())
        assert {one for one, verdict in seen.items() if verdict == "valid"} == expected, (name, seen)
        for core in _core(made.files[name]):
            assert core.conclusion is Conclusion.PASSED, (name, core.findings)


@pytest.mark.parametrize("kind", ["octets", "SignedInfo", "SignedProperties"])
def test_what_was_changed_is_refused(made, kind):
    """A byte in the octets, in SignedInfo or in SignedProperties (XMLDSig 1.1, clause 3.2)."""
    for packaging, method, algorithm in MUTATED:
        good = made.of(("matrix", packaging, method, algorithm))
        seen = made.of(("mutated", packaging, method, algorithm, kind))
        accepting = {one for one, verdict in good.items() if verdict == "valid"}
        assert accepting
        assert not [one for one in accepting & seen.keys() if seen[one] == "valid"], (packaging, seen)
        assert seen["jdk"] == "invalid"
        (core,) = _core(made.files["mutated", packaging, method, algorithm, kind])
        assert core.conclusion is Conclusion.FAILED, (packaging, core.findings)


def test_signxml_takes_what_it_knows(person):
    """It reads one enveloped signature with exclusive canonicalisation, and its digests are right there."""
    signxml = pytest.importorskip("signxml")
    config = signxml.SignatureConfiguration(expect_references=2)
    for digest in ("sha256", "sha384", "sha512", "sha3_256"):
        signed = sign_xml(edxml_wire(), person.signer(), form=XmlForm(digest=digest)).read()
        pem = to_pem(person.der).decode()
        found = signxml.XMLVerifier().verify(signed, x509_cert=pem, expect_config=config)
        assert len(found) == 2
