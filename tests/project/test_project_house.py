"""Rules of the house that no tool knows."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import vnedoc

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "vnedoc"
MODULES = sorted(SOURCE.rglob("*.py"))
LONGEST = 600
MOST = 11


def name_of(path):
    return path.relative_to(SOURCE).as_posix()


def calls(path):
    """Give every ``name.attribute(...)`` and ``name(...)`` of a module, dotted."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def imports(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def users_of(package):
    return {
        name_of(path)
        for path in MODULES
        if any(one == package or one.startswith(package + ".") for one in imports(path))
    }


def tracked():
    """Give the files that belong to the repository: what git knows, not what else lies about."""
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), "ls-files", "--cached", "-z"], capture_output=True, check=False
        )
    except FileNotFoundError:
        return walked()
    names = [one for one in done.stdout.decode("utf-8").split("\0") if one]
    if done.returncode != 0 or not names:
        return walked()
    return [ROOT / one for one in names if (ROOT / one).is_file()]


def walked():
    """Give the files of an unpacked source archive, without environments, caches and what tools build."""
    found = []
    folders = [ROOT]
    while folders:
        for path in folders.pop().iterdir():
            if path.is_dir() and not path.is_symlink():
                if not (path.name.startswith((".", "_build")) or (path / "pyvenv.cfg").is_file()):
                    folders.append(path)
            elif path.is_file():
                found.append(path)
    return found


def test_the_tested_code_is_whole():
    assert {name_of(path) for path in MODULES} == {
        path.relative_to(Path(vnedoc.__file__).parent).as_posix()
        for path in Path(vnedoc.__file__).parent.rglob("*.py")
    }


def test_the_arrows_point_down():
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_other_rooms_are_entered_through_their_door(path):
    room = name_of(path).split("/", maxsplit=1)[0]
    for module in imports(path):
        parts = module.split(".")
        if parts[0] == "vnedoc" and len(parts) > 2:
            assert parts[1] == room, f"{name_of(path)} reaches into {module}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_small(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < LONGEST


def test_a_folder_is_small():
    # __init__.py is the door, not a module.
    count = {}
    for path in MODULES:
        if path.name not in ("__init__.py", "__main__.py"):
            count[path.parent] = count.get(path.parent, 0) + 1
    assert {name_of(folder): number for folder, number in count.items() if number > MOST} == {}


@pytest.mark.parametrize("path", [one for one in MODULES if one.name == "__init__.py"], ids=name_of)
def test_a_door_has_every_name_it_lists(path):
    if path.parent == SOURCE:
        return
    room = __import__(
        f"vnedoc.{path.parent.relative_to(SOURCE).as_posix().replace('/', '.')}", fromlist=["x"]
    )
    names = getattr(room, "__all__", None)
    if names is None:
        assert path.parent.name == "cli"
        return
    assert all(hasattr(room, one) for one in names)


def test_only_the_workflow_makes_a_received():
    makers = {name_of(path) for path in MODULES if "Received._make" in calls(path)}
    assert len(makers) == 1
    assert all(one.startswith("workflow/") for one in makers)
    assert not [path for path in MODULES if "object.__new__(Received)" in path.read_text(encoding="utf-8")]


def test_only_the_xml_room_parses_xml():
    forbidden = re.compile(
        r"\b(?:XMLParser|XMLPullParser|HTMLParser|iterparse|fromstring|fromstringlist|XML|parse)$"
    )
    for path in MODULES:
        if name_of(path).startswith("xml/"):
            continue
        found = {one for one in calls(path) if "etree." in one and forbidden.search(one)}
        assert not found, f"{name_of(path)} parses by itself: {found}"
    for module in ("xml", "defusedxml", "html.parser", "lxml.html", "lxml.objectify"):
        users = {one for one in users_of(module) if not one.startswith("xml/")}
        assert not users, f"{module}: {users}"


def test_foreign_engines_stay_behind_their_adapters():
    assert len(users_of("sqlalchemy")) == 1
    assert all(one.startswith(("signing/", "verification/")) for one in users_of("pyhanko"))
    assert all(
        one.startswith(("signing/", "verification/", "trust/")) for one in users_of("pyhanko_certvalidator")
    )
    assert all(
        one.startswith(("signing/", "verification/", "trust/", "conformance/"))
        for one in users_of("asn1crypto")
    )
    assert all(
        one.startswith(("xml/", "dsig/", "edxml/", "verification/", "signing/")) for one in users_of("lxml")
    )
    for absent in ("requests", "httpx", "urllib.request", "http.client", "pickle", "marshal", "shelve"):
        assert users_of(absent) == set(), absent


def test_nothing_is_executed_or_printed_by_the_library():
    for path in MODULES:
        found = calls(path) & {"eval", "exec", "os.system", "subprocess.run", "subprocess.Popen"}
        assert not found, name_of(path)
        if not name_of(path).startswith("cli/"):
            assert "print" not in calls(path), name_of(path)


def test_no_file_names_a_package_index():
    address = re.compile(
        rb"https?://[^\s\"'<>]*(?:/simple\b|pypi\.org|pythonhosted\.org|registry\.npmjs)", re.IGNORECASE
    )
    option = re.compile(rb"(?m)^\s*(?:--(?:extra-)?index-url|--find-links|-i)\b")
    for path in tracked():
        if path.name == "uv.lock":  # written by a tool, and never part of the repository
            continue
        octets = path.read_bytes()
        assert not address.search(octets), path
        if path.suffix == ".txt":
            assert not option.search(octets), path


def test_the_lock_file_stays_out():
    assert ROOT / "uv.lock" not in tracked()


def test_the_version_is_the_changelogs():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in text
    assert re.fullmatch(r"\d+\.\d+\.\d+", vnedoc.__version__)


def test_the_requirements_are_pinned_by_hash():
    text = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    entries = [one for one in re.split(r"\n(?=\S)", text) if one and not one.startswith("#")]
    assert len(entries) > 50
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry
