"""A damaged or hostile file is refused with its line; the quick check is never laxer than the careful one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnedoc.directory import FileDirectory
from vnedoc.directory._line import agency_of, line_of, plain
from vnedoc.errors import DecodeError, FileError, InputError, VnedocError
from vnedoc.model import OrganId
from vnedoc.report._catalogue import entry

HEADER = b'{"schema":"vnedoc-directory/1"}\n'
GOOD = '{"code":"H99.%d","name":"Sở Thử nghiệm"}\n'


@pytest.fixture
def read(tmp_path):
    def build(octets):
        path = tmp_path / "directory.jsonl"
        path.write_bytes(octets)
        return FileDirectory.open(path)

    return build


def refused(read, octets, code):
    with pytest.raises(DecodeError) as caught:
        read(octets)
    assert caught.value.code == code
    assert caught.value.path.endswith("directory.jsonl")
    assert set(caught.value.facts) == set(entry(code).facts)
    return caught.value


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\n",
        b"{}\n",
        b"[]\n",
        b'{"schema":"vnedoc-directory/2"}\n',
        b"\xff\xfe{\x00",
        b"[" * 70_000,
        b"%PDF-1.7\n",
        GOOD.encode(),
    ],
    ids=range(9),
)
def test_the_first_line_says_what_it_is(read, octets):
    refused(read, octets, "VND-DIR-001")


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"   \n",
        b'{"code":"H99.1","name":"x"',
        b'{"code":"H99.1","name":"x"} {}\n',
        b'{"code":"H99.1","name":"x"},\n',
        b"\xff\n",
        b'{"code":"H99.1","name":"\xc3"}\n',
        b"[" * 60_000 + b"\n",
        b'{"a":' * 12_000 + b"\n",
        b'{"code":"H99.1","level":' + b"1" * 5000 + b',"name":"x"}\n',
        b'{"code":"H99.1","name":"' + b"x" * 70_000 + b'"}\n',
        b"\x00" * 100,
        json.dumps({"code": "H99.1", "name": "x"}).encode("utf-16"),
    ],
    ids=range(13),
)
def test_a_broken_line_is_named(read, line):
    error = refused(read, HEADER + (GOOD % 2).encode() + line, "VND-DIR-002")
    assert error.facts["line"] == 3


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": None}, "code"),
        ({"code": ""}, "code"),
        ({"code": " H99"}, "code"),
        ({"code": 7}, "code"),
        ({"code": "\ud800"}, "code"),
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"name": ["x"]}, "name"),
        ({"aliases": "H99"}, "aliases"),
        ({"aliases": {"H99": 1}}, "aliases"),
        ({"aliases": [""]}, "aliases"),
        ({"aliases": [[]]}, "aliases"),
        ({"parent": 1}, "parent"),
        ({"parent": None}, "parent"),
        ({"parent": "H99.1"}, ""),
        ({"level": True}, "level"),
        ({"level": 0}, "level"),
        ({"level": 1.5}, "level"),
        ({"level": 10**100}, "level"),
        ({"email": ""}, "email"),
        ({"phone": 84}, "phone"),
        ({"valid_from": "20250101"}, "valid_from"),
        ({"valid_from": "2025-02-30"}, "valid_from"),
        ({"valid_to": 2025}, "valid_to"),
        ({"valid_from": "2025-01-02", "valid_to": "2025-01-01"}, "valid_to"),
        ({"state": "gone"}, "state"),
        ({"state": []}, "state"),
        ({"successors": ["H99.1"]}, ""),
        ({"successors": None}, "successors"),
        ({"modified": "2025-01-01T00:00:00"}, "modified"),
        ({"modified": "0001-01-01T00:00:00+09:00"}, "modified"),
        ({"modified": "9999-12-31T23:59:59+00:00"}, "modified"),
        ({"modified": "yesterday"}, "modified"),
        ({"modified": 1}, "modified"),
        ({"naam": "x"}, "naam"),
    ],
    ids=str,
)
def test_a_wrong_value_is_named(read, changes, field):
    record = {"code": "H99.1", "name": "Sở Thử nghiệm"} | changes
    error = refused(read, HEADER + json.dumps(record).encode(), "VND-DIR-003")
    assert error.facts["line"] == 2
    assert error.facts["field"] == field or not field


@pytest.mark.parametrize("missing", ["code", "name"])
def test_a_missing_value_is_named(read, missing):
    record = {key: "x" for key in ("code", "name") if key != missing}
    assert refused(read, HEADER + json.dumps(record).encode(), "VND-DIR-003").facts["field"] == missing


def test_a_code_that_comes_twice(read):
    octets = HEADER + "".join(GOOD % number for number in (1, 2, 3, 1)).encode()
    error = refused(read, octets, "VND-DIR-004")
    assert error.facts == {"line": 5, "organ": "H99.1"}


def test_parents_in_a_circle(read):
    rows = [
        ("H99", None),
        ("H99.1", "H99.3"),
        ("H99.2", "000.00.01.H99"),
        ("H99.3", "H99.2"),
        ("H99.4", "H99.3"),
    ]
    lines = [
        json.dumps(
            {"code": code, "name": "x"}
            | ({"parent": parent} if parent else {})
            | ({"aliases": ["000.00.01.H99"]} if code == "H99.1" else {})
        )
        for code, parent in rows
    ]
    error = refused(read, HEADER + "\n".join(lines).encode(), "VND-DIR-005")
    assert sorted(error.facts["organs"]) == ["H99.1", "H99.2", "H99.3"]
    assert error.facts["line"] == 3


def test_a_file_that_was_cut_at_a_line(read, tmp_path):
    whole = b'{"schema":"vnedoc-directory/1","agencies":2}\n' + (GOOD % 1 + GOOD % 2).encode()
    assert len(read(whole)) == 2
    error = refused(read, whole[: whole.rindex(b"{")], "VND-DIR-006")
    assert error.facts == {"expected": 2, "seen": 1}


def test_no_file(tmp_path):
    for name in ("none.jsonl", ".", "\0"):
        with pytest.raises(FileError) as caught:
            FileDirectory.open(tmp_path / name)
        assert caught.value.code == "VND-IO-001"


def test_what_other_programs_write_is_taken(read):
    lines = [
        '{ "name": "S\\u1edf Th\\u1eed nghi\\u1ec7m", "code": "H99.1" }\r\n',
        '  {"code":"mã lạ","name":"b","email":null,"level":null}\n',
        '{"code":"H99.3","name":"c","modified":"2026-11-02T05:00:00Z","level":2}',
    ]
    directory = read(b"\xef\xbb\xbf" + HEADER.replace(b"\n", b"\r\n") + "".join(lines).encode())
    assert directory.find("H99.1").name == "Sở Thử nghiệm"
    assert directory.find("mã lạ").level is None
    assert directory.find("H99.3").modified == directory.since
    directory.sync([directory.find("H99.3")])
    assert FileDirectory.open(directory.path).named("sở thử nghiệm")


def test_a_long_ladder_and_very_many_of_one_name(read):
    count = 20_000
    lines = [
        f'{{"code":"N{number}","name":"Văn phòng","aliases":["same"],"parent":"N{number - 1}"}}\n'
        for number in range(1, count)
    ]
    directory = read(HEADER + "".join(lines).encode())
    assert len(directory) == count - 1
    assert len(directory.named("VĂN PHÒNG")) == count - 1
    directory.sync([agency_of({"code": "N0", "name": "Gốc", "modified": "2026-11-02T05:00:00Z"})])
    with pytest.raises(InputError) as caught:
        directory.sync(
            [
                agency_of(
                    {
                        "code": "N0",
                        "name": "Gốc",
                        "parent": f"N{count - 1}",
                        "modified": "2026-11-03T05:00:00Z",
                    }
                )
            ]
        )
    assert caught.value.code == "VND-DIR-005"


WORDS = st.sampled_from(
    ["", "H99.1", "H99", " x", "x", "\ud800", "a\nb", "active", "merged", "2025-01-01", "2025-13-01",
     "20250101", "2026-11-02T05:00:00Z", "2026-11-02T05:00:00", "0001-01-01T00:00:00+09:00",
     "9999-12-31T23:00:00Z", "\u2028", "\u00a0", "é" * 300, "x" * 501]
) | st.text(max_size=5)  # fmt: skip
VALUES = WORDS | st.lists(WORDS, max_size=3) | st.none() | st.booleans() | st.integers(-1, 40) | st.floats()
RECORDS = st.dictionaries(
    st.sampled_from(
        ["aliases", "parent", "level", "email", "phone", "fax", "remote_id", "valid_from", "valid_to",
         "state", "successors", "modified", "other"]
    ),
    VALUES,
    max_size=4,
).flatmap(
    lambda more: st.builds(
        lambda code, name: more | {"code": code, "name": name},
        st.just("H99.1") | VALUES,
        st.just("x") | VALUES,
    )
)  # fmt: skip


@given(RECORDS)
def test_what_is_taken_quickly_is_taken_with_care(record):
    try:
        agency = agency_of(record)
        line = line_of(agency)
    except InputError:
        assert not plain(record)
        return
    again = json.loads(line)
    assert agency_of(again) == agency
    assert agency_of(again).organ_id.aliases == agency.organ_id.aliases
    assert line_of(agency_of(again)) == line


@given(st.data())
def test_any_damage_is_a_typed_error_or_a_directory(tmp_path_factory, data):
    octets = bytearray(HEADER + (GOOD % 1 + GOOD % 2).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(octets) - 1))
        octets[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    path = tmp_path_factory.mktemp("damage") / "a.jsonl"
    path.write_bytes(octets)
    try:
        directory = FileDirectory.open(path)
    except VnedocError as error:
        assert error.code.startswith("VND-DIR-")  # noqa: PT017 - one of two good ends
        return
    for one in directory:
        assert directory.find(one.organ_id) is not None
        assert isinstance(one.organ_id, OrganId)
