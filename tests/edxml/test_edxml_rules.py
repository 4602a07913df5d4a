"""The rules of a message: one breach, one finding with its code and place."""

import datetime as dt
import unicodedata

import attrs
import pytest
from edxml_making import full_envelope, full_status

from vnedoc.edxml import check
from vnedoc.model import (
    Attachment,
    Blob,
    Business,
    DocumentCode,
    Envelope,
    Kind,
    OrganId,
    OtherInfo,
    Party,
    Receiver,
    Replaced,
    ResponseFor,
    Severity,
    SignerInfo,
    StatusCode,
)

GOOD = attrs.evolve(full_envelope(), business=None)


def broken(message) -> list[tuple[str, str]]:
    return [(one.code, one.location) for one in check(message)]


def test_good_messages_have_no_findings():
    assert check(GOOD) == ()
    assert check(full_status()) == ()


def test_an_empty_envelope_lists_everything_errors_first():
    findings = check(Envelope(sender=Party("H99.1"), receivers=()))
    severities = [one.severity for one in findings]
    assert severities == sorted(severities, key=lambda one: one is not Severity.ERROR)
    assert [one.location for one in findings if one.code == "VND-EDX-101"] == [
        "receivers",
        "document_id",
        "code.number",
        "code.notation",
        "date",
        "subject",
    ]
    assert [one.location for one in findings if one.code == "VND-EDX-102"] == [
        "sender.name",
        "type.name",
        "signer.full_name",
        "traces",
        "attachments",
    ]
    assert all(one.facts["source"] and one.facts["element"] for one in findings)


BIG = "x" * 600
ATTACHMENT = Attachment(name="a.pdf", blob=Blob.from_bytes(b"%PDF-"), content_id="1")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"subject": "x" * 500}, []),
        ({"subject": "x" * 501}, [("VND-EDX-103", "subject")]),
        (
            {"code": DocumentCode("1" * 12, "N" * 31)},
            [("VND-EDX-103", "code.number"), ("VND-EDX-103", "code.notation")],
        ),
        ({"content": BIG, "place": BIG}, [("VND-EDX-104", "place"), ("VND-EDX-104", "content")]),
        ({"to_places": ("a", BIG)}, [("VND-EDX-104", "to_places[1]")]),
        ({"signer": SignerInfo(full_name="x" * 51)}, [("VND-EDX-103", "signer.full_name")]),
        ({"receivers": (Party("H99.1", "x" * 201),)}, [("VND-EDX-103", "receivers[0].name")]),
        (
            {"sender": Party("H99." + "1" * 40, "A", email=BIG)},
            [
                ("VND-EDX-104", "sender.organ_id"),
                ("VND-EDX-104", "sender.email"),
                ("VND-EDX-107", "sender.organ_id"),
            ],
        ),
        (
            {"other": OtherInfo(pages=1000, copies=-1)},
            [("VND-EDX-105", "other.pages"), ("VND-EDX-105", "other.copies")],
        ),
        ({"code": DocumentCode("12a", "N")}, [("VND-EDX-108", "code.number")]),
        ({"code": DocumentCode("١٢", "N")}, [("VND-EDX-108", "code.number")]),
        ({"subject": unicodedata.normalize("NFD", "ế")}, [("VND-EDX-109", "subject")]),
        ({"to_places": (unicodedata.normalize("NFD", "ế"),)}, [("VND-EDX-109", "to_places[0]")]),
        ({"receivers": (Party("H99.1", "B"),) * 2}, [("VND-EDX-106", "receivers[1].organ_id")]),
        (
            {"receivers": (Party("H99.1", "B"), Party(OrganId("000.00.01.H99", ("H99.1",)), "B"))},
            [("VND-EDX-106", "receivers[1].organ_id")],
        ),
        ({"receivers": (Party("abc", "B"),)}, [("VND-EDX-107", "receivers[0].organ_id")]),
        ({"due_date": dt.date(2026, 11, 19)}, [("VND-EDX-113", "due_date")]),
        ({"due_date": None}, []),
        (
            {"attachments": (ATTACHMENT, ATTACHMENT)},
            [("VND-EDX-114", "attachments[0].content_id"), ("VND-EDX-114", "attachments[1].content_id")],
        ),
        (
            {"attachments": (attrs.evolve(ATTACHMENT, name="../a.pdf"),)},
            [("VND-EDX-115", "attachments[0].name")],
        ),
        ({"attachments": (attrs.evolve(ATTACHMENT, name=""),)}, [("VND-EDX-101", "attachments[0].name")]),
        (
            {"attachments": (attrs.evolve(ATTACHMENT, blob=Blob.from_bytes(b"")),)},
            [("VND-EDX-116", "attachments[0]")],
        ),
    ],
)
def test_each_rule_of_a_document(change, expected):
    assert broken(attrs.evolve(GOOD, **change)) == expected


@pytest.mark.parametrize(
    ("business", "expected"),
    [
        (Business(), []),
        (Business(kind=Kind.REVOKE, reason="r", document_id="d"), []),
        (
            Business(kind=Kind.REVOKE),
            [("VND-EDX-101", "business.document_id"), ("VND-EDX-102", "business.reason")],
        ),
        (Business(kind=Kind.UPDATE, reason="r"), [("VND-EDX-101", "business.document_id")]),
        (
            Business(kind=Kind.UPDATE, reason="r", document_id="d", changes_receivers=True),
            [("VND-EDX-102", "business.receivers")],
        ),
        (
            Business(
                kind=Kind.UPDATE,
                reason="r",
                document_id="d",
                changes_receivers=True,
                receivers=(Receiver("H99.1"),),
            ),
            [],
        ),
        (Business(kind=Kind.REPLACE, reason="r"), [("VND-EDX-101", "business.replaced")]),
        (Business(kind=Kind.REPLACE, reason="r", replaced=(Replaced("d"),)), []),
        (
            Business(kind=Kind.REPLACE, reason="r", replaced=(Replaced(GOOD.document_id),)),
            [("VND-EDX-111", "business.replaced[0].document_id")],
        ),
        (
            Business(document_id="d", receivers=(Receiver("H99.1"),), replaced=(Replaced("d"),)),
            [
                ("VND-EDX-110", "business.document_id"),
                ("VND-EDX-110", "business.receivers"),
                ("VND-EDX-110", "business.replaced"),
            ],
        ),
        (Business(paper=3), [("VND-EDX-105", "business.paper")]),
    ],
)
def test_the_business_block_fits_its_kind(business, expected):
    assert broken(attrs.evolve(GOOD, business=business)) == expected


ISSUER, RECIPIENT = "000.00.01.Z99", "H99.1"


@pytest.mark.parametrize(
    ("code", "sender", "other", "document_id", "wrong"),
    [
        (StatusCode.RECEIVED, RECIPIENT, ISSUER, f"{ISSUER},2026/11/20,1", False),
        (StatusCode.RECEIVED, ISSUER, RECIPIENT, f"{ISSUER},2026/11/20,1", True),
        (StatusCode.RECALL, ISSUER, RECIPIENT, f"{ISSUER},2026/11/20,1", False),
        (StatusCode.RECALL, RECIPIENT, ISSUER, f"{ISSUER},2026/11/20,1", True),
        (StatusCode.RECALL, RECIPIENT, ISSUER, "0c6d", False),
        (StatusCode.RECEIVED, ISSUER, RECIPIENT, "H99.7,2026/11/20,1", False),
        (StatusCode.RECEIVED, ISSUER, ISSUER, f"{ISSUER},2026/11/20,1", False),
    ],
)
def test_statuses_go_back_to_the_issuer_and_only_13_goes_forth(code, sender, other, document_id, wrong):
    status = attrs.evolve(
        full_status(),
        code=code,
        sender=Party(sender, "A"),
        response_for=ResponseFor(organ_id=other, code="1/A", document_id=document_id),
    )
    assert broken(status) == ([("VND-EDX-112", "sender.organ_id")] if wrong else [])


def test_what_a_status_needs():
    status = attrs.evolve(
        full_status(), response_for=ResponseFor(), timestamp=None, description=None, code=StatusCode.REFUSED
    )
    assert broken(status) == [
        ("VND-EDX-101", "response_for.organ_id"),
        ("VND-EDX-101", "response_for.code"),
        ("VND-EDX-101", "response_for.document_id"),
        ("VND-EDX-102", "timestamp"),
        ("VND-EDX-102", "description"),
    ]
    assert broken(attrs.evolve(full_status(), description=None)) == []


def test_texts_of_a_status_are_composed_too():
    status = attrs.evolve(full_status(), description=unicodedata.normalize("NFD", "Đã nhận ế"))
    assert broken(status) == [("VND-EDX-109", "description")]
