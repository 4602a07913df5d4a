"""Lists of the axis as they come: two codes for one body, numbers for text, words for nothing, rubbish."""

import datetime as dt

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnedoc.directory import FileDirectory, SyncResult, from_axis
from vnedoc.errors import InputError
from vnedoc.model import VIETNAM, Agency, AgencyState, OrganId

NOON = dt.datetime(2026, 11, 2, 12, tzinfo=VIETNAM)
ITEM = {
    "id": 41,
    "pcode": "H99",
    "code": "H99.1",
    "code102": "000.00.01.H99",
    "name": "Sở  Thử nghiệm A ",
    "mail": "vanthu@sta.example.vn",
    "mobile": "0200000000",
    "fax": "",
}


def taken(*items, **more):
    found = from_axis(items, modified=NOON, **more)
    assert found.findings == ()
    return found.agencies


def test_an_item_with_both_codes():
    (one,) = taken(ITEM)
    assert one == Agency(
        organ_id="H99.1",
        name="Sở Thử nghiệm A",
        parent="H99",
        email="vanthu@sta.example.vn",
        phone="0200000000",
        remote_id="41",
        modified=NOON,
    )
    assert one.organ_id.aliases == ("000.00.01.H99",)


@pytest.mark.parametrize(
    ("changes", "value", "aliases"),
    [
        ({"code102": None}, "H99.1", ()),
        ({"code": "", "code102": "000.00.01.H99"}, "000.00.01.H99", ()),
        ({"code": "null"}, "000.00.01.H99", ()),
        ({"code102": "H99.1"}, "H99.1", ()),
    ],
)
def test_an_item_with_one_code(changes, value, aliases):
    (one,) = taken(ITEM | changes)
    assert (one.organ_id.value, one.organ_id.aliases) == (value, aliases)


@pytest.mark.parametrize("parent", ["", "0", 0, None, "null", "H99.1"])
def test_words_for_no_parent(parent):
    (one,) = taken(ITEM | {"pcode": parent})
    assert one.parent is None


@pytest.mark.parametrize(
    "item",
    [None, 7, "H99", [], {}, ITEM | {"name": ""}, ITEM | {"name": None}, ITEM | {"code": "", "code102": ""},
     ITEM | {"code": "x" * 61}, ITEM | {"mail": "\ud800"}, ITEM | {"name": True}, ITEM | {"name": "x" * 501}],
    ids=range(12),
)  # fmt: skip
def test_what_cannot_be_used_is_a_finding_and_the_rest_is_taken(item):
    found = from_axis([ITEM | {"code": "H99.2"}, item, ITEM], modified=NOON)
    assert [one.organ_id.value for one in found.agencies] == ["H99.2", "H99.1"]
    (finding,) = found.findings
    assert (finding.code, finding.location) == ("VND-DIR-011", "items[1]")


def test_the_first_of_two_different_items_is_kept():
    found = from_axis([ITEM, ITEM, ITEM | {"name": "Sở khác"}], modified=NOON)
    assert [one.name for one in found.agencies] == ["Sở Thử nghiệm A"]
    assert [(one.code, one.facts) for one in found.findings] == [
        ("VND-DIR-012", {"number": 2, "organ": "H99.1"})
    ]


def test_a_deleted_item_keeps_what_is_known(tmp_path):
    directory = FileDirectory.create(tmp_path / "a.jsonl", taken(ITEM))
    later = NOON + dt.timedelta(days=1)
    found = from_axis([{"code": "H99.1"}, {"code": "H99.7"}], modified=later, deleted=True, known=directory)
    assert found.findings == ()
    assert directory.sync(found.agencies) == SyncResult(added=1, changed=1)
    gone = directory.find("000.00.01.H99")
    assert (gone.name, gone.state, gone.modified) == ("Sở Thử nghiệm A", AgencyState.ABOLISHED, later)
    assert directory.find("H99.7").name == "H99.7"
    merged = attrs.evolve(gone, state=AgencyState.MERGED, successors=["H99.7"])
    directory.sync([attrs.evolve(merged, modified=later + dt.timedelta(days=1))])
    again = from_axis([{"code": "H99.1"}], modified=NOON, deleted=True, known=directory).agencies
    assert (again[0].state, again[0].successors) == (AgencyState.MERGED, (OrganId("H99.7"),))


def test_a_time_without_zone_is_the_callers_mistake():
    with pytest.raises(InputError) as caught:
        from_axis([ITEM], modified=dt.datetime(2026, 11, 2))  # noqa: DTZ001 - the point
    assert caught.value.code == "VND-MODEL-003"


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("H99.1")
ITEMS = st.dictionaries(st.sampled_from(sorted(ITEM)), SCALARS | st.lists(SCALARS, max_size=2)) | SCALARS


@given(st.lists(ITEMS, max_size=5), st.booleans())
def test_any_list_gives_agencies_that_can_be_kept_or_findings(tmp_path_factory, items, deleted):
    found = from_axis(items, modified=NOON, deleted=deleted)
    assert len({one.organ_id.value for one in found.agencies}) == len(found.agencies)
    assert len(found.agencies) + len(found.findings) <= len(items)
    path = tmp_path_factory.mktemp("axis") / "a.jsonl"
    try:
        directory = FileDirectory.create(path, found.agencies)
    except InputError as error:
        assert error.code in ("VND-DIR-005", "VND-DIR-013")  # noqa: PT017 - circles, and surrogates in codes
    else:
        assert list(FileDirectory.open(path)) == list(directory)
