"""Writing to files: the octets of the codec, in one pass, whole or not at all."""

import base64
import hashlib
import os
import subprocess
import sys

import attrs
import pytest
from edxml_making import encode, full_envelope, full_status
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from memory_peak import growth

from vnedoc.edxml import DIALECTS, Draft, EdXmlCodec, check, write_file
from vnedoc.errors import ConfigError, FileError, LimitExceeded, RuleError
from vnedoc.model import Attachment, Blob, Limits, UnknownElement, Wire
from vnedoc.xml import EXC_C14N, canonicalize, parse

# More than one piece, and every remainder of 3.
_SIZES = (0, 1, 2, 3, 4, 393_215, 393_216, 393_217, 393_218, 1_000_001)


def carrying(*blobs, **more):
    """Give an envelope with these contents."""
    made = tuple(
        Attachment(name=f"tep-{number}.bin", blob=blob, content_id=f"a{number}")
        for number, blob in enumerate(blobs, 1)
    )
    return attrs.evolve(full_envelope(), attachments=made, **more)


def filler(size):
    """Give octets that no two sizes share."""
    return hashlib.shake_128(str(size).encode()).digest(size)


def outcome(call):
    """Give digest and type of what was written, or the facts of the refusal."""
    try:
        wire = call()
    except RuleError as error:
        return error.code, error.facts
    return wire.digest, wire.content_type


@attrs.frozen(slots=False)
class Halting(Blob):
    """A content whose file ends in an error of the disk."""

    def chunks(self, size=0):
        yield b"abc"
        raise OSError(5, "Input/output error")


@pytest.fixture
def content(tmp_path):
    """Give a maker of contents in files."""

    def make(octets, name="tep.bin"):
        folder = tmp_path / "in"
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(octets)
        return Blob.from_file(folder / name)

    return make


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


# --- the same octets ------------------------------------------------------------------------------


@pytest.mark.parametrize("message", [full_envelope(), full_status()], ids=["envelope", "status"])
def test_the_file_is_what_the_codec_writes(out, message):
    wire = write_file(message, out / "a.edxml")
    expected = EdXmlCodec().encode(message)
    assert (out / "a.edxml").read_bytes() == expected.read() == wire.read()
    assert (wire.digest, wire.size, wire.content_type) == (
        expected.digest,
        expected.size,
        expected.content_type,
    )
    assert os.listdir(out) == ["a.edxml"]


@pytest.mark.parametrize("size", _SIZES)
@pytest.mark.parametrize("kind", ["memory", "file"])
def test_contents_of_every_remainder(content, out, size, kind):
    octets = filler(size)
    message = carrying(
        Blob.from_bytes(octets) if kind == "memory" else content(octets), Blob.from_bytes(b"x")
    )
    wire = write_file(message, out / "a.edxml")
    assert wire.read() == encode(message)
    assert Draft.of(message).size == wire.size
    first, second = EdXmlCodec().decode(wire).message.attachments
    assert (first.blob.read(), second.blob.read()) == (octets, b"x")


def test_a_content_that_comes_in_odd_pieces(out):
    octets = filler(10_007)

    @attrs.frozen(slots=False, eq=False)
    class Odd(Blob):
        def chunks(self, size=0):
            yield from (octets[start : start + 997] for start in range(0, len(octets), 997))

    whole = Blob.from_bytes(octets)
    (out / "in").write_bytes(octets)
    odd = Odd(whole.size, whole.digest, None, out / "in")
    assert write_file(carrying(odd), out / "a.edxml").read() == encode(carrying(whole))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect(out, content, dialect):
    message = attrs.evolve(carrying(content(filler(400_001))), other=None, business=None)
    expected = outcome(lambda: EdXmlCodec(dialect=dialect).encode(message))
    assert outcome(lambda: write_file(message, out / "a.edxml", dialect=dialect)) == expected


# --- the canonical form ---------------------------------------------------------------------------

_TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co"))
    | st.sampled_from("ăđơư<>&'\"]\t\n\r\u2028\U0001f600"),
    min_size=1,
    max_size=20,
)
_UNKNOWN = st.builds(
    UnknownElement,
    parent=st.sampled_from(["", "edXMLEnvelope/edXMLHeader", "edXMLEnvelope/edXMLHeader/MessageHeader/From"]),
    after=st.none(),
    xml=st.sampled_from(
        [
            '<a xmlns="urn:x"/>',
            "<b><c/><!-- lời --><?lệnh x?></b>",
            "<b z='1' a='2' xml:lang='vi' xml:space='preserve'>\r\n <![CDATA[<&>]]></b>",
            '<x:d xmlns:x="urn:x" xmlns:y="urn:y" y:e="&quot;&amp;&#13;&#9;" x:a="1">ư&lt;&#13;&gt;</x:d>',
            '<x:d xmlns:x="urn:x"><x:d xmlns:x="urn:y"><d xmlns=""/></x:d></x:d>',
            '<edXML:Mới xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016"><edXML:A/></edXML:Mới>',
            '<v xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:q="urn:q" xsi:type="q:t"/>',
        ]
    ),
)
_MESSAGES = st.builds(
    lambda contents, unknown, subject, place: carrying(
        *map(Blob.from_bytes, contents), unknown=tuple(unknown), subject=subject, place=place
    ),
    st.lists(st.binary(max_size=50) | st.sampled_from([filler(393_217)]), max_size=3),
    st.lists(_UNKNOWN, max_size=4),
    _TEXTS,
    _TEXTS,
)


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(message=_MESSAGES)
def test_both_digests_are_those_of_the_written_octets(message):
    octets = encode(message)
    pieces = []
    written = Draft.of(message).write_into(pieces.append, canonical=True)
    assert b"".join(pieces) == octets
    assert written.size == len(octets)
    assert written.digest == f"sha256:{hashlib.sha256(octets).hexdigest()}"
    canonical = canonicalize(parse(octets), EXC_C14N)
    assert written.canonical_digest == hashlib.sha256(canonical).digest()


def test_the_canonical_form_is_told_without_writing():
    draft = Draft.of(full_envelope())
    told = draft.write_into(digest=False, canonical=True)
    assert told.digest is None
    assert told == attrs.evolve(draft.write_into(canonical=True), digest=None)
    assert draft.write_into().canonical_digest is None


def test_the_outline_is_small_and_holds_every_tag():
    draft = Draft.of(carrying(Blob.from_bytes(filler(1_000_001))))
    assert len(draft.outline.document.data) < 10_000
    tags = [one.tag for one in draft.outline.document.root.iter()]
    assert tags == [one.tag for one in parse(b"".join(_octets(draft))).root.iter()]


def _octets(draft):
    pieces = []
    draft.write_into(pieces.append)
    return pieces


def test_what_no_reader_would_take_has_no_canonical_form():
    draft = Draft.of(attrs.evolve(full_envelope(), subject="dài " * 300_000))
    with pytest.raises(LimitExceeded) as caught:
        draft.write_into(canonical=True)
    assert caught.value.code == "VND-XML-010"


# --- putting something in -------------------------------------------------------------------------


def test_a_splice_is_counted_in_written_octets():
    draft = Draft.of(carrying(Blob.from_bytes(filler(100)), Blob.from_bytes(filler(7))))
    octets = b"".join(_octets(draft))
    run = octets.index(base64.b64encode(filler(100)))
    for place in (0, run, octets.rindex(b"</edXML>"), len(octets)):
        spliced = b"".join(_octets(draft.splice(place, b"<!-- -->")))
        assert spliced == octets[:place] + b"<!-- -->" + octets[place:]
    for place in (run + 1, -1, len(octets) + 1):
        with pytest.raises(ValueError, match="no text at"):
            draft.splice(place, b"x")


def test_a_place_of_the_outline_is_found_again():
    draft = Draft.of(carrying(Blob.from_bytes(filler(1000)), Blob.from_bytes(b""), Blob.from_bytes(b"abcd")))
    octets = b"".join(_octets(draft))
    outline = draft.outline.document.data
    for word in (b"<edXML ", b"</edXML:edXMLHeader>", b"tep-3.bin</AttachmentName>", b"</edXML>"):
        assert draft.written_offset(outline.index(word)) == octets.index(word)


# --- whole or not at all --------------------------------------------------------------------------


def refused(message, path, code, **options):
    before = sorted(os.listdir(path.parent))
    with pytest.raises(FileError) as caught:
        write_file(message, path, **options)
    assert caught.value.code == code
    assert sorted(os.listdir(path.parent)) == before
    return caught.value


@pytest.mark.parametrize(
    "change",
    [
        lambda octets: octets[:-1] + b"\0",
        lambda octets: octets[:-1],
        lambda octets: octets + b"\0",
        lambda octets: b"",
    ],
    ids=["other", "shorter", "longer", "empty"],
)
@pytest.mark.parametrize("size", [10, 1_000_000])
def test_an_attachment_that_has_changed(content, out, change, size):
    blob = content(filler(size))
    (out / "a.edxml").write_bytes(b"as it was")
    blob.path.write_bytes(change(filler(size)))
    error = refused(carrying(blob), out / "a.edxml", "VND-IO-003")
    assert error.path == str(blob.path)
    assert (out / "a.edxml").read_bytes() == b"as it was"


def test_an_attachment_that_grows_all_the_time(content, out, tmp_path):
    """Reading it to the end would never end."""
    blob = content(b"x" * 10)

    def endless(self, size=0):
        while True:
            yield b"x" * 10

    growing = attrs.make_class("Growing", [], bases=(Blob,), slots=False, eq=False)
    growing.chunks = endless
    refused(carrying(growing(blob.size, blob.digest, None, blob.path)), out / "a.edxml", "VND-IO-003")


def test_an_attachment_that_is_gone(content, out):
    blob = content(b"x")
    blob.path.unlink()
    refused(carrying(blob), out / "a.edxml", "VND-IO-001")


def test_an_attachment_that_cannot_be_read_to_its_end(content, out):
    blob = content(b"abcdef")
    error = refused(carrying(Halting(blob.size, blob.digest, None, blob.path)), out / "a.edxml", "VND-IO-001")
    assert error.path == str(blob.path)


def test_an_existing_file(out):
    path = out / "a.edxml"
    path.write_bytes(b"as it was")
    refused(full_envelope(), path, "VND-IO-004", replace=False)
    assert path.read_bytes() == b"as it was"
    write_file(full_envelope(), path)
    assert path.read_bytes() == encode(full_envelope())


def test_places_that_cannot_be_written(out):
    (out / "folder").mkdir()
    with pytest.raises(FileError) as caught:
        write_file(full_envelope(), out / "none" / "a.edxml")
    assert caught.value.code == "VND-IO-002"
    refused(full_envelope(), out / "folder", "VND-IO-002")
    for name in ("a\0b", "\ud800"):
        refused(full_envelope(), out / name, "VND-IO-002")


def test_a_full_disk(out, content, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    refused(carrying(content(filler(10))), out / "a.edxml", "VND-IO-002")


_NO_ROOM = """
import os, resource, signal, sys
from vnedoc import Attachment, Blob, Envelope, Party
from vnedoc.edxml import write_file
from vnedoc.errors import FileError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
folder = sys.argv[1]
big = Attachment(name="a.bin", blob=Blob.from_file(folder + "/big"), content_id="a")
try:
    write_file(Envelope(sender=Party("H99.1"), receivers=(), attachments=(big,)), folder + "/out.edxml")
except FileError as error:
    print(error.code, error.facts["reason"], sorted(os.listdir(folder)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of processes")
def test_a_file_that_may_not_grow_further(out):
    (out / "big").write_bytes(filler(3_000_000))
    done = subprocess.run(
        [sys.executable, "-c", _NO_ROOM, out], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "VND-IO-002 File too large ['big']\n"


def test_an_attachment_is_not_replaced_by_its_message(content, out):
    blob = content(b"%PDF-1.7\n")
    with pytest.raises(ConfigError) as caught:
        write_file(carrying(blob), blob.path)
    assert caught.value.code == "VND-EDX-086"
    (out / "link").symlink_to(blob.path)
    with pytest.raises(ConfigError):
        write_file(carrying(blob), out / "link")
    assert blob.read() == b"%PDF-1.7\n"


# --- what is refused before anything is written -----------------------------------------------------


@pytest.mark.parametrize(
    "limits",
    [
        Limits(attachments=1),
        Limits(attachment_bytes=99),
        Limits(total_bytes=199),
        Limits(file_bytes=1000),
    ],
    ids=["attachments", "attachment_bytes", "total_bytes", "file_bytes"],
)
def test_what_the_receiver_would_not_take(out, request, limits):
    message = carrying(Blob.from_bytes(filler(100)), Blob.from_bytes(filler(100)))
    name = request.node.callspec.id
    with pytest.raises(LimitExceeded) as caught:
        write_file(message, out / "a.edxml", limits=limits)
    assert caught.value.code == "VND-EDX-085"
    assert (caught.value.facts["limit"], caught.value.facts["allowed"]) == (name, getattr(limits, name))
    assert os.listdir(out) == []
    exactly = attrs.evolve(limits, **{name: caught.value.facts["seen"]})
    assert write_file(message, out / "a.edxml", limits=exactly).size


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"subject": "a\0b"}, "VND-EDX-030"),
        ({"unknown": (UnknownElement(parent="", after=None, xml="<a>"),)}, "VND-EDX-031"),
        ({"unknown": (UnknownElement(parent="x/y", after=None, xml="<a/>"),)}, "VND-EDX-032"),
    ],
)
def test_what_cannot_be_written(out, changes, code):
    with pytest.raises(RuleError) as caught:
        write_file(attrs.evolve(full_envelope(), **changes), out / "a.edxml")
    assert caught.value.code == code
    assert os.listdir(out) == []


def test_what_was_decoded_is_written_again(out, content):
    """Contents that were taken out of one file go into another."""
    first = write_file(carrying(content(filler(400_000)), Blob.from_bytes(b"y")), out / "a.edxml")
    message = EdXmlCodec().decode(Wire.from_file(out / "a.edxml")).message
    assert not [one for one in check(message) if one.code == "VND-EDX-116"]
    assert write_file(message, out / "b.edxml").digest == first.digest


# --- memory ---------------------------------------------------------------------------------------

_WORK = """
from vnedoc import Attachment, Blob, Envelope, Party
from vnedoc.edxml import DIALECTS, Draft, write_file

def message(path):
    one = Attachment(name="a.bin", blob=Blob.from_file(path), content_id="a")
    return Envelope(sender=Party("H99.1"), receivers=(), attachments=(one,))

def work(name):
    Draft.of(message(folder + "/" + name)).write_into(canonical=True)
    write_file(message(folder + "/" + name), folder + "/" + name + ".edxml")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is asked of /proc")
def test_memory_does_not_grow_with_the_attachments(out):
    assert growth(out, 60 << 20, _WORK) < 8 << 10  # KiB
    assert (out / "big.edxml").stat().st_size > 80 << 20
