"""B5: what starting up costs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import fixtures
from benchmarks.runner import CheckFailed, Goal, Group, Row

FORBIDDEN = frozenset({"pyhanko", "pyhanko_certvalidator", "sqlalchemy", "asn1crypto"})

# A real verification says which modules it loads, so that nothing that is loaded late is missed.
_VERIFY = """
import json, sys
from pathlib import Path
bare = set(sys.modules)
import attrs as _attrs, vnedoc
folder = Path(sys.argv[1])
trust = vnedoc.TrustStore.from_der([(folder / "root.der").read_bytes()])
policy = _attrs.evolve(vnedoc.Policy.strict(trust=trust), require_revocation=False)
report = vnedoc.verify((folder / "signed.xml").read_bytes(), policy)
names = [name for name in sys.modules if name not in bare]
print(json.dumps({"conclusion": report.conclusion.value, "modules": names}))
"""
_MISSING = """
import importlib, json, sys
ours, every = (json.loads(one) for one in sys.argv[1:])
for name in ours: importlib.import_module(name)
late = []
for name in every:
    if name in sys.modules: continue
    try: importlib.import_module(name)
    except ImportError: continue
    late.append(name)
print(json.dumps(late))
"""


def vnedoc_alone(_folder: Path) -> Callable[[], object]:
    return _start("import vnedoc")


def bare_interpreter(_folder: Path) -> Callable[[], object]:
    return _start("pass")


def verifying_path(folder: Path) -> Callable[[], object]:
    return _start((folder / "verifying.py").read_text(encoding="utf-8"))


def third_party(_folder: Path) -> Callable[[], object]:
    return _start("import lxml.etree, cryptography.x509, attrs")


def _start(code: str) -> Callable[[], object]:
    def case() -> None:
        _python(code)

    case.in_children = True  # type: ignore[attr-defined]
    return case


def _python(code: str, *arguments: str) -> str:
    command = [sys.executable, "-I", "-c", code, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8").stdout


def _prepare(folder: Path) -> Mapping[str, str]:
    import vnedoc

    fixtures.build(folder)
    signed = vnedoc.sign_xml((folder / "document.xml").read_bytes(), fixtures.signer(folder))
    (folder / "signed.xml").write_bytes(signed.read())
    seen = json.loads(_python(_VERIFY, str(folder)))
    if seen["conclusion"] != "PASSED":
        raise CheckFailed(f"our signed XML is {seen['conclusion']}")
    heavy = sorted({name.partition(".")[0] for name in seen["modules"]} & FORBIDDEN)
    if heavy:
        raise CheckFailed(f"the XML verifying path loads {', '.join(heavy)}")
    # The front door's own names first, in the order in which the verification loaded them.
    names = [name for name in seen["modules"] if name.partition(".")[0] == "vnedoc"]
    missing = json.loads(_python(_MISSING, json.dumps(names), json.dumps(seen["modules"])))
    (folder / "verifying.py").write_text(_imports([*names, *missing]), encoding="utf-8")
    return {"B5": f"{len(names)} modules of vnedoc, {len(missing)} others that load late"}


def _imports(names: list[str]) -> str:
    return "\n".join(f"import {name}" for name in names)


GROUPS = (
    Group(
        id="B5",
        ours="benchmarks.imports:verifying_path",
        rows=(
            Row(
                "B5",
                "import lxml.etree, cryptography.x509, attrs",
                "benchmarks.imports:third_party",
                Goal("<=", 1.25),
            ),
        ),
        prepare=_prepare,
    ),
    Group(
        id="B5",
        ours="benchmarks.imports:vnedoc_alone",
        rows=(Row("B5-import", "bare interpreter", "benchmarks.imports:bare_interpreter", Goal("<=", 1.5)),),
        prepare=lambda _folder: {},
    ),
)
