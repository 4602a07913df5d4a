"""What the demo leaves is accepted by programs that nobody here wrote."""

import subprocess

import attrs
import pytest

from vnedoc.conformance import run_demo


@attrs.frozen
class Played:
    folder: object


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "here"
    run_demo(folder, lang="en", say=lambda _line: None)
    return Played(folder)


@pytest.mark.peer
def test_xmlsec1_accepts_the_seal(played, peer):
    for name in ("sealed.edxml", "status-01.edxml", "status-03.edxml"):
        done = subprocess.run(
            [
                peer("xmlsec1"), "--verify", "--enabled-key-data", "x509",
                "--trusted-pem", played.folder / "trust" / "root.pem",
                "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
                played.folder / name,
            ],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "SignedInfo References (ok/all): 2/2" in done.stdout + done.stderr


@pytest.mark.peer
def test_pdfsig_accepts_both_signatures(played, peer, tmp_path):
    database = f"sql:{tmp_path}"
    subprocess.run([peer("certutil"), "-N", "-d", database, "--empty-password"], check=True)
    root = played.folder / "trust" / "root.pem"
    subprocess.run(
        [peer("certutil"), "-A", "-d", database, "-n", "root", "-t", "CT,C,C", "-a", "-i", root], check=True
    )
    done = subprocess.run(
        [peer("pdfsig"), "-nssdir", database, played.folder / "document.pdf"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.count("Signature Validation: Signature is Valid.") == 2, done.stdout
    assert done.stdout.count("Certificate Validation: Certificate is Trusted.") == 2, done.stdout
    assert "Total document signed" in done.stdout
