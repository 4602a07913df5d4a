"""Reports have three answers, and accepted messages one maker."""

import pytest

from vnedoc.errors import VerificationError, VerificationIndeterminate
from vnedoc.model import (
    Acceptance,
    Conclusion,
    Envelope,
    Evidence,
    FileKind,
    Finding,
    Party,
    Received,
    Report,
    ResponseFor,
    Severity,
    SignatureReport,
    StatusCode,
    StatusMessage,
    SubIndication,
    Wire,
    worst,
)


def report(conclusion, reason=None, **more):
    return Report(kind=FileKind.PDF, conclusion=conclusion, sub_indication=reason, file="a.pdf", **more)


def test_a_report_is_neither_true_nor_false():
    with pytest.raises(TypeError):
        bool(report(Conclusion.PASSED))


def test_require():
    good = report(Conclusion.PASSED)
    assert good.passed
    assert good.require() is good
    with pytest.raises(VerificationError) as caught:
        report(
            Conclusion.FAILED, SubIndication.HASH_FAILURE, findings=(Finding.error("VND-X-001"),)
        ).require()
    assert caught.value.code == "VND-VER-001"
    assert caught.value.facts == {"sub_indication": "HASH_FAILURE", "codes": ["VND-X-001"]}
    assert caught.value.report.conclusion is Conclusion.FAILED
    with pytest.raises(VerificationIndeterminate) as caught:
        report(Conclusion.INDETERMINATE).require()
    assert caught.value.code == "VND-VER-002"
    assert caught.value.facts["sub_indication"] == "unknown"


def test_findings_of_file_then_signatures():
    inner = SignatureReport(
        id="s",
        where="document",
        conclusion=Conclusion.PASSED,
        findings=(Finding.info("VND-X-002", "/a", n=1),),
    )
    found = report(
        Conclusion.PASSED, signatures=(inner,), findings=(Finding.warning("VND-X-001"),)
    ).all_findings()
    assert [(one.code, one.severity) for one in found] == [
        ("VND-X-001", Severity.WARNING),
        ("VND-X-002", Severity.INFO),
    ]
    assert found[1].facts == {"n": 1}


def test_worst_keeps_the_first_of_equals():
    no, perhaps = Conclusion.FAILED, Conclusion.INDETERMINATE
    assert worst([]) == (Conclusion.PASSED, None)
    assert (
        worst([(perhaps, SubIndication.TRY_LATER), (perhaps, SubIndication.NO_POE)])[1]
        is SubIndication.TRY_LATER
    )
    assert worst([(perhaps, None), (no, SubIndication.HASH_FAILURE)]) == (no, SubIndication.HASH_FAILURE)


def test_a_received_cannot_be_made_by_hand():
    with pytest.raises(TypeError):
        Received()


def make(message, coverage):
    return Received._make(
        wire=Wire.from_bytes(b"x"),
        message=message,
        report=report(Conclusion.PASSED),
        evidence=Evidence.PROVEN,
        acceptance=Acceptance.SEALED,
        coverage=coverage,
    )


def test_received_says_what_covers_each_field():
    envelope = Envelope(sender=Party("H99.1"), receivers=[Party("H99.2")])
    received = make(envelope, {"*": ("seal",), "attachment:a": ("seal", "pdf-1")})
    assert received.envelope is envelope
    assert received.covered_by("subject") == ("seal",)
    assert received.covered_by("attachment:a") == ("seal", "pdf-1")
    assert received.covered_by("attachment:b") == ("seal",)
    assert "sealed" in repr(received)
    with pytest.raises(KeyError):
        received.covered_by("no such field")
    with pytest.raises(TypeError):
        _ = received.status


def test_received_status():
    status = StatusMessage(sender=Party("H99.2"), response_for=ResponseFor(), code=StatusCode.ARRIVED)
    received = make(status, {})
    assert received.status is status
    assert received.covered_by("code") == ()
    with pytest.raises(TypeError):
        _ = received.envelope
