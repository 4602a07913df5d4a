"""What an import loads, and what it says."""

import json
import subprocess
import sys

import pytest

import vnedoc

HEAVY = {
    "lxml",
    "cryptography",
    "pyhanko",
    "pyhanko_certvalidator",
    "asn1crypto",
    "sqlalchemy",
    "reportlab",
    "attrs",
    "attr",
    "argparse",
    "asyncio",
    "logging",
    "sqlite3",
}
PDF_AND_STORE = {"pyhanko", "pyhanko_certvalidator", "certvalidator", "asn1crypto", "sqlalchemy", "reportlab"}

PUBLIC = {
    "Acceptance",
    "Attachment",
    "Blob",
    "Conclusion",
    "DocumentCode",
    "DocumentType",
    "Envelope",
    "Finding",
    "OrganId",
    "Party",
    "Policy",
    "Received",
    "Report",
    "RevocationStore",
    "StatusCode",
    "StatusMessage",
    "TrustStore",
    "VerificationError",
    "VnedocError",
    "Wire",
    "__version__",
    "answer",
    "augment",
    "check",
    "load_key",
    "open_mailroom",
    "open_sealed",
    "seal",
    "sign_pdf",
    "sign_xml",
    "verify",
}


def loaded_by(code):
    """Give the top-level modules that *code* loads in a fresh interpreter, warnings being errors."""
    # What is there before belongs to the interpreter, or to whoever measures coverage.
    script = f"""
import sys, json
before = set(sys.modules)
{code}
print(json.dumps(sorted({{one.split('.')[0] for one in set(sys.modules) - before}})))
"""
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_public_names_are_frozen():
    assert set(vnedoc.__all__) == PUBLIC
    assert len(vnedoc.__all__) == len(PUBLIC)
    assert len(PUBLIC - {"__version__"}) <= 30
    assert {*vnedoc._ROOM_OF, "__version__"} == PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_each_public_name_is_there_and_documented(name):
    value = getattr(vnedoc, name)
    assert name == "__version__" or value.__doc__


def test_there_is_no_other_name():
    with pytest.raises(AttributeError):
        _ = vnedoc.nothing
    assert set(dir(vnedoc)) == PUBLIC


def test_importing_vnedoc_loads_nothing_heavy():
    assert not loaded_by("import vnedoc") & HEAVY


def test_the_xml_verifying_path_loads_neither_pdf_nor_store():
    code = """
import vnedoc
policy = vnedoc.Policy.strict(trust=vnedoc.TrustStore())
report = vnedoc.verify(b'<a><b>1</b></a>', policy)
assert report.sub_indication.value == 'NO_SIGNATURE', report
"""
    assert not loaded_by(code) & PDF_AND_STORE


@pytest.mark.parametrize(
    "room",
    [
        "cli",
        "conformance",
        "directory",
        "dsig",
        "edxml",
        "errors",
        "exchange",
        "model",
        "protocols",
        "report",
        "signing",
        "transport",
        "trust",
        "verification",
        "workflow",
        "xml",
    ],
)
def test_importing_a_room_is_silent(room):
    loaded_by(f"import vnedoc.{room}")


def test_help_needs_no_cryptography():
    code = """
import contextlib, io
from vnedoc.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main(['--help'])
"""
    assert not loaded_by(code) & {"lxml", "cryptography", *PDF_AND_STORE}
