"""Levels above B-B through the front door: signing, raising, large files, an archive of the time of SHA-1."""

import datetime as dt
import itertools
import os
import random

import attrs
import pytest
from level_builders import only_added
from old_archive import TODAY, old_document, write_archive

import vnedoc
from vnedoc.conformance import FakePki, FakeTsa
from vnedoc.errors import ConfigError, FileError, SigningError
from vnedoc.model import Evidence, Level, SubIndication, TimeSource
from vnedoc.signing import XmlForm
from vnedoc.workflow import (
    augment_file,
    open_sealed,
    sign_edxml,
    sign_edxml_file,
    signed_parts,
    unsealed,
)

AT = dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)
LEVELS = ("B-T", "B-LT", "B-LTA")
IN_2035 = dt.datetime.fromisoformat("2035-01-01T00:00:00+07:00")


class Counting:
    """A key that tells how often it signed."""

    def __init__(self, signer):
        self.certificate, self.chain, self.algorithm = signer.certificate, signer.chain, signer.algorithm
        self._signer, self.times = signer, 0

    def sign(self, octets):
        self.times += 1
        return self._signer.sign(octets)


@pytest.fixture(scope="module")
def tsa(office):
    return FakeTsa(office.pki, at=AT)


@pytest.mark.parametrize("level", LEVELS)
def test_sign_xml_at_once(office, tsa, level):
    wire = vnedoc.sign_xml(
        b"<a>\n<b/></a>",
        office.signer,
        level=level,
        signing_time=AT,
        timestamper=tsa,
        policy=office.policy,
    )
    report = vnedoc.verify(wire, office.policy).require()
    (signature,) = report.signatures
    assert (signature.level.value, signature.time_source) == (level, TimeSource.TIMESTAMP)
    assert signature.signing_time == AT


def test_the_steps_add_up_and_change_nothing(office, tsa):
    first = vnedoc.sign_xml(b"<a><b/></a>", office.signer, signing_time=AT)
    seen = [first.read()]
    for level in LEVELS:
        wire = vnedoc.augment(seen[-1], office.policy, level=level, timestamper=tsa)
        assert vnedoc.verify(wire, office.policy).signatures[0].level.value == level
        seen.append(wire.read())
    for before, after in itertools.pairwise(seen):
        assert only_added(before, after)


def test_a_seal_keeps_its_shape(office, tsa):
    sealed = sign_edxml(
        unsealed(office.envelope()),
        office.signer,
        level="B-LTA",
        signing_time=AT,
        timestamper=tsa,
        policy=office.policy,
    )
    received = open_sealed(sealed, office.policy)
    assert received.evidence is Evidence.PROVEN
    assert received.report.signatures[0].level is Level.B_LTA


def test_from_file_to_file_is_the_same(office, tmp_path):
    noise = random.Random(7).randbytes(3_000_000)
    sealed = vnedoc.seal(office.envelope(("a.bin", noise)), office.signer, signing_time=AT)
    sealed.save(tmp_path / "sealed.edxml")
    # an authority numbers its tokens, so each way gets one of its own; RSA signs the same way twice
    credential = office.pki.issue_tsa(key="rsa2048")
    small, large = (FakeTsa(office.pki, credential=credential, at=AT) for _ in range(2))
    in_memory = vnedoc.augment(sealed, office.policy, level="B-T", timestamper=small)
    in_file = augment_file(
        tmp_path / "sealed.edxml", office.policy, tmp_path / "out", level="B-T", timestamper=large
    )
    assert (tmp_path / "out").read_bytes() == in_memory.read()
    assert in_file.digest == in_memory.digest
    assert vnedoc.verify(in_file, office.policy).require().signatures[0].level is Level.B_T


def test_seal_and_raise_from_file_to_file(office, tsa, tmp_path):
    unsealed(office.envelope(("a.bin", bytes(2_000_000)))).save(tmp_path / "in")
    sign_edxml_file(
        tmp_path / "in",
        office.signer,
        tmp_path / "out",
        level="B-LTA",
        signing_time=AT,
        timestamper=tsa,
        policy=office.policy,
    )
    assert vnedoc.verify(tmp_path / "out", office.policy).require().signatures[0].level is Level.B_LTA
    assert sorted(os.listdir(tmp_path)) == ["in", "out"]


@pytest.mark.parametrize(
    "more",
    [{"level": "B-T"}, {"level": "B-LT", "policy": None}, {"level": "B-X"}],
    ids=["no authority", "no policy", "no such level"],
)
@pytest.mark.parametrize("sign", [vnedoc.sign_xml, sign_edxml])
def test_what_is_missing_is_said_before_the_key_signs(office, tsa, sign, more):
    key = Counting(office.signer)
    with_tsa = {} if more["level"] == "B-T" else {"timestamper": tsa}
    with pytest.raises(ConfigError) as caught:
        sign(unsealed(office.envelope()), key, **with_tsa, **more)
    assert caught.value.code == "VND-SIGN-086"
    assert key.times == 0


def test_only_xml_is_raised(office, tsa, tmp_path):
    with pytest.raises(ConfigError) as caught:
        vnedoc.augment(office.signed_pdf(), office.policy, timestamper=tsa)
    assert caught.value.code == "VND-FLOW-025"
    with pytest.raises(FileError):
        vnedoc.augment(tmp_path / "none", office.policy, timestamper=tsa)
    with pytest.raises(SigningError) as unsigned:
        vnedoc.augment(b"<a/>", office.policy, timestamper=tsa)
    assert unsigned.value.code == "VND-SIGN-080"


def test_nothing_is_left_where_raising_fails(office, tmp_path):
    liar = FakeTsa(office.pki, at=AT, fault="imprint")
    sealed = vnedoc.seal(office.envelope(), office.signer, signing_time=AT)
    with pytest.raises(SigningError) as caught:
        augment_file(sealed, office.policy, tmp_path / "out", level="B-T", timestamper=liar)
    assert caught.value.code == "VND-SIGN-084"
    assert os.listdir(tmp_path) == []


def test_signed_parts(office):
    octets = b"<a><!-- x --><b z='1' y=\"2\"/>\r\n</a>"
    first, second = signed_parts(vnedoc.sign_xml(octets, office.signer, signing_time=AT))
    assert first.octets == b'<a><b y="2" z="1"></b>\n</a>'
    assert (first.signature, first.uri, first.node) == ("signature-1", "", "/a")
    assert second.type == "http://uri.etsi.org/01903#SignedProperties"
    covers = vnedoc.verify(vnedoc.sign_xml(octets, office.signer, signing_time=AT), office.policy)
    assert covers.signatures[0].covers[0].octets == len(first.octets)


def test_what_is_not_proven_is_no_signed_part(office):
    signed = vnedoc.sign_xml(b"<a><b/></a>", office.signer, signing_time=AT).read()
    assert [one.node for one in signed_parts(signed.replace(b"<b/>", b"<c/>"))][:1] != ["/a"]
    value = signed.index(b"<SignatureValue>") + 20
    broken = signed[:value] + (b"A" if signed[value : value + 1] != b"A" else b"B") + signed[value + 1 :]
    assert signed_parts(broken) == ()


def test_a_detached_signature_needs_its_content(office):
    content = vnedoc.Wire.from_bytes(b"\x00\x01 any octets")
    form = XmlForm(packaging="detached", reference="report.bin", media_type="application/octet-stream")
    signature = vnedoc.sign_xml(content, office.signer, signing_time=AT, form=form)
    asked = []

    def resolver(uri):
        asked.append(uri)
        return content.blob if uri == "report.bin" else None

    report = vnedoc.verify(signature, office.policy, resolver=resolver).require()
    assert asked == ["report.bin"]
    assert report.signatures[0].covers[0].node == "report.bin"
    assert signed_parts(signature, resolver=resolver)[0].octets == content.read()
    assert not vnedoc.verify(signature, office.policy).passed
    other = vnedoc.Blob.from_bytes(b"\x00\x02 any octets")
    changed = vnedoc.verify(signature, office.policy, resolver=lambda _: other)
    assert changed.sub_indication is SubIndication.HASH_FAILURE


@pytest.mark.parametrize("octets", [True, False])
def test_an_enveloping_signature_is_the_whole_document(office, octets):
    form = XmlForm(packaging="enveloping", octets=octets)
    signed = vnedoc.sign_xml(b"<a><b/></a>", office.signer, signing_time=AT, form=form)
    assert vnedoc.verify(signed, office.policy).passed
    foreign = signed.read().replace(b"</ds:Signature>", b"<ds:Object><c/></ds:Object></ds:Signature>")
    codes = {one.code for one in vnedoc.verify(foreign, office.policy).all_findings()}
    assert codes == {"VND-SIG-013"}
    beside = b"<r>" + signed.read().partition(b"?>\n")[2] + b"<c/></r>"
    assert "VND-SIG-102" in {one.code for one in vnedoc.verify(beside, office.policy).all_findings()}


# --- the archive --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    write_archive(folder)
    return folder


@attrs.frozen
class Then:
    """The document, and policies for today and for 2035."""

    document: vnedoc.Wire
    today: vnedoc.Policy
    later: vnedoc.Policy
    authority: FakeTsa


@pytest.fixture(scope="module")
def then(archive):
    new = FakePki.create(at=TODAY)
    credential = new.issue_tsa(not_after=dt.datetime(2036, 1, 1, tzinfo=dt.UTC))
    old_trust = vnedoc.TrustStore.from_paths(archive / "trust")
    lists = vnedoc.RevocationStore.from_paths(archive / "crl")
    trust = vnedoc.TrustStore.from_der([*old_trust.anchors(), new.root.der])
    day = dt.timedelta(days=1)
    return Then(
        vnedoc.Wire.from_file(archive / "document.xml"),
        vnedoc.Policy.strict(
            trust=trust, revocation=vnedoc.RevocationStore.from_der([*lists.crls(), *new.crls()]), at=TODAY
        ),
        vnedoc.Policy.strict(
            trust=trust,
            revocation=vnedoc.RevocationStore.from_der(new.crls(IN_2035 - day, IN_2035 + 30 * day)),
            at=IN_2035,
        ),
        FakeTsa(new, credential=credential, chain=True),
    )


def test_an_old_signature_before_and_after(then):
    assert vnedoc.verify(then.document, then.today).passed
    before = vnedoc.verify(then.document, then.later)
    assert before.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE
    raised = vnedoc.augment(then.document, then.today, timestamper=then.authority)
    after = vnedoc.verify(raised, then.later).require().signatures[0]
    assert (after.level, after.time_source) == (Level.B_LTA, TimeSource.TIMESTAMP)
    assert after.signing_time.year == 2017


def test_without_its_time_stamp_sha_1_is_not_taken(then, archive):
    pki = FakePki.create(at=dt.datetime(2017, 1, 16, 2, tzinfo=dt.UTC))
    document = old_document(pki, stamp=False)
    trust = vnedoc.TrustStore.from_der([pki.root.der])
    crls = vnedoc.RevocationStore.from_der(pki.crls())
    at_the_time = vnedoc.Policy.strict(trust=trust, revocation=crls, at=pki.at)
    report = vnedoc.verify(document, at_the_time)
    assert report.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE


@pytest.mark.parametrize(
    "name",
    [b"DigestValue", b"SignatureValue", b"EncapsulatedX509Certificate", b"EncapsulatedCRLValue", b"</VanBan"],
)
def test_a_changed_archive_proves_nothing(then, name):
    raised = vnedoc.augment(then.document, then.today, timestamper=then.authority).read()
    covered = raised if name == b"</VanBan" else raised[: raised.index(b":ArchiveTimeStamp")]
    at = covered.rindex(b"</", 0, covered.rindex(name)) - 6
    changed = raised[:at] + (b"B" if raised[at : at + 1] == b"A" else b"A") + raised[at + 1 :]
    assert not vnedoc.verify(changed, then.later).passed
