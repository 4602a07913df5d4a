"""Files inside messages: unpacked in one forward pass, damage named, dangers flagged, nothing held whole."""

import codecs
import datetime as dt
import hashlib
import io
import pickle
import random
import struct
import tracemalloc
import zipfile
import zlib

import attrs
import pytest
from edxml_making import PDF, carrying, codes, decode, full_envelope, zip_of
from hypothesis import example, given
from hypothesis import strategies as st

import vnedoc
from vnedoc.conformance import FakePki
from vnedoc.edxml import EdXmlCodec, content_findings
from vnedoc.edxml._content import damage_findings, damage_of, ends_of, join, unpack
from vnedoc.edxml._wire import Carried
from vnedoc.errors import FileError, LimitExceeded, RuleError
from vnedoc.model import Attachment, Blob, Conclusion, Finding, Limits, Severity
from vnedoc.workflow import sign_edxml

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def found(content: bytes, name: str = "a.pdf", kind: str = "x/y") -> dict[str, dict[str, object]]:
    """Give the facts of each finding about one attachment, by code."""
    return {one.code: dict(one.facts) for one in decode(carrying(content, name, kind)).findings}


# --- blobs of three kinds -------------------------------------------------------------------------


class Forward(io.RawIOBase):
    """A stream that can only be read forward, in pieces of its own choosing."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.inner = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        return self.inner.readinto(buffer)


@attrs.frozen
class Opens:
    data: bytes

    def __call__(self):
        return io.BufferedReader(Forward(self.data), 100)


def inside(data: bytes) -> Blob:
    """Give a blob whose octets lie inside something else."""
    whole = Blob.from_bytes(data)
    return Blob(whole.size, whole.digest, opener=Opens(data))


def random_octets(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


# --- the transport zip in one pass ----------------------------------------------------------------

CENTRAL_FIELDS, LOCAL_FIELDS = struct.Struct("<4s6H3I5H2I"), struct.Struct("<4s5H3I2H")


def reference(data: bytes, limits: Limits) -> bytes | str | None:  # noqa: C901, PLR0912 - step by step
    """Unpack with the whole file at hand: content, code of the refusal, or ``None`` for "as it is"."""
    damaged = "VND-EDX-051"
    if not data.startswith(LOCAL):
        return None
    at = data.rfind(END, max(0, len(data) - 22 - 0xFFFF))
    if at < 0 or at + 22 > len(data):
        return damaged
    _, disk, first, here, entries, size, central_at, comment = struct.unpack_from("<4s4H2IH", data, at)
    if (disk, first) != (0, 0) or here != entries or at + 22 + comment != len(data):
        return damaged
    if central_at + size != at or entries == 0:
        return damaged
    if entries > 1:
        return "VND-EDX-046"
    if central_at + 46 > len(data):
        return damaged
    central = CENTRAL_FIELDS.unpack_from(data, central_at)
    name = data[central_at + 46 : central_at + 46 + central[10]]
    if central[0] != CENTRAL or central_at + 46 + sum(central[10:13]) != at:
        return damaged
    if name == b"[Content_Types].xml":
        return None
    if central[3] & 1:
        return "VND-EDX-045"
    local = LOCAL_FIELDS.unpack_from(data, 0)
    start = 30 + local[9] + local[10]
    method, packed_size = central[4], central[8]
    gap = central_at - start - packed_size
    fills = gap == 0 or (central[3] & 8 and gap in (12, 16, 20, 24))
    if central[16] or not fills or method not in (0, 8) or local[3] != method or name.endswith(b"/"):
        return damaged
    packed = data[start : start + packed_size]
    allowed = min(len(data) * limits.zip_ratio, limits.attachment_bytes)
    content = packed
    if method:
        inflater = zlib.decompressobj(-15)
        try:
            content = inflater.decompress(packed, allowed + 1)
        except zlib.error:
            return damaged
        if len(content) <= allowed and (not inflater.eof or inflater.unused_data):
            return damaged
    if len(content) > allowed:
        return "VND-EDX-015"
    return content if (len(content), zlib.crc32(content)) == (central[9], central[7]) else damaged


def streamed(blob: Blob, limits: Limits) -> bytes | str | None:
    """Unpack as the codec does."""
    with blob.open() as handle:
        head = handle.read(4096)
    try:
        opened = unpack("a.bin", blob, head, limits, "/x")
    except LimitExceeded as error:
        return error.code
    if opened.content is None:
        return opened.closed
    content = opened.content.read()  # proves the digest
    assert opened.content.size == len(content)
    assert opened.ends is not None
    assert (opened.ends.size, opened.ends.head) == (len(content), content[:4096])
    assert content.endswith(opened.ends.tail)
    return content


def piped(content: bytes, method: int) -> bytes:
    """Give a zip whose entry has a data descriptor."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", method) as made:
        made.writestr("a", content)
    return pipe.getvalue()


def zips() -> list[bytes]:
    content = PDF * 20 + random_octets(300)
    stored, deflated = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
    return [
        zip_of({"a": content}, stored),
        zip_of({"a": content}, deflated),
        piped(content, stored),
        piped(content, deflated),
        zip_of({"a": b""}, stored),
        zip_of({"a": b""}, deflated),
        zip_of({"a": content, "b": content}),
        zip_of({"a": bytes(100_000)}),
        zip_of({"[Content_Types].xml": b""}),
        zip_of({"a": content}, zipfile.ZIP_BZIP2),
    ]


ZIPS = zips()


@given(
    which=st.integers(0, len(ZIPS) - 1),
    changes=st.lists(st.tuples(st.integers(0, 2000), st.binary(min_size=1, max_size=4)), max_size=2),
    cut=st.integers(0, 40) | st.just(0),
    tail=st.binary(max_size=3) | st.just(b""),
    ratio=st.sampled_from([1, 2, 100]),
    most=st.sampled_from([0, 10, 700, 256 * 1024 * 1024]),
)
@example(which=1, changes=[], cut=0, tail=b"", ratio=100, most=1000)
@example(which=7, changes=[], cut=0, tail=b"", ratio=100, most=10**9)
@example(which=2, changes=[(18, b"\x05\0\0\0")], cut=0, tail=b"", ratio=100, most=10**9)
@example(which=0, changes=[(18, b"\x05\0\0\0")], cut=0, tail=b"", ratio=100, most=10**9)
def test_one_forward_pass_says_what_the_whole_file_says(which, changes, cut, tail, ratio, most):
    """APPNOTE.TXT, clause 4.3: whatever was changed, pass and whole agree, for each kind of blob."""
    data = bytearray(ZIPS[which])
    for place, change in changes:
        at = place % len(data)
        data[at : at + len(change)] = change
    octets = bytes(data[: len(data) - cut]) + tail
    limits = Limits(zip_ratio=ratio, attachment_bytes=most)
    expected = reference(octets, limits)
    assert streamed(Blob.from_bytes(octets), limits) == expected
    assert streamed(inside(octets), limits) == expected


def test_the_zips_of_the_property_are_what_they_should_be():
    kinds = [type(reference(one, Limits())) for one in ZIPS]
    assert kinds == [bytes] * 6 + [str, str, type(None), str]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_large_contents_stay_where_they_are_and_are_read_in_pieces(tmp_path, method):
    content = random_octets(3_000_000) + bytes(2_000_000)
    path = tmp_path / "a.zip"
    path.write_bytes(zip_of({"x.pdf": content}, method))
    for carried in (Blob.from_file(path), inside(path.read_bytes())):
        opened = unpack("a.bin", carried, LOCAL, Limits(), "/x")
        assert (opened.content.data, opened.content.path) == (None, None)
        assert opened.content.digest == "sha256:" + hashlib.sha256(content).hexdigest()
        assert opened.content.read() == content
        assert max(map(len, opened.content.chunks(1000))) <= 1000
        assert pickle.loads(pickle.dumps(opened.content)).read() == content
        with opened.content.open() as handle:
            assert not handle.seekable()
            assert handle.read(10) == content[:10]
        opened.content.save(tmp_path / "out", replace=True)
        assert (tmp_path / "out").read_bytes() == content
        assert opened.ends.tail == content[-len(opened.ends.tail) :]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("change", ["cut", "other", "gone", "ones"])
@pytest.mark.parametrize("packed_well", [False, True])
def test_a_file_that_changes_after_it_was_read_is_refused(tmp_path, method, change, packed_well):
    path = tmp_path / "a.zip"
    content = random_octets(2_000_000)
    path.write_bytes(zip_of({"x": content.hex().encode() if packed_well else content}, method))
    opened = unpack("a.bin", Blob.from_file(path), LOCAL, Limits(), "/x")
    if change == "gone":
        path.unlink()
    else:
        data = path.read_bytes()
        other = {"cut": data[:1_000_000], "other": data[:900] + bytes(9) + data[909:]}
        path.write_bytes(other.get(change, data[:900] + b"\xff" * 900 + data[1800:]))
    with pytest.raises(FileError) as caught:
        opened.content.read()
    assert caught.value.code in {"VND-IO-001", "VND-IO-003"}


def test_a_directory_that_is_longer_than_any_stays_closed():
    data = bytearray(LOCAL + bytes(700_000) + END + bytes(18))
    data[-14:-10] = b"\x01\x00\x01\x00"
    data[-10:-2] = struct.pack("<2I", len(data) - 22 - 4, 4)
    assert streamed(Blob.from_bytes(bytes(data)), Limits()) == "VND-EDX-051"


def test_the_end_of_a_large_file_that_only_goes_forward_is_not_looked_for():
    data = b"%PDF-1.7\n" + bytes(33 * 1024 * 1024)
    ends = ends_of(inside(data))
    assert (ends.size, ends.tail) == (len(data), None)
    assert damage_findings("a.pdf", inside(data), ends, "/x") == ()
    small = ends_of(inside(data[:200_000]))
    assert (small.head, small.tail) == (data[:4096], bytes(len(small.tail)))


@pytest.mark.parametrize("zipped", [zip_of, lambda entries: piped(entries["x"], zipfile.ZIP_STORED)])
def test_a_file_that_was_exchanged_before_it_was_unpacked_is_refused(tmp_path, zipped):
    """Another sound zip of the same size: only the digest tells."""
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"x": b"one one"}))
    blob = Blob.from_file(path)
    path.write_bytes(zipped({"x": b"two two"}))
    assert path.stat().st_size == blob.size
    with pytest.raises(FileError) as caught:
        unpack("a.bin", blob, LOCAL, Limits(), "/x")
    assert caught.value.code == "VND-IO-003"


def test_a_file_that_shrank_before_it_was_unpacked_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(zip_of({"x": PDF}))
    blob = Blob.from_file(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FileError) as caught:
        unpack("a.bin", blob, LOCAL, Limits(), "/x")
    assert caught.value.code == "VND-IO-003"


def test_an_entry_with_another_extension_is_noted():
    facts = found(zip_of({"0b5c.docx": PDF}))
    assert facts == {"VND-EDX-059": {"name": "a.pdf", "entry": "0b5c.docx"}}
    assert found(zip_of({"0b5c": PDF})) == {}
    assert found(zip_of({"0b5c.PDF": PDF})) == {}


# --- damage (pain of practice: "the file does not open") -------------------------------------------

STREAM = zlib.compress(random_octets(4000))
BINARY_PDF = (
    b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Filter/FlateDecode>>\nstream\n"
    + STREAM
    + b"\nendstream\nendobj\n%%EOF\n"
)
PNG = b"\x89PNG\r\n\x1a\n" + random_octets(200) + b"IEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\0" + random_octets(200) + b"\xff\xd9"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + random_octets(2000)
ZIP = zip_of({"x.bin": random_octets(2000), "y.bin": random_octets(2000, 2)})
FILES = {"a.pdf": BINARY_PDF, "a.png": PNG, "a.jpg": JPEG, "a.doc": OLE, "a.zip": ZIP}


def replaced(data: bytes) -> bytes:
    return data.decode("utf-8", "replace").encode()


def doubled(data: bytes) -> bytes:
    return data.decode("latin-1").encode()


def doubled_windows(data: bytes) -> bytes:
    return data.decode("cp1252", "replace").encode()


def utf16(data: bytes) -> bytes:
    return codecs.BOM_UTF16_LE + data.decode("latin-1").encode("utf-16-le")


def utf16_bare(data: bytes) -> bytes:
    return data.decode("latin-1").encode("utf-16-be")


def utf16_replaced(data: bytes) -> bytes:
    return data.decode("utf-8", "replace").encode("utf-16")


DAMAGES = {
    replaced: ("VND-EDX-052", "UTF-8"),
    utf16: ("VND-EDX-053", "UTF-16-LE"),
    utf16_bare: ("VND-EDX-053", "UTF-16-BE"),
    utf16_replaced: ("VND-EDX-053", "UTF-16-LE"),
    doubled: ("VND-EDX-054", "UTF-8"),
    doubled_windows: ("VND-EDX-054", "UTF-8"),
}


@pytest.mark.parametrize("how", DAMAGES, ids=lambda one: one.__name__)
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_files_written_as_text_are_named(name, how, mark):
    sound = FILES[name]
    code, encoding = DAMAGES[how]
    if mark and code == "VND-EDX-053":
        mark = b""
    hurt = mark + how(sound)
    (finding,) = decode(carrying(hurt, name, "x/y")).findings
    assert (finding.code, finding.severity) == (code, Severity.ERROR)
    facts = dict(finding.facts)
    offset = facts.pop("offset")
    if code == "VND-EDX-053":
        assert offset == 0
    else:
        before = hurt[len(mark) : offset]
        assert sound.startswith(before)
        assert not sound.startswith(hurt[len(mark) : offset + 1])
    assert (facts.pop("name"), facts.pop("damage")) == (name, encoding)
    assert facts.pop("measured")
    assert not facts


@pytest.mark.parametrize("name", FILES)
def test_sound_files_are_not_called_damaged(name):
    assert damage_of(Blob.from_bytes(FILES[name]), FILES[name][:4096]) is None
    assert found(FILES[name], name) == {}


def test_the_message_and_the_file_stay_readable():
    hurt = replaced(BINARY_PDF)
    (one,) = decode(carrying(hurt)).message.attachments
    assert one.blob.read() == hurt
    checked = {one.code: one.severity for one in vnedoc.check(carrying(hurt))}
    assert checked["VND-EDX-052"] is Severity.ERROR


def test_a_damaged_file_in_a_sound_transport_zip_is_named_and_a_damaged_zip_is_not_opened():
    assert set(found(zip_of({"a.pdf": replaced(BINARY_PDF)}))) == {"VND-EDX-052"}
    assert set(found(replaced(zip_of({"a.pdf": BINARY_PDF})))) == {"VND-EDX-052"}


def test_question_marks_in_place_of_octets_are_named():
    hurt = BINARY_PDF.decode("ascii", "replace").replace("\ufffd", "?").encode()
    assert found(hurt)["VND-EDX-052"]["damage"] == "?"
    as_text = hurt.replace(b"/FlateDecode", b"[/ASCII85Decode/FlateDecode]")
    assert found(as_text) == {}


@pytest.mark.parametrize(
    "content",
    [
        PDF,
        "%PDF-1.4\n% Công văn số 12, ký hiệu \ufffd\ufffd\ufffd, nơi nhận\n%%EOF".encode(),
        b"%PDF-1.4\n" + b"% text\n" * 20_000 + "\ufffd\ufffd\ufffd\n".encode() + b"\xff\n%%EOF",
        "%PDF-1.4\n%\u00e2\u00e3\u00cf\u00d3\n%%EOF".encode(),
        "%PDF-1.4\n% façade déjà vu à côté où éèêë\n%%EOF".encode(),
    ],
)
def test_files_of_text_are_not_called_damaged(content):
    assert found(content) == {}


@given(st.binary(max_size=3000))
def test_no_octets_after_a_head_make_a_sound_file_a_damaged_one(octets):
    for head in (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04\xff\xfe"):
        assert damage_of(Blob.from_bytes(head + octets), (head + octets)[:4096]) is None


@given(st.binary(max_size=5000), st.sampled_from(sorted(DAMAGES, key=lambda one: one.__name__)))
def test_damage_shows_wherever_the_octets_lie(octets, how):
    hurt = how(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + octets)
    assert damage_of(Blob.from_bytes(hurt), hurt[:4096]) == damage_of(inside(hurt), hurt[:4096])


@pytest.mark.parametrize(
    ("content", "name", "missing"),
    [
        (b"", "a.pdf", "application/pdf"),
        (b"", "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (BINARY_PDF[:-2000], "a.pdf", "%%EOF"),
        (BINARY_PDF + bytes(1020), "a.pdf", "%%EOF"),
        (PNG[:-8], "a.png", "IEND"),
        (ZIP[:-30], "a.zip", "PK\\5\\6"),
    ],
)
def test_files_without_their_end_look_cut_off(content, name, missing):
    (finding,) = decode(carrying(content, name, "x/y")).findings
    assert (finding.code, finding.severity) == ("VND-EDX-055", Severity.WARNING)
    assert finding.facts == {"name": name, "missing": missing, "size": len(content)}


def test_the_end_may_be_followed_by_a_little():
    assert found(BINARY_PDF + b"\r\n" * 100) == {}
    assert found(b"", "a.txt") == {}


@pytest.mark.parametrize("name", ["a.pdf", "a.png", "a.jpg", "a.doc"])
@pytest.mark.parametrize("width", [0, 76])
def test_base64_inside_base64_is_named(name, width):
    text = codecs.encode(FILES[name], "base64")
    text = text if width else text.replace(b"\n", b"")
    assert set(found(text, name)) == {"VND-EDX-056"}


def test_other_text_is_not_taken_for_base64():
    assert set(found(b"QUJD" * 100, "a.txt")) == set()
    assert set(found(b"JVBERi0", "a.txt")) == set()


# --- dangers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name", "also"),
    [
        (b"%PDF-1.7\n<html><script>x()</script></html>\n%%EOF", "a.pdf", "text/html"),
        (BINARY_PDF + zip_of({"a": b"1"}), "a.pdf", "application/zip"),
        (PNG + zip_of({"a": b"1"}), "a.png", "application/zip"),
        (b"<html>\n%PDF-1.7\n1 0 obj", "a.html", "application/pdf"),
        (b"MZ\x90\0%PDF-1.7\n1 0 obj", "a.pdf", "application/pdf"),
    ],
)
def test_two_formats_in_one_file_are_flagged(content, name, also):
    facts = found(content, name)
    assert facts["VND-EDX-057"]["also"] == also


def test_a_zip_inside_a_pdf_is_no_second_format():
    assert "VND-EDX-057" not in found(BINARY_PDF.replace(b"%%EOF", zip_of({"a": b"1"}) + b"%%EOF"))


@pytest.mark.parametrize(
    ("content", "name", "seen"),
    [
        (PDF, "a.pdf.exe", ".exe"),
        (b"text", "a.PS1", ".ps1"),
        (b"MZ\x90", "a.pdf", "application/vnd.microsoft.portable-executable"),
        (b"\x7fELF", "a", "application/x-elf"),
        (zip_of({"[Content_Types].xml": b"", "word/a.xml": b""}), "a.docm", ".docm"),
        (zip_of({"[Content_Types].xml": b"", "word/vbaProject.bin": b""}), "a.docx", "vbaProject.bin"),
        (zip_of({"[Content_Types].xml": b"", "xl/vbaProject.bin": b""}), "a.xlsx", "vbaProject.bin"),
        (OLE + "_VBA_PROJECT".encode("utf-16-le") + bytes(100), "a.doc", "_VBA_PROJECT"),
        (
            OLE + random_octets(65_536 - 2030) + "_VBA_PROJECT".encode("utf-16-le"),
            "a.xls",
            "_VBA_PROJECT",
        ),
    ],
)
def test_programs_and_macros_are_flagged_and_stay_closed(content, name, seen):
    decoded = decode(carrying(content, name, "x/y"))
    (finding,) = (one for one in decoded.findings if one.code == "VND-EDX-058")
    assert (finding.severity, finding.facts) == (Severity.WARNING, {"name": name, "seen": seen})
    assert decoded.message.attachments[0].blob.read() == content


def test_documents_without_macros_are_not_flagged():
    assert codes(carrying(OLE, "a.doc", "application/msword")) == []
    assert codes(carrying(zip_of({"[Content_Types].xml": b"", "word/a.xml": b""}), "a.docx", "x/y")) == []


def test_nothing_reads_a_file_as_a_whole(monkeypatch):
    carried = [
        Carried(content_id=str(n), name=name, description=None, content_type=None, content=inside(content))
        for n, (name, content) in enumerate(
            [
                *FILES.items(),
                ("b.pdf", zip_of({"b.pdf": b"%PDF-" + random_octets(2_000_000) + b"%%EOF"})),
                ("c.pdf", replaced(BINARY_PDF)),
            ]
        )
    ]
    monkeypatch.setattr(Blob, "read", lambda _: pytest.fail("a file was read as a whole"))
    findings: list[Finding] = []
    joined = join([], carried, Limits(), findings)
    assert [one.name for one in joined.attachments] == [one.name for one in carried]
    assert {one.code for one in findings} == {"VND-EDX-041", "VND-EDX-052"}
    assert joined.attachments[-2].packed is not None


def test_files_to_be_sent_are_judged_as_their_receiver_will():
    files = [
        Attachment(name=name, blob=content, content_id=str(number))
        for number, (name, content) in enumerate(
            [
                ("a.pdf", BINARY_PDF),
                ("b.pdf", replaced(BINARY_PDF)),
                ("c.pdf", PNG),
                ("d.docm", zip_of({"x": b""})),
                ("e.pdf", b""),
                ("f.pdf.exe", PDF),
            ]
        )
    ]
    assert [(one.code, one.location) for one in content_findings(files)] == [
        ("VND-EDX-052", "attachments[1]"),
        ("VND-EDX-049", "attachments[2]"),
        ("VND-EDX-058", "attachments[3]"),
        ("VND-EDX-055", "attachments[4]"),
        ("VND-EDX-058", "attachments[5]"),
    ]


def test_a_large_transport_zip_takes_no_memory(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(zip_of({"x.pdf": b"%PDF-" + random_octets(24_000_000)}))
    blob = Blob.from_file(path)
    tracemalloc.start()
    try:
        opened = unpack("a.pdf", blob, LOCAL, Limits(), "/x")
        hasher = hashlib.sha256()
        for piece in opened.content.chunks(100_000):
            hasher.update(piece)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "sha256:" + hasher.hexdigest() == opened.content.digest
    assert peak < 6_000_000


def test_a_seal_around_a_damaged_file_does_not_pass():
    """The seal holds, and yet nobody can read what was sent: the receiver has to ask for it again."""
    at = dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)
    pki = FakePki.create(at=at)
    file = vnedoc.Attachment(name="a.png", blob=replaced(PNG), content_id="1")
    message = attrs.evolve(full_envelope(), business=None, attachments=(file,))
    signer = pki.issue("Sở Thử nghiệm A").signer()
    with pytest.raises(RuleError) as caught:
        vnedoc.seal(message, signer, signing_time=at)
    assert caught.value.facts["rules"] == ["VND-EDX-052 @ attachments[0]"]
    wire = sign_edxml(EdXmlCodec().encode(message), signer, signing_time=at)  # as others would
    report = vnedoc.verify(wire, pki.policy(at))
    assert report.conclusion is Conclusion.FAILED
    assert "VND-EDX-052" in {one.code for one in report.findings}


# --- a zip around an office file ------------------------------------------------------------------

XLSX = zip_of({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<w/>"})


def test_the_zip_around_an_office_file_is_undone():
    (one,) = decode(carrying(zip_of({"0b5c.xlsx": XLSX}), "a.xlsx", "application/zip")).message.attachments
    assert one.blob.read() == XLSX
    assert one.packed.read() == zip_of({"0b5c.xlsx": XLSX})


@pytest.mark.parametrize(
    "content",
    [
        XLSX,
        zip_of({"0b5c.docx": XLSX}),
        zip_of({"0b5c.xlsx": PDF}),
        zip_of({"0b5c.xlsx": XLSX, "b": b""}),
        zip_of({"[Content_Types].xml": XLSX}),
        zip_of({"0b5c.xlsx": XLSX})[:-4],
    ],
)
def test_other_zips_that_have_an_office_name_stay_closed(content):
    (one,) = decode(carrying(content, "a.xlsx", "application/zip")).message.attachments
    assert one.blob.read() == content
    assert one.packed is None


def test_a_file_that_receivers_would_unpack_is_named_before_it_is_sent():
    files = [
        vnedoc.Attachment(name=name, blob=zip_of({"in.pdf": PDF}), content_id=name)
        for name in ("a.pdf", "a.zip", "a.xlsx")
    ]
    found = [one for one in content_findings(files) if one.code == "VND-EDX-038"]
    assert [(one.location, one.facts["entry"]) for one in found] == [("attachments[0]", "in.pdf")]
