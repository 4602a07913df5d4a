"""A small world for the exchange's tests: a JSON codec, an opener that believes it, faults on the wire."""

import datetime as dt
import json
import os
import random
import sys
import time
from pathlib import Path

import attrs

from vnedoc.errors import (
    AmbiguousError,
    DecodeError,
    PermanentError,
    RouteError,
    TransientError,
    VerificationError,
    VerificationIndeterminate,
)
from vnedoc.exchange import Exchange, _process, open_store
from vnedoc.model import (
    Acceptance,
    Business,
    Capabilities,
    Conclusion,
    DocumentCode,
    Envelope,
    Evidence,
    FileKind,
    Finding,
    Kind,
    OrganId,
    Party,
    Received,
    Report,
    ResponseFor,
    StatusCode,
    StatusMessage,
    SubIndication,
    Wire,
)
from vnedoc.transport import FolderTransport, MemoryTransport

MINISTRY = OrganId("000.00.00.G22")
PROVINCE = OrganId("000.00.00.H36")
COMMUNE = OrganId("000.01.17.H36")
START = dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)


@attrs.define
class FixedClock:
    """Stands still until it is moved."""

    time: dt.datetime = START

    def now(self) -> dt.datetime:
        return self.time

    def forward(self, seconds: float) -> None:
        self.time += dt.timedelta(seconds=seconds)


def letter(
    number="doc-1",
    *,
    sender=MINISTRY,
    to=(PROVINCE,),
    kind="new",
    text="",
    seal="ok",
    grade="proven",
    code=None,
) -> Wire:
    """Write a document message of the tests' own format."""
    return _wire(
        {
            "id": number,
            "from": sender.value,
            "to": [one.value for one in to],
            "kind": kind,
            "text": text,
            "seal": seal,
            "grade": grade,
            "code": code,
        }
    )


def status(
    code,
    about="doc-1",
    *,
    sender=PROVINCE,
    to=MINISTRY,
    time=None,
    grade="proven",
    seal="ok",
    text=None,
    about_code=None,
) -> Wire:
    """Write a status message of the tests' own format."""
    return _wire(
        {
            "status": code,
            "about": about,
            "about_code": about_code,
            "from": sender.value,
            "to": None if to is None else to.value,
            "time": time,
            "grade": grade,
            "seal": seal,
            "text": text,
        }
    )


def _wire(fields) -> Wire:
    return Wire.from_bytes(json.dumps(fields, ensure_ascii=False).encode())


@attrs.frozen
class _Decoded:
    message: Envelope | StatusMessage
    findings: tuple = ()


class JsonCodec:
    def decode(self, wire):
        try:
            fields = json.loads(wire.read())
        except ValueError as error:
            raise DecodeError("VND-XML-001", "not well-formed") from error
        if "status" in fields:
            about = ResponseFor(organ_id=fields["to"], document_id=fields["about"], code=fields["about_code"])
            when = fields["time"]
            return _Decoded(
                StatusMessage(
                    sender=Party(fields["from"]),
                    response_for=about,
                    code=StatusCode(fields["status"]),
                    description=fields["text"],
                    timestamp=None if when is None else dt.datetime.fromisoformat(when),
                )
            )
        number, _, notation = (fields["code"] or "").partition("/")
        return _Decoded(
            Envelope(
                sender=Party(fields["from"]),
                receivers=[Party(one) for one in fields["to"]],
                document_id=fields["id"],
                subject=fields["text"],
                code=DocumentCode(number, notation) if fields["code"] else None,
                business=Business(kind=Kind[fields["kind"].upper()]),
            )
        )

    def encode(self, message):
        raise NotImplementedError


class FakeOpener:
    """Believes the seal that a message names; ``bug`` raises what no opener may."""

    def __init__(self):
        self.opened = 0
        self.has_lists = False

    def open(self, wire):
        self.opened += 1
        message = JsonCodec().decode(wire).message
        fields = json.loads(wire.read())
        seal = fields["seal"]
        if seal == "bug":
            raise ZeroDivisionError
        if seal == "broken":
            finding = Finding.error("VND-SIG-004", "/edXML", seen="other")
            raise VerificationError("VND-VER-001", "failed", report=_report(Conclusion.FAILED, finding))
        if seal == "undecided" and not self.has_lists:
            finding = Finding.error("VND-TRUST-030")
            raise VerificationIndeterminate(
                "VND-VER-002", "undecided", report=_report(Conclusion.INDETERMINATE, finding)
            )
        return Received._make(
            wire=wire,
            message=message,
            report=_report(Conclusion.PASSED),
            evidence=Evidence(fields["grade"]),
            acceptance=Acceptance.SEALED,
            coverage={},
        )


def _report(conclusion, *findings):
    return Report(
        kind=FileKind.EDXML,
        conclusion=conclusion,
        sub_indication=None if conclusion is Conclusion.PASSED else SubIndication.HASH_FAILURE,
        findings=findings,
    )


class FaultyTransport(MemoryTransport):
    """A memory transport that does to the next sends what ``plan`` says."""

    def __init__(self, hub=None, *, idempotent=True, plan=(), max_payload=None):
        super().__init__(hub)
        self.plan = list(plan)
        self.keys = []
        self._capabilities = Capabilities(idempotent_send=idempotent, max_payload=max_payload)

    @property
    def capabilities(self):
        return self._capabilities

    def send(self, parcel, *, deadline):
        self.keys.append((parcel.idempotency_key, parcel.attempt_id))
        fault = self.plan.pop(0) if self.plan else None
        if fault == "refuse":
            raise TransientError("VND-TRN-002", "later")
        if fault == "later":
            raise TransientError("VND-TRN-002", "later", retry_after=500.0)
        if fault == "never":
            raise PermanentError("VND-TRN-020", "never")
        if fault == "route":
            raise RouteError("VND-TRN-001", "wrong password")
        if fault == "bug":
            raise KeyError("bug")
        result = super().send(parcel, deadline=deadline)
        if fault == "lose":
            raise AmbiguousError("VND-TRN-004", "no answer")
        return result


def make(store, transport, organ, clock, **more) -> Exchange:
    """Make an exchange of the fakes."""
    more.setdefault("opener", FakeOpener())
    more.setdefault("chance", random.Random(7))
    opener = more.pop("opener")
    return Exchange(store, transport, JsonCodec(), opener, organ, clock=clock, **more)


class LoggedTransport(FolderTransport):
    """Writes each send down before it begins, one line each."""

    def __init__(self, root, ledger):
        super().__init__(root)
        self._ledger = ledger

    def send(self, parcel, *, deadline):
        self._ledger.write(f"{parcel.idempotency_key}\n".encode())
        return super().send(parcel, deadline=deadline)


def _tell(event) -> None:
    sys.stdout.write(f"{event.seq}\n")
    sys.stdout.flush()


def run(folder: Path, role: str, hour: int, number: int) -> None:
    """Be one process. It prints a line for each event, so that whoever watches can kill it in the middle."""
    organ = PROVINCE if role == "collect" else MINISTRY
    with (
        open_store(folder / f"{organ.value}.db") as store,
        (folder / role).open("ab", buffering=0) as ledger,
    ):
        exchange = make(
            store,
            LoggedTransport(folder / "drop", ledger) if role == "send" else FolderTransport(folder / "drop"),
            organ,
            FixedClock(START + dt.timedelta(hours=hour)),
            on_event=_tell,
        )
        if role == "enqueue":
            for one in range(number):
                exchange.enqueue(letter(f"doc-{one}", text="x" * 40_000 * (one % 2)))
        elif role == "send":
            exchange.send_due(limit=number)
        else:
            exchange.collect(
                limit=number,
                handler=lambda received: ledger.write(f"{received.envelope.document_id}\n".encode()),
            )


def serve(folder: Path) -> None:
    """Fork one worker for each line ``role hour number crashpoint``; say when it is born and how it ended."""
    # What a store needs is loaded when the first is opened, and that takes longer than all the rest.
    open_store(folder / "nursery.db").close()
    for line in sys.stdin:
        role, hour, number, *crash = line.split()
        child = os.fork()
        if child == 0:
            # Its parent speaks first, so that "born" always stands before the worker's own lines.
            while not (folder / f"born-{os.getpid()}").exists():
                time.sleep(0.0005)
            _process._armed = crash[0] if crash else ""
            code = 1
            try:
                run(folder, role, int(hour), int(number))
                code = 0
            finally:
                os._exit(code)
        sys.stdout.write(f"born {child}\n")
        sys.stdout.flush()
        (folder / f"born-{child}").touch()
        _, status = os.waitpid(child, 0)
        (folder / f"born-{child}").unlink()
        sys.stdout.write(f"ended {os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    if len(sys.argv) == 2:
        serve(Path(sys.argv[1]))
    else:
        run(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
