"""Write the RELAX NG grammars of every dialect from the hand-written templates beside this script.

A template holds what a correct message is; a grammar differs from its sisters only in title, namespace and in
the lines between ``%if`` and ``%end`` for its edition or order. The templates know nothing of the wire table
in the code: a test compares the two. Run ``python scripts/make_schemas.py`` after changing a template; with
``--check`` it only says whether a grammar is out of date.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
TEMPLATES = HERE / "schemas"
SCHEMAS = HERE.parent / "src" / "vnedoc" / "edxml" / "schemas"
NOTE = "  Written by scripts/make_schemas.py: change scripts/schemas, not this file."

QCVN = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
E_DOC = "http://www.e-doc.vn/Schema/"
INET = "http://www.inetcloud.vn/ns/edxml"

# A day that a month can have; leap years are left to the reader.
_LONG, _SHORT = "(0[1-9]|[12][0-9]|3[01])", "(0[1-9]|[12][0-9]|30)"
_LONG_MONTHS, _SHORT_MONTHS = "(0[13578]|1[02])", "(0[469]|11)"
VALUES = {
    "DAY": f"({_LONG_MONTHS}/{_LONG}|{_SHORT_MONTHS}/{_SHORT}|02/(0[1-9]|[12][0-9]))",
    "DAY_FIRST": f"({_LONG}/{_LONG_MONTHS}|{_SHORT}/{_SHORT_MONTHS}|(0[1-9]|[12][0-9])/02)/[0-9]{{4}}",
    "TIME": "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]",
}
_LAW = "QCVN 102:2016/BTTTT"
_AMENDED = "QCVN 102:2016/BTTTT with SĐ1:2022"
_AXIS, _SECTIONS = "in the order of the national axis", "in the order of its sections"
_OLD = "Công văn 2803/BTTTT-THH (2014)"
# file: template, flags, title, namespace
GRAMMARS: Mapping[str, tuple[str, frozenset[str], str, str]] = {
    "edxml-2016": ("packet", frozenset({"2016", "axis"}), f"edXML, {_LAW}, {_AXIS}", QCVN),
    "edxml-2016-official": ("packet", frozenset({"2016", "official"}), f"edXML, {_LAW}, {_SECTIONS}", QCVN),
    "edxml-2022": ("packet", frozenset({"2022", "axis"}), f"edXML, {_AMENDED}, {_AXIS}", QCVN),
    "edxml-2022-official": (
        "packet",
        frozenset({"2022", "official"}),
        f"edXML, {_AMENDED}, {_SECTIONS}",
        QCVN,
    ),
    "edxml-2014": ("soap", frozenset(), f"edXML, {_OLD}", E_DOC),
    "edxml-2014-inet": ("soap", frozenset(), f"edXML, {_OLD}, in the namespace of INET", INET),
    "edxml-2014-part": ("part", frozenset(), f"An attachment of edXML, {_OLD}", E_DOC),
    "edxml-2014-inet-part": (
        "part",
        frozenset(),
        f"An attachment of edXML, {_OLD}, in the namespace of INET",
        INET,
    ),
}


def render(name: str) -> str:
    """Give the text of one grammar."""
    template, flags, title, ns = GRAMMARS[name]
    kept, wanted = [], True
    for line in (TEMPLATES / f"{template}.rng.in").read_text(encoding="utf-8").splitlines():
        if line.startswith("%if "):
            wanted = line[4:] in flags
        elif line == "%end":
            wanted = True
        elif wanted:
            kept.append(line)
    text = "\n".join(kept) + "\n"
    for key, value in {**VALUES, "TITLE": f"{title}.\n{NOTE}", "NS": ns}.items():
        text = text.replace(f"@{key}@", value)
    return text


def main() -> int:
    """Write or check every grammar."""
    stale = [name for name in GRAMMARS if not _holds(name)]
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"{name}.rng is out of date: run python scripts/make_schemas.py")
        return 1 if stale else 0
    for name in stale:
        (SCHEMAS / f"{name}.rng").write_text(render(name), encoding="utf-8", newline="\n")
        print(f"{name}.rng")
    return 0


def _holds(name: str) -> bool:
    path = SCHEMAS / f"{name}.rng"
    return path.is_file() and path.read_text(encoding="utf-8") == render(name)


if __name__ == "__main__":
    sys.exit(main())
