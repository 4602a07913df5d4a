"""Rules on attachments as the message names them; what their bytes say is the reader's finding."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from vnedoc.edxml._content import safe_name
from vnedoc.edxml._rules._rule import CERTAIN, QCVN, SHOWN, UNSURE, Breach, Given, Rule, rule
from vnedoc.model import PDF_TYPE, Envelope, Severity

_PROVINCE = "QĐ 161/2025/QĐ-UBND tỉnh Ninh Bình Điều 8 khoản 4"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9._-]+")
_LONGEST_NAME = 50
_BIGGEST = 50 * 1024 * 1024  # octets
_CONTENT_ID = re.compile(r"(?!cid:)[^\s<>]+", re.IGNORECASE)
_NAME = 200


def _one_to_one(envelope: Envelope, _: Given) -> Iterator[Breach]:
    counted = Counter(one.content_id for one in envelope.attachments)
    for place, one in enumerate(envelope.attachments):
        if counted[one.content_id] > 1:
            yield f"attachments[{place}].content_id", {"seen": one.content_id[:SHOWN]}


def _content_id_form(envelope: Envelope, _: Given) -> Iterator[Breach]:
    for place, one in enumerate(envelope.attachments):
        if one.content_id and _CONTENT_ID.fullmatch(one.content_id) is None:
            yield f"attachments[{place}].content_id", {"seen": one.content_id[:SHOWN]}


def _plain_names(envelope: Envelope, _: Given) -> Iterator[Breach]:
    for place, one in enumerate(envelope.attachments):
        better = safe_name(one.name)
        if one.name and one.name != better:
            yield f"attachments[{place}].name", {"seen": one.name[:_NAME], "better": better}


def _local_names(envelope: Envelope, _: Given) -> Iterator[Breach]:
    for place, one in enumerate(envelope.attachments):
        stem = one.name.rpartition(".")[0] or one.name
        if one.name and (len(stem) > _LONGEST_NAME or _PLAIN_NAME.fullmatch(one.name) is None):
            yield f"attachments[{place}].name", {"seen": one.name[:_NAME], "longest": _LONGEST_NAME}


def _names_differ(envelope: Envelope, _: Given) -> Iterator[Breach]:
    counted = Counter(one.name.casefold() for one in envelope.attachments)
    for place, one in enumerate(envelope.attachments):
        if one.name and counted[one.name.casefold()] > 1:
            yield f"attachments[{place}].name", {"seen": one.name[:_NAME]}


def _not_empty(envelope: Envelope, _: Given) -> Iterator[Breach]:
    for place, one in enumerate(envelope.attachments):
        if one.blob.size == 0:
            yield f"attachments[{place}]", {"name": one.name[:_NAME]}


def _not_big(envelope: Envelope, _: Given) -> Iterator[Breach]:
    for place, one in enumerate(envelope.attachments):
        if one.blob.size > _BIGGEST:
            yield (
                f"attachments[{place}]",
                {"name": one.name[:_NAME], "octets": one.blob.size, "most": _BIGGEST},
            )


def _main_is_pdf(envelope: Envelope, _: Given) -> Iterator[Breach]:
    """Find messages whose first file is no PDF, by its name and declared type; its bytes are not opened."""
    for one in envelope.attachments[:1]:
        declared = (one.content_type or "").partition(";")[0].strip().lower()
        if not (one.name.lower().endswith(".pdf") or (declared == PDF_TYPE and "." not in one.name)):
            yield "attachments[0].name", {"seen": one.name[:_NAME]}


def attachment_rules() -> tuple[Rule, ...]:
    """Give the rules on attachments."""
    return (
        rule(
            "M",
            "attachments[].content_id",
            "Duplicate",
            "VND-EDX-114",
            _one_to_one,
            source=f"{QCVN} (edXMLManifest)",
            severity=Severity.ERROR,
            certainty=CERTAIN,
        ),
        rule(
            "T",
            "attachments[].content_id",
            "",
            "VND-EDX-157",
            _content_id_form,
            source=f"{QCVN} (edXMLManifest)",
        ),
        rule(
            "T",
            "attachments[].name",
            "Safe",
            "VND-EDX-115",
            _plain_names,
            source="CWE-22, UTS #39",
            certainty=CERTAIN,
        ),
        rule("N", "attachments[].blob", "", "VND-EDX-116", _not_empty, source=f"{QCVN} (AttachmentEncoded)"),
        *(
            rule(
                letter,
                field,
                about,
                code,
                check,
                source=source,
                severity=Severity.INFO,
                certainty=UNSURE,
            )
            for letter, field, about, code, check, source in (
                ("T", "attachments[].name", "Local", "VND-EDX-143", _local_names, _PROVINCE),
                ("M", "attachments[].name", "Duplicate", "VND-EDX-158", _names_differ, QCVN),
                ("R", "attachments[].blob", "", "VND-EDX-144", _not_big, _PROVINCE),
                (
                    "M",
                    "attachments[].name",
                    "PDF",
                    "VND-EDX-142",
                    _main_is_pdf,
                    "TT 39/2017/TT-BTTTT, theo quy định của một số địa phương",
                ),
            )
        ),
    )
