"""README and docs are tests: every ``python`` and ``console`` block is run, ``json`` and ``toml`` are parsed.

All blocks of one page share names and a folder with a key and a letter (see ``desk``), in the order of the
page. A ``console`` block runs its ``$ vnedoc …`` lines; a line ends in ``# exit N`` when the command is to
exit with N. Lines below a command must be found in its output, in that order; ``…`` stands for anything.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import settings
from sybil import Sybil
from sybil.parsers.myst import CodeBlockParser, PythonCodeBlockParser

# No deadline: a slow or busy machine is not a defect.
settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=200, derandomize=True, print_blob=True)
settings.register_profile("deep", deadline=None, max_examples=20_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

_PROMPT = "$ "
_EXIT = re.compile(r"\s+# exit (\d+)$")


def _run_console(example):
    commands = []
    for line in example.parsed.splitlines():
        if line.startswith(_PROMPT):
            commands.append((line[len(_PROMPT) :], []))
        elif line.strip() and commands:
            commands[-1][1].append(line.strip())
    for line, expected in commands:
        match = _EXIT.search(line)
        words = shlex.split(_EXIT.sub("", line))
        if words[:2] == ["uv", "run"]:
            words = words[2:]
        if words[0] != "vnedoc":
            continue
        environment = dict(os.environ, PYTHONUTF8="1")
        done = subprocess.run(
            [sys.executable, "-m", "vnedoc", *words[1:]],
            capture_output=True,
            text=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            env=environment,
            timeout=100,
            check=False,
        )
        said = done.stdout + done.stderr
        wanted = int(match.group(1)) if match else 0
        assert done.returncode == wanted, f"$ {line}\nexit {done.returncode}, not {wanted}\n{said}"
        place = 0
        for one in expected:
            pattern = ".*".join(re.escape(part) for part in one.split("…"))
            found = re.compile(pattern).search(said, place)
            assert found, f"$ {line}\ndoes not print {one!r}:\n{said}"
            place = found.end()


def _parse_json(example):
    json.loads(example.parsed)


def _parse_toml(example):
    tomllib.loads(example.parsed)


@pytest.fixture(scope="session")
def desk(tmp_path_factory):
    """Give a folder with what the pages take for granted: letter, key ("secret"), anchors, CRLs, archive."""
    from old_archive import write_archive
    from reportlab.pdfgen.canvas import Canvas

    from vnedoc.conformance import FakePki, crl_to_pem, to_pem

    folder = tmp_path_factory.mktemp("desk")
    pki = FakePki.create()
    (folder / "agency.p12").write_bytes(pki.issue("Sở Thử nghiệm A").pkcs12("secret"))
    for name, octets in (
        ("trust/root.pem", to_pem(pki.root.der)),
        ("crl/root.crl", crl_to_pem(pki.crls()[0])),
        ("crl/issuing.crl", crl_to_pem(pki.crls()[1])),
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(octets)
    (folder / "road").mkdir()
    write_archive(folder / "archive")
    page = Canvas(str(folder / "letter.pdf"))
    page.drawString(72, 720, "A letter")
    page.save()
    return folder


@pytest.fixture(scope="module")
def page_folder(desk, tmp_path_factory):
    """Run the blocks of a page in a copy of the desk of its own."""
    before = Path.cwd()
    folder = tmp_path_factory.mktemp("page")
    shutil.copytree(desk, folder, dirs_exist_ok=True)
    os.chdir(folder)
    yield
    os.chdir(before)


pytest_collect_file = Sybil(
    parsers=[
        PythonCodeBlockParser(),
        CodeBlockParser(language="console", evaluator=_run_console),
        CodeBlockParser(language="json", evaluator=_parse_json),
        CodeBlockParser(language="toml", evaluator=_parse_toml),
    ],
    patterns=["*.md"],
    excludes=["**/_build/**"],
    fixtures=["page_folder"],
).pytest()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    # The blocks of a page build on each other: they keep their order, also when tests are shuffled.
    pages = sorted(
        (one for one in items if one.path.suffix == ".md"), key=lambda one: (one.path, one.example.line)
    )
    items[:] = [one for one in items if one.path.suffix != ".md"] + pages


def pytest_terminal_summary(terminalreporter):
    """Say how much of the shared corpus was used; a test of many rows records their number as ``rows``."""
    stats = terminalreporter.stats
    ran = [
        report
        for outcome in ("passed", "failed")
        for report in stats.get(outcome, [])
        if "corpus" in getattr(report, "keywords", {}) and report.when == "call"
    ]
    if ran:
        rows = sum(int(dict(report.user_properties).get("rows", 1)) for report in ran)
        terminalreporter.write_line(f"corpus: {rows} rows run")
    elif any("corpus" in getattr(report, "keywords", {}) for report in stats.get("skipped", [])):
        terminalreporter.write_line("corpus: absent")
