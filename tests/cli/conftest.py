"""One set of files of each kind, made once: good, tampered, expired, revoked, untrusted, unsigned."""

import datetime as dt
import json
import os

import attrs
import pytest

import vnedoc
from vnedoc.cli import main
from vnedoc.conformance import FakePki, crl_to_pem, to_pem
from vnedoc.conformance._letter import Letter, make_letter
from vnedoc.workflow import unsealed

AT = dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)


def letter():
    return make_letter(
        Letter(
            parent="UBND tỉnh Thí Điểm",
            agency="Sở Thử nghiệm A",
            code="15/STNA-VP",
            place="Thí Điểm",
            date=AT.date(),
            subject="V/v thử",
            addressee="Sở Thử nghiệm B",
            body=("Một đoạn.",),
            title="Giám đốc",
            signer="Nguyễn Văn An",
            recipients=("Như trên",),
        )
    )


def envelope(**more):
    fields = {
        "sender": vnedoc.Party("H99.1", "Sở Thử nghiệm A"),
        "receivers": [vnedoc.Party("H99.2", "Sở Thử nghiệm B")],
        "document_id": "H99.1,2026/11/22,15/STNA-VP",
        "code": vnedoc.DocumentCode("15", "STNA-VP"),
        "date": AT.date(),
        "type": vnedoc.DocumentType("Công văn"),
        "subject": "V/v thử",
    }
    return vnedoc.Envelope(**{**fields, **more})


PLAIN_XML = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<van-ban so="15"><trich-yeu>V/v thử</trich-yeu>'
    + "".join(f"<dong so='{number}'>Nội dung dòng {number}</dong>" for number in range(20))
    + "</van-ban>\n"
).encode()


@attrs.frozen
class World:
    """The folder, and how to call the command on it."""

    folder: object
    pki: object

    def path(self, kind, state):
        return str(self.folder / f"{state}.{kind}")

    @property
    def trust(self):
        return [
            f"--trust={self.folder / 'trust'}",
            f"--cert={self.folder / 'certs'}",
            f"--crl={self.folder / 'crl'}",
            f"--at={AT.isoformat()}",
        ]


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    pki = FakePki.create(at=AT)
    stranger = FakePki.create(at=AT, name="Người lạ")
    year = dt.timedelta(days=365)
    people = {
        "good": pki.issue("Tốt"),
        "expired": pki.issue("Hết hạn", not_before=AT - 2 * year, not_after=AT - year),
        "revoked": pki.issue("Thu hồi"),
        "untrusted": stranger.issue("Người lạ"),
    }
    pki.revoke(people["revoked"], AT - dt.timedelta(days=10))
    for name in ("trust", "certs", "crl", "keys", "empty"):
        (folder / name).mkdir()
    (folder / "trust" / "root.pem").write_bytes(to_pem(pki.root.der))
    (folder / "certs" / "issuing.pem").write_bytes(to_pem(pki.issuing.der))
    for name, crl in zip(("root", "issuing"), pki.crls(), strict=True):
        (folder / "crl" / f"{name}.crl").write_bytes(crl_to_pem(crl))
    (folder / "keys" / "good.p12").write_bytes(people["good"].pkcs12("bí mật"))
    (folder / "keys" / "good.pem").write_bytes(people["good"].pem())

    pdf, xml = letter(), PLAIN_XML
    blob = vnedoc.Blob.from_bytes(pdf)
    message = envelope(attachments=(vnedoc.Attachment(name="cv.pdf", blob=blob, content_id="main"),))
    (folder / "unsigned.pdf").write_bytes(pdf)
    (folder / "unsigned.xml").write_bytes(xml)
    unsealed(message).save(folder / "unsigned.edxml")
    for state, credential in people.items():
        signer = credential.signer()
        when = AT - 3 * year / 2 if state == "expired" else AT
        vnedoc.sign_pdf(pdf, signer, signing_time=when).save(folder / f"{state}.pdf")
        vnedoc.sign_xml(xml, signer, signing_time=when).save(folder / f"{state}.xml")
        vnedoc.seal(message, signer, signing_time=when).save(folder / f"{state}.edxml")
    good = (folder / "good.pdf").read_bytes()
    (folder / "tampered.pdf").write_bytes(
        good.replace(b"/Title", b"/Titel", 1) if b"/Title" in good else _flip(good)
    )
    for kind in ("xml", "edxml"):
        text = (folder / f"good.{kind}").read_bytes()
        assert "V/v thử".encode() in text
        (folder / f"tampered.{kind}").write_bytes(text.replace("V/v thử".encode(), "V/v thư".encode(), 1))
    return World(folder, pki)


def _flip(data):
    return data[:2000] + bytes([data[2000] ^ 1]) + data[2001:]


@pytest.fixture
def run(capfdbinary):
    """Run the command in this process; gives exit code, stdout and stderr as bytes."""

    def call(*argv):
        capfdbinary.readouterr()
        try:
            code = main([os.fspath(one) for one in argv])
        except SystemExit as stop:
            code = stop.code
        out = capfdbinary.readouterr()
        return code, out.out, out.err

    return call


@pytest.fixture
def run_json(run):
    def call(*argv):
        code, out, _err = run(*argv, "--format", "json")
        return code, json.loads(out)

    return call
