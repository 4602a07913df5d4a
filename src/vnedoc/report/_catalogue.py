"""The catalogues: every code and every word in Vietnamese and English, read when they are first needed."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

import attrs

from vnedoc.errors import FactValue, InputError

LANGUAGES = ("vi", "en")
_CONCLUSIONS = ("PASSED", "INDETERMINATE", "FAILED")
_CODE = re.compile(r"VND-([A-Z0-9]+)(?:-[0-9]{3})?")
PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
# Clauses of which those are said that have something to say: ``[role {roles}|place {place}]``.
_CLAUSES = re.compile(r"\[([^\[\]|]*(?:\|[^\[\]|]*)+)\]")
# The order of the floors, from the ground up: so reads the table of codes.
_ORDER = (
    "model", "io", "extra", "net", "xml", "dsig", "trust", "edx", "sign", "sig", "pdf", "pol",
    "ver", "trn", "exc", "dir", "flow", "cli", "internal",
)  # fmt: skip


@attrs.frozen
class Message:
    """A finding or an error in words.

    Attributes:
        checked: What was checked.
        seen: What was seen.
        next: What to do next.
    """

    checked: str
    seen: str
    next: str


@attrs.frozen
class Case:
    """Words of an entry for one value of a fact.

    Attributes:
        fact: Name of the fact.
        value: What it must be; ``None`` for a fact that is none.
        texts: Language to what replaces the usual words.
    """

    fact: str
    value: str | int | None
    texts: Mapping[str, Message]


@attrs.frozen
class Entry:
    """One code of the catalogue.

    Attributes:
        code: Such as ``VND-XML-001``.
        facts: Names that the texts may use as placeholders.
        texts: Language to its texts, placeholders in braces.
        lack: Whether, as an error, it only says that something is not at hand: under INDETERMINATE it is
            shown as missing, not as an error.
        cases: Other words for some values of facts; the first that fits is taken.
    """

    code: str
    facts: tuple[str, ...]
    texts: Mapping[str, Message]
    lack: bool = False
    cases: tuple[Case, ...] = ()

    def text(self, facts: Mapping[str, FactValue], lang: str) -> Message:
        """Give the words for these facts, placeholders still in braces."""
        fitting = (one for one in self.cases if one.fact in facts and facts[one.fact] == one.value)
        case = next(fitting, None)
        return (self.texts if case is None else case.texts)[lang]


def language(lang: str) -> str:
    """Give *lang* back when there is a catalogue for it.

    Raises:
        InputError: ``VND-VER-010``.
    """
    if lang not in LANGUAGES:
        raise InputError(
            "VND-VER-010",
            f"there is no catalogue for the language {lang!r}",
            hint="use vi or en",
            facts={"seen": lang, "allowed": list(LANGUAGES)},
        )
    return lang


def _read(name: str) -> dict[str, Any]:
    source = resources.files("vnedoc.report").joinpath("messages", f"{name}.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


@functools.cache
def _section(prefix: str) -> Mapping[str, Entry]:
    """Read the catalogue of one prefix; a prefix without a file has no codes."""
    try:
        table = _read(prefix)
    except FileNotFoundError:
        return {}
    return {code: _entry(code, row) for code, row in table.items()}


def _entry(code: str, row: Mapping[str, Any]) -> Entry:
    cases = (
        Case(
            one["fact"], one.get("value"), {lang: Message(**{**row[lang], **one[lang]}) for lang in LANGUAGES}
        )
        for one in row.get("case", ())
    )
    texts = {lang: Message(**row[lang]) for lang in LANGUAGES}
    return Entry(code, tuple(row["facts"]), texts, row.get("lack", False), tuple(cases))


def entry(code: str) -> Entry | None:
    """Give the catalogue's entry, or ``None`` for a code that it does not know."""
    match = _CODE.fullmatch(code)
    return None if match is None else _section(match.group(1).lower()).get(code)


def codes() -> tuple[str, ...]:
    """Give every known code, from the ground floor up."""
    return tuple(code for prefix in _ORDER for code in _section(prefix))


def explain(code: str, lang: str = "en") -> Message:
    """Say what a code means, with its facts as ``<name>``; or a conclusion, its reason, or a level.

    Args:
        code: ``VND-XML-001``, ``HASH_FAILURE``, ``PASSED``, ``B-LTA``.
        lang: ``vi`` or ``en``.

    Raises:
        InputError: ``VND-VER-010`` for an unknown language, ``VND-VER-011`` for an unknown code.
    """
    language(lang)
    found = entry(code)
    if found is not None:
        text = found.texts[lang]
        parts = (say_clauses(one) for one in (text.checked, text.seen, text.next))
        return Message(*(PLACEHOLDER.sub(r"<\1>", one) for one in parts))
    known = _explained(code, lang)
    if known is None:
        raise InputError(
            "VND-VER-011",
            "there is no such code",
            hint="codes look like VND-XML-001; HASH_FAILURE, PASSED and B-LTA are known too",
            facts={"seen": code},
        )
    return known


def explains(code: str) -> bool:
    """Tell whether ``explain`` knows it."""
    return entry(code) is not None or _explained(code, LANGUAGES[0]) is not None


def _explained(name: str, lang: str) -> Message | None:
    """Say what a word of ETSI EN 319 102-1 means, or a level."""
    if has_word("sub_indication", name):
        group = "undecided_action" if has_word("undecided_action", name) else "action"
        then = word(group, name if group == "undecided_action" else "FAILED", lang)
        return Message(word("explained", "sub_indication", lang), word("sub_indication", name, lang), then)
    if name in _CONCLUSIONS:
        seen, then = (word(group, name, lang) for group in ("meaning", "action"))
        return Message(word("explained", "conclusion", lang), seen, then)
    if has_word("level_meaning", name):
        told = (word("explained", "level", lang), word("level_meaning", name, lang))
        return Message(*told, word("explained", "level_next", lang))
    return None


def say_clauses(text: str, facts: Mapping[str, FactValue] | None = None) -> str:
    """Leave out the clauses whose facts are empty; all of them stay when none of them has any."""

    def said(match: re.Match[str]) -> str:
        clauses = match[1].split("|")
        told = [one for one in clauses if facts and all(facts.get(name) for name in placeholders(one))]
        return "; ".join(told or clauses)

    return _CLAUSES.sub(said, text)


@functools.cache
def _words() -> dict[str, Any]:
    return _read("words")


def word(group: str, key: str, lang: str) -> str:
    """Give a word of ``words.toml``; a key that is not there is its own word."""
    row = _words()[group].get(key)
    return key if row is None else str(row[lang])


def has_word(group: str, key: str) -> bool:
    """Tell whether ``words.toml`` has a word of its own for the key."""
    return key in _words()[group]


@functools.cache
def _values() -> dict[str, dict[str, dict[str, str]]]:
    return _read("values")


def value_word(fact: str, value: str, lang: str) -> str | None:
    """Give the words of ``values.toml`` for a value that the code chose; ``None`` for data."""
    row = _values().get(fact, {}).get(value)
    return None if row is None else row[lang]


def placeholders(text: str) -> frozenset[str]:
    """Give the names in braces."""
    return frozenset(PLACEHOLDER.findall(text))
