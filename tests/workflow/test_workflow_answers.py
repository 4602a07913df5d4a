"""A handler may run again after a crash; the sender hears 01 once."""

import datetime as dt

import pytest

from vnedoc.conformance import FakePki
from vnedoc.model import (
    Attachment,
    Blob,
    DocumentCode,
    DocumentType,
    Envelope,
    MessageKind,
    OrganId,
    Party,
    StatusCode,
)
from vnedoc.workflow import open_mailroom


class Died(BaseException):
    """The process ends here."""


def test_an_answer_is_not_written_twice(tmp_path, monkeypatch):
    pki = FakePki.create()
    signer = pki.issue("Sở A").signer()
    (tmp_path / "drop").mkdir()

    def mailroom(name):
        return open_mailroom(
            tmp_path / f"{name}.db",
            via=f"folder:{tmp_path / 'drop'}",
            party=Party(OrganId(name), "Sở"),
            policy=pki.policy(),
            signer=signer,
        )

    envelope = Envelope(
        sender=Party("H99.1", "Sở A"),
        receivers=[Party("H99.2", "Sở B")],
        document_id="H99.1,x",
        code=DocumentCode("15", "STNA"),
        date=dt.date(2026, 11, 20),
        type=DocumentType("Công văn"),
        subject="thử",
        attachments=(Attachment(name="a.txt", blob=Blob.from_bytes(b"x"), content_id="1"),),
    )
    with mailroom("H99.1") as theirs, mailroom("H99.2") as ours:
        theirs.send(envelope)

        def die(point):
            if point == "I6":
                raise Died

        with monkeypatch.context() as patch:
            patch.setattr("vnedoc.exchange._receiving.crashpoint", die)
            with pytest.raises(Died):
                ours.receive(handler=lambda received: None)
        monkeypatch.setattr("vnedoc.exchange._storage._inbox.is_gone", lambda worker: True)
        seen = []
        ours.receive(handler=seen.append)
        assert len(seen) == 1  # the application is asked again
        answers = [one for one in ours.exchange.outbox() if one.kind is MessageKind.STATUS]
        assert [one.status for one in answers] == [StatusCode.ARRIVED]
