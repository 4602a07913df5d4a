"""A small world: one throwaway PKI, one signer, one unsigned PDF."""

import datetime as dt
import io

import attrs
import pytest
from pyhanko.pdf_utils import generic, writer

import vnedoc
from vnedoc.conformance import FakePki

AT = dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)


def blank_pdf():
    """A valid PDF of one empty page."""
    new = writer.PdfFileWriter(stream_xrefs=False)
    page = writer.PageObject(
        contents=new.add_object(generic.StreamObject(stream_data=b"")),
        media_box=generic.ArrayObject([generic.NumberObject(one) for one in (0, 0, 595, 842)]),
    )
    new.insert_page(page)
    target = io.BytesIO()
    new.write(target)
    return target.getvalue()


@attrs.frozen
class Office:
    pki: object
    signer: object
    pdf: bytes

    @property
    def policy(self):
        return self.pki.policy(AT)

    def signed_pdf(self, **more):
        return vnedoc.sign_pdf(self.pdf, self.signer, signing_time=AT, **more)

    def envelope(self, *attachments, **more):
        fields = {
            "sender": vnedoc.Party("H99.1", "Sở Thử nghiệm A"),
            "receivers": [vnedoc.Party("H99.2", "Sở Thử nghiệm B")],
            "document_id": "H99.1,2026/11/22,15/STNA-VP",
            "code": vnedoc.DocumentCode("15", "STNA-VP"),
            "date": AT.date(),
            "type": vnedoc.DocumentType("Công văn"),
            "subject": "V/v thử",
            "attachments": tuple(
                vnedoc.Attachment(name=name, blob=vnedoc.Blob.from_bytes(data), content_id=f"a{number}")
                for number, (name, data) in enumerate(attachments, 1)
            ),
        }
        return vnedoc.Envelope(**{**fields, **more})


@pytest.fixture(scope="session")
def office():
    pki = FakePki.create(at=AT)
    return Office(pki, pki.issue("Sở Thử nghiệm A").signer(), blank_pdf())
