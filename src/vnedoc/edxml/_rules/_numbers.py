"""Rules on what a document is called: number and notation, its type, its identifier, what it answers.

Number and notation: NĐ 30/2020, Article 15, Annex I part I.II.3 and Annex III. Identifier: QĐ 28/2018,
Article 10(2)(b), and QĐ 395/QĐ-BTTTT.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Any

import attrs

from vnedoc.edxml._rules._rule import (
    CERTAIN,
    ND30,
    ND30_FIELDS,
    ND30_LAYOUT,
    QCVN,
    QD28,
    SHOWN,
    STATUS,
    UNSURE,
    Breach,
    Given,
    Rule,
    rule,
)
from vnedoc.model import AdministrativeType, Envelope, Kind, OrganId, Severity, StatusMessage

_NUMBER = f"{ND30_LAYOUT} mục II.3; {ND30} Điều 15"
_IDENTIFIER = f"{QD28} Điều 10; QĐ 395/QĐ-BTTTT"
_TWO_DIGITS = 2

# --- number and notation --------------------------------------------------------------------------

_YEAR = re.compile(r"(?P<year>[0-9]{4})/(?P<rest>.*)", re.DOTALL)
_GROUP = re.compile(r"[^\W_](?:[^\W_]|[.&])*")
_REPEATED = re.compile(r"(?P<number>[0-9]{1,11})/(?P<rest>[^\W_].*)", re.DOTALL)
_TONE = re.compile("[\u0300\u0301\u0303\u0309\u0323]")
_TONES = dict.fromkeys(map(ord, "\u0300\u0301\u0303\u0309\u0323"))
# Besides the 29 of NĐ 30/2020: legal norms, copies (Annex III) and what travels with them.
_MORE_TYPES = (
    "Hiến pháp", "Luật", "Bộ luật", "Pháp lệnh", "Lệnh", "Nghị định", "Thông tư", "Thông tư liên tịch",
    "Nghị quyết liên tịch", "Sao y", "Sao lục", "Trích sao", "Giấy chứng nhận", "Hồ sơ",
)  # fmt: skip


def _bare(name: str) -> str:
    """Give a name so that ``Giấy uỷ quyền`` and ``giấy  ủy quyền`` are one: the tone may stand elsewhere."""
    words = unicodedata.normalize("NFD", name.partition("(")[0].casefold()).split()
    return " ".join(word.translate(_TONES) + "".join(sorted(_TONE.findall(word))) for word in words)


# Other abbreviations are those of bodies too: PC, TC, KH, TB begin the notation of many an official letter.
_OF_NO_AGENCY = frozenset({"nq", "qđ", "qyđ", "ttr", "ctr", "bb", "bgn", "btt", "guq", "ggt", "gnp"})


@cache
def _types() -> dict[str, tuple[str, AdministrativeType | None]]:
    known: dict[str, tuple[str, AdministrativeType | None]] = {
        _bare(name): (name, None) for name in _MORE_TYPES
    }
    known.update({_bare(one.value): (one.value, one) for one in AdministrativeType})
    return known


@cache
def _abbreviations() -> dict[str, str]:
    """Give the abbreviations, folded, with the names of their types."""
    return {one.abbreviation.casefold(): one.value for one in AdministrativeType if one.abbreviation}


def _type_of(envelope: Envelope) -> AdministrativeType | None:
    if envelope.type is None:
        return None
    return _types().get(_bare(envelope.type.name), ("", None))[1]


def _groups(notation: str) -> list[str]:
    match = _YEAR.fullmatch(notation)
    return (match["rest"] if match else notation).split("-")


def _digits(envelope: Envelope, _: Given) -> Iterator[Breach]:
    number = envelope.code.number if envelope.code else ""
    if number and not _is_number(number):
        yield "code.number", {"seen": number[:SHOWN]}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _leading_zero(envelope: Envelope, _: Given) -> Iterator[Breach]:
    number = envelope.code.number if envelope.code else ""
    # 0 is no number, and one that is too long has a finding of its own.
    if not _is_number(number) or not number.strip("0") or len(number) > SHOWN:
        return
    better = number.lstrip("0").zfill(_TWO_DIGITS)
    if number != better:
        yield "code.number", {"seen": number, "better": better}


def _notation_form(envelope: Envelope, _: Given) -> Iterator[Breach]:
    notation = envelope.code.notation if envelope.code else ""
    if not notation or _repeated(envelope):
        return
    if not all(_GROUP.fullmatch(group) for group in _groups(notation)):
        tight = "-".join(part.strip() for part in re.sub(r"\s+", " ", notation[:SHOWN]).split("-"))
        yield "code.notation", {"seen": notation[:SHOWN], "better": tight.replace(" ", "")}


def _repeated(envelope: Envelope) -> re.Match[str] | None:
    """Find the number at the head of the notation, where the year of a legal norm may stand."""
    match = _REPEATED.fullmatch(envelope.code.notation) if envelope.code else None
    if envelope.code is None or match is None:
        return None
    year = _YEAR.fullmatch(envelope.code.notation)
    if year is None:
        return match
    issued = envelope.date is not None and envelope.date.year == int(year["year"])
    return match if year["year"] == envelope.code.number and not issued else None


def _number_twice(envelope: Envelope, _: Given) -> Iterator[Breach]:
    if envelope.code is not None and (match := _repeated(envelope)):
        yield (
            "code.notation",
            {"seen": envelope.code.notation[:SHOWN], "better": match["rest"][:SHOWN]},
        )


def _type_in_notation(envelope: Envelope, _: Given) -> Iterator[Breach]:
    kind = _type_of(envelope)
    if kind is None or kind.abbreviation is None or envelope.code is None or not envelope.code.notation:
        return
    groups = _groups(envelope.code.notation)
    # A copy has the sign of its kind; the letters may be in capitals.
    if len(groups) < 2 or unicodedata.normalize("NFC", groups[0].strip()).casefold() not in (  # noqa: PLR2004 - abbreviation and agency
        kind.abbreviation.casefold(),
        "sy",
        "sl",
        "trs",
    ):
        facts = {
            "seen": envelope.code.notation[:SHOWN],
            "type": kind.value,
            "abbreviation": kind.abbreviation,
        }
        yield "code.notation", facts


def _letter_without_type(envelope: Envelope, _: Given) -> Iterator[Breach]:
    if _type_of(envelope) is not AdministrativeType.OFFICIAL_LETTER or envelope.code is None:
        return
    first = unicodedata.normalize("NFC", _groups(envelope.code.notation)[0]).casefold()
    if first in _OF_NO_AGENCY:
        yield "code.notation", {"seen": envelope.code.notation[:SHOWN], "type": _abbreviations()[first]}


def _year_in_notation(envelope: Envelope, _: Given) -> Iterator[Breach]:
    match = _YEAR.fullmatch(envelope.code.notation) if envelope.code else None
    if match and envelope.date and int(match["year"]) != envelope.date.year:
        yield (
            "code.notation",
            {"seen": envelope.code.notation[:SHOWN] if envelope.code else "", "year": envelope.date.year},
        )


def _known_type(envelope: Envelope, _: Given) -> Iterator[Breach]:
    name = envelope.type.name if envelope.type else ""
    bare = _bare(name[:SHOWN])
    if bare and bare not in _types():
        from difflib import get_close_matches

        near = get_close_matches(bare, _types(), n=1, cutoff=0.75)
        yield "type.name", {"seen": name[:SHOWN], "better": _types()[near[0]][0] if near else None}


# --- identifier of the document -------------------------------------------------------------------

_UUID = re.compile(r"\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?", re.IGNORECASE)
_COMMAS = re.compile(
    r"(?P<issuer>[^,]+),\s*"
    r"(?P<date>(?P<year>[0-9]{4})(?:(?P<mark>[/-])(?P<month>[0-9]{1,2})(?P=mark)(?P<day>[0-9]{1,2}))?)"
    r",\s*(?P<code>.+)",
    re.DOTALL,
)
_JOINED = re.compile(
    r"(?P<issuer>[0-9A-Z][0-9A-Z.]{1,59}?)[.\-_/]?(?P<date>(?P<year>(?:19|20)[0-9]{2}))[.\-_/]?"
    r"(?P<code>[0-9]{1,11}(?:/.+)?)",
    re.DOTALL,
)


@attrs.frozen(kw_only=True)
class Parts:
    """What stands in an identifier of a document that is not opaque.

    Attributes:
        form: ``date`` (agency, yyyy/MM/dd, number/notation), ``iso-date``, ``year`` (agency, year, number),
            or ``joined`` (QĐ 395/QĐ-BTTTT: agency, year, number and notation in one text).
        issuer: Code of the agency.
        date: Date or year, as written.
        day: The date, when it is one of the calendar.
        year: The year.
        code: Number, or number and notation.
    """

    form: str
    issuer: str
    date: str
    day: dt.date | None
    year: int
    code: str


def parts_of(text: str) -> Parts | None:
    """Take an identifier apart; ``None`` when it is opaque, a UUID for instance."""
    if match := _COMMAS.fullmatch(text):
        form = {"/": "date", "-": "iso-date", None: "year"}[match["mark"]]
    elif (match := _JOINED.fullmatch(text)) and OrganId(match["issuer"]).grammar != "other":
        form = "joined"
    else:
        return None
    day = None
    if form in ("date", "iso-date"):
        try:
            day = dt.date(int(match["year"]), int(match["month"]), int(match["day"]))
        except ValueError:
            day = None
    return Parts(
        form=form,
        issuer=match["issuer"].strip(),
        date=match["date"],
        day=day,
        year=int(match["year"]),
        code=match["code"].strip(),
    )


def _own(envelope: Envelope) -> Parts | None:
    return None if envelope.document_id is None else parts_of(envelope.document_id.value)


def _form(envelope: Envelope, _: Given) -> Iterator[Breach]:
    if envelope.document_id is None:
        return
    found = _own(envelope)
    if found is None or found.form == "iso-date":
        text = envelope.document_id.value
        form = found.form if found else "uuid" if _UUID.fullmatch(text) else "other"
        yield "document_id", {"seen": text[:SHOWN], "form": form, "better": _proposed(envelope)}


def _proposed(envelope: Envelope) -> str | None:
    """Give the identifier that the fields of the message would make."""
    if envelope.date is None or envelope.code is None:
        return None
    date = f"{envelope.date.year:04}/{envelope.date:%m/%d}"
    return f"{envelope.sender.organ_id.value},{date},{envelope.code}"[: 2 * SHOWN]


def _issuer(envelope: Envelope, given: Given) -> Iterator[Breach]:
    found = _own(envelope)
    if found and not _same_agency(found.issuer, envelope.sender.organ_id, given):
        yield "document_id", {"seen": found.issuer[:SHOWN], "expected": envelope.sender.organ_id.value}


def _same_agency(code: str, organ: OrganId, given: Given) -> bool:
    return code in given.names(organ) or any(_levels(code) == _levels(name) for name in given.names(organ))


def _levels(code: str) -> tuple[str, ...]:
    """Give the levels from the top, without those that say nothing: only a guess at what is the same."""
    try:
        old = OrganId(code).grammar == "2016"
    except ValueError:
        old = False
    levels = code.split(".")
    return tuple(one.lstrip("0") for one in (reversed(levels) if old else levels) if one.strip("0"))


def _same_date(envelope: Envelope, _: Given) -> Iterator[Breach]:
    if (found := _own(envelope)) and envelope.date and not _dated(found, envelope.date):
        yield "document_id", {"seen": found.date, "expected": envelope.date.isoformat()}


def _dated(found: Parts, day: dt.date) -> bool:
    return found.year == day.year if found.form in ("year", "joined") else found.day == day


def _same_code(envelope: Envelope, _: Given) -> Iterator[Breach]:
    if (found := _own(envelope)) and envelope.code and not _coded(found.code, str(envelope.code)):
        yield "document_id", {"seen": found.code[:SHOWN], "expected": str(envelope.code)[:SHOWN]}


def _coded(one: str, other: str) -> bool:
    """Whether two codes may be of one document; where one is only a number, the numbers decide."""
    number, _, notation = _folded(one).partition("/")
    other_number, _, other_notation = _folded(other).partition("/")
    if number.lstrip("0") != other_number.lstrip("0"):
        return False
    return not notation or not other_notation or notation == other_notation


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).casefold().split())


# --- what it answers ------------------------------------------------------------------------------


def _not_itself(envelope: Envelope, _: Given) -> Iterator[Breach]:
    if envelope.kind is Kind.REVOKE:
        return  # a revocation goes under the document's own identifier, and names what it withdraws
    for place, one in enumerate(envelope.responses_for):
        if one.document_id is not None and one.document_id == envelope.document_id:
            yield f"responses_for[{place}].document_id", {"seen": one.document_id.value[:SHOWN]}


def _answers(message: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(message, StatusMessage):
        yield "response_for", message.response_for
    else:
        yield from ((f"responses_for[{place}]", one) for place, one in enumerate(message.responses_for))


def _swapped(message: Any, _: Given) -> Iterator[Breach]:
    for where, one in _answers(message):
        if one.code and one.organ_id and "/" in one.organ_id.value and "/" not in one.code:
            yield f"{where}.code", {"seen": one.code[:SHOWN], "organ_id": one.organ_id.value}


def _whole_code(message: Any, _: Given) -> Iterator[Breach]:
    for where, one in _answers(message):
        if one.code and "/" not in one.code and "/" not in (one.organ_id.value if one.organ_id else ""):
            yield f"{where}.code", {"seen": one.code[:SHOWN]}


def _answer_dated(message: Any, _: Given) -> Iterator[Breach]:
    for where, one in _answers(message):
        found = None if one.document_id is None else parts_of(one.document_id.value)
        if found and one.date and not _dated(found, one.date):
            yield f"{where}.document_id", {"seen": found.date, "expected": one.date.isoformat()}


def _answer_coded(message: Any, _: Given) -> Iterator[Breach]:
    for where, one in _answers(message):
        found = None if one.document_id is None else parts_of(one.document_id.value)
        if found and one.code and not _coded(found.code, one.code):
            yield f"{where}.document_id", {"seen": found.code[:SHOWN], "expected": one.code[:SHOWN]}


def _direction(status: StatusMessage, given: Given) -> Iterator[Breach]:
    """Find swapped roles where the identifier of the document begins with its issuer's code."""
    about = status.response_for
    if about.document_id is None or about.organ_id is None or "," not in about.document_id.value:
        return
    issuer = about.document_id.value.partition(",")[0].strip()
    issued_by_sender = issuer in given.names(status.sender.organ_id)
    issued_by_other = issuer in given.names(about.organ_id)
    wrong = issued_by_other if status.code.from_document_sender else issued_by_sender
    if wrong and issued_by_sender != issued_by_other:
        yield "sender.organ_id", {"status": status.code.value, "issuer": issuer}


def number_rules() -> tuple[Rule, ...]:
    """Give the rules on number, notation and type."""
    return (
        rule("T", "code.number", "", "VND-EDX-108", _digits, source=f"{ND30_FIELDS}; {QCVN} 1.3"),
        rule("T", "code.number", "Zero", "VND-EDX-132", _leading_zero, source=_NUMBER, certainty=CERTAIN),
        rule("T", "code.notation", "", "VND-EDX-133", _notation_form, source=_NUMBER, certainty=CERTAIN),
        rule("T", "code.notation", "Number", "VND-EDX-137", _number_twice, source=_NUMBER),
        rule(
            "M",
            "code.notation",
            "Type",
            "VND-EDX-134",
            _type_in_notation,
            source=f"{ND30} Phụ lục III mục I",
            certainty=CERTAIN,
        ),
        rule(
            "M",
            "code.notation",
            "Letter",
            "VND-EDX-135",
            _letter_without_type,
            source=f"{ND30} Phụ lục III mục I",
            severity=Severity.INFO,
            certainty=UNSURE,
        ),
        rule(
            "M",
            "code.notation",
            "Year",
            "VND-EDX-136",
            _year_in_notation,
            source=f"{_NUMBER}; NĐ 78/2025/NĐ-CP",
        ),
        rule(
            "T",
            "type.name",
            "",
            "VND-EDX-138",
            _known_type,
            source=f"{ND30} Điều 7",
            severity=Severity.INFO,
            certainty=UNSURE,
        ),
    )


def identifier_rules() -> tuple[Rule, ...]:
    """Give the rules on identifiers of documents, and on the document that is answered."""
    return (
        rule(
            "T",
            "document_id",
            "",
            "VND-EDX-127",
            _form,
            source=_IDENTIFIER,
            severity=Severity.INFO,
            certainty=UNSURE,
        ),
        rule("M", "document_id", "Issuer", "VND-EDX-125", _issuer, source=_IDENTIFIER),
        rule("M", "document_id", "Date", "VND-EDX-124", _same_date, source=_IDENTIFIER),
        rule("M", "document_id", "Code", "VND-EDX-126", _same_code, source=_IDENTIFIER),
        rule("M", "responses_for[].document_id", "Itself", "VND-EDX-152", _not_itself, source=f"{QCVN} 1.12"),
        *(
            one
            for path, messages in (("responses_for[]", ("document",)), ("response_for", (STATUS,)))
            for one in (
                rule(
                    "M",
                    f"{path}.code",
                    "Swapped",
                    "VND-EDX-150",
                    _swapped,
                    source=f"{QCVN} 1.12",
                    messages=messages,
                ),
                rule(
                    "T",
                    f"{path}.code",
                    "",
                    "VND-EDX-151",
                    _whole_code,
                    source=f"{QCVN} 1.12",
                    messages=messages,
                ),
                rule(
                    "M",
                    f"{path}.document_id",
                    "Date",
                    "VND-EDX-124",
                    _answer_dated,
                    source=_IDENTIFIER,
                    messages=messages,
                ),
                rule(
                    "M",
                    f"{path}.document_id",
                    "Code",
                    "VND-EDX-126",
                    _answer_coded,
                    source=_IDENTIFIER,
                    messages=messages,
                ),
            )
        ),
        rule(
            "M",
            "response_for",
            "Direction",
            "VND-EDX-112",
            _direction,
            source=QCVN,
            severity=Severity.ERROR,
            certainty=CERTAIN,
            messages=(STATUS,),
        ),
    )
