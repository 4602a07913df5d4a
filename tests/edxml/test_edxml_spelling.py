"""Did you mean: every wrong name that is seen in the wild, and the nearest right one for the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnedoc.edxml import did_you_mean


@pytest.mark.parametrize(
    ("name", "parent", "right"),
    [
        ("Business", "TraceHeaderList", "Bussiness"),
        ("BusinessDocType", "Bussiness", "BussinessDocType"),
        ("BusinessDocReason", "Business", "BussinessDocReason"),
        ("BusinessDocumentInfo", "Bussiness", "BussinessDocumentInfo"),
        ("OrganInCharge", "From", "OrganizationInCharge"),
        ("Organld", "To", "OrganId"),
        ("Signerlnfo", "MessageHeader", "SignerInfo"),
        ("Author", "MessageHeader", "SignerInfo"),
        ("Signer", "SignerInfo", "FullName"),
        ("Signer", "MessageHeader", "SignerInfo"),
        ("Promulgator", "PromulgationInfo", "Place"),
        ("IssuedDate", "PromulgationInfo", "PromulgationDate"),
        ("Date", "PromulgationInfo", "PromulgationDate"),
        ("IssuedAmount", "OtherInfo", "PromulgationAmount"),
        ("TypistNotation", "OtherInfo", "TyperNotation"),
        ("FileName", "Attachment", "AttachmentName"),
        ("FileType", "Attachment", "ContentType"),
        ("Content", "Attachment", "ContentTransferEncoded"),
        ("value", "Attachment", "ContentTransferEncoded"),
        ("Manifest", "edXMLBody", "edXMLManifest"),
        ("EdXML", "", "edXML"),
        ("EdXMLEnvelope", "edXML", "edXMLEnvelope"),
        ("Status", "edXMLHeader", "MessageHeader"),
        ("DigitalSignature", "edXMLHeader", "Signature"),
        ("Function", "SignerInfo", "Position"),
        ("Attachments", "edXML", "AttachmentEncoded"),
        # by case, and by distance
        ("organid", "From", "OrganId"),
        ("SUBJECT", "MessageHeader", "Subject"),
        ("ORGANINCHARGE", "From", "OrganizationInCharge"),
        ("Subjcet", "MessageHeader", "Subject"),
        ("PromulgationInfor", "MessageHeader", "PromulgationInfo"),
        ("Telephon", "To", "Telephone"),
        ("CodeNumer", "Code", "CodeNumber"),
        ("Timestamps", "TraceHeader", "Timestamp"),
        ("StatusCodes", "MessageHeader", "StatusCode"),
        # where the parent is not known
        ("Organld", None, "OrganId"),
        ("Subjcet", None, "Subject"),
    ],
)
def test_a_wrong_name_has_its_right_one(name, parent, right):
    assert did_you_mean(name, parent) == right


@pytest.mark.parametrize(
    ("name", "parent"),
    [
        ("Subject", "MessageHeader"),
        ("Content", "MessageHeader"),
        ("Subject", "From"),
        ("Subject", None),
        ("GhiChu", "MessageHeader"),
        ("x" * 100_000, "MessageHeader"),
        ("Subject", "Khác"),
        ("", "MessageHeader"),
    ],
)
def test_right_misplaced_and_strange_names_have_none(name, parent):
    assert did_you_mean(name, parent) is None


@pytest.mark.parametrize(
    ("name", "parent", "right"),
    [
        ("Version", "edXMLManifest", "version"),
        ("verzion", "edXMLManifest", "version"),
        ("hreff", "Reference", "href"),
        ("version", "edXMLManifest", None),
        ("version", "Subject", None),
        ("ver5ion", None, "version"),
    ],
)
def test_attributes_too(name, parent, right):
    assert did_you_mean(name, parent, attribute=True) == right


@given(st.text(max_size=100), st.one_of(st.none(), st.sampled_from(["MessageHeader", "From", "edXML", ""])))
def test_any_name_is_taken(name, parent):
    assert did_you_mean(name, parent) != name
