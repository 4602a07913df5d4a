"""The benchmark runner: its statistics, its rows, its choice of rows, its exit codes."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
KEYS = ["id", "unit", "ours", "peer", "peer_value", "ratio", "worse_quartile", "goal", "holds", "note"]


@pytest.fixture
def runner(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("benchmarks.runner")


def a_group(runner, **changes):
    row = runner.Row("T1", "a peer", "nowhere:peer", runner.Goal(">=", 2), "a note")
    floor = runner.Row("T1-floor", "a floor", "nowhere:floor", runner.Goal("<=", 4))
    settings = {"id": "T1", "ours": "nowhere:ours", "rows": (row, floor), "prepare": lambda _folder: {}}
    return runner.Group(**(settings | changes))


def test_faster_than_a_peer_counts_in_the_lower_quartile(runner):
    group = a_group(runner)
    found = runner.result(group, group.rows[0], [1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 2.0, 3.0, 4.0, 5.0], "n")
    assert found == {
        "id": "T1",
        "unit": "ms CPU",
        "ours": 1.0,
        "peer": "a peer",
        "peer_value": 3.0,
        "ratio": 3.0,
        "worse_quartile": 2.0,
        "goal": ">= 2",
        "holds": True,
        "note": "n",
    }
    assert list(found) == KEYS


def test_a_share_of_a_floor_counts_in_the_upper_quartile(runner):
    group = a_group(runner)
    found = runner.result(group, group.rows[1], [1.0, 2.0, 3.0, 4.0, 5.0], [1.0] * 5, "")
    assert (found["ratio"], found["worse_quartile"], found["holds"]) == (3.0, 4.0, True)
    found = runner.result(group, group.rows[1], [2.0, 3.0, 4.0, 5.0, 6.0], [1.0] * 5, "")
    assert (found["ratio"], found["worse_quartile"], found["holds"]) == (4.0, 5.0, False)


def test_ratios_are_taken_round_by_round(runner):
    group = a_group(runner)
    found = runner.result(group, group.rows[0], [1.0, 10.0], [3.0, 30.0], "")
    assert (found["ratio"], found["worse_quartile"]) == (3.0, 3.0)
    assert runner.result(group, group.rows[0], [2.0], [3.0], "")["worse_quartile"] == 1.5


def test_what_was_not_measured_is_null(runner):
    group = a_group(runner)
    found = runner.result(group, group.rows[0], [1.0, 2.0], [], "the peer failed")
    assert found["ours"] == 1.5
    assert found["holds"] is None
    assert {found[key] for key in ("peer_value", "ratio", "worse_quartile")} == {None}


def test_rows_are_chosen_by_group_or_by_their_own_id(runner):
    groups = [
        a_group(runner),
        a_group(runner, id="T2", rows=(runner.Row("T2", "p", "e", runner.Goal(">=", 1)),)),
    ]
    ids = lambda only: [row.id for group in runner.select(groups, only) for row in group.rows]  # noqa: E731
    assert ids([]) == ["T1", "T1-floor", "T2"]
    assert ids(["T1"]) == ["T1", "T1-floor"]
    assert ids(["T1-floor", "T2"]) == ["T1-floor", "T2"]
    with pytest.raises(KeyError):
        runner.select(groups, ["T3"])


def test_a_failed_cross_check_is_a_row_that_could_not_run(runner, tmp_path):
    def prepare(_folder):
        raise runner.CheckFailed("a changed file passes")

    rows, ran = runner.run(a_group(runner, prepare=prepare), tmp_path, 1, lambda _line: None)
    assert not ran
    assert [row["ours"] for row in rows] == [None, None]
    assert all("a changed file passes" in row["note"] for row in rows)


def test_a_peer_that_fails_leaves_the_other_rows(runner, tmp_path):
    (tmp_path / "x").mkdir()
    floor = runner.Row("T1-floor", "bare", "benchmarks.imports:bare_interpreter", runner.Goal("<=", 1000))
    lost = runner.Row(
        "T1", "lost", "benchmarks.no_such:peer", runner.Goal(">=", 1), package="no-such-package"
    )
    group = a_group(runner, ours="benchmarks.imports:bare_interpreter", rows=(lost, floor))
    rows, ran = runner.run(group, tmp_path, 2, lambda _line: None)
    assert ran
    assert rows[0]["peer_value"] is None
    assert "no-such-package is not installed; the peer failed: ModuleNotFoundError" in rows[0]["note"]
    assert rows[1]["holds"] is True
    assert runner.table(rows).count("\n") == 2


def test_our_side_that_fails_is_a_row_that_could_not_run(runner, tmp_path):
    group = a_group(runner, ours="benchmarks.no_such:ours")
    assert runner.run(group, tmp_path, 1, lambda _line: None)[1] is False


def _command(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)


def test_the_command_writes_a_table_and_json(tmp_path):
    done = _command("--only", "B5-import", "--rounds", "2", "--json", str(tmp_path / "rows.json"))
    assert done.returncode == 0, done.stderr
    (row,) = json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))
    assert list(row) == KEYS
    assert row["id"] == "B5-import"
    assert row["ours"] > 0
    assert "B5-import" in done.stdout
    assert "round 2/2" in done.stderr


@pytest.mark.parametrize("arguments", [("--only", "nothing"), ("--rounds", "0"), ("--json",)])
def test_wrong_usage_is_exit_2_without_output(arguments):
    done = _command(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
