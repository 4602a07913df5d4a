"""Names of files that a message gives: data, never a path."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

_LONGEST_NAME = 200
_LONGEST_EXTENSION = 20
_PUNCTUATION = frozenset(" -_.,()[]+=@#&'!")
_DEVICES = frozenset({"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"}).union(
    f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"
)


def safe_name(name: str, taken: Collection[str] = ()) -> str:
    """Make a file name for display and storage out of a name that a message gives (threats H01, H02).

    Letters of every script, digits and a little punctuation stay; all else, path separators, control and
    direction characters included, becomes ``_`` or goes. The result is NFC, at most 200 octets of UTF-8,
    no device name of Windows, does not start with a dot or a combining mark, does not end in a dot or a
    space, keeps its extension, and is never empty.

    Args:
        name: The name as given; it is data and may be anything.
        taken: Names that are already there; the result differs from each of them also on file systems
            that ignore case or Unicode form.
    """
    plain = _tidy("".join(map(_allowed, unicodedata.normalize("NFC", name))))
    stem, suffix = _parted(plain or "attachment")
    used = {_key(one) for one in taken}
    made = _fitted(stem, "", suffix)
    number = 2
    while _key(made) in used:
        made = _fitted(stem, f" ({number})", suffix)
        number += 1
    return made


def _allowed(letter: str) -> str:
    if letter in _PUNCTUATION:
        return letter
    match unicodedata.category(letter)[0], unicodedata.category(letter):
        case (("L" | "M" | "N"), _):
            return letter
        case _, "Cf":  # zero width and direction marks
            return ""
        case _, "Zs":
            return " "
    return "_"


def _tidy(name: str) -> str:
    name = unicodedata.normalize("NFC", name).rstrip(". ")
    first = (at for at, one in enumerate(name) if one not in ". " and unicodedata.category(one)[0] != "M")
    name = name[next(first, len(name)) :]
    if name.startswith("-"):
        name = "_" + name[1:]
    if name.split(".", 1)[0].rstrip().lower() in _DEVICES:
        name = "_" + name
    return name


def _parted(name: str) -> tuple[str, str]:
    stem, dot, last = name.rpartition(".")
    if dot and stem and len(last.encode()) < _LONGEST_EXTENSION:
        return stem, "." + last
    return name, ""


def _fitted(stem: str, number: str, suffix: str) -> str:
    room = _LONGEST_NAME - len((number + suffix).encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ") + number + suffix


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
