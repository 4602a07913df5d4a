"""Codes of organisations: levels, parents, guesses, and the tables of level 1 with their days."""

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnedoc import model
from vnedoc.errors import InputError
from vnedoc.model import (
    VIETNAM,
    Agency,
    AgencyState,
    Certainty,
    OrganId,
    OrganKind,
    level_1,
    level_1_codes,
    level_1_range,
    level_1_ranges,
)

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def group(shortest, longest):
    return st.text(ALPHABET, min_size=shortest, max_size=longest)


OF_2016 = st.builds(
    "{}.{}.{}.{}{}".format,
    group(3, 3) | st.just("000"),
    group(2, 2) | st.just("00"),
    group(2, 2) | st.just("00"),
    st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    group(2, 2),
)
OF_2020 = st.builds(
    lambda letter, number, rest: ".".join([f"{letter}{number:02}", *rest]),
    st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXY"),
    st.integers(0, 99),
    st.lists(group(1, 4), max_size=6),
)
ANYTHING = st.text(ALPHABET + ".-ă ", min_size=1, max_size=40).filter(lambda text: text == text.strip())


@pytest.mark.parametrize(
    ("value", "kind", "groups", "parent"),
    [
        ("000.00.00.G99", OrganKind.STATE_BODY, ("G99",), None),
        ("000.00.01.Z99", OrganKind.STATE_BODY, ("Z99", "01"), "000.00.00.Z99"),
        ("001.02.03.H99", OrganKind.STATE_BODY, ("H99", "03", "02", "001"), "000.02.03.H99"),
        ("001.00.03.TT9", OrganKind.STATE_BODY, ("TT9", "03", "001"), "000.00.03.TT9"),
        ("H99", OrganKind.STATE_BODY, ("H99",), None),
        ("H99.DN.001", OrganKind.STATE_BODY, ("H99", "DN", "001"), "H99.DN"),
        ("Z01ABC123", OrganKind.OTHER_BODY, (), None),
        ("0000000000", OrganKind.ENTERPRISE, (), None),
        ("0000000000001", OrganKind.ENTERPRISE, (), None),
        ("0000000000-001", OrganKind.ENTERPRISE, (), None),
        ("000000000", OrganKind.UNKNOWN, (), None),
        ("000.1137.H99", OrganKind.UNKNOWN, (), None),
        ("14.00.W00", OrganKind.UNKNOWN, (), None),
        ("vxp.saas.03", OrganKind.UNKNOWN, (), None),
        ("H99." + "1" * 40, OrganKind.UNKNOWN, (), None),
        # Below this one the code of 2020 has the shape of 2016: nobody can say who is above it.
        ("A12.12.12.B12.5", OrganKind.STATE_BODY, ("A12", "12", "12", "B12", "5"), None),
    ],
)
def test_levels_and_parents(value, kind, groups, parent):
    organ = OrganId(value)
    assert organ.kind is kind
    assert organ.groups == groups
    assert organ.level == (len(groups) or None)
    assert organ.parent == (None if parent is None else OrganId(parent))


def test_an_enterprise_follows_the_grammar_of_2020_and_has_no_level():
    organ = OrganId("0000000000")
    assert (organ.grammar, organ.level_1, organ.level) == ("2020", None, None)
    assert OrganId("Z01ABC").level is None


@given(OF_2016 | OF_2020)
def test_a_parent_is_one_level_up_in_the_same_grammar_under_the_same_top(value):
    organ = OrganId(value)
    parent = organ.parent
    if parent is None:
        return
    assert parent.grammar == organ.grammar
    assert parent.level == organ.level - 1
    assert parent.groups == organ.groups[:-1]
    assert parent.level_1 == organ.level_1


@given(OF_2016)
def test_every_body_of_2016_climbs_to_level_1(value):
    organ = OrganId(value)
    for _ in range(organ.level - 1):
        organ = organ.parent
    assert organ.level == 1
    assert organ.parent is None


@given(ANYTHING)
def test_any_text_has_answers_and_no_exception(value):
    organ = OrganId(value)
    assert (organ.level is None) == (organ.groups == ())
    assert organ.parent is None or organ.parent != organ
    for guess in (organ.guess_2016(), organ.guess_2020()):
        assert guess is None or guess.certain is False


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("000.00.17.H99", "H99.17"),
        ("001.02.03.H99", "H99.03.02.001"),
        ("000.00.00.H99", "H99"),
        ("000.00.01.Z99", None),
        ("H99.17", None),
        ("vxp", None),
    ],
)
def test_the_guess_of_2020_turns_the_groups_round(old, new):
    guess = OrganId(old).guess_2020()
    assert (None if guess is None else guess.organ_id.value) == new


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("H99.17", "000.00.17.H99"),
        ("H99.3.2.1", "001.02.03.H99"),
        ("H99", "000.00.00.H99"),
        ("H99.123", None),
        ("H99.0", None),
        ("H99.1.2.3.4", None),
        ("0000000000", None),
        ("000.00.17.H99", None),
    ],
)
def test_the_guess_of_2016_fills_in_zeros(new, old):
    guess = OrganId(new).guess_2016()
    assert (None if guess is None else guess.organ_id.value) == old


@given(OF_2016)
def test_guessing_there_and_back_keeps_a_code_without_holes(value):
    organ = OrganId(value)
    there = organ.guess_2020()
    holes = [one.strip("0") == "" for one in value.split(".")]
    if there is not None and there.organ_id.grammar == "2020" and sorted(holes, reverse=True) == holes:
        back = there.organ_id.guess_2016()
        assert back is not None
        assert back.organ_id == organ


# --- level 1 --------------------------------------------------------------------------------------


def test_a_code_of_level_1_has_the_name_of_its_day():
    before, after = dt.date(2025, 4, 13), dt.date(2025, 4, 14)
    assert level_1("G21", on=before).name == "Ủy ban Dân tộc"
    assert level_1("G21", on=after).name == "Bộ Dân tộc và Tôn giáo"
    assert level_1("G21") == level_1("G21", on=after)
    assert level_1("G22", on=before) == level_1("G22", on=after)
    assert level_1("G21", on=dt.date(2020, 7, 21)) is None


def test_what_was_dropped_is_still_found_for_old_documents():
    gone = level_1("G14")
    assert (gone.valid_to, gone.successor) == (dt.date(2025, 4, 13), "G06")
    assert level_1("G14", on=dt.date(2025, 4, 14)) is None
    assert gone.certainty is Certainty.LOW
    assert "20/2020/QĐ-TTg" in gone.source


def test_a_code_that_is_not_listed_has_no_entry():
    assert level_1("X99") is None
    assert level_1("") is None


def test_the_entries_of_one_code_do_not_overlap():
    rows = level_1_codes()
    assert list(rows) == sorted(rows, key=lambda one: (one.code, one.valid_from))
    for one, following in itertools.pairwise(rows):
        if one.code == following.code:
            assert one.valid_to is not None
            assert one.valid_to < following.valid_from
    for one in rows:
        assert OrganId(one.code).level == 1
        assert one.valid_to is None or one.valid_from <= one.valid_to
        assert one.successor is None or level_1(one.successor)


def test_ranges():
    assert [one.letter for one in level_1_ranges()] == list("ABCDEFGHIJKZ")
    assert level_1_range("H63").name.startswith("Ủy ban nhân dân")
    assert level_1_range("G99").letter == "G"
    for outside in ("H64", "H00", "B02", "L01", "", "H630", "000"):
        assert level_1_range(outside) is None


# --- agencies -------------------------------------------------------------------------------------


def an_agency(**changes):
    return Agency(**({"organ_id": "H99.1", "name": "Sở Thử nghiệm A"} | changes))


def test_an_agency():
    one = an_agency(
        organ_id=OrganId("H99.1", ("000.00.01.H99",)),
        parent="H99",
        successors=["H99.2"],
        state=AgencyState.MERGED,
        valid_to=dt.date(2025, 6, 30),
        modified=dt.datetime(2025, 7, 1, tzinfo=VIETNAM),
    )
    assert (one.level, one.parent, one.successors) == (2, OrganId("H99"), (OrganId("H99.2"),))
    assert not one.active
    assert an_agency().active
    assert an_agency(organ_id="x", level=3).level == 3
    assert an_agency(organ_id="x").level is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"organ_id": ""}, "VND-MODEL-001"),
        ({"modified": dt.datetime(2025, 1, 1)}, "VND-MODEL-003"),  # noqa: DTZ001 - the point
        ({"name": None}, "VND-MODEL-004"),
        ({"organ_id": None}, "VND-MODEL-001"),
        ({"level": True}, "VND-MODEL-004"),
        ({"state": "active"}, "VND-MODEL-004"),
        ({"name": ""}, "VND-MODEL-006"),
        ({"name": " Sở"}, "VND-MODEL-006"),
        ({"name": "Sở\nA"}, "VND-MODEL-006"),
        ({"name": "Sở\x85A"}, "VND-MODEL-006"),
        ({"name": "x" * 501}, "VND-MODEL-006"),
        ({"email": ""}, "VND-MODEL-006"),
        ({"phone": "\ud800"}, "VND-MODEL-006"),
        ({"level": 0}, "VND-MODEL-007"),
        ({"level": 36}, "VND-MODEL-007"),
        ({"valid_from": dt.date(2025, 1, 2), "valid_to": dt.date(2025, 1, 1)}, "VND-MODEL-008"),
        ({"parent": "H99.1"}, "VND-MODEL-009"),
        ({"successors": ["H99.2", "H99.1"]}, "VND-MODEL-009"),
    ],
)
def test_an_agency_refuses(changes, code):
    with pytest.raises(InputError) as caught:
        an_agency(**changes)
    assert caught.value.code == code


def test_names_that_are_loaded_late_are_there():
    assert "Agency" in dir(model)
    with pytest.raises(AttributeError):
        _ = model.nothing
