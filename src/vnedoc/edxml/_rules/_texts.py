"""Rules on what texts hold: whole and composed letters, nothing unseen, no secret, signer and annexes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from vnedoc.edxml._rules._rule import (
    BOTH,
    CERTAIN,
    DOCUMENT,
    EVERY_TEXT,
    ND30_LAYOUT,
    QCVN,
    QD28,
    SHOWN,
    STATUS,
    UNSURE,
    Breach,
    Check,
    Given,
    Rule,
    rule,
    texts,
    values,
)
from vnedoc.model import Envelope, Severity

_TCVN = "TCVN 6909:2001"
_MANY = 8

# --- letters --------------------------------------------------------------------------------------

# Controls but for tab and line ends, half surrogates and the two that are no characters at all: XML has none.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Direction marks, joiners, soft hyphen, byte order mark: nobody sees them, and some turn the text around.
_UNSEEN = re.compile("[\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_REPLACEMENT = "\ufffd"
# Letters of Vietnamese that no western 8-bit code page has.
_VIETNAMESE = re.compile("[ăđơưĂĐƠƯĩũĨŨ\u1ea0-\u1ef9]")
# TCVN3 read as Latin-1 puts these signs into words ("Céng hoµ x· héi"); VNI puts these letters after vowels
# ("Coäng hoøa xaõ hoäi"). Vietnamese in Unicode has neither.
_TCVN3 = re.compile("[A-Za-z][¨©ª«¬®µ¶·¸¹»¼½¾×÷]|[¨©ª«¬®µ¶·¸¹»¼½¾×÷][A-Za-z]")
_VNI = re.compile("[AEIOUYaeiouy][øûïäåØÛÏÄÅ]|[A-Za-z]ñ[a-z]|ö[ùøûïùôØÛÏ]")
_FEW = 2


def _composed(message: Any, _: Given) -> Iterator[Breach]:
    for where, text in texts(message):
        if not unicodedata.is_normalized("NFC", text):
            yield where, {"seen": text[:SHOWN]}


def _all_seen(message: Any, _: Given) -> Iterator[Breach]:
    for where, text in texts(message):
        if text.isascii() and text.isprintable():
            continue
        found = [*_CONTROL.findall(text), *_UNSEEN.findall(text)]
        if found:
            yield where, {"seen": text[:SHOWN], "characters": _names(found)}


def _names(found: list[str]) -> list[str]:
    return [f"U+{ord(one):04X}" for one in list(dict.fromkeys(found))[:_MANY]]


def _whole(message: Any, _: Given) -> Iterator[Breach]:
    for where, text in texts(message):
        if _REPLACEMENT in text:
            yield where, {"seen": text[:SHOWN], "count": text.count(_REPLACEMENT)}


def _unicode(message: Any, _: Given) -> Iterator[Breach]:
    for where, text in texts(message):
        if text.isascii() or _VIETNAMESE.search(text):
            continue
        for name, signs in (("TCVN3", _TCVN3), ("VNI", _VNI)):
            if len(signs.findall(text)) >= _FEW:
                yield where, {"seen": text[:SHOWN], "encoding": name}
                break


# --- shapes ---------------------------------------------------------------------------------------

_EMAIL = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+")
_TELEPHONE = re.compile(
    r"(?=.*[0-9])[0-9+().\s/,;–-]+(?:(?:ext|máy lẻ|nhánh|số lẻ)[.:]?\s*[0-9]+)?", re.IGNORECASE
)
_CONTACTS = (
    *((f"sender.{name}", DOCUMENT) for name in ("email", "telephone", "fax")),
    *((f"receivers[].{name}", DOCUMENT) for name in ("email", "telephone", "fax")),
    *((f"business.staff.{name}", DOCUMENT) for name in ("email", "mobile")),
    *((f"sender.{name}", STATUS) for name in ("email", "telephone", "fax")),
    *((f"staff.{name}", STATUS) for name in ("email", "mobile")),
)


def _shaped(path: str, shape: re.Pattern[str]) -> Check:
    def check_shape(message: Any, _: Given) -> Iterator[Breach]:
        for where, value in values(message, path):
            if value and shape.fullmatch(value[:_LONGEST_CONTACT].strip()) is None:
                yield where, {"seen": value[:SHOWN]}

    return check_shape


_LONGEST_CONTACT = 200

# --- secrecy --------------------------------------------------------------------------------------

_LEVEL = r"(?:tuyệt\s+mật|tối\s+mật|mật)"
_MARK = re.compile(rf"[\W_]*(?:(?:độ|mức\s+độ|dấu)\s+mật\s*[:=–-]?\s*)?(?P<level>{_LEVEL})[\W_]*")
# A mark, not a word of the sentence: at the head and closed, in brackets, or said to be the level.
_AT_HEAD = re.compile(rf"[\W_]*(?P<level>{_LEVEL})\s*[:\])–]")
_BOXED = re.compile(rf"(?:[\[(]|độ\s+mật\s*[:=])\s*(?P<level>{_LEVEL})(?!\w)(?!\s+\w)")
_SECRET_NAMES = frozenset({"secret", "secrecy", "secretlevel", "secretlevels", "security", "domat", "mat"})
_XML_LEAF = re.compile(r"<(?:[^\s<>/:]+:)?(?P<name>[^\s<>/:]+)(?:\s[^<>]*)?>(?P<text>[^<]*)<")
_LEAF = 1000


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text[:_LEAF]).casefold()


def _secret_sphere(envelope: Envelope, _: Given) -> Iterator[Breach]:
    sphere = envelope.other.sphere if envelope.other else None
    if sphere and (match := _MARK.fullmatch(_folded(sphere))):
        yield "other.sphere", {"seen": sphere[:SHOWN], "level": match["level"]}


def _secret_subject(envelope: Envelope, _: Given) -> Iterator[Breach]:
    subject = _folded(envelope.subject or "")
    match = _AT_HEAD.match(subject) or _BOXED.search(subject) or _MARK.fullmatch(subject)
    if match:
        yield "subject", {"seen": (envelope.subject or "")[:SHOWN], "level": match["level"]}


def _secret_element(envelope: Envelope, _: Given) -> Iterator[Breach]:
    for place, one in enumerate(envelope.unknown):
        leaf = _XML_LEAF.match(one.xml[:_LEAF])
        if leaf is None or leaf["name"].casefold() not in _SECRET_NAMES:
            continue
        if match := _MARK.fullmatch(_folded(leaf["text"])):
            yield f"unknown[{place}]", {"seen": leaf["text"][:SHOWN], "level": match["level"]}


# --- signer and annexes ---------------------------------------------------------------------------

_PREFIX = re.compile(r"(?P<prefix>TM|Q|KT|TL|TUQ)\.", re.IGNORECASE)
_LOOSE = re.compile(r"(?P<prefix>TM|Q|KT|TL|TUQ)(?:\s*[./:,-]\s*|\s+)(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_FOR_THE_HEAD = frozenset({"KT", "TL", "TUQ"})
_ROMAN = re.compile(r"phụ\s+lục\s+(?:số\s+)?(?P<number>[ivxlc]+)(?!\w)")
_ONES = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
_TENS = ("", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC")
_NO_ROMAN = 400  # annexes; nobody counts further in these letters
_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


def _prefixed(envelope: Envelope, _: Given) -> Iterator[Breach]:
    competence = (envelope.signer.competence if envelope.signer else None) or ""
    if not competence.strip() or _PREFIX.match(competence.strip()):
        return
    loose = _LOOSE.fullmatch(competence.strip())
    better = f"{loose['prefix'].upper()}. {loose['rest']}".strip()[:SHOWN] if loose else None
    yield "signer.competence", {"seen": competence[:SHOWN], "better": better}


def _not_the_head(envelope: Envelope, _: Given) -> Iterator[Breach]:
    if envelope.signer is None or not envelope.signer.competence or not envelope.signer.position:
        return
    match = _PREFIX.match(envelope.signer.competence.strip())
    if match is None or match["prefix"].upper() not in _FOR_THE_HEAD:
        return
    head = _words(envelope.signer.competence.strip()[match.end() :])
    if head and head == _words(envelope.signer.position):
        yield (
            "signer.position",
            {"seen": envelope.signer.position[:SHOWN], "competence": envelope.signer.competence[:SHOWN]},
        )


def _words(text: str) -> str:
    return " ".join(_folded(text).split())


def _roman(text: str) -> int:
    numbers = [_VALUES[one] for one in text]
    return sum(-one if one < after else one for one, after in zip(numbers, [*numbers[1:], 0], strict=True))


def _annexes_numbered(envelope: Envelope, _: Given) -> Iterator[Breach]:
    annexes = envelope.other.appendixes if envelope.other else ()
    if len(annexes) < _FEW:
        return
    for place, one in enumerate(annexes):
        match = _ROMAN.match(_folded(one).strip())
        if match is None or _roman(match["number"]) != place + 1:
            yield (
                f"other.appendixes[{place}]",
                {"seen": one[:SHOWN], "better": f"Phụ lục {_to_roman(place + 1)}"},
            )


def _to_roman(number: int) -> str:
    if number >= _NO_ROMAN:
        return str(number)
    tens, ones = divmod(number % 100, 10)
    return "C" * (number // 100) + _TENS[tens] + _ONES[ones]


# --- the table ------------------------------------------------------------------------------------


def text_rules() -> tuple[Rule, ...]:
    """Give the rules on letters and shapes."""
    return (
        *(
            rule(
                "T",
                EVERY_TEXT,
                about,
                code,
                check,
                source=f"{_TCVN}; {ND30_LAYOUT} mục I.4",
                certainty=certainty,
                messages=BOTH,
            )
            for about, code, check, certainty in (
                ("NFC", "VND-EDX-109", _composed, CERTAIN),
                ("Control", "VND-EDX-118", _all_seen, CERTAIN),
                ("Replacement", "VND-EDX-119", _whole, CERTAIN),
                ("Legacy", "VND-EDX-120", _unicode, "likely"),
            )
        ),
        *(
            rule(
                "T",
                path,
                "",
                "VND-EDX-121",
                _shaped(path, _EMAIL if path.endswith("email") else _TELEPHONE),
                source=QCVN,
                severity=Severity.INFO,
                certainty=UNSURE,
                messages=(message,),
            )
            for path, message in _CONTACTS
        ),
    )


def secrecy_rules() -> tuple[Rule, ...]:
    """Give the rules that keep secret documents off the axis."""
    return tuple(
        rule(
            "M",
            path,
            about,
            "VND-EDX-122",
            check,
            source=f"{QD28} Điều 1 khoản 2",
            severity=Severity.ERROR,
            certainty=CERTAIN,
        )
        for path, about, check in (
            ("other.sphere", "Secret", _secret_sphere),
            ("subject", "Secret", _secret_subject),
            ("other", "Secret", _secret_element),
        )
    )


def signer_rules() -> tuple[Rule, ...]:
    """Give the rules on the signer and the annexes."""
    return (
        rule(
            "T",
            "signer.competence",
            "",
            "VND-EDX-139",
            _prefixed,
            source=f"{ND30_LAYOUT} mục II.7",
            certainty=CERTAIN,
        ),
        rule(
            "M",
            "signer.position",
            "Competence",
            "VND-EDX-140",
            _not_the_head,
            source=f"{ND30_LAYOUT} mục II.7",
        ),
        rule(
            "T",
            "other.appendixes[]",
            "Roman",
            "VND-EDX-141",
            _annexes_numbered,
            source=f"{ND30_LAYOUT} mục III.1",
            certainty=CERTAIN,
        ),
    )
