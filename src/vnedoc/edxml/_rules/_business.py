"""Rules on what a message does to an earlier document: the business block (QCVN 102:2016, 2.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vnedoc.edxml._rules._fields import is_stand_in
from vnedoc.edxml._rules._numbers import parts_of
from vnedoc.edxml._rules._rule import CERTAIN, ND30, QCVN, SHOWN, UNSURE, Breach, Given, Rule, rule
from vnedoc.model import Envelope, Kind, ReceiverChange, Severity


def _fits_kind(envelope: Envelope, _: Given) -> Iterator[Breach]:
    business = envelope.business
    if business is None:
        return
    surplus: Sequence[tuple[str, object, tuple[Kind, ...]]] = (
        ("business.document_id", business.document_id, (Kind.REVOKE, Kind.UPDATE)),
        ("business.receivers", business.receivers, (Kind.UPDATE,)),
        ("business.replaced", business.replaced, (Kind.REPLACE,)),
    )
    for where, value, kinds in surplus:
        if value and business.kind not in kinds:
            yield where, {"kind": business.kind.value}


def _replaces_another(envelope: Envelope, _: Given) -> Iterator[Breach]:
    for place, one in enumerate(envelope.business.replaced if envelope.business else ()):
        if one.document_id == envelope.document_id:
            yield f"business.replaced[{place}].document_id", {"seen": one.document_id.value}


def _new_code(envelope: Envelope, given: Given) -> Iterator[Breach]:
    """Find a replacement that keeps number, notation, agency and year: that is the same number used again."""
    if envelope.business is None or envelope.code is None:
        return
    own = str(envelope.code).casefold()
    for place, one in enumerate(envelope.business.replaced):
        old = parts_of(one.document_id.value)
        if (
            old is not None
            and one.document_id != envelope.document_id
            and "/" in old.code
            and old.code.casefold() == own
            and old.issuer in given.names(envelope.sender.organ_id)
            and (envelope.date is None or old.year == envelope.date.year)
        ):
            yield f"business.replaced[{place}].document_id", {"seen": old.code[:SHOWN]}


def _replaced_once(envelope: Envelope, _: Given) -> Iterator[Breach]:
    met: dict[str, set[str]] = {}
    for place, one in enumerate(envelope.business.replaced if envelope.business else ()):
        # One document may be replaced for some recipients here and for others there; "" is all of them.
        organs = {organ.value for organ in one.organ_ids} or {""}
        before = met.setdefault(one.document_id.value, set())
        if before and ("" in before or "" in organs or not organs.isdisjoint(before)):
            yield f"business.replaced[{place}].document_id", {"seen": one.document_id.value}
        before |= organs


def _changes_agree(envelope: Envelope, given: Given) -> Iterator[Breach]:
    """Find an organisation that an update adds and removes."""
    met: dict[str, ReceiverChange] = {}
    for place, one in enumerate(envelope.business.receivers if envelope.business else ()):
        names = given.names(one.organ_id)
        if any(met.get(name, one.change) is not one.change for name in names):
            yield f"business.receivers[{place}].change", {"seen": one.organ_id.value}
        met.update(dict.fromkeys(names, one.change))


def _changed_once(envelope: Envelope, given: Given) -> Iterator[Breach]:
    met: set[tuple[str, ReceiverChange]] = set()
    for place, one in enumerate(envelope.business.receivers if envelope.business else ()):
        names = {(name, one.change) for name in given.names(one.organ_id)}
        if not names.isdisjoint(met):
            yield f"business.receivers[{place}].organ_id", {"seen": one.organ_id.value}
        met |= names


def _flag_fits_list(envelope: Envelope, _: Given) -> Iterator[Breach]:
    business = envelope.business
    if business is not None and business.receivers and business.changes_receivers is False:
        yield "business.changes_receivers", {"count": len(business.receivers)}


def _changes_something(envelope: Envelope, _: Given) -> Iterator[Breach]:
    business = envelope.business
    if (
        business is not None
        and business.kind is Kind.UPDATE
        and business.changes_content is False
        and not business.changes_receivers
        and not business.receivers
    ):
        yield "business.changes_content", {}


def _traced(envelope: Envelope, _: Given) -> Iterator[Breach]:
    for place, one in enumerate(envelope.traces):
        if not one.organ_id or is_stand_in(one.organ_id):
            yield f"traces[{place}].organ_id", {"seen": one.organ_id or ""}


def business_rules() -> tuple[Rule, ...]:
    """Give the rules on the business block and the trace."""
    return (
        rule("M", "business.kind", "Fields", "VND-EDX-110", _fits_kind, source=f"{QCVN} 2.2"),
        rule(
            "M",
            "business.replaced[].document_id",
            "Itself",
            "VND-EDX-111",
            _replaces_another,
            source=f"{QCVN} 2.2.8",
            severity=Severity.ERROR,
            certainty=CERTAIN,
        ),
        rule(
            "M",
            "business.replaced[].document_id",
            "Code",
            "VND-EDX-148",
            _new_code,
            source=f"{ND30} Điều 15, Điều 18 khoản 3; {QCVN} 2.2.8",
            severity=Severity.ERROR,
            certainty=CERTAIN,
        ),
        rule(
            "M",
            "business.replaced[].document_id",
            "Duplicate",
            "VND-EDX-156",
            _replaced_once,
            source=f"{QCVN} 2.2.8",
        ),
        rule("M", "business.receivers[].change", "", "VND-EDX-146", _changes_agree, source=f"{QCVN} 2.2.3"),
        rule(
            "M",
            "business.receivers[].organ_id",
            "Duplicate",
            "VND-EDX-156",
            _changed_once,
            source=f"{QCVN} 2.2.3",
        ),
        rule("M", "business.changes_receivers", "", "VND-EDX-147", _flag_fits_list, source=f"{QCVN} 2.2.3"),
        rule(
            "M",
            "business.changes_content",
            "",
            "VND-EDX-161",
            _changes_something,
            source=f"{QCVN} 2.2.3",
            severity=Severity.INFO,
            certainty=UNSURE,
        ),
        rule("N", "traces[].organ_id", "", "VND-EDX-145", _traced, source=f"{QCVN} 2.1"),
    )
