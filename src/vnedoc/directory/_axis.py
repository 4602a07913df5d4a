"""Agencies as the national axis lists them: plain mappings, in and out of the state of things on the wire."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import attrs

from vnedoc.directory._line import wrong
from vnedoc.errors import InputError
from vnedoc.model import Agency, AgencyState, Finding, OrganId

if TYPE_CHECKING:
    from vnedoc.protocols import Directory

_NOTHING = frozenset({"", "null", "None", "0"})


@attrs.frozen(kw_only=True)
class AxisImport:
    """What was read of an answer of the axis.

    Attributes:
        agencies: Every entry that could be used, each code once.
        findings: Every entry, or part of one, that could not; ``items[3]`` counts from 0.
    """

    agencies: tuple[Agency, ...]
    findings: tuple[Finding, ...]


def from_axis(
    items: Iterable[object],
    *,
    modified: dt.datetime,
    deleted: bool = False,
    known: Directory | None = None,
) -> AxisImport:
    """Read the items of ``getAgenciesListQD20``, ``getAgenciesList`` or ``getSynchronizeUnit``.

    An item has ``code`` (2020) and ``code102`` (2016), or ``code`` alone, and ``id``, ``pcode``, ``name``,
    ``mail``, ``mobile``, ``fax``. Real lists are not clean: what cannot be used is a finding, never an error.

    Args:
        items: The list under ``data`` of the answer, as parsed from JSON.
        modified: When the answer was asked for, with zone.
        deleted: The answer lists what was deleted: the agencies come out as abolished.
        known: Where to look up what a deleted item no longer says.

    Raises:
        InputError: ``VND-MODEL-003`` or ``VND-MODEL-005`` for a time that cannot be used.
    """
    # Refuse a time that cannot be used before any item is blamed for it.
    Agency(organ_id="H99", name="-", modified=modified)
    agencies: dict[str, Agency] = {}
    findings: list[Finding] = []
    for number, item in enumerate(items):
        where = f"items[{number}]"
        try:
            agency = _agency(item, modified, deleted=deleted, known=known)
        except InputError as error:
            findings.append(
                Finding.warning("VND-DIR-011", where, number=number, cause=error.code, seen=_shown(item))
            )
            continue
        code = agency.organ_id.value
        if agencies.setdefault(code, agency) != agency:
            findings.append(Finding.warning("VND-DIR-012", where, number=number, organ=code))
    return AxisImport(agencies=tuple(agencies.values()), findings=tuple(findings))


def _agency(item: object, modified: dt.datetime, *, deleted: bool, known: Directory | None) -> Agency:
    if not isinstance(item, Mapping):
        raise wrong("item", item)
    code, old, parent = (_text(item, key) for key in ("code", "code102", "pcode"))
    organ = OrganId(code or old or "", tuple(one for one in (old,) if one and code and one != code))
    name = _text(item, "name")
    before = known.find(organ) if known is not None and deleted else None
    if before is not None and before.organ_id.value == organ.value:
        return attrs.evolve(
            before,
            state=AgencyState.ABOLISHED if before.active else before.state,
            modified=modified,
        )
    return Agency(
        organ_id=organ,
        name=name or (organ.value if deleted else ""),
        parent=parent if parent != organ.value else None,
        email=_text(item, "mail"),
        phone=_text(item, "mobile"),
        fax=_text(item, "fax"),
        remote_id=_text(item, "id"),
        state=AgencyState.ABOLISHED if deleted else AgencyState.ACTIVE,
        modified=modified,
    )


def _text(item: Mapping[object, object], key: str) -> str | None:
    """Give a value as text; the axis also writes numbers, and several words for nothing."""
    value = item.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**18 else None
    if not isinstance(value, str):
        return None
    text = " ".join(value.split())
    return None if text in _NOTHING else text


def _shown(item: object) -> str:
    code = _text(item, "code") or _text(item, "code102") if isinstance(item, Mapping) else type(item).__name__
    return ascii((code or "")[:80])[1:-1]
