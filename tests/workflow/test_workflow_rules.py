"""Which messages are not sealed for a rule that they break, and which are."""

import pytest
from edxml_breaking import BREAKING, GOOD, GOOD_STATUS

from vnedoc.edxml import rules
from vnedoc.errors import RuleError
from vnedoc.model import Severity
from vnedoc.workflow import unsealed

STOPPING = {one.id for one in rules() if one.severity is Severity.ERROR}


def test_good_messages_are_written():
    assert unsealed(GOOD).size
    assert unsealed(GOOD_STATUS).size


@pytest.mark.parametrize("rule", sorted(STOPPING))
def test_an_error_stops_sealing(rule):
    with pytest.raises(RuleError) as caught:
        unsealed(BREAKING[rule])
    assert caught.value.code == "VND-FLOW-020"
    assert rule in {one.facts["rule"] for one in caught.value.findings}


def test_a_secret_document_is_refused():
    with pytest.raises(RuleError) as caught:
        unsealed(BREAKING["M.MessageHeader.OtherInfo.SphereOfPromulgation.Secret"])
    assert caught.value.facts["codes"] == ["VND-EDX-122"]
    assert caught.value.facts["rules"] == ["VND-EDX-122 @ other.sphere"]


@pytest.mark.parametrize(
    "rule",
    [
        "T.MessageHeader.Code.CodeNumber.Zero",
        "M.MessageHeader.DocumentId.Issuer",
        "T.MessageHeader.DocumentId",
        "T.Text.NFC",
        "M.MessageHeader.To.OrganId.Sender",
        "T.AttachmentEncoded.Attachment.AttachmentName.Local",
    ],
)
def test_a_warning_does_not(rule):
    assert unsealed(BREAKING[rule]).size
