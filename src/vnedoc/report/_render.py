"""Findings and errors in words. A fact is data: it is never a template and never a control sequence."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping, Sequence

from vnedoc.errors import FactValue, VnedocError
from vnedoc.model import VIETNAM, Finding
from vnedoc.report._catalogue import Message, entry, language, say_clauses, value_word, word

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9.]{2,9}(?:Z|[+-][0-9]{2}:[0-9]{2})")
# A fact of a text, with the quotation marks around it.
_FACT = re.compile(r"(?P<open>[“\"]?)\{(?P<name>[a-z_][a-z0-9_]*)\}(?P<close>[”\"]?)")
# One attribute of a distinguished name: an escaped comma or plus sign does not end it.
_ATTRIBUTE = re.compile(r"\s*((?:\\.|[^,+\\])+)", re.DOTALL)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BETWEEN_SENTENCES = re.compile(r"(?<=\.) (?=\w)")
_TWO_STOPS = re.compile(r"(?<!\.)\.\.$")
_ESCAPED = re.compile(r"((?:\\[0-9A-Fa-f]{2})+)|\\(.)")
# Other, separators of lines and paragraphs: none of them shows itself, some turn the text around.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Facts that are distinguished names: sentences show common name and organisation, the facts keep the whole.
_NAMES = frozenset({"subject", "issuer", "signer", "certificate", "certificates"})
# Facts that are codes, or begin with one: it is said in words.
_OF_CODES = frozenset({"codes", "cause"})
_ONE_CODE = re.compile(r"VND-[A-Z]+-[0-9]{3}")
_REASONS = re.compile(r"(?:VND-[A-Z]+-[0-9]{3}: )?(VND-[A-Z]+-[0-9]{3}(?:, VND-[A-Z]+-[0-9]{3})*)")
_LONGEST = 600
_DEEPEST = 8


def plain(text: str) -> str:
    """Give *text* so that a screen shows what is there: control, bidi and unseen characters as escapes."""
    shown = unicodedata.normalize("NFC", text[:_LONGEST])
    tail = "…" if len(text) > _LONGEST else ""
    return "".join(_visible(letter) for letter in shown) + tail


def _visible(letter: str) -> str:
    if unicodedata.category(letter) not in _HIDDEN:
        return letter
    number = ord(letter)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"  # noqa: PLR2004 - the BMP


def moment(value: dt.datetime, lang: str) -> str:
    """Give a time for people, at +07:00: ``22/11/2026 08:02:03 +07:00``, in English year first."""
    try:
        value = value.astimezone(VIETNAM)
    except OverflowError:
        # 99991231235959Z, "no well-defined end" of RFC 5280, has no later hour.
        value = value.replace(microsecond=0)
    day = f"{value:%d/%m}/{value.year:04d}" if lang == "vi" else f"{value.year:04d}-{value:%m-%d}"
    return f"{day} {value:%H:%M:%S} {value.isoformat(timespec='seconds')[19:]}".rstrip()


def value_text(value: FactValue, lang: str, depth: int = 0, name: str = "") -> str:
    """Give a fact for people; *name* finds the words of values that the code chose."""
    if value is None or value in ([], (), {}):
        return word("label", "none", lang)
    if isinstance(value, bool):
        return word("label", "yes" if value else "no", lang)
    if isinstance(value, str):
        return _text(value, lang, name)
    if isinstance(value, int):
        return _number(value)
    if depth >= _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return "; ".join(
            f"{plain(str(key))}: {value_text(one, lang, depth + 1)}" for key, one in value.items()
        )
    if isinstance(value, Sequence):
        return ", ".join(value_text(one, lang, depth + 1, name) for one in value)
    return plain(str(value))


def _text(value: str, lang: str, name: str) -> str:
    if value == "":
        return '""'
    if _is_time(value):
        return moment(dt.datetime.fromisoformat(value), lang)
    if lang == "vi" and _is_day(value):
        return "/".join(reversed(value.split("-")))
    if name in _NAMES:
        return plain(readable_name(value))
    return _codes_told(value, name, lang) or value_word(name, value, lang) or plain(value)


def _codes_told(value: str, name: str, lang: str) -> str | None:
    """Say a code in a few words, and the reasons ``CODE: CODE, CODE`` by what they end in."""
    if name not in _OF_CODES or not _ONE_CODE.match(value):
        return None
    listed: list[str] = []
    for part in value.split("; "):
        reasons = _REASONS.fullmatch(part)
        listed += _ONE_CODE.findall(part if reasons is None else reasons[1])
    told = [(value_word("codes", one, lang), one) for one in dict.fromkeys(listed)]
    if not told or any(words is None for words, _ in told):
        return None
    return ", ".join(f"{words} ({one})" for words, one in told)


def _number(value: int) -> str:
    # str() of a huge int is refused by Python itself (and is no use to a reader).
    return str(value) if value.bit_length() <= 256 else hex(value)  # noqa: PLR2004 - as wide as a digest


def _is_time(text: str) -> bool:
    if not _TIME.fullmatch(text):
        return False
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _attributes(name: str) -> list[tuple[str, str]]:
    """Give type and value of each attribute of a distinguished name (RFC 4514)."""
    pairs = (one.partition("=") for one in _ATTRIBUTE.findall(name))
    return [(kind, _ESCAPED.sub(_unescaped, value)) for kind, _, value in pairs]


def common_name(name: str) -> str:
    """Give the common name of a distinguished name, or the whole name when it has none."""
    return next((value for kind, value in _attributes(name) if kind == "CN"), name)


def readable_name(name: str) -> str:
    """Give common name and organisation of a distinguished name, or the whole name when it has neither."""
    found = _attributes(name)
    wanted = [value for kind in ("CN", "O") for one, value in found if one == kind and value]
    return ", ".join(wanted) or name


def _unescaped(match: re.Match[str]) -> str:
    if match.group(1):
        return bytes.fromhex(match.group(1).replace("\\", "")).decode("utf-8", "replace")
    return match.group(2)


def _fill(text: str, facts: Mapping[str, FactValue], lang: str, code: str) -> str:
    """Put the facts into a text. Only what was really there stands in quotation marks; “” is empty."""

    def fact(match: re.Match[str]) -> str:
        opening, name, closing = match["open"], match["name"], match["close"]
        if name not in facts:
            return word("label", "unknown", lang)
        value = facts[name]
        if opening and closing and value is None:
            return word("label", "none", lang)
        if opening and closing and value == "":
            return opening + closing
        if opening and closing and isinstance(value, str) and (_is_time(value) or _is_day(value)):
            return opening + value + closing  # quoted: what was written there, and as it was written
        own = value_word(f"{code}.{name}", value, lang) if isinstance(value, str) else None
        return opening + (own or value_text(value, lang, name=name)) + closing

    return _FACT.sub(fact, say_clauses(text, facts))


def _sentence(text: str) -> str:
    """End a sentence that ends with a fact: what follows it must not run into it."""
    if text.endswith((".", "!", "?", "…")):
        return _TWO_STOPS.sub(".", text)
    return f"{text}."


def _advice(text: str, facts: Mapping[str, FactValue]) -> str:
    """Leave out the sentences that are about a fact which is none, unless nothing else would be left."""
    sentences = _BETWEEN_SENTENCES.split(text)
    told = [
        one
        for one in sentences
        if not any(name in facts and facts[name] is None for _, name, _ in _FACT.findall(one))
    ]
    return " ".join(told or sentences)


def _render(code: str, facts: Mapping[str, FactValue], lang: str) -> Message | None:
    found = entry(code)
    if found is None:
        return None
    text = found.text(facts, lang)
    advice = _advice(text.next, facts)
    checked, seen, then = (_fill(one, facts, lang, code) for one in (text.checked, text.seen, advice))
    return Message(checked, _sentence(seen), then)


def render_finding(finding: Finding, lang: str = "en") -> Message:
    """Say a finding in words; a code that the catalogue does not know shows its facts.

    Raises:
        InputError: ``VND-VER-010`` for an unknown language.
    """
    language(lang)
    known = _render(finding.code, finding.facts, lang)
    if known is not None:
        return known
    return Message(
        checked=word("unknown_code", "checked", lang),
        seen=f"{plain(finding.code)}: {value_text(finding.facts, lang)}",
        next=word("unknown_code", "next", lang),
    )


def render_error(error: VnedocError, lang: str = "en") -> Message:
    """Say an error in words; a code that the catalogue does not know keeps the error's own English.

    Raises:
        InputError: ``VND-VER-010`` for an unknown language.
    """
    language(lang)
    known = _render(error.code, error.facts, lang)
    if known is not None:
        return known
    return Message(
        checked=word("unknown_code", "checked", lang),
        seen=plain(error.message),
        next=plain(error.hint) or word("unknown_code", "next", lang),
    )
