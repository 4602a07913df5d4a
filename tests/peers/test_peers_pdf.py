"""Independent programs accept what we sign, and refuse what was changed."""

import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from pdf_builders import AT, credential, pki, unsigned_pdf

from vnedoc.model import PDF_TYPE, SignatureAlgorithm, Wire
from vnedoc.signing import KeySigner, sign_pdf

pytestmark = pytest.mark.peer

ALGORITHMS = [one for one in SignatureAlgorithm if one.hash_name in ("sha256", "sha384", "sha512")]
KINDS = {"ecdsa-sha256": "p256", "ecdsa-sha384": "p384", "ecdsa-sha512": "p521"}


def signed(algorithm: SignatureAlgorithm, wire: Wire | None = None) -> bytes:
    owner = credential(KINDS.get(algorithm.value, "rsa2048"))
    signer = KeySigner.from_key(owner.key, owner.der, owner.chain, algorithm=algorithm)
    return sign_pdf(wire or Wire.from_bytes(unsigned_pdf(), PDF_TYPE), signer, signing_time=AT).read()


def run(*command) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, check=False, timeout=60)
    return (done.stdout + done.stderr).decode(errors="replace")


@pytest.mark.parametrize("algorithm", [one for one in ALGORITHMS if one.family != "rsa-pss"])
def test_pdfsig_accepts_it(peer, tmp_path, algorithm):
    path = tmp_path / "a.pdf"
    path.write_bytes(signed(algorithm))
    said = run(peer("pdfsig"), "-nocert", path)
    assert "Signature is Valid" in said
    assert "Total document signed" in said
    path.write_bytes(path.read_bytes().replace(b"0 0 m 0 l", b"0 0 m 1 l"))
    assert "Signature is Valid" not in run(peer("pdfsig"), "-nocert", path)


def test_pdfsig_trusts_the_throwaway_authority(peer, tmp_path):
    certutil, database = peer("certutil"), tmp_path / "nss"
    database.mkdir()
    run(certutil, "-N", "-d", database, "--empty-password")
    for number, der in enumerate((pki().root.der, pki().issuing.der)):
        file = tmp_path / f"{number}.crt"
        file.write_bytes(der)
        flags = ("CT,CT,CT", ",,")[number]
        run(certutil, "-A", "-d", database, "-n", f"ca{number}", "-t", flags, "-i", file)
    path = tmp_path / "a.pdf"
    path.write_bytes(signed(SignatureAlgorithm.RSA_SHA256))
    # Not with -no-ocsp, which makes pdfsig fail; the certificates name no responder to be asked.
    said = run(peer("pdfsig"), "-nssdir", database, path)
    assert "Signature is Valid" in said
    assert "Certificate is Trusted" in said


def test_pdfsig_accepts_two_signatures(peer, tmp_path):
    first = signed(SignatureAlgorithm.RSA_SHA256)
    path = tmp_path / "a.pdf"
    path.write_bytes(signed(SignatureAlgorithm.ECDSA_SHA256, Wire.from_bytes(first, PDF_TYPE)))
    assert run(peer("pdfsig"), "-nocert", path).count("Signature is Valid") == 2


def test_qpdf_finds_no_fault(peer, tmp_path):
    path = tmp_path / "a.pdf"
    first = signed(SignatureAlgorithm.RSA_SHA256)
    path.write_bytes(signed(SignatureAlgorithm.ECDSA_SHA256, Wire.from_bytes(first, PDF_TYPE)))
    said = run(peer("qpdf"), "--check", path)
    assert "No syntax or stream encoding errors" in said
    assert "WARNING" not in said


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_openssl_verifies_the_value(peer, tmp_path, algorithm):
    octets = signed(algorithm)
    start = octets.rindex(b"/Contents <") + 10
    end = octets.index(b">", start) + 1
    (tmp_path / "content").write_bytes(octets[:start] + octets[end:])
    (tmp_path / "value").write_bytes(bytes.fromhex(octets[start + 1 : end - 1].decode()))
    anchors = [pki().root.certificate, pki().issuing.certificate]
    pem = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in anchors)
    (tmp_path / "ca.pem").write_bytes(pem)
    command = [peer("openssl"), "cms", "-verify", "-inform", "DER", "-binary", "-cades", "-in"]
    command += [tmp_path / "value", "-content", tmp_path / "content", "-CAfile", tmp_path / "ca.pem"]
    command += ["-attime", str(int(AT.timestamp())), "-out", tmp_path / "out"]
    assert "CAdES Verification successful" in run(*command)
