"""What ``sign`` and ``countersign`` can state, signatures by name, and files beside a detached signature."""

import os
import re
from pathlib import Path

import pytest
from lxml import etree

from vnedoc.signing import CommitmentType

NS = {"d": "http://www.w3.org/2000/09/xmldsig#", "x": "http://uri.etsi.org/01903/v1.3.2#"}
PARTS = b'<a><b Id="p1">1</b><b Id="p2">2</b></a>'


@pytest.fixture
def key(world):
    return f"--key=pem:{world.folder}/keys/good.pem"


def found(path, query):
    return etree.parse(path).xpath(query, namespaces=NS)


def test_what_the_signer_states(world, run, key, tmp_path):
    out = tmp_path / "out.xml"
    code, _, stderr = run(
        "sign",
        world.path("xml", "unsigned"),
        key,
        "--place=Thí Điểm",
        "--role=GĐ",
        "--role=Chủ tịch hội đồng",
        "--commitment=approval",
        "--out",
        out,
    )
    assert code == 0, stderr
    assert found(out, "//x:ClaimedRole/text()") == ["GĐ", "Chủ tịch hội đồng"]
    assert found(out, "//x:SignatureProductionPlaceV2/x:City/text()") == ["Thí Điểm"]
    identifier = found(out, "//x:CommitmentTypeId/x:Identifier/text()")
    assert identifier == [CommitmentType.PROOF_OF_APPROVAL.value]
    assert run("verify", out, *world.trust)[0] == 0


def test_any_commitment_that_is_a_uri(world, run, key, tmp_path):
    words = ("sign", world.path("xml", "unsigned"), key, "--out", tmp_path / "out.xml")
    assert run(*words, "--commitment=urn:oid:1.2.3")[0] == 0
    assert found(tmp_path / "out.xml", "//x:CommitmentTypeId/x:Identifier/text()") == ["urn:oid:1.2.3"]
    code, _, stderr = run(*words, "--commitment=phe-duyet")
    assert (code, b"VND-SIGN-048" in stderr) == (2, True)


def test_where_a_pdf_was_signed(world, run, key, tmp_path):
    out = tmp_path / "out.pdf"
    assert run("sign", world.path("pdf", "unsigned"), key, "--place=Noi ky", "--out", out)[0] == 0
    assert b"Noi ky" in out.read_bytes()


@pytest.mark.parametrize(
    ("kind", "option"),
    [
        ("pdf", "--role=GĐ"),
        ("pdf", "--commitment=approval"),
        ("pdf", "--element=a"),
        ("edxml", "--place=Thí Điểm"),
        ("edxml", "--role=GĐ"),
        ("edxml", "--element=a"),
    ],
)
def test_options_that_are_for_other_files(world, run, key, tmp_path, kind, option):
    code, _, stderr = run("sign", world.path(kind, "unsigned"), key, option, "--out", tmp_path / "out")
    assert (code, b"VND-CLI-012" in stderr) == (2, True)
    assert os.listdir(tmp_path) == []


def test_elements_one_by_one_then_a_counter_signature(world, run, run_json, key, tmp_path):
    (tmp_path / "in.xml").write_bytes(PARTS)
    for number, name in enumerate(("p1", "p2")):
        source = tmp_path / ("in.xml" if number == 0 else "0.xml")
        words = ("sign", source, key, f"--element={name}", "--out", tmp_path / f"{number}.xml")
        assert run(*words)[0] == 0
    judged = ("verify", tmp_path / "1.xml", *world.trust, "--covers=element")
    code, (report,) = run_json(*judged)
    assert code == 0
    assert [one["covers"][0]["node"] for one in report["signatures"]] == ["/a/b[1]", "/a/b[2]"]
    first = report["signatures"][0]
    # inspect shows the same names, as text too
    _, (row,) = run_json("inspect", tmp_path / "1.xml")
    names = [(one["id"], one["xml_id"]) for one in row["signatures_present"]]
    assert names == [(one["id"], one["xml_id"]) for one in report["signatures"]]
    assert first["xml_id"].encode() in run("inspect", tmp_path / "1.xml")[1]
    for style, name in (("property", first["id"]), ("separate", first["xml_id"])):
        out = tmp_path / f"{style}.xml"
        words = ("countersign", tmp_path / "1.xml", key, f"--signature={name}", f"--style={style}")
        assert run(*words, "--role=GĐ", "--out", out)[0] == 0
        code, (report,) = run_json("verify", out, *world.trust, "--covers=element")
        assert (code, len(report["signatures"])) == (0, 3)
        assert found(out, "//x:ClaimedRole/text()") == ["GĐ"]


def test_a_signature_that_is_not_there_is_refused_with_the_names(world, run, key, tmp_path):
    xml_id = re.search(rb'<Signature [^>]*Id="([^"]+)"', Path(world.path("xml", "good")).read_bytes())[1]
    words = ("countersign", world.path("xml", "good"), key, "--signature=khong-co", "--out", tmp_path / "o")
    code, _, stderr = run(*words)
    assert code == 2
    assert b"VND-SIGN-053" in stderr
    assert xml_id in stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("source", ["pdf", "xml", "txt"])
def test_enveloping_holds_any_file(world, run, key, tmp_path, source):
    path = tmp_path / "ghi-chu.txt" if source == "txt" else world.path(source, "unsigned")
    if source == "txt":
        path.write_bytes(b"\x00 ghi ch\xc3\xba")
    out = tmp_path / "out.xml"
    assert run("sign", path, key, "--packaging=enveloping", "--out", out)[0] == 0
    assert run("verify", out, *world.trust)[0] == 0


# --- detached ---------------------------------------------------------------------------------------


@pytest.fixture
def beside(run, key, tmp_path):
    """A file whose name has letters that a URI does not, and its signature."""
    path = tmp_path / "Phụ lục 1.txt"
    path.write_bytes("Phụ lục kèm theo.\r\n".encode())
    out = tmp_path / "chu-ky.xml"
    assert run("sign", path, key, "--packaging=detached", "--out", out)[0] == 0
    return path, out


def test_a_detached_signature_and_its_file(world, run, run_json, beside, tmp_path):
    path, out = beside
    assert run("verify", out, *world.trust, f"--content={path}")[0] == 0
    code, (report,) = run_json("verify", out, *world.trust)
    assert (code, report["conclusion"]) == (3, "INDETERMINATE")
    assert report["sub_indication"] == "SIGNED_DATA_NOT_FOUND"
    (tmp_path / "khac.txt").write_bytes(path.read_bytes())
    assert run("verify", out, *world.trust, f"--content={tmp_path / 'khac.txt'}")[0] == 3
    more = [f"--content={path}", f"--content={tmp_path / 'khac.txt'}"]
    assert run("verify", out, *world.trust, *more)[0] == 0
    assert run("inspect", out, f"--content={path}")[0] == 0
    path.write_bytes(b"x")
    assert run("verify", out, *world.trust, f"--content={path}")[0] == 1


def test_two_files_of_one_name(world, run, beside, tmp_path):
    path, out = beside
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / path.name).write_bytes(b"x")
    words = ("verify", out, *world.trust, f"--content={path}", f"--content={tmp_path / 'b' / path.name}")
    code, _, stderr = run(*words)
    assert (code, b"VND-CLI-011" in stderr) == (2, True)


def test_a_file_that_is_not_there(world, run, beside, tmp_path):
    code, _, stderr = run("verify", beside[1], *world.trust, f"--content={tmp_path / 'none'}")
    assert (code, b"VND-IO-001" in stderr) == (2, True)
