"""``sign --level`` and ``augment``, against authorities on this machine."""

import datetime as dt
import os

import pytest

import vnedoc
from vnedoc.conformance import FakeOcsp, FakePki, FakeTsa, serve, to_pem, where_to_ask
from vnedoc.model import Level

AT = dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)

pytestmark = [pytest.mark.server, pytest.mark.allow_hosts(["127.0.0.1"])]


@pytest.fixture(scope="module")
def authority(world):
    with serve(tsa=FakeTsa(world.pki, at=AT)) as served:
        yield served


@pytest.mark.parametrize("state", ["unsigned", "good"])
@pytest.mark.parametrize("kind", ["xml", "edxml"])
def test_sign_and_augment(world, run, tmp_path, authority, kind, state):
    out = tmp_path / "out"
    key = [f"--key=pem:{world.folder}/keys/good.pem"] if state == "unsigned" else []
    code, _, stderr = run(
        "sign" if state == "unsigned" else "augment",
        world.path(kind, state),
        *key,
        "--level=B-LTA",
        f"--tsa={authority.tsa_url}",
        "--allow-private",
        *world.trust,
        "--out",
        out,
    )
    assert (code, stderr.strip()) == (0, os.fspath(out).encode())
    policy = vnedoc.Policy.strict(
        trust=vnedoc.TrustStore.from_paths(world.folder / "trust", world.folder / "certs"),
        revocation=world.folder / "crl",
        at=AT,
    )
    assert vnedoc.verify(out, policy).require().signatures[0].level is Level.B_LTA
    assert run("verify", out, *world.trust)[0] == 0


@pytest.mark.parametrize("allowed", [True, False])
def test_nobody_is_asked_who_was_not_allowed(run, tmp_path, allowed):
    with serve() as served:
        pki = FakePki.create(at=AT, key="p256", extensions=where_to_ask(crl=served.url("root.crl")))
        served.ocsp = FakeOcsp(pki, at=AT)
        served.files["root.crl"] = pki.crls()[0]
        signer = pki.issue("Sở Thử nghiệm A", extensions=where_to_ask(ocsp=served.ocsp_url)).signer()
        vnedoc.sign_xml(b"<a></a>", signer, signing_time=AT).save(tmp_path / "signed.xml")
        (tmp_path / "root.pem").write_bytes(to_pem(pki.root.der))
        words = [f"--allow={served.host}", "--allow-private"] if allowed else []
        code, stdout, _ = run(
            "verify",
            tmp_path / "signed.xml",
            f"--trust={tmp_path / 'root.pem'}",
            f"--at={AT.isoformat()}",
            *words,
        )
        assert code == (0 if allowed else 3), stdout.decode()
        assert bool(served.asked) is allowed


def test_an_authority_that_does_not_answer(world, run, tmp_path):
    with serve() as served:
        url = served.url("nothing-here")
    code, _, stderr = run(
        "augment",
        world.path("xml", "good"),
        "--level=B-T",
        f"--tsa={url}",
        "--allow-private",
        "--out",
        tmp_path / "out",
    )
    assert code == 2
    assert b"VND-NET-" in stderr
    assert os.listdir(tmp_path) == []


def test_a_private_address_must_be_allowed(world, run, tmp_path, authority):
    code, _, stderr = run(
        "augment",
        world.path("xml", "good"),
        "--level=B-T",
        f"--tsa={authority.tsa_url}",
        "--out",
        tmp_path / "out",
    )
    assert code == 2
    assert b"VND-NET-004" in stderr


def test_a_detached_signature_is_raised_beside_its_file(world, run, tmp_path, authority):
    content = tmp_path / "phu-luc.txt"
    content.write_bytes(b"Phu luc")
    key = f"--key=pem:{world.folder}/keys/good.pem"
    signed, raised = tmp_path / "signed.xml", tmp_path / "raised.xml"
    assert run("sign", content, key, "--packaging=detached", "--out", signed)[0] == 0
    words = ("augment", signed, "--level=B-T", f"--tsa={authority.tsa_url}", "--allow-private")
    code, _, stderr = run(*words, "--out", raised)
    assert (code, b"VND-SIGN-081" in stderr) == (2, True)
    more = (f"--content={content}", "--signature=signature-1", "--out", raised)
    code, _, stderr = run(*words, *more)
    assert code == 0, stderr
    report = vnedoc.verify(raised, world.pki.policy(AT), resolver={"phu-luc.txt": content})
    assert report.signatures[0].level is Level.B_T
