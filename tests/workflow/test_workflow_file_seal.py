"""Sealing from files to a file: the octets of ``seal``, whole or not at all, in constant memory."""

import base64
import datetime as dt
import hashlib
import json
import os
import re
import sys

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from memory_peak import growth

import vnedoc
from vnedoc.conformance import FakePki
from vnedoc.errors import ConfigError, FileError, InputError, LimitExceeded, SigningError, StateMismatch
from vnedoc.model import Blob, Conclusion, Limits, Party, ResponseFor, StatusCode, UnknownElement, Wire
from vnedoc.signing import PublicIdentity, SigningState
from vnedoc.workflow import (
    complete,
    complete_seal_file,
    prepare_seal,
    prepare_seal_file,
    seal,
    seal_file,
    sign_edxml,
    sign_edxml_file,
    unsealed,
)

AT = dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)
BIG = hashlib.shake_128(b"to").digest(1_000_001)


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def message(office, tmp_path):
    """Give a message with a small and a large attachment, both files."""
    files = {"cv.pdf": office.signed_pdf().read(), "to.bin": BIG}
    for name, octets in files.items():
        (tmp_path / name).write_bytes(octets)
    return office.envelope(
        attachments=tuple(
            vnedoc.Attachment(name=name, blob=Blob.from_file(tmp_path / name), content_id=name[:2])
            for name in files
        )
    )


def in_memory(message):
    """Give the same message with its contents in memory."""
    return attrs.evolve(
        message,
        attachments=tuple(
            attrs.evolve(one, blob=Blob.from_bytes(one.blob.read())) for one in message.attachments
        ),
    )


# --- in one step ----------------------------------------------------------------------------------


def test_the_file_is_what_seal_gives(office, message, out):
    wire = seal_file(message, office.signer, out / "a.edxml", signing_time=AT)
    expected = seal(in_memory(message), office.signer, signing_time=AT)
    assert (out / "a.edxml").read_bytes() == expected.read()
    assert (wire.digest, wire.size, wire.content_type) == (
        expected.digest,
        expected.size,
        expected.content_type,
    )
    assert os.listdir(out) == ["a.edxml"]
    report = vnedoc.verify(wire, office.policy)
    assert report.conclusion is Conclusion.PASSED, report.findings
    assert [one.where for one in report.signatures] == ["envelope", "attachment:cv"]


def test_a_status_is_sealed_too(office, out):
    status = vnedoc.StatusMessage(
        sender=Party("H99.2", "Sở Thử nghiệm B"),
        response_for=ResponseFor(organ_id="H99.1", code="15/STNA-VP", date=AT.date(), document_id="H99.1,15"),
        code=StatusCode.RECEIVED,
        description="Đã đến",
        timestamp=AT,
    )
    wire = seal_file(status, office.signer, out / "a.edxml", signing_time=AT)
    assert wire.read() == seal(status, office.signer, signing_time=AT).read()


def outcome(call):
    """Give the octets, or the code of the refusal."""
    try:
        return call().read()
    except vnedoc.VnedocError as error:
        return error.code


_TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co"))
    | st.sampled_from("ăđơư<>&'\"]\t\n\r"),
    min_size=1,
    max_size=20,
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=50,
)
@given(
    subject=_TEXTS,
    contents=st.lists(st.binary(min_size=1, max_size=50), max_size=3),
    unknown=st.sampled_from(
        ["<a/>", "<a xmlns='urn:a' b='&#13;'>\r\n<!-- --></a>", "<x:y xmlns:x='urn:x'/>"]
    ),
    parent=st.sampled_from(["", "edXMLEnvelope", "edXMLEnvelope/edXMLHeader"]),
)
def test_every_message_gives_the_octets_of_seal(office, out, subject, contents, unknown, parent):
    plain = office.envelope(
        *((f"{number}.bin", data) for number, data in enumerate(contents)),
        subject=f"V/v {subject}",
        unknown=(UnknownElement(parent=parent, after=None, xml=unknown),),
    )
    expected = outcome(lambda: seal(plain, office.signer, signing_time=AT))
    assert outcome(lambda: seal_file(plain, office.signer, out / "a.edxml", signing_time=AT)) == expected


# --- in two steps ---------------------------------------------------------------------------------


def identity_of(signer):
    return PublicIdentity(certificate=signer.certificate, chain=signer.chain, algorithm=signer.algorithm)


def test_two_steps_give_the_same_file(office, message, out):
    prepared = prepare_seal_file(message, identity_of(office.signer), signing_time=AT)
    assert os.listdir(out) == []
    state = prepared.state.to_json()
    assert len(state) < 20_000
    complete_seal_file(message, state, office.signer.sign(prepared.to_be_signed), out / "a.edxml")
    expected = seal(in_memory(message), office.signer, signing_time=AT)
    assert (out / "a.edxml").read_bytes() == expected.read()


def test_the_state_is_that_of_the_form_in_memory(office, message, out):
    """So one of the steps may be done in memory."""
    signer = office.signer
    wire, prepared = prepare_seal(message, identity_of(signer), signing_time=AT)
    assert prepare_seal_file(message, identity_of(signer), signing_time=AT) == prepared
    value = signer.sign(prepared.to_be_signed)
    complete_seal_file(message, prepared.state, value, out / "a.edxml")
    assert (out / "a.edxml").read_bytes() == complete(wire, prepared.state, value).read()


def test_another_message_is_refused(office, message, out):
    signer = office.signer
    state = prepare_seal_file(message, signer, signing_time=AT).state
    value = signer.sign(state.to_be_signed)
    (_, large) = message.attachments
    other = bytes([BIG[0] ^ 1]) + BIG[1:]
    for changed in (
        attrs.evolve(message, subject="V/v thừ"),
        attrs.evolve(message, attachments=message.attachments[::-1]),
        attrs.evolve(message, attachments=message.attachments[:1]),
        attrs.evolve(
            message,
            attachments=(
                message.attachments[0],
                attrs.evolve(large, blob=Blob.from_bytes(other)),
            ),
        ),
    ):
        with pytest.raises(StateMismatch) as caught:
            complete_seal_file(changed, state, value, out / "a.edxml")
        assert caught.value.code == "VND-SIGN-010"
    assert os.listdir(out) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"parts": {}}, "VND-SIGN-043"),
        ({"format": "pdf"}, "VND-SIGN-043"),
        ({"to_be_signed": b"else"}, "VND-SIGN-043"),
        ({"offset": "9" * 5000}, "VND-SIGN-043"),
        ({"offset": "9" * 17}, "VND-SIGN-046"),
        ({"offset": "20000"}, "VND-SIGN-046"),
        ({"removed": "2"}, "VND-SIGN-046"),
    ],
)
def test_a_state_that_was_changed_is_refused(office, message, out, changes, code):
    state = prepare_seal_file(message, office.signer, signing_time=AT).state
    value = office.signer.sign(state.to_be_signed)
    if changes.keys() <= {"offset", "removed"}:
        changes = {"parts": {**state.parts, **changes}}
    with pytest.raises(StateMismatch) as caught:
        complete_seal_file(message, attrs.evolve(state, **changes), value, out / "a.edxml")
    assert caught.value.code == code
    assert os.listdir(out) == []


def test_what_is_no_state_and_no_message(office, message, out):
    state = prepare_seal_file(message, office.signer, signing_time=AT).state
    with pytest.raises(InputError) as caught:
        complete_seal_file(message, json.dumps({"schema": "none"}), b"", out / "a.edxml")
    assert caught.value.code == "VND-SIGN-011"
    for wrong in (None, b"<edXML/>", Wire.from_bytes(b"<edXML/>")):
        for call in (
            lambda wrong=wrong: complete_seal_file(wrong, state, b"", out / "a.edxml"),
            lambda wrong=wrong: seal_file(wrong, office.signer, out / "a.edxml"),
            lambda wrong=wrong: prepare_seal_file(wrong, office.signer, signing_time=AT),
        ):
            with pytest.raises(InputError) as caught:
                call()
            assert caught.value.code == "VND-FLOW-024"
    assert os.listdir(out) == []


# --- whole or not at all --------------------------------------------------------------------------


@attrs.define
class Meddling:
    """A signer during whose work a file changes, or who fails."""

    inner: object
    during: object

    @property
    def certificate(self):
        return self.inner.certificate

    @property
    def chain(self):
        return self.inner.chain

    @property
    def algorithm(self):
        return self.inner.algorithm

    def sign(self, data):
        self.during()
        return self.inner.sign(data)


class Early(Meddling):
    """The file changes while the signature is built."""

    @property
    def chain(self):
        self.during()
        return self.inner.chain

    def sign(self, data):
        return self.inner.sign(data)


def fail():
    raise SigningError("VND-SIGN-004", "the key is gone")


def test_a_file_that_changes_between_the_passes(office, message, out):
    path = message.attachments[1].blob.path
    (out / "a.edxml").write_bytes(b"as it was")
    meddling = Meddling(office.signer, lambda: path.write_bytes(BIG[:-1] + b"\0"))
    with pytest.raises(FileError) as caught:
        seal_file(message, meddling, out / "a.edxml", signing_time=AT)
    assert (caught.value.code, caught.value.path) == ("VND-IO-003", str(path))
    assert os.listdir(out) == ["a.edxml"]
    assert (out / "a.edxml").read_bytes() == b"as it was"


def test_a_file_that_has_changed_before_uses_no_key(office, message, out):
    message.attachments[1].blob.path.write_bytes(BIG + b"\0")
    for call in (
        lambda: seal_file(message, Meddling(office.signer, fail), out / "a.edxml", signing_time=AT),
        lambda: prepare_seal_file(message, office.signer, signing_time=AT),
    ):
        with pytest.raises(FileError) as caught:
            call()
        assert caught.value.code == "VND-IO-003"
    assert os.listdir(out) == []


def test_a_file_that_changes_between_the_steps(office, message, out):
    state = prepare_seal_file(message, office.signer, signing_time=AT).state
    value = office.signer.sign(state.to_be_signed)
    message.attachments[1].blob.path.write_bytes(BIG[::-1])
    with pytest.raises(FileError) as caught:
        complete_seal_file(message, state, value, out / "a.edxml")
    assert caught.value.code == "VND-IO-003"
    assert os.listdir(out) == []


def test_a_signer_that_fails(office, message, out):
    with pytest.raises(SigningError) as caught:
        seal_file(message, Meddling(office.signer, fail), out / "a.edxml", signing_time=AT)
    assert caught.value.code == "VND-SIGN-004"
    wrong = Meddling(office.signer, lambda: None)
    wrong.inner = attrs.make_class("Wrong", ["certificate", "chain", "algorithm"])(
        office.signer.certificate, office.signer.chain, office.signer.algorithm
    )
    type(wrong.inner).sign = lambda _self, _data: b"\0" * 256
    with pytest.raises(SigningError) as caught:
        seal_file(message, wrong, out / "a.edxml", signing_time=AT)
    assert caught.value.code == "VND-SIGN-042"
    assert os.listdir(out) == []


def test_a_full_disk(office, message, out, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError) as caught:
        seal_file(message, office.signer, out / "a.edxml")
    assert caught.value.code == "VND-IO-002"
    assert os.listdir(out) == []


def test_an_existing_file(office, message, out):
    (out / "a.edxml").write_bytes(b"as it was")
    with pytest.raises(FileError) as caught:
        seal_file(message, office.signer, out / "a.edxml", replace=False)
    assert caught.value.code == "VND-IO-004"
    state = prepare_seal_file(message, office.signer, signing_time=AT).state
    value = office.signer.sign(state.to_be_signed)
    with pytest.raises(FileError):
        complete_seal_file(message, state, value, out / "a.edxml", replace=False)
    assert os.listdir(out) == ["a.edxml"]
    assert (out / "a.edxml").read_bytes() == b"as it was"
    assert complete_seal_file(message, state, value, out / "a.edxml").size > 1_000_000


# --- what is refused before the key is used -------------------------------------------------------


def test_refusals_are_those_of_seal(office, message, out):
    header = "edXMLEnvelope/edXMLHeader"
    foreign = '<d:Signature xmlns:d="http://www.w3.org/2000/09/xmldsig#"/>'
    pki = FakePki.create(at=AT)
    expired = pki.issue("Hết hạn", not_after=AT - dt.timedelta(days=1)).signer()
    signed = (UnknownElement(parent=header, after=None, xml=foreign),)
    for changes, signer, time, code in (
        ({"receivers": ()}, office.signer, AT, "VND-FLOW-020"),
        ({"unknown": signed}, office.signer, AT, "VND-SIGN-041"),
        ({"content": "dài " * 300_000}, office.signer, AT, "VND-XML-010"),
        ({}, office.signer, AT.replace(tzinfo=None), "VND-SIGN-040"),
        ({}, expired, AT, "VND-SIGN-015"),
        ({}, "p12:khoa.p12", AT, "VND-SIGN-017"),
    ):
        changed = attrs.evolve(message, **changes)
        with pytest.raises(vnedoc.VnedocError) as caught:
            seal_file(changed, signer, out / "a.edxml", signing_time=time)
        with pytest.raises(vnedoc.VnedocError) as expected:
            seal(changed, signer, signing_time=time)
        assert caught.value.code == expected.value.code == code
        assert caught.value.facts == expected.value.facts
    assert os.listdir(out) == []


def test_limits_of_the_receiver(office, message, out):
    for limits in (Limits(file_bytes=1_000_000), Limits(attachments=1)):
        with pytest.raises(LimitExceeded) as caught:
            seal_file(message, Meddling(office.signer, fail), out / "a.edxml", limits=limits)
        assert caught.value.code == "VND-EDX-085"
        with pytest.raises(LimitExceeded):
            prepare_seal_file(message, office.signer, signing_time=AT, limits=limits)


def test_an_attachment_is_not_replaced_by_its_message(office, message):
    blob = message.attachments[0].blob
    with pytest.raises(ConfigError) as caught:
        seal_file(message, office.signer, blob.path)
    assert caught.value.code == "VND-EDX-086"
    assert blob.read()


def test_the_state_holds_nothing_of_the_message(office, message):
    state = prepare_seal_file(message, office.signer, signing_time=AT).state.to_json()
    assert "STNA" not in state
    assert SigningState.from_json(state).document_size == unsealed(message).size


# --- a file that is written already ---------------------------------------------------------------


def wrapped(octets, line_end=b"\n", width=76):
    """Give base64 in lines."""
    text = base64.b64encode(octets)
    return line_end.join(text[start : start + width] for start in range(0, len(text), width))


def with_contents(message, *texts, header=b""):
    """Give a written message whose contents are these octets instead of its own."""
    given = iter(texts)
    data, number = re.subn(
        rb"(<(?:edXML:)?ContentTransferEncoded[^>]*>)([^<]*)(?=</)",
        lambda found: found[1] + next(given, found[2]),
        unsealed(message).read(),
    )
    assert number >= len(texts)
    made, number = re.subn(rb"edXMLHeader>", lambda found: found[0] + header, data, count=1)
    assert number == 1
    return made


_PLAIN = base64.b64encode(BIG)
_WRITTEN = {
    "one line": [_PLAIN],
    "lines": [wrapped(b"x" * 5000), wrapped(BIG)],
    "lines of Windows": [wrapped(BIG, b"\r\n"), wrapped(BIG[:9000], b"\r\n") + b"\r\n"],
    "lines of old Macs": [b"\r" + wrapped(BIG, b"\r"), wrapped(BIG[:9000], b"\r") + b"\r"],
    "all line ends": [wrapped(BIG[:300_000], b"\r\n\r\r\n \t")],
    "CRs at every place of a piece": [wrapped(BIG, b"\r\n", 63), wrapped(BIG, b"\r\n", 61)],
    "references": [b"&#13;" + wrapped(BIG[:30_000], b"&#13;\n"), _PLAIN],
    "CDATA": [b"<![CDATA[" + wrapped(BIG, b"\r\n") + b"]]>", _PLAIN],
    "comments": [wrapped(BIG[:90_000]) + b"<!-- ghi\r\n -->" + wrapped(BIG[:90_000], b"\r\n"), _PLAIN],
    "no base64": [b"*" * 70_000, _PLAIN],
    "wrong padding": [_PLAIN[:-1], _PLAIN],
    "short": [b"YQ=="],
    "empty": [b"", b""],
}


@pytest.mark.parametrize("name", _WRITTEN)
def test_a_written_file_is_sealed_as_it_is_in_memory(office, message, out, name):
    for header in (b"", "<!-- ư\r\n --><?x y\r\n?><m>&amp;&#13;\r\n<![CDATA[<&]]></m>".encode()):
        data = with_contents(message, *_WRITTEN[name], header=header)
        (out / "in").write_bytes(data)
        wire = sign_edxml_file(out / "in", office.signer, out / "a.edxml", signing_time=AT)
        expected = sign_edxml(data, office.signer, signing_time=AT).read()
        assert (out / "a.edxml").read_bytes() == expected
        assert (wire.digest, wire.size) == (f"sha256:{hashlib.sha256(expected).hexdigest()}", len(expected))
        assert sorted(os.listdir(out)) == ["a.edxml", "in"]


_DECOYS = (
    b"<!-- <ContentTransferEncoded>" + b"QUJD" * 2000 + b"</ContentTransferEncoded> -->",
    b"<ContentTransferEncoded xmlns=''>" + b"QUJD" * 2000 + b"</ContentTransferEncoded>",
    b"<ContentTransferEncoded xmlns=''>" + b"QUJD" * 2000 + b"<y/></ContentTransferEncoded>",
    b"<ContentTransferEncoded xmlns='' a='>'>" + b"QUJD\r\n" * 2000 + b"</ContentTransferEncoded>",
)


@pytest.mark.parametrize("decoy", _DECOYS)
def test_what_looks_like_a_content_is_covered_too(office, message, out, decoy):
    data = with_contents(message, _PLAIN, wrapped(BIG, b"\r\n"), header=decoy)
    (out / "in").write_bytes(data)
    sign_edxml_file(out / "in", office.signer, out / "a.edxml", signing_time=AT)
    assert (out / "a.edxml").read_bytes() == sign_edxml(data, office.signer, signing_time=AT).read()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=50,
)
@given(
    pieces=st.lists(
        st.sampled_from([b"\r", b"\n", b" ", b"\t", b"QUJD" * 2000, b"&#13;", b"&#81;", b"<!---->", b"QQ=="]),
        max_size=8,
    ),
    before=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    after=st.sampled_from([b"", b"\r\n<!-- x -->\r\n", b"<?x y?>"]),
)
def test_any_content_gives_the_octets_of_the_form_in_memory(office, out, pieces, before, after):
    message = office.envelope(("a", b"a"), ("b", b"b"))
    text = b"".join(pieces)
    data = before + with_contents(message, text, text + b"QUJD" * 1500) + after
    expected = outcome(lambda: sign_edxml(data, office.signer, signing_time=AT))
    (out / "in").write_bytes(data)
    assert outcome(lambda: sign_edxml_file(out / "in", office.signer, out / "a", signing_time=AT)) == expected
    wire = Wire.from_bytes(data)
    assert outcome(lambda: sign_edxml_file(wire, office.signer, out / "a", signing_time=AT)) == expected


def test_a_file_too_large_for_a_tree(office, message, out):
    """Only what is not base64 counts, and base64 that has markup in it."""
    limits = Limits(tree_bytes=100_000)
    data = with_contents(message, _PLAIN, wrapped(BIG, b"\r\n"))
    (out / "in").write_bytes(data)
    sign_edxml_file(out / "in", office.signer, out / "a.edxml", signing_time=AT, limits=limits)
    assert (out / "a.edxml").read_bytes() == sign_edxml(data, office.signer, signing_time=AT).read()
    (out / "in").write_bytes(with_contents(message, b"<![CDATA[" + _PLAIN + b"]]>"))
    with pytest.raises(LimitExceeded) as caught:
        sign_edxml_file(out / "in", office.signer, out / "b.edxml", limits=limits)
    assert caught.value.facts["limit"] == "tree_bytes"
    with pytest.raises(LimitExceeded) as caught:
        sign_edxml_file(out / "in", office.signer, out / "b.edxml", limits=Limits(file_bytes=1_000_000))
    assert caught.value.facts["limit"] == "file_bytes"
    assert sorted(os.listdir(out)) == ["a.edxml", "in"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7",
        b"<edXML>",
        b"<edXML/>",
        b"<edXML><edXMLEnvelope/></edXML>",
        b"<!DOCTYPE a><a/>",
        b"<a>\xff</a>",
    ],
)
def test_what_cannot_be_sealed(office, out, data):
    (out / "in").write_bytes(data)
    expected = outcome(lambda: sign_edxml(data, office.signer))
    assert expected.startswith("VND-")
    assert outcome(lambda: sign_edxml_file(out / "in", office.signer, out / "a.edxml")) == expected
    assert os.listdir(out) == ["in"]


def test_a_header_without_anything_is_opened(office, out):
    data = b"<edXML><edXMLEnvelope><edXMLHeader a='1' /></edXMLEnvelope></edXML>"
    (out / "in").write_bytes(data)
    expected = sign_edxml(data, office.signer, signing_time=AT).read()
    assert expected.startswith(b"<edXML><edXMLEnvelope><edXMLHeader a='1' ><Signature ")
    assert expected.endswith(b"</Signature></edXMLHeader></edXMLEnvelope></edXML>")
    sign_edxml_file(out / "in", office.signer, out / "a.edxml", signing_time=AT)
    assert (out / "a.edxml").read_bytes() == expected


def test_what_is_sealed_is_not_sealed_again(office, message, out):
    sealed = seal_file(message, office.signer, out / "a.edxml", signing_time=AT)
    for source in (sealed, out / "a.edxml", str(out / "a.edxml")):
        with pytest.raises(SigningError) as caught:
            sign_edxml_file(source, office.signer, out / "b.edxml", signing_time=AT)
        assert caught.value.code == "VND-SIGN-041"
    with pytest.raises(ConfigError) as caught:
        sign_edxml_file(out / "a.edxml", office.signer, out / "b.edxml", level="B-T")
    assert caught.value.code == "VND-SIGN-086"
    with pytest.raises(FileError) as caught:
        sign_edxml_file(out / "none", office.signer, out / "b.edxml")
    assert caught.value.code == "VND-IO-001"
    assert os.listdir(out) == ["a.edxml"]


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"QUJD", b"QUJE", 1),
        lambda data: data.replace(b"V/v", b"v/V", 1),
        lambda data: data[:-1],
        lambda data: data + b"\n",
        lambda data: b"",
    ],
    ids=["content", "text", "shorter", "longer", "empty"],
)
def test_a_written_file_that_changes_meanwhile(office, message, out, change):
    data = with_contents(message, b"QUJD" * 500_000)
    source = out / "in"
    for kind in (Early, Meddling):
        source.write_bytes(data)
        meddling = kind(office.signer, lambda: source.write_bytes(change(data)))
        with pytest.raises(FileError) as caught:
            sign_edxml_file(source, meddling, out / "a.edxml", signing_time=AT)
        assert caught.value.code == "VND-IO-003"
        assert os.listdir(out) == ["in"]


def test_a_wire_that_has_changed(office, message, out):
    wire = Wire(unsealed(message).save(out / "in") and Blob.from_file(out / "in"))
    (out / "in").write_bytes(unsealed(message).read() + b"\n")
    with pytest.raises(FileError) as caught:
        sign_edxml_file(wire, office.signer, out / "a.edxml", signing_time=AT)
    assert caught.value.code == "VND-IO-003"
    assert os.listdir(out) == ["in"]


# --- memory ---------------------------------------------------------------------------------------

_WORK = """
import datetime as dt
import vnedoc
from vnedoc import Attachment, Blob
from vnedoc.conformance import FakePki
from vnedoc.workflow import complete_seal_file, prepare_seal_file, seal_file, sign_edxml_file
from vnedoc.edxml import write_file
AT = dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)
signer = FakePki.create(at=AT, key="p256").issue("Sở Thử nghiệm A", key="p256").signer()

def work(name):
    message = vnedoc.Envelope(
        sender=vnedoc.Party("H99.1", "Sở Thử nghiệm A"),
        receivers=(vnedoc.Party("H99.2", "Sở Thử nghiệm B"),),
        document_id="H99.1,2026/11/22,15/STNA-VP",
        code=vnedoc.DocumentCode("15", "STNA-VP"),
        date=AT.date(),
        type=vnedoc.DocumentType("Công văn"),
        subject="V/v thử",
        attachments=(Attachment(name="a.bin", blob=Blob.from_file(f"{folder}/{name}"), content_id="a"),),
    )
    seal_file(message, signer, f"{folder}/{name}.edxml", signing_time=AT)
    state = prepare_seal_file(message, signer, signing_time=AT).state
    complete_seal_file(message, state, signer.sign(state.to_be_signed), f"{folder}/{name}.again")
    written = write_file(message, f"{folder}/{name}.plain")
    sign_edxml_file(written, signer, f"{folder}/{name}.third")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is asked of /proc")
def test_memory_does_not_grow_with_the_attachments(out):
    assert growth(out, 40 << 20, _WORK) < 8 << 10  # KiB
    assert (out / "big.edxml").stat().st_size > 50 << 20
