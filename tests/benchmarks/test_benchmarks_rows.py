"""The rows themselves: each leads to a case, and no judge that accepts everything is believed."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    return lambda name: importlib.import_module(f"benchmarks.{name}")


@pytest.fixture
def groups(load):
    return load("__main__").GROUPS


def test_every_row_has_a_name_of_its_own(groups):
    names = [row.id for group in groups for row in group.rows]
    assert sorted(names) == sorted(set(names))


def test_every_entry_is_a_case(groups):
    for group in groups:
        for entry in (group.ours, *(row.entry for row in group.rows)):
            module, _, function = entry.partition(":")
            assert callable(getattr(importlib.import_module(module), function)), entry


def refuse(_data):
    raise ValueError("refused")


def accept(_data):
    return None


def exact(data):
    if data != b"good":
        refuse(data)


def unavailable(_folder):
    raise ImportError("not installed")


@pytest.mark.parametrize(
    ("judges", "wrong"),
    [
        ({"a": exact}, None),
        ({"a": exact, "b": exact}, None),
        ({"a": exact, "b": refuse}, None),
        ({"a": accept}, "a accepts a changed file"),
        ({"a": exact, "b": accept}, "b accepts a changed file"),
        ({"a": refuse}, "none of a, z accepts"),
        ({}, "none of"),
    ],
)
def test_judges_are_judged(load, monkeypatch, tmp_path, judges, wrong):
    peers = load("xml_peers")
    known = {name: (lambda _folder, judge=judge: judge) for name, judge in judges.items()}
    monkeypatch.setattr(peers, "_JUDGES", {**known, "z": unavailable})
    said = peers.wrong_judges(b"good", b"changed", tmp_path)
    assert said is None if wrong is None else wrong in said


def test_only_the_judges_that_are_named_are_asked(load, monkeypatch, tmp_path):
    peers = load("xml_peers")
    monkeypatch.setattr(peers, "_JUDGES", {"a": lambda _folder: exact, "b": lambda _folder: accept})
    assert peers.wrong_judges(b"good", b"changed", tmp_path, "a") is None
    assert "b accepts" in peers.wrong_judges(b"good", b"changed", tmp_path, "b")


def test_the_messages_that_are_verified_are_what_the_rows_say(load, tmp_path):
    """LF; CRLF and a reference in the header; base64 in lines besides: sealed, and refused when changed."""
    rows, fixtures = load("edxml_verify"), load("fixtures")
    fixtures.build(tmp_path)
    for form, options in rows._FORMS.items():
        path = tmp_path / f"{form}.edxml"
        rows._seal(tmp_path, path, 500_000, **options)
        data = path.read_bytes()
        assert (b"\r\n" in data) == (form != "lf")
        assert (b"&amp;" in data) == (form != "lf")
        assert (data.count(b"\r\n") > 20_000) == (form == "wrapped")
        rows._check(tmp_path, path)
