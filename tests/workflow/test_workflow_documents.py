"""Sealing, opening and judging, from the front door."""

import io
import zipfile
from datetime import UTC, datetime

import attrs
import pytest

import vnedoc
from vnedoc.errors import ConfigError, DecodeError, FileError, InputError, RuleError, StateMismatch
from vnedoc.model import (
    VIETNAM,
    Acceptance,
    Business,
    Conclusion,
    Evidence,
    FileKind,
    Kind,
    Severity,
    StatusCode,
    SubIndication,
)
from vnedoc.signing import PublicIdentity
from vnedoc.workflow import PolicyOpener, answer, complete, prepare_seal, sign_edxml, unsealed

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)


def codes(report):
    return {one.code for one in report.all_findings()}


def zipped(**parts):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name.replace("__", "/"), data)
    return target.getvalue()


def test_seal_and_open(office):
    envelope = office.envelope(("cv.pdf", office.signed_pdf().read()), ("phu-luc.txt", b"xin chao"))
    wire = vnedoc.seal(envelope, office.signer, signing_time=AT)
    received = vnedoc.open_sealed(wire, office.policy)
    assert received.wire is wire
    assert received.envelope.subject == "V/v thử"
    assert received.evidence is Evidence.PROVEN
    (seal,) = received.covered_by("subject")
    assert received.covered_by("attachment:a2") == (seal,)
    assert len(received.covered_by("attachment:a1")) == 2
    assert {one.id for one in received.report.signatures} == set(received.covered_by("attachment:a1"))


def test_unsealed_messages_prove_only_their_attachments(office):
    wire = unsealed(office.envelope(("cv.pdf", office.signed_pdf().read()), ("phu-luc.txt", b"xin chao")))
    received = vnedoc.open_sealed(wire, office.policy, acceptance=Acceptance.ATTACHMENTS)
    assert received.evidence is Evidence.CLAIMED
    assert received.covered_by("subject") == ()
    assert received.covered_by("attachment:a2") == ()
    assert len(received.covered_by("attachment:a1")) == 1
    with pytest.raises(vnedoc.VerificationError) as caught:
        vnedoc.open_sealed(wire, office.policy)
    assert caught.value.report.sub_indication is SubIndication.NO_SIGNATURE
    assert "VND-FLOW-010" in codes(caught.value.report)


def test_the_caller_may_name_the_main_document(office):
    signed, plain = office.signed_pdf().read(), office.pdf
    wire = unsealed(office.envelope(("phu-luc.pdf", plain), ("cv.pdf", signed)))
    report = vnedoc.verify(wire, office.policy, acceptance=Acceptance.ATTACHMENTS)
    assert report.sub_indication is SubIndication.NO_SIGNATURE
    assert "VND-FLOW-017" in codes(report)
    report = vnedoc.verify(wire, office.policy, acceptance=Acceptance.ATTACHMENTS, main="a2")
    assert report.conclusion is Conclusion.PASSED


def test_a_signature_on_one_file_never_stands_for_another_of_the_same_name(office):
    """Threat H07: an unsigned letter in front of a signed one, both under one ContentId."""
    signed = office.signed_pdf().read()
    wire = unsealed(office.envelope(("cv.pdf", office.pdf), ("cu.pdf", signed)))
    data = wire.read().replace(b"cid:a2", b"cid:a1")
    for rule in Acceptance:
        report = vnedoc.verify(data, office.policy, acceptance=rule)
        assert report.conclusion is Conclusion.FAILED, rule
        assert "VND-FLOW-022" in codes(report)


def test_no_pdf_is_no_main_document(office):
    wire = unsealed(office.envelope(("cv.txt", b"xin chao")))
    report = vnedoc.verify(wire, office.policy, acceptance=Acceptance.ATTACHMENTS)
    assert "VND-FLOW-015" in codes(report)
    assert report.conclusion is Conclusion.INDETERMINATE


def test_every_attachment_signature_counts(office):
    good = office.signed_pdf().read()
    stranger = vnedoc.sign_pdf(
        office.pdf, office.pki.issue("X", authority=None, extended_key_usage=("1.3.6.1.5.5.7.3.1",)).signer()
    )
    wire = vnedoc.seal(office.envelope(("cv.pdf", good), ("khac.pdf", stranger.read())), office.signer)
    report = vnedoc.verify(wire, office.policy)
    assert report.conclusion is Conclusion.INDETERMINATE
    assert report.sub_indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_signed_xml_attachments_are_judged(office):
    xml = vnedoc.sign_xml(b"<a><b>x</b></a>", office.signer, signing_time=AT).read()
    wire = vnedoc.seal(office.envelope(("dulieu.xml", xml)), office.signer)
    report = vnedoc.verify(wire, office.policy)
    assert [one.where for one in report.signatures] == ["envelope", "attachment:a1"]
    assert report.conclusion is Conclusion.PASSED
    wire = vnedoc.seal(office.envelope(("dulieu.xml", xml.replace(b"<b>x", b"<b>y"))), office.signer)
    assert vnedoc.verify(wire, office.policy).sub_indication is SubIndication.HASH_FAILURE


def test_an_attachment_that_only_looks_like_xml(office):
    wire = vnedoc.seal(office.envelope(("hong.xml", b"<a><b></a>")), office.signer)
    report = vnedoc.verify(wire, office.policy)
    assert report.conclusion is Conclusion.PASSED
    assert "VND-FLOW-019" in codes(report)


def test_a_signed_xml_attachment_that_was_broken_does_not_pass(office):
    xml = vnedoc.sign_xml(b"<a><b>x</b></a>", office.signer, signing_time=AT).read()
    wire = vnedoc.seal(office.envelope(("hong.xml", xml[:-2])), office.signer)
    report = vnedoc.verify(wire, office.policy)
    assert (report.conclusion, report.sub_indication) == (Conclusion.FAILED, SubIndication.FORMAT_FAILURE)


@pytest.mark.parametrize("part", ["_xmlsignatures__sig1.xml", "META-INF__documentsignatures.xml"])
def test_signed_office_documents_are_not_called_unsigned(office, part):
    data = zipped(**{"[Content_Types].xml": b"<x/>", part: b"<x/>"})
    report = vnedoc.verify(vnedoc.seal(office.envelope(("a.docx", data)), office.signer), office.policy)
    assert "VND-FLOW-018" in codes(report)
    data = zipped(**{"[Content_Types].xml": b"<x/>", "word__document.xml": b"<x/>"})
    report = vnedoc.verify(vnedoc.seal(office.envelope(("a.docx", data)), office.signer), office.policy)
    assert "VND-FLOW-018" not in codes(report)


def test_a_broken_zip_is_not_an_office_document(office):
    wire = vnedoc.seal(office.envelope(("a.zip", b"PK\x03\x04 cut")), office.signer)
    assert vnedoc.verify(wire, office.policy).conclusion is Conclusion.PASSED


def test_a_damaged_pdf_attachment_keeps_the_message_back(office):
    wire = vnedoc.seal(office.envelope(("cv.pdf", b"%PDF-1.7\nnothing")), office.signer)
    report = vnedoc.verify(wire, office.policy)
    assert (report.conclusion, report.sub_indication) == (Conclusion.FAILED, SubIndication.FORMAT_FAILURE)


def test_statuses(office):
    status = answer(
        office.envelope(), StatusCode.RECEIVED, sender=vnedoc.Party("H99.2"), at=AT.astimezone(VIETNAM)
    )
    assert status.description == "Đã tiếp nhận"
    sealed = vnedoc.open_sealed(vnedoc.seal(status, office.signer), office.policy)
    assert sealed.status == status
    assert sealed.evidence is Evidence.PROVEN
    plain = unsealed(status)
    report = vnedoc.verify(plain, office.policy, acceptance=Acceptance.ATTACHMENTS)
    assert (report.conclusion, report.sub_indication) == (
        Conclusion.INDETERMINATE,
        SubIndication.NO_SIGNATURE,
    )
    claimed = PolicyOpener(policy=office.policy, acceptance=Acceptance.REWRITTEN).open(plain)
    assert claimed.evidence is Evidence.CLAIMED
    assert claimed.covered_by("code") == ()
    with pytest.raises(vnedoc.VerificationError):
        PolicyOpener(policy=office.policy).open(plain)


def test_a_revocation_without_attachments(office):
    revoke = office.envelope(business=Business(kind=Kind.REVOKE, document_id="x", reason="Sai"))
    assert vnedoc.open_sealed(vnedoc.seal(revoke, office.signer), office.policy).envelope.kind is Kind.REVOKE


def test_two_steps_with_a_key_that_is_elsewhere(office):
    envelope = office.envelope(("cv.pdf", office.signed_pdf().read()))
    signer = office.signer
    identity = PublicIdentity(certificate=signer.certificate, chain=signer.chain, algorithm=signer.algorithm)
    wire, prepared = prepare_seal(envelope, identity, signing_time=AT)
    state = prepared.state.to_json()
    assert len(state) < wire.size
    value = office.signer.sign(prepared.to_be_signed)
    sealed = complete(wire, state, value)
    assert vnedoc.verify(sealed, office.policy).conclusion is Conclusion.PASSED
    with pytest.raises(StateMismatch) as caught:
        complete(wire.read() + b"\n", prepared.state, value)
    assert caught.value.code == "VND-SIGN-010"
    with pytest.raises(DecodeError) as caught:
        complete(wire, '{"schema": "vnedoc-signing-state/2"}', value)
    assert caught.value.code == "VND-SIGN-011"


def test_two_steps_for_a_pdf(office):
    from vnedoc.signing import prepare_pdf

    wire = vnedoc.Wire.from_bytes(office.pdf)
    prepared = prepare_pdf(wire, office.signer, signing_time=AT)
    signed = complete(wire, prepared.state.to_json(), office.signer.sign(prepared.to_be_signed))
    assert vnedoc.verify(signed, office.policy).conclusion is Conclusion.PASSED


def test_sealing_what_is_written_already(office):
    wire = sign_edxml(unsealed(office.envelope()), office.signer, signing_time=AT)
    assert vnedoc.open_sealed(wire, office.policy).evidence is Evidence.PROVEN


def test_rules_stop_a_message_before_it_is_signed(office):
    with pytest.raises(RuleError) as caught:
        vnedoc.seal(office.envelope(receivers=[]), office.signer)
    assert caught.value.code == "VND-FLOW-020"
    broken = [one for one in caught.value.findings if one.severity is Severity.ERROR]
    assert broken
    assert caught.value.facts["codes"] == [one.code for one in broken]
    for one, rule in zip(broken, caught.value.facts["rules"], strict=True):
        assert rule == (f"{one.code} @ {one.location}" if one.location else one.code)
        assert rule in str(caught.value)


def test_only_messages_are_sealed(office):
    with pytest.raises(InputError) as caught:
        vnedoc.seal("van ban", office.signer)
    assert caught.value.code == "VND-FLOW-024"


def test_check(office, tmp_path):
    envelope = office.envelope()
    assert not [one for one in vnedoc.check(envelope) if one.severity is Severity.ERROR]
    path = tmp_path / "a.edxml"
    unsealed(envelope).save(path)
    assert vnedoc.check(path) == vnedoc.check(path.read_bytes())
    (finding,) = vnedoc.check(b"<a>")
    assert (finding.code, finding.severity) == ("VND-XML-001", Severity.ERROR)
    with pytest.raises(FileError):
        vnedoc.check(tmp_path / "none")


def test_levels_that_are_not_there(office):
    with pytest.raises(ConfigError) as caught:
        vnedoc.sign_pdf(office.pdf, office.signer, level="B-LTA")
    assert caught.value.code == "VND-FLOW-021"


@pytest.mark.parametrize(
    ("data", "kind", "code"),
    [
        (b"", FileKind.UNKNOWN, "VND-FLOW-002"),
        (b"hello", FileKind.UNKNOWN, "VND-FLOW-001"),
        (b"<a>", FileKind.XML, "VND-XML-001"),
        (b"<a xmlns='http://www.mic.gov.vn/TBT/QCVN_102_2016'>", FileKind.EDXML, "VND-XML-001"),
    ],
)
def test_bytes_that_can_be_read_always_give_a_report(office, data, kind, code):
    report = vnedoc.verify(data, office.policy)
    assert (report.conclusion, report.sub_indication) == (Conclusion.FAILED, SubIndication.FORMAT_FAILURE)
    assert report.kind is kind
    assert codes(report) == {code}


def test_a_limit_names_itself(office):
    policy = attrs.evolve(office.policy, limits=attrs.evolve(office.policy.limits, file_bytes=10))
    report = vnedoc.verify(office.pdf, policy)
    assert report.sub_indication is SubIndication.FORMAT_FAILURE
    (finding,) = report.findings
    assert finding.facts == {"limit": "file_bytes", "allowed": 10, "seen": len(office.pdf)}


def test_the_moment_is_one_for_the_whole_report(office):
    policy = attrs.evolve(office.policy, at=None)
    report = vnedoc.verify(office.signed_pdf(), policy, file="tên.pdf")
    assert report.checked_at.tzinfo is not None
    assert report.file == "tên.pdf"


def test_open_is_for_edxml(office):
    with pytest.raises(DecodeError) as caught:
        vnedoc.open_sealed(office.signed_pdf(), office.policy)
    assert caught.value.code == "VND-FLOW-005"


def test_a_file_that_cannot_be_read(office, tmp_path):
    with pytest.raises(FileError) as caught:
        vnedoc.verify(tmp_path / "none", office.policy)
    assert caught.value.code == "VND-IO-001"
    path = tmp_path / "a.pdf"
    path.write_bytes(office.pdf)
    wire = vnedoc.Wire.from_file(path)
    path.write_bytes(office.pdf + b"\n")
    with pytest.raises(FileError) as caught:
        vnedoc.verify(wire, office.policy)
    assert caught.value.code == "VND-IO-003"


def test_an_encrypted_pdf_needs_its_password(office):
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.pdf_utils.writer import copy_into_new_writer

    new = copy_into_new_writer(PdfFileReader(io.BytesIO(office.pdf)))
    new.encrypt("chủ", "mật khẩu", pdf_mac=False)
    target = io.BytesIO()
    new.write(target)
    signed = vnedoc.sign_pdf(target.getvalue(), office.signer, signing_time=AT, password="mật khẩu")
    report = vnedoc.verify(signed, office.policy)
    assert report.conclusion is Conclusion.INDETERMINATE
    assert report.findings
    assert vnedoc.verify(signed, office.policy, password="mật khẩu").conclusion is Conclusion.PASSED


def test_foreign_signatures_keep_a_message_from_passing(office):
    wire = unsealed(office.envelope(("cv.pdf", office.signed_pdf().read())))
    end = b"</edXML:edXMLHeader>"
    data = wire.read().replace(end, b"<Signature><SignatureValue>AA==</SignatureValue></Signature>" + end)
    for rule, expected in (
        (Acceptance.SEALED, Conclusion.INDETERMINATE),
        (Acceptance.ATTACHMENTS, Conclusion.INDETERMINATE),
        (Acceptance.REWRITTEN, Conclusion.PASSED),
    ):
        report = vnedoc.verify(data, office.policy, acceptance=rule)
        assert report.conclusion is expected, rule
        assert "VND-FLOW-011" in codes(report)


@pytest.mark.parametrize("head", ["Xem %PDF-1.7 trong thư mục.", "<p>%PDF-1.7</p>"])
def test_a_note_that_mentions_a_pdf_is_none(office, head):
    wire = vnedoc.seal(office.envelope(("ghichu.txt", head.encode())), office.signer)
    assert vnedoc.verify(wire, office.policy).conclusion is Conclusion.PASSED


def test_a_pdf_behind_junk_is_a_bad_pdf(office):
    report = vnedoc.verify(b"GIF89a" + office.signed_pdf().read(), office.policy)
    assert (report.kind, report.conclusion) == (FileKind.PDF, Conclusion.FAILED)


def test_a_report_says_by_which_rules(office):
    report = vnedoc.verify(vnedoc.seal(office.envelope(), office.signer), office.policy)
    assert (report.acceptance, report.revocation, report.covers) == (Acceptance.SEALED, "require", "document")
    assert "VND-FLOW-023" in codes(report)
    loose = attrs.evolve(office.policy, require_revocation=False, whole_document=False)
    report = vnedoc.verify(office.signed_pdf(), loose)
    assert (report.acceptance, report.revocation, report.covers) == (None, "if-available", "element")


def test_check_names_what_is_no_message(office):
    for data, code in ((b"", "VND-FLOW-002"), (office.pdf, "VND-FLOW-005"), (b"hello", "VND-FLOW-001")):
        (finding,) = vnedoc.check(data)
        assert finding.code == code
