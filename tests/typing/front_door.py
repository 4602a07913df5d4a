"""What a type checker sees at the front door; mypy and pyright run over this file, nothing executes it."""

import datetime as dt
from pathlib import Path
from typing import assert_type

import vnedoc
from vnedoc import report
from vnedoc.model import Conclusion, DocumentId, Evidence, SubIndication


def judge(policy: vnedoc.Policy) -> None:
    found = vnedoc.verify(Path("a.pdf"), policy)
    assert_type(found, vnedoc.Report)
    assert_type(found.conclusion, Conclusion)
    assert_type(found.sub_indication, SubIndication | None)
    assert_type(found.checked_at, dt.datetime | None)
    assert_type(found.require(), vnedoc.Report)
    assert_type(report.to_json([found]), str)
    assert_type(report.render_finding(found.findings[0], "vi").next, str)


def take_in(wire: vnedoc.Wire, policy: vnedoc.Policy) -> None:
    received = vnedoc.open_sealed(wire, policy)
    assert_type(received, vnedoc.Received)
    assert_type(received.envelope, vnedoc.Envelope)
    assert_type(received.evidence, Evidence)
    assert_type(received.covered_by("subject"), tuple[str, ...])


def send(envelope: vnedoc.Envelope) -> None:
    key = vnedoc.load_key("p12:key.p12")
    assert_type(vnedoc.seal(envelope, key), vnedoc.Wire)
    assert_type(envelope.sender.organ_id, vnedoc.OrganId)
    assert_type(envelope.document_id, DocumentId | None)
    assert_type(vnedoc.check(envelope), tuple[vnedoc.Finding, ...])


def stores() -> None:
    assert_type(vnedoc.TrustStore.from_paths(["ca.pem"]), vnedoc.TrustStore)
    assert_type(vnedoc.RevocationStore.from_paths(["ca.crl"]), vnedoc.RevocationStore)
