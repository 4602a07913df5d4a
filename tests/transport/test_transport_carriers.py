"""What every transport owes: the same tests over memory and folder."""

import datetime as dt
import hashlib
import io
import threading

import pytest

from vnedoc.errors import ConfigError, PermanentError, TransientError
from vnedoc.model import Custody, MessageKind, OrganId, Parcel, RemoteHandle, Settlement, Wire
from vnedoc.transport import FolderTransport, MemoryHub, MemoryTransport, open_transport

HERE, THERE = OrganId("000.00.00.G22"), OrganId("12/Sở Nội vụ")
NOW = dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)


def parcel(key="k", data=b"<edXML/>", *, recipient=THERE, wire=None):
    return Parcel(
        idempotency_key=key,
        attempt_id="1",
        document_id="doc",
        kind=MessageKind.DOCUMENT,
        sender=HERE,
        recipient=recipient,
        wire=wire or Wire.from_bytes(data),
        created_at=NOW,
    )


@pytest.fixture(params=["memory", "folder"])
def carrier(request, tmp_path):
    carrier = MemoryTransport() if request.param == "memory" else FolderTransport(tmp_path)
    yield carrier
    carrier.close()
    carrier.close()


def poll(carrier, *, recipient=THERE, cursor=None, limit=100):
    return carrier.poll(recipient, cursor=cursor, limit=limit, deadline=5.0)


def fetch(carrier, handle, *, recipient=THERE):
    sink = io.BytesIO()
    meta = carrier.fetch(recipient, handle, sink, deadline=5.0)
    return sink.getvalue(), meta


def settle(carrier, handle, settlement):
    carrier.settle(THERE, handle, settlement, deadline=5.0)


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 5000], ids=["empty", "one", "binary"])
def test_the_same_bytes_arrive(carrier, data):
    result = carrier.send(parcel(data=data), deadline=5.0)
    assert (result.custody, result.duplicate) == (Custody.HUB, False)
    (handle,) = poll(carrier).handles
    got, meta = fetch(carrier, handle)
    assert got == data
    assert meta.size == len(data)
    assert meta.digest == "sha256:" + hashlib.sha256(data).hexdigest()
    assert meta.sender in (None, HERE)


def test_nobody_elses_messages(carrier):
    carrier.send(parcel(), deadline=5.0)
    assert poll(carrier, recipient=HERE).handles == ()
    assert poll(carrier, recipient=OrganId("12")).handles == ()


def test_sending_twice_has_one_effect(carrier):
    assert not carrier.send(parcel(), deadline=5.0).duplicate
    assert carrier.send(parcel(), deadline=5.0).duplicate
    assert len(poll(carrier).handles) == 1
    assert carrier.capabilities.idempotent_send


@pytest.mark.parametrize("settlement", [Settlement.ACCEPTED, Settlement.REFUSED])
def test_sending_again_after_it_was_settled_has_no_effect(carrier, settlement):
    carrier.send(parcel(), deadline=5.0)
    (handle,) = poll(carrier).handles
    for _ in range(2):
        settle(carrier, handle, settlement)
        assert poll(carrier).handles == ()
    assert carrier.send(parcel(), deadline=5.0).duplicate
    assert poll(carrier).handles == ()


@pytest.mark.parametrize("settlement", [None, Settlement.ACCEPTED, Settlement.REFUSED])
def test_a_forged_copy_never_blocks_the_genuine_one(carrier, settlement):
    """One identifier, two contents: both travel, and the inbox of the receiver tells them apart."""
    carrier.send(parcel(data=b"forged"), deadline=5.0)
    if settlement is not None:
        settle(carrier, poll(carrier).handles[0], settlement)
    assert not carrier.send(parcel(), deadline=5.0).duplicate
    assert fetch(carrier, poll(carrier).handles[-1])[0] == b"<edXML/>"


def test_a_released_message_is_offered_again(carrier):
    carrier.send(parcel(), deadline=5.0)
    page = poll(carrier)
    settle(carrier, page.handles[0], Settlement.RELEASED)
    assert poll(carrier).handles == page.handles
    settle(carrier, page.handles[0], Settlement.ACCEPTED)
    assert poll(carrier).handles == ()


def test_the_first_final_word_stays(carrier):
    carrier.send(parcel(), deadline=5.0)
    (handle,) = poll(carrier).handles
    settle(carrier, handle, Settlement.ACCEPTED)
    settle(carrier, handle, Settlement.REFUSED)
    settle(carrier, handle, Settlement.RELEASED)
    assert poll(carrier).handles == ()


def test_pages_go_from_the_oldest_on(carrier):
    for number in range(7):
        carrier.send(parcel(f"k{number}", str(number).encode()), deadline=5.0)
    seen, cursor = [], None
    while True:
        page = poll(carrier, cursor=cursor, limit=3)
        seen += [fetch(carrier, one)[0] for one in page.handles]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == [str(one).encode() for one in range(7)]
    if isinstance(carrier, MemoryTransport):
        assert seen == sorted(seen)
    assert poll(carrier, limit=0).handles == ()


def test_a_cursor_from_elsewhere(carrier):
    with pytest.raises(PermanentError) as caught:
        poll(carrier, cursor=b"\xffelsewhere")
    assert caught.value.code == "VND-TRN-011"


def test_a_message_that_is_gone(carrier):
    carrier.send(parcel(), deadline=5.0)
    with pytest.raises(TransientError) as caught:
        fetch(carrier, RemoteHandle("other.edxml"))
    assert caught.value.code == "VND-TRN-012"
    settle(carrier, RemoteHandle("other.edxml"), Settlement.ACCEPTED)
    assert len(poll(carrier).handles) == 1


def test_many_at_once_never_mix(carrier):
    expected = {f"k{number}": bytes([number]) * 50_000 for number in range(20)}

    def one(key):
        carrier.send(parcel(key, expected[key]), deadline=5.0)

    threads = [threading.Thread(target=one, args=(key,)) for key in expected for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    got = sorted(fetch(carrier, handle)[0] for handle in poll(carrier).handles)
    assert got == sorted(expected.values())


def test_short_forms(tmp_path):
    folder = open_transport(f"folder:{tmp_path}")
    assert isinstance(folder, FolderTransport)
    assert folder.root == tmp_path
    one, same, other = (open_transport(f"memory:{name}") for name in ("a", "a", "b"))
    one.send(parcel(), deadline=5.0)
    assert len(poll(same).handles) == 1
    assert poll(other).handles == ()


@pytest.mark.parametrize("uri", ["", "folder", "folder:", "memory:", "ftp:x", "/x", "FOLDER:x"])
def test_other_forms_are_refused(uri):
    with pytest.raises(ConfigError) as caught:
        open_transport(uri)
    assert caught.value.code == "VND-TRN-005"


def test_a_hub_tells_what_became_of_messages():
    hub = MemoryHub()
    assert hub.settlements(THERE) == {}
    carrier = MemoryTransport(hub)
    carrier.send(parcel(), deadline=5.0)
    (name,) = hub.settlements(THERE)
    assert name.startswith("k.")
    assert hub.settlements(THERE) == {name: None}
