"""The catalogues: every code and every word in Vietnamese and English, read when they are first needed."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

import attrs

from vnedoc.errors import InputError

LANGUAGES = ("vi", "en")
_CODE = re.compile(r"VND-([A-Z0-9]+)(?:-[0-9]{3})?")
PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
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
class Entry:
    """One code of the catalogue.

    Attributes:
        code: Such as ``VND-XML-001``.
        facts: Names that the texts may use as placeholders.
        texts: Language to its texts, placeholders in braces.
        lack: Whether, as an error, it only says that something is not at hand: under INDETERMINATE it is
            shown as missing, not as an error.
    """

    code: str
    facts: tuple[str, ...]
    texts: Mapping[str, Message]
    lack: bool = False


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
    return {
        code: Entry(
            code,
            tuple(row["facts"]),
            {lang: Message(**row[lang]) for lang in LANGUAGES},
            row.get("lack", False),
        )
        for code, row in table.items()
    }


def entry(code: str) -> Entry | None:
    """Give the catalogue's entry, or ``None`` for a code that it does not know."""
    match = _CODE.fullmatch(code)
    return None if match is None else _section(match.group(1).lower()).get(code)


def codes() -> tuple[str, ...]:
    """Give every known code, from the ground floor up."""
    return tuple(code for prefix in _ORDER for code in _section(prefix))


def explain(code: str, lang: str = "en") -> Message:
    """Say what a code means, with its facts as ``<name>``.

    Raises:
        InputError: ``VND-VER-010`` for an unknown language, ``VND-VER-011`` for an unknown code.
    """
    language(lang)
    found = entry(code)
    if found is None:
        raise InputError(
            "VND-VER-011",
            "there is no such code",
            hint="codes look like VND-XML-001",
            facts={"seen": code},
        )
    text = found.texts[lang]
    return Message(*(PLACEHOLDER.sub(r"<\1>", one) for one in (text.checked, text.seen, text.next)))


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
