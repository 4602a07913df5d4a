"""Contents that lie in a file, or inside another one."""

import errno
import functools
import io
import os
import pickle

import pytest

from vnedoc.errors import FileError
from vnedoc.model import Blob


def inside(octets: bytes, claimed: bytes | None = None) -> Blob:
    known = Blob.from_bytes(octets if claimed is None else claimed)
    return Blob(known.size, known.digest, opener=functools.partial(io.BytesIO, octets))


def test_a_content_inside_another_file():
    blob = inside(b"x" * 5000)
    assert blob == Blob.from_bytes(b"x" * 5000)
    assert blob.read() == b"".join(blob.chunks(7)) == blob.open().read() == b"x" * 5000
    assert pickle.loads(pickle.dumps(blob)).read() == blob.read()
    assert "xxx" not in repr(blob)


def test_saving_takes_what_is_there(tmp_path):
    assert inside(b"abc").save(tmp_path / "a").read_bytes() == b"abc"
    assert Blob.from_file(tmp_path / "a").save(tmp_path / "b").read_bytes() == b"abc"


def test_what_has_changed_is_neither_read_nor_saved(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    in_a_file = Blob.from_file(path)
    path.write_bytes(b"xbc")
    for blob in (in_a_file, inside(b"xbc", b"abc")):
        for read in (blob.read, functools.partial(blob.save, tmp_path / "b")):
            with pytest.raises(FileError) as caught:
                read()
            assert caught.value.code == "VND-IO-003"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_took_the_place_of_a_file_is_refused(tmp_path, make):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    blob = Blob.from_file(path)
    path.unlink()
    make(path)
    with pytest.raises(FileError) as caught:
        blob.open()
    assert caught.value.code == "VND-IO-001"


def test_a_file_that_stops_being_readable_half_way(tmp_path, monkeypatch):
    def failing(*_args):
        raise OSError(errno.EIO, "Input/output error")

    (tmp_path / "a").write_bytes(b"abc")
    monkeypatch.setattr("vnedoc.model._blob.hashlib.file_digest", failing)
    with pytest.raises(FileError) as caught:
        Blob.from_file(tmp_path / "a")
    assert (caught.value.code, caught.value.facts["reason"]) == ("VND-IO-001", "Input/output error")


def test_pieces_hold_the_digest_at_their_end(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abcdef")
    blob = Blob.from_file(path)
    assert list(blob.checked_chunks(4)) == [b"abcd", b"ef"]
    assert list(Blob.from_bytes(b"abcdef").checked_chunks(4)) == [b"abcd", b"ef"]
    for other in (b"abcdex", b"abcde", b"abcdefgh"):
        path.write_bytes(other)
        with pytest.raises(FileError) as caught:
            list(blob.checked_chunks(4))
        assert caught.value.code == "VND-IO-003"


class Torn(io.BytesIO):
    def read(self, *_):
        raise OSError(errno.EIO, "Input/output error")


def test_pieces_that_cannot_be_read():
    blob = Blob(3, "sha256:00", opener=Torn)
    with pytest.raises(FileError) as caught:
        list(blob.checked_chunks())
    assert caught.value.code == "VND-IO-001"
