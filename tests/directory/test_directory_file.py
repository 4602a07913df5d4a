"""The file of agencies: what goes in comes out, the newest version holds, every answer is the right one."""

import datetime as dt
import os
import threading
import unicodedata

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnedoc.directory import FileDirectory, SyncResult
from vnedoc.errors import FileError, InputError, LimitExceeded
from vnedoc.model import VIETNAM, Agency, AgencyState, Limits, OrganConversion, OrganId
from vnedoc.protocols import Directory

NOON = dt.datetime(2026, 11, 2, 12, tzinfo=VIETNAM)
HOUR = dt.timedelta(hours=1)


def agency(code="H99.1", name="Sở Thử nghiệm A", *, aliases=(), modified=NOON, **more):
    return Agency(organ_id=OrganId(code, aliases), name=name, modified=modified, **more)


PROVINCE = agency("H99", "Ủy ban nhân dân tỉnh Thí Điểm", aliases=("000.00.00.H99",))
OFFICE = agency("H99.1", aliases=("000.00.01.H99", "01.H99"), parent="H99")
OTHER = agency("H99.88", "Sở Thử nghiệm B", aliases=("000.00.34.H99",), parent="H99")


@pytest.fixture
def make(tmp_path):
    def build(*agencies, **more):
        return FileDirectory.create(tmp_path / f"{len(os.listdir(tmp_path))}.jsonl", agencies, **more)

    return build


@pytest.fixture
def directory(make):
    return make(PROVINCE, OFFICE, OTHER)


# --- lookups --------------------------------------------------------------------------------------


def test_it_is_a_directory(directory):
    port: Directory = directory
    assert port.resolve(OrganId("000.00.34.H99")) == OrganId("H99.88")


def test_by_code_and_by_alias(directory):
    assert directory.find("H99.1") == OFFICE
    assert directory.find("01.H99") == OFFICE
    assert directory.find(OrganId("nobody", ("000.00.34.H99",))) == OTHER
    assert directory.find("H99.2") is None
    assert directory.find("") is None
    found = directory.resolve(OrganId("000.00.01.H99"))
    assert (found.value, found.aliases) == ("H99.1", ("000.00.01.H99", "01.H99"))
    assert directory.resolve(OrganId("H99.2")) is None
    assert (len(directory), list(directory)) == (3, [PROVINCE, OFFICE, OTHER])


@pytest.mark.parametrize(
    "spelled",
    [
        "Sở Thử nghiệm A",
        "SỞ THỬ NGHIỆM A",
        "  sở  thử\tnghiệm a ",
        unicodedata.normalize("NFD", "Sở Thử nghiệm A"),
    ],
)
def test_by_name(directory, spelled):
    assert directory.named(spelled) == (OFFICE,)


def test_a_name_of_several_gives_all(make):
    twins = [agency(f"H9{place}.7", "Uỷ ban nhân dân xã Hoà Thử") for place in (8, 7, 9)]
    directory = make(*twins)
    assert [one.organ_id.value for one in directory.named("ỦY BAN nhân dân xã Hòa Thử")] == [
        "H97.7",
        "H98.7",
        "H99.7",
    ]
    assert directory.named("Ủy ban nhân dân xã") == ()


def test_an_alias_of_several_names_nobody(make):
    old = "000.00.01.H99"
    one, two = agency("H99.1", aliases=(old,)), agency("H99.2", aliases=(old,))
    directory = make(one, two)
    for ask in (directory.find, directory.succession, lambda code: directory.resolve(OrganId(code))):
        with pytest.raises(InputError) as caught:
            ask(old)
        assert caught.value.code == "VND-DIR-007"
        assert caught.value.facts == {"organ": old, "organs": ["H99.1", "H99.2"]}
    directory.sync([attrs.evolve(two, state=AgencyState.ABOLISHED, modified=NOON + HOUR)])
    assert directory.find(old) == one


def test_an_old_entry_gives_way_to_the_newer_one_with_its_code(make):
    old = agency("000.00.01.H99", modified=NOON)
    new = agency("H99.1", aliases=("000.00.01.H99",), modified=NOON + HOUR)
    directory = make(old, new)
    assert directory.find("000.00.01.H99") == new
    assert directory.named(new.name) == (new,)
    assert len(directory) == 2
    # An entry that was changed after the claim, or that has ended, speaks for itself.
    for change in (
        attrs.evolve(old, modified=NOON + 2 * HOUR),
        attrs.evolve(old, modified=NOON, state=AgencyState.MERGED, successors=["H99.1"]),
    ):
        assert make(change, new).find("000.00.01.H99") == change


# --- what became of it ----------------------------------------------------------------------------


def ended(code, *successors, day=dt.date(2025, 6, 30), state=AgencyState.MERGED):
    return agency(code, successors=successors, valid_to=day, state=state)


def test_an_active_agency_stands_for_itself(directory):
    found = directory.succession("000.00.01.H99")
    assert (found.agency, found.chain, found.present, found.ended) == (OFFICE, (), (OFFICE,), None)
    assert directory.succession("H99.2") is None


def test_a_merged_body_answers_with_its_chain_and_its_last_day(make):
    middle, last = ended("H99.2", "H99.3"), agency("H99.3", aliases=("000.00.03.H99",))
    directory = make(ended("H99.1", "H99.2"), middle, last)
    found = directory.succession("H99.1")
    assert found.chain == (middle, last)
    assert found.present == (last,)
    assert found.ended == dt.date(2025, 6, 30)
    assert found.unknown == ()


def test_a_divided_body_answers_with_every_heir(make):
    heirs = agency("H99.2"), agency("H99.3")
    directory = make(ended("H99.1", "H99.3", "000.00.99.X99", "H99.2"), *heirs)
    found = directory.succession(OrganId("H99.1"))
    assert found.present == heirs[::-1]
    assert found.unknown == (OrganId("000.00.99.X99"),)


def test_a_circle_of_successors_ends(make):
    directory = make(ended("H99.1", "H99.2"), ended("H99.2", "H99.3"), ended("H99.3", "H99.1", "H99.2"))
    found = directory.succession("H99.1")
    assert [one.organ_id.value for one in found.chain] == ["H99.2", "H99.3"]
    assert found.present == ()


def test_abolished_without_successor(make):
    found = make(ended("H99.1", state=AgencyState.ABOLISHED, day=None)).succession("H99.1")
    assert (found.chain, found.present, found.ended) == ((), (), None)


# --- old and new codes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "grammar", "expected"),
    [
        ("000.00.34.H99", "2020", OrganConversion(OrganId("H99.88"), certain=True)),
        ("H99.88", "2016", OrganConversion(OrganId("000.00.34.H99"), certain=True)),
        ("H99.88", "2020", OrganConversion(OrganId("H99.88"), certain=True)),
        ("01.H99", "2016", OrganConversion(OrganId("000.00.01.H99"), certain=True)),
        ("000.00.07.H99", "2020", OrganConversion(OrganId("H99.07"), certain=False)),
        ("H99.7", "2016", OrganConversion(OrganId("000.00.07.H99"), certain=False)),
        ("H99.7", "2020", OrganConversion(OrganId("H99.7"), certain=True)),
        ("vxp.saas.03", "2020", None),
        ("0000000000", "2016", None),
    ],
)
def test_conversion_is_certain_only_where_it_is_listed(directory, code, grammar, expected):
    assert directory.convert(OrganId(code), grammar) == expected


def test_no_guess_that_is_known_to_be_somebody_else(make):
    directory = make(agency("000.00.34.H99", "Sở Thử nghiệm C"), agency("H99.34", "Sở Thử nghiệm D"))
    assert directory.convert(OrganId("000.00.34.H99"), "2020") is None


def test_a_conversion_into_something_else(directory):
    with pytest.raises(InputError) as caught:
        directory.convert(OrganId("H99.1"), "2014")
    assert caught.value.code == "VND-DIR-010"


# --- bringing it up to date -----------------------------------------------------------------------


def test_only_newer_versions_are_taken(directory):
    newer = attrs.evolve(OFFICE, name="Sở Thử nghiệm Z", modified=NOON + HOUR)
    older = attrs.evolve(OTHER, name="Sở Thử nghiệm Y", modified=NOON - HOUR)
    fresh = agency("H99.5", "Sở Thử nghiệm X", modified=NOON - HOUR)
    assert directory.since == NOON
    assert directory.sync([newer, older, fresh, OFFICE]) == SyncResult(added=1, changed=1, ignored=2)
    assert directory.find("01.H99") == newer
    assert directory.named("Sở Thử nghiệm A") == ()
    assert directory.named("Sở Thử nghiệm Z") == (newer,)
    assert directory.find("H99.88") == OTHER
    assert directory.since == NOON + HOUR
    assert list(FileDirectory.open(directory.path)) == list(directory)


def test_an_alias_that_was_taken_away_is_gone(directory):
    directory.sync([attrs.evolve(OFFICE, organ_id=OrganId("H99.1"), modified=NOON + HOUR)])
    assert directory.find("01.H99") is None
    assert directory.find("H99.1").organ_id.aliases == ()


def test_what_ended_is_kept(directory):
    gone = attrs.evolve(
        OFFICE, state=AgencyState.MERGED, successors=["H99.88"], valid_to=NOON.date(), modified=NOON + HOUR
    )
    directory.sync([gone])
    found = FileDirectory.open(directory.path).succession("000.00.01.H99")
    assert (found.agency, found.present, found.ended) == (gone, (OTHER,), NOON.date())


def test_a_change_without_a_time_is_refused(directory):
    before = directory.path.read_bytes()
    with pytest.raises(InputError) as caught:
        directory.sync([agency("H99.5"), agency("H99.6", modified=None)])
    assert caught.value.code == "VND-DIR-008"
    assert caught.value.path == "[1]"
    assert (directory.path.read_bytes(), directory.find("H99.5")) == (before, None)


def test_parents_in_a_circle_are_refused_and_nothing_is_taken(directory):
    before = directory.path.read_bytes()
    wrong = attrs.evolve(PROVINCE, parent="000.00.01.H99", modified=NOON + HOUR)
    with pytest.raises(InputError) as caught:
        directory.sync([agency("H99.5"), wrong])
    assert caught.value.code == "VND-DIR-005"
    assert set(caught.value.facts["organs"]) == {"H99", "H99.1"}
    assert directory.path.read_bytes() == before
    assert directory.find("H99") == PROVINCE
    assert directory.find("H99.5") is None


def test_what_is_no_agency_is_refused(directory):
    with pytest.raises(InputError) as caught:
        directory.sync([{"code": "H99.5"}])
    assert caught.value.code == "VND-MODEL-004"


def test_a_sync_of_nothing_new_writes_nothing(directory):
    before = os.stat(directory.path)
    assert directory.sync([OFFICE]) == SyncResult(ignored=1)
    assert directory.sync([]) == SyncResult()
    after = os.stat(directory.path)
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_another_process_wrote_is_kept(directory):
    second = FileDirectory.open(directory.path)
    second.sync([agency("H99.5", modified=NOON + HOUR)])
    directory.sync([agency("H99.6", modified=NOON + HOUR)])
    assert {"H99.5", "H99.6"} <= {one.organ_id.value for one in FileDirectory.open(directory.path)}
    assert directory.find("H99.5")
    assert second.find("H99.6") is None
    assert second.refresh()
    assert second.find("H99.6")
    assert not second.refresh()


def test_writers_at_once_lose_nothing(directory):
    def write(first):
        mine = FileDirectory.open(directory.path)
        for number in range(first, first + 5):
            mine.sync([agency(f"H98.{number}")])

    threads = [threading.Thread(target=write, args=(first,)) for first in (0, 5, 10)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    directory.refresh()
    assert len(directory) == 3 + 15


def test_a_reader_sees_the_old_state_or_the_new(directory):
    handle = directory.path.open("rb")
    with handle:
        before = handle.read(10)
        directory.sync([agency(f"H98.{number}") for number in range(100)])
        whole = before + handle.read()
    assert whole.count(b"\n") == 4
    assert not [name for name in os.listdir(directory.path.parent) if name.endswith(".tmp")]


def test_a_write_that_fails_leaves_the_old_file_and_the_old_answers(directory, monkeypatch):
    before = directory.path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError) as caught:
        directory.sync([agency("H99.5")])
    assert caught.value.code == "VND-IO-002"
    monkeypatch.undo()
    assert directory.path.read_bytes() == before
    assert directory.find("H99.5") is None
    assert sorted(os.listdir(directory.path.parent)) == sorted(
        [directory.path.name, f".{directory.path.name}.lock"]
    )


def test_bounds(make, directory):
    with pytest.raises(LimitExceeded) as caught:
        make(PROVINCE, OFFICE, most=1)
    assert (caught.value.code, caught.value.facts["limit"]) == ("VND-DIR-009", "most")
    small = FileDirectory.open(directory.path, limits=Limits(file_bytes=1000), most=4)
    with pytest.raises(LimitExceeded) as caught:
        small.sync([agency("H99.5"), agency("H99.6")])
    assert caught.value.facts["limit"] == "most"
    with pytest.raises(LimitExceeded) as caught:
        small.sync([agency("H99.5", "x" * 500, email="x" * 400)])
    assert (caught.value.code, caught.value.facts["limit"]) == ("VND-DIR-009", "file_bytes")
    assert len(FileDirectory.open(directory.path)) == 3
    for limits in ({"limits": Limits(file_bytes=100)}, {"most": 2}):
        with pytest.raises(LimitExceeded) as caught:
            FileDirectory.open(directory.path, **limits)
        assert caught.value.code == "VND-DIR-009"
        assert caught.value.path == str(directory.path)


def test_create_refuses(make, directory, tmp_path):
    with pytest.raises(FileError) as caught:
        FileDirectory.create(directory.path)
    assert caught.value.code == "VND-IO-004"
    assert len(FileDirectory.open(directory.path)) == 3
    with pytest.raises(InputError) as caught:
        make(OFFICE, OTHER, attrs.evolve(OFFICE, modified=NOON + HOUR))
    assert (caught.value.code, caught.value.facts["organ"]) == ("VND-DIR-004", "H99.1")
    with pytest.raises(InputError) as caught:
        make(agency("H99.1", parent="H99.2"), agency("H99.2", parent="H99.1"))
    assert caught.value.code == "VND-DIR-005"
    with pytest.raises(InputError) as caught:
        make(agency("H99\ud800"))
    assert caught.value.code == "VND-DIR-013"
    with pytest.raises(FileError) as caught:
        FileDirectory.create(tmp_path / "none" / "a.jsonl")
    assert caught.value.code == "VND-IO-002"


def test_a_file_that_is_gone(directory):
    os.remove(directory.path)
    for ask in (directory.refresh, lambda: directory.sync([agency("H99.5")])):
        with pytest.raises(FileError) as caught:
            ask()
        assert caught.value.code == "VND-IO-001"
    assert directory.find("H99.1") == OFFICE


# --- properties -----------------------------------------------------------------------------------

CODES = st.sampled_from([f"H99.{number}" for number in range(6)] + ["H99", "x y", "mã lạ", "000.00.01.H99"])
WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Z"]), min_size=1, max_size=9)
TEXTS = st.lists(WORDS, min_size=1, max_size=3).map("  ".join)
DAYS = st.none() | st.dates()
# Few instants, so that some versions are of the same one.
TIMES = st.builds(
    lambda hours, zone: (NOON + hours * HOUR).astimezone(zone),
    st.integers(0, 5),
    st.sampled_from([VIETNAM, dt.UTC]),
)
AGENCIES = st.builds(
    lambda organ_id, begin, end, **more: Agency(
        organ_id=organ_id,
        valid_from=min(begin, end) if begin and end else begin,
        valid_to=max(begin, end) if begin and end else end,
        **more,
    ),
    organ_id=st.builds(OrganId, CODES, st.lists(CODES, max_size=2)),
    begin=DAYS,
    end=DAYS,
    name=TEXTS,
    parent=st.none() | st.sampled_from(["H98", "H97.1"]),
    level=st.none() | st.integers(1, 35),
    email=st.none() | TEXTS,
    phone=st.none() | TEXTS,
    remote_id=st.none() | TEXTS,
    state=st.sampled_from(AgencyState),
    successors=st.lists(st.sampled_from(["H98", "H97.1"]), max_size=2),
    modified=TIMES,
)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fresh")
    numbers = iter(range(1_000_000))
    return lambda: folder / f"{next(numbers)}.jsonl"


@given(st.lists(AGENCIES, max_size=8, unique_by=lambda one: one.organ_id.value))
def test_what_is_written_is_read(fresh, agencies):
    path = fresh()
    made = FileDirectory.create(path, agencies)
    read = FileDirectory.open(path)
    assert list(read) == list(made) == sorted(agencies, key=lambda one: one.organ_id.value)
    for one, twin in zip(read, made, strict=True):
        assert one.organ_id.aliases == twin.organ_id.aliases
    assert read.since == made.since == max((one.modified for one in agencies), default=None)
    twin = fresh()
    FileDirectory.create(twin, list(read))
    assert twin.read_bytes() == path.read_bytes()
    for one in agencies:
        assert one in read.named(one.name) or read.find(one.organ_id.value) != one


@given(st.lists(AGENCIES, max_size=10), st.randoms(use_true_random=False), st.integers(0, 10))
def test_the_order_of_changes_does_not_matter(fresh, changes, chance, cut):
    straight = FileDirectory.create(fresh())
    straight.sync(changes)
    shuffled = [*changes, *changes[:3]]
    chance.shuffle(shuffled)
    other = FileDirectory.create(fresh())
    other.sync(shuffled[:cut])
    other.sync(shuffled[cut:])
    assert other.path.read_bytes() == straight.path.read_bytes()
    assert list(FileDirectory.open(other.path)) == list(straight)
    for one in straight:
        assert other.named(one.name) == straight.named(one.name)
