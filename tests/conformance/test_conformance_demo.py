"""The demo: its layout is a contract, and everything that it leaves verifies for others too."""

import hashlib
import os
import random
import shutil

import attrs
import pytest

import vnedoc
from vnedoc.conformance import run_demo
from vnedoc.edxml import EdXmlCodec
from vnedoc.exchange import Exchange, open_store
from vnedoc.model import Acceptance, Conclusion, Evidence, OrganId, StatusCode
from vnedoc.transport import open_transport
from vnedoc.workflow import PolicyOpener

FILES = {
    "document.pdf": Acceptance.SEALED,
    "sealed.edxml": Acceptance.SEALED,
    "status-01.edxml": Acceptance.SEALED,
    "status-03.edxml": Acceptance.SEALED,
    "unsealed.edxml": Acceptance.ATTACHMENTS,
    "rewritten.edxml": Acceptance.REWRITTEN,
}


@attrs.frozen
class Played:
    folder: object
    lines: list

    @property
    def policy(self):
        return vnedoc.Policy.strict(
            trust=vnedoc.TrustStore.from_paths([self.folder / "trust"], [self.folder / "certs"]),
            revocation=vnedoc.RevocationStore.from_paths([self.folder / "crl"]),
        )


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "here"
    lines = []
    run_demo(folder, lang="en", say=lines.append)
    return Played(folder, lines)


def test_layout(played):
    for name in (*FILES, "sender.db", "receiver.db", "report.html", "trust/root.pem", "certs/issuing.pem"):
        assert (played.folder / name).is_file(), name
    assert os.listdir(played.folder / "trust") == ["root.pem"]
    assert sorted(os.listdir(played.folder / "crl")) == ["issuing.crl", "root.crl"]
    for key in (played.folder / "keys").iterdir():
        assert key.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", FILES)
def test_every_file_verifies_under_its_rule(played, name):
    report = vnedoc.verify(played.folder / name, played.policy, acceptance=FILES[name])
    assert report.conclusion is Conclusion.PASSED, report.all_findings()


def test_the_rules_differ(played):
    for name in ("unsealed.edxml", "rewritten.edxml"):
        assert vnedoc.verify(played.folder / name, played.policy).conclusion is Conclusion.INDETERMINATE
    report = vnedoc.verify(
        played.folder / "rewritten.edxml", played.policy, acceptance=Acceptance.ATTACHMENTS
    )
    assert report.conclusion is Conclusion.INDETERMINATE


def test_both_sides_know(played):
    with open_store(played.folder / "sender.db") as store:
        (row,) = _exchange(played, store, "H99.1").outbox()
        assert row.business_state is StatusCode.RECEIVED
        assert row.business_evidence is Evidence.PROVEN
        assert [one.code for one in row.history] == [StatusCode.ARRIVED, StatusCode.RECEIVED]
    with open_store(played.folder / "receiver.db") as store:
        inbox = _exchange(played, store, "H99.2").inbox()
        assert [one.copies for one in inbox] == [1, 1, 1]
        assert [one.evidence for one in inbox] == [Evidence.PROVEN, Evidence.CLAIMED, Evidence.CLAIMED]
        assert inbox[0].registered_at is not None


def _exchange(played, store, organ):
    opener = PolicyOpener(policy=played.policy)
    return Exchange(store, open_transport("memory:nobody"), EdXmlCodec(), opener, OrganId(organ))


def test_a_second_run_has_no_second_effect(played, tmp_path):
    folder = tmp_path / "again"
    shutil.copytree(played.folder, folder)
    before = {name: _digest(folder / name) for name in FILES}
    keys = {one.name: _digest(one) for one in (folder / "keys").iterdir()}
    for lang in ("vi", "en"):
        run_demo(folder, lang=lang, say=lambda _line: None)
    assert {name: _digest(folder / name) for name in FILES} == before
    assert {one.name: _digest(one) for one in (folder / "keys").iterdir()} == keys
    with open_store(folder / "receiver.db") as store:
        inbox = _exchange(played, store, "H99.2").inbox()
        assert len(inbox) == 3
        assert inbox[0].copies == 3
    with open_store(folder / "sender.db") as store:
        (row,) = _exchange(played, store, "H99.1").outbox()
        assert len(row.history) == 2


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_byte_never_passes(played, name):
    """200 seeded places inside what the file's signatures cover."""
    data = (played.folder / name).read_bytes()
    chance = random.Random(name)
    for place in chance.sample(_covered(name, data), 200):
        flipped = data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :]
        report = vnedoc.verify(flipped, played.policy, acceptance=FILES[name])
        assert report.conclusion is not Conclusion.PASSED, place


def _covered(name, data):
    if name.endswith(".pdf"):
        # The later signature covers everything but its own value, the earlier one's value included.
        start = data.rindex(b"/Contents <") + len(b"/Contents ")
        end = data.index(b">", start) + 1
        return [*range(start), *range(end, len(data))]
    if FILES[name] is Acceptance.SEALED:
        first, last = data.index(b"?>") + 3, data.rindex(b">") + 1
        start, end = data.index(b"<Signature"), data.index(b"</Signature>") + len(b"</Signature>")
        return [*range(first, start), *range(end, last)]
    # Only the attachment is proven; all of its base64 but the value of its last signature stands for it.
    import base64

    marker = b"ContentTransferEncoded"
    start = data.index(b">", data.index(marker)) + 1
    end = data.index(b"<", start)
    pdf = base64.b64decode(data[start:end])
    gap = pdf.rindex(b"/Contents <") + len(b"/Contents ")
    stop = pdf.index(b">", gap) + 1
    return [one for one in range(start, end - 4) if not gap - 3 <= (one - start) * 3 // 4 <= stop + 3]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(vnedoc.VnedocError) as caught:
        run_demo(tmp_path / "file" / "demo", say=lambda _line: None)
    assert caught.value.code == "VND-IO-002"
