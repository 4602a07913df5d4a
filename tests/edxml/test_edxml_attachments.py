"""Attachments: matching, first bytes, transport zips under limits, damaged content."""

import base64
import io
import struct
import zipfile
import zlib

import attrs
import pytest
from edxml_making import (
    FROM,
    PDF,
    TO,
    attachment,
    carrying,
    codes,
    decode,
    document,
    encode,
    reference,
    zip_of,
)

from vnedoc.edxml import extract, sniff_type
from vnedoc.errors import DecodeError, LimitExceeded
from vnedoc.model import Limits, Severity
from vnedoc.xml import parse


def only(data: bytes, **limits: int):
    (one,) = decode(data, **limits).message.attachments
    return one


# --- manifest and attachments one to one (threat H07) ---------------------------------------------


def test_attachments_come_in_manifest_order():
    data = document(
        references=reference("1", "a.pdf") + reference("2", "b.pdf"),
        attachments=attachment("2", PDF + b"b", "b.pdf") + attachment("1", PDF + b"a", "a.pdf"),
    )
    decoded = decode(data)
    assert [(one.content_id, one.name, one.blob.read()[-1:]) for one in decoded.message.attachments] == [
        ("1", "a.pdf", b"a"),
        ("2", "b.pdf", b"b"),
    ]
    assert decoded.findings == ()


@pytest.mark.parametrize(("prefix"), ["cid:", "", "CID:", "cid: "])
def test_content_ids_match_with_and_without_their_scheme(prefix):
    data = document(references=reference("x"), attachments=attachment("x").replace("cid:", prefix))
    assert codes(data) == []
    assert only(data).content_id == "x"


def test_a_manifest_line_without_attachment_is_an_error_and_kept():
    data = document(references=reference("1") + reference("2", "b.pdf"), attachments=attachment("1"))
    decoded = decode(data)
    (finding,) = decoded.findings
    assert (finding.code, finding.severity) == ("VND-EDX-040", Severity.ERROR)
    assert finding.facts == {"name": "b.pdf", "content_id": "2"}
    assert [one.content_id for one in decoded.message.attachments] == ["1"]
    assert "b.pdf" in decoded.message.unknown[0].xml
    assert decode(encode(decoded.message)).message == decoded.message


def test_an_attachment_without_manifest_line_is_an_error_and_seen():
    decoded = decode(document(references=reference("1"), attachments=attachment("3") + attachment("1")))
    assert [(one.code, one.severity) for one in decoded.findings] == [("VND-EDX-041", Severity.ERROR)]
    assert [one.content_id for one in decoded.message.attachments] == ["1", "3"]


def test_content_ids_that_occur_twice_are_an_error():
    decoded = decode(document(references=reference() * 2, attachments=attachment() * 2))
    assert [one.code for one in decoded.findings] == ["VND-EDX-042", "VND-EDX-042"]
    assert [one.content_id for one in decoded.message.attachments] == ["1", "1"]


@pytest.mark.parametrize(
    ("line_id", "attachment_id", "content_id"),
    [(None, "7", "7"), ("7", None, "7"), (None, None, "unnamed-1")],
)
def test_without_content_id_the_position_counts(line_id, attachment_id, content_id):
    decoded = decode(document(references=reference(line_id), attachments=attachment(attachment_id)))
    assert [(one.code, one.severity) for one in decoded.findings] == [("VND-EDX-043", Severity.WARNING)]
    assert [one.content_id for one in decoded.message.attachments] == [content_id]


def test_a_content_id_that_is_only_its_scheme_is_unreadable():
    data = document(references=reference(""), attachments=attachment("1"))
    decoded = decode(data)
    assert [one.code for one in decoded.findings] == ["VND-EDX-021", "VND-EDX-043"]
    assert [one.content_id for one in decoded.message.attachments] == ["1"]
    assert decode(encode(decoded.message)).message.attachments == decoded.message.attachments


def test_made_up_content_ids_are_unique():
    decoded = decode(
        document(
            references=reference(None) * 2 + reference("unnamed-1"),
            attachments=attachment(None) * 2 + attachment("unnamed-1"),
        )
    )
    assert [one.content_id for one in decoded.message.attachments] == ["unnamed-2", "unnamed-3", "unnamed-1"]


def test_different_content_ids_are_never_matched_by_position():
    assert sorted(codes(document(references=reference("1"), attachments=attachment("2")))) == [
        "VND-EDX-040",
        "VND-EDX-041",
    ]


def test_what_manifest_and_attachment_say_differently_is_named():
    decoded = decode(
        document(
            references=reference(name="a.pdf", kind="application/pdf"),
            attachments=attachment(name="b.pdf", kind="application/zip", content=zip_of({"e": PDF})),
        )
    )
    assert [(one.code, one.severity, one.facts["element"]) for one in decoded.findings] == [
        ("VND-EDX-048", Severity.WARNING, "AttachmentName"),
        ("VND-EDX-048", Severity.INFO, "ContentType"),
    ]
    one = decoded.message.attachments[0]
    assert (one.name, one.content_type, one.attachment_type) == (
        "a.pdf",
        "application/pdf",
        "application/zip",
    )


def test_unknown_elements_follow_their_attachment():
    extra = '<x xmlns="urn:y">of 1</x>'
    line = reference("1").replace("</edXML:Reference>", f"{extra}</edXML:Reference>")
    data = document(
        references=reference("2", "b.pdf") + line,
        attachments=attachment("1", more=extra) + attachment("2", name="b.pdf"),
    )
    message = decode(data).message
    assert [one.parent for one in message.unknown] == [
        "edXMLEnvelope/edXMLBody/edXMLManifest/Reference[2]",
        "AttachmentEncoded/Attachment[2]",
    ]
    assert decode(encode(message)).message == message


def test_unknown_elements_beside_the_attachments_stay():
    message = decode(
        document(references=reference(), attachments=attachment() + '<x xmlns="urn:y"/>')
    ).message
    assert [(one.parent, one.after) for one in message.unknown] == [("AttachmentEncoded", "Attachment")]
    assert decode(encode(message)).message == message


def test_the_unknown_of_an_unmatched_line_is_kept_once():
    line = reference("2").replace("</edXML:Reference>", '<x xmlns="urn:y"/></edXML:Reference>')
    message = decode(document(references=line, attachments="")).message
    assert len(message.unknown) == 1
    assert decode(encode(message)).message == message


# --- content --------------------------------------------------------------------------------------


def test_an_empty_file_is_a_file():
    data = carrying(b"")
    assert only(data).blob.size == 0
    assert codes(data) == ["VND-EDX-055"]
    assert codes(carrying(b"", name="a.txt", kind="text/plain")) == []
    assert decode(encode(decode(data).message)).message == decode(data).message


def test_an_attachment_without_content_element_is_an_error():
    decoded = decode(
        document(references=reference(), attachments="<Attachment><ContentId>1</ContentId></Attachment>")
    )
    assert [one.code for one in decoded.findings] == ["VND-EDX-023", "VND-EDX-040"]
    assert decode(encode(decoded.message)).message == decoded.message


@pytest.mark.parametrize("text", ["QUJ", "QUJD=", "QU=JD", "QU-_", "QUJD*", "====", "QUJEQ", "QQ=", "QR=="])
def test_base64_is_strict(text):
    """RFC 4648 clauses 3.1 to 3.5: threat H05."""
    data = carrying(b"ABC").replace(b"QUJD", text.encode())
    for read in (decode, lambda octets: extract(parse(octets), Limits())):
        with pytest.raises(DecodeError) as caught:
            read(data)
        assert caught.value.code == "VND-EDX-044"
        assert caught.value.facts["line"] == 2


def test_base64_may_have_white_space():
    assert only(carrying(b"ABCDEF").replace(b"QUJDREVG", b" QUJD\r\n REVG\t")).blob.read() == b"ABCDEF"


# --- limits (threat H08) --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "enough"),
    [("attachments", 2), ("attachment_bytes", 20), ("total_bytes", 30)],
)
def test_limits_hold_at_one_above_the_cap(limit, enough):
    data = document(
        references=reference("1") + reference("2"),
        attachments=attachment("1", b"a" * 20) + attachment("2", b"b" * 10),
    )
    decode(data, **{limit: enough})
    for read in (decode, lambda octets, **bounds: extract(parse(octets), Limits(**bounds))):
        with pytest.raises(LimitExceeded) as caught:
            read(data, **{limit: enough - 1})
        assert (caught.value.code, caught.value.facts["limit"]) == ("VND-EDX-015", limit)


# --- transport zips (spec of the format, and threats H04, H06, H12) ---------------------------------


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
@pytest.mark.parametrize("kind", ["application/zip", "application/pdf", "text/plain"])
def test_a_zip_with_one_entry_is_unpacked_whatever_its_type_says(method, kind):
    packed = zip_of({"0b5c.pdf": PDF}, method)
    one = only(carrying(packed, kind=kind))
    assert (one.name, one.blob.read(), one.packed.read()) == ("a.pdf", PDF, packed)


def test_a_zip_with_data_descriptor_is_unpacked():
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

        def tell(self):
            raise OSError

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a", PDF)
    assert only(carrying(pipe.getvalue())).blob.read() == PDF


def test_the_carried_bytes_are_written_again():
    data = carrying(zip_of({"x": PDF}))
    message = decode(data).message
    assert decode(encode(message)).message == message


@pytest.mark.parametrize("name", ["a.zip", "a.ZIP", "a.docx", "a.xlsx", "a.pptx", "a.rar", "a.7z", "a.odt"])
def test_archives_and_office_files_stay_closed(name):
    packed = zip_of({"only": PDF})
    one = only(carrying(packed, name=name, kind="application/octet-stream"))
    assert (one.blob.read(), one.packed) == (packed, None)


def test_one_level_is_undone_and_never_two():
    inner = zip_of({"x": PDF})
    assert only(carrying(zip_of({"y": inner}))).blob.read() == inner


def test_an_office_file_under_another_name_stays_closed():
    for entries in (
        {"[Content_Types].xml": b"<Types/>"},
        {"[Content_Types].xml": b"<Types/>", "_rels/.rels": b"", "word/document.xml": b""},
    ):
        packed = zip_of(entries)
        data = carrying(packed, name="a.doc", kind="application/msword")
        assert (only(data).blob.read(), only(data).packed) == (packed, None)
        assert codes(data) == []


def closed(packed: bytes) -> str:
    decoded = decode(carrying(packed, name="a.bin", kind="x/y"))
    (one,) = decoded.message.attachments
    assert (one.blob.read(), one.packed) == (packed, None)
    (finding,) = decoded.findings
    assert (finding.severity, finding.facts) == (Severity.WARNING, {"name": "a.bin"})
    return finding.code


def patched(packed: bytes, magic: bytes, offset: int, value: bytes) -> bytes:
    at = packed.rindex(magic) + offset
    return packed[:at] + value + packed[at + len(value) :]


GOOD = zip_of({"a": PDF * 3})
LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def test_zips_with_several_entries_stay_closed():
    assert closed(zip_of({"a": b"1", "b": b"2"})) == "VND-EDX-046"


def test_encrypted_zips_stay_closed():
    assert closed(patched(GOOD, CENTRAL, 8, b"\x01\x00")) == "VND-EDX-045"


@pytest.mark.parametrize(
    "packed",
    [
        GOOD[:-1],
        GOOD[: len(GOOD) // 2],
        GOOD + b"x",
        b"PK\x03\x04",
        LOCAL + GOOD[4:].replace(END, b"XXXX"),
        patched(GOOD, END, 8, b"\x00\x00\x00\x00"),
        patched(GOOD, END, 4, b"\x01\x00"),
        patched(GOOD, END, 16, b"\x00\x00\x00\x00"),
        patched(GOOD, END, 16, b"\xff\xff\xff\xff"),
        patched(GOOD, END, 12, b"\x01\x00\x00\x00"),
        patched(GOOD, CENTRAL, 0, b"XX"),
        patched(GOOD, CENTRAL, 10, b"\x0c\x00"),
        patched(GOOD, CENTRAL, 16, b"\x00\x00\x00\x00"),
        patched(GOOD, CENTRAL, 20, b"\xff\xff\xff\xff"),
        patched(GOOD, CENTRAL, 20, b"\x01\x00\x00\x00"),
        patched(GOOD, CENTRAL, 24, b"\x01\x00\x00\x00"),
        patched(GOOD, CENTRAL, 24, b"\xff\xff\xff\xff"),
        patched(GOOD, CENTRAL, 28, b"\x00\x00"),
        patched(GOOD, CENTRAL, 42, b"\x01\x00\x00\x00"),
        patched(GOOD, LOCAL, 8, b"\x00\x00"),
        patched(GOOD, LOCAL, 26, b"\xff\xff"),
        patched(GOOD, LOCAL, 31, b"\xff\xff\xff\xff"),
        zip_of({"folder/": b""}),
        zip_of({"a": PDF}, zipfile.ZIP_BZIP2),
        zip_of({"a": PDF}, zipfile.ZIP_LZMA),
    ],
    ids=range(25),
)
def test_damaged_zips_stay_closed(packed):
    """Sizes that lie, entries that hide or overlap, cut and lengthened files (threat H06)."""
    assert closed(packed) == "VND-EDX-051"


def test_nothing_hides_between_entry_and_directory():
    middle = GOOD.index(CENTRAL)
    hidden = GOOD[:middle] + GOOD[:middle] + GOOD[middle:]
    moved = patched(hidden, END, 16, struct.pack("<I", 2 * middle))
    assert closed(moved) == "VND-EDX-051"


def test_data_after_the_deflate_stream_is_damage():
    deflated = zlib.compressobj(wbits=-15)
    body = deflated.compress(PDF) + deflated.flush() + b"tail"
    local = struct.pack("<4s5H3I2H", LOCAL, 20, 0, 8, 0, 0, zlib.crc32(PDF), len(body), len(PDF), 1, 0)
    central = struct.pack(
        "<4s6H3I5H2I", CENTRAL, 20, 20, 0, 8, 0, 0, zlib.crc32(PDF), len(body), len(PDF), 1, 0, 0, 0, 0, 0, 0
    )
    start = len(local) + 1 + len(body)
    end = struct.pack("<4s4H2IH", END, 0, 0, 1, 1, len(central) + 1, start, 0)
    assert closed(local + b"a" + body + central + b"a" + end) == "VND-EDX-051"


def test_a_zip_bomb_stops_at_the_ratio():
    bomb = zip_of({"a": bytes(3_000_000)})
    with pytest.raises(LimitExceeded) as caught:
        decode(carrying(bomb))
    assert caught.value.facts["limit"] == "zip_ratio"
    assert only(carrying(bomb), zip_ratio=2000).blob.size == 3_000_000


def test_a_zip_stops_at_the_size_of_one_attachment():
    with pytest.raises(LimitExceeded) as caught:
        decode(carrying(zip_of({"a": bytes(10_000)})), attachment_bytes=5_000)
    assert caught.value.facts["limit"] == "attachment_bytes"


# --- first bytes (threat H03) ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (PDF, "application/pdf"),
        (zip_of({"a": b""}), "application/zip"),
        (zip_of({}), "application/zip"),
        (
            zip_of({"[Content_Types].xml": b"", "word/document.xml": b""}),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (
            zip_of({"_rels/.rels": b"", "xl/workbook.xml": b""}),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        (
            zip_of({"[Content_Types].xml": b"", "ppt/a.xml": b""}),
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ),
        (zip_of({"[Content_Types].xml": b""}), "application/vnd.openxmlformats-officedocument"),
        (
            zip_of({"mimetype": b"application/vnd.oasis.opendocument.text"}, zipfile.ZIP_STORED),
            "application/vnd.oasis.opendocument.text",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...", "application/x-ole-storage"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"II*\x00", "image/tiff"),
        (b"{\\rtf1", "application/rtf"),
        (b"Rar!\x1a\x07\x00", "application/vnd.rar"),
        (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
        (b"\x1f\x8b\x08", "application/gzip"),
        (b"MZ\x90\x00", "application/vnd.microsoft.portable-executable"),
        (b"\x7fELF", "application/x-elf"),
        (b"\xef\xbb\xbf\n<?xml version='1.0'?>", "application/xml"),
        (b" <!DOCTYPE html>", "text/html"),
        (b"<SCRIPT>", "text/html"),
        (b"<p>", "text/plain"),
        ("Văn bản".encode(), "text/plain"),
        ("Văn bả".encode()[:-1], "text/plain"),
        ("Văn bả".encode()[:-2] + b"a", "application/octet-stream"),
        (b"\x00\x01", "application/octet-stream"),
        (b"", "application/octet-stream"),
        (b"  ", "application/octet-stream"),
    ],
)
def test_the_first_bytes_tell_the_type(head, kind):
    assert sniff_type(head) == kind


@pytest.mark.parametrize(
    ("content", "name", "kind", "found"),
    [
        (PDF, "a.pdf", "application/pdf", []),
        (PDF, "a.pdf", "application/pdf; x=y", []),
        (b"MZ\x90", "a.pdf", "application/pdf", ["VND-EDX-047", "VND-EDX-049", "VND-EDX-058"]),
        (b"MZ\x90", "a.pdf.exe", "application/pdf", ["VND-EDX-047", "VND-EDX-058"]),
        (b"text", "a.pdf", "", ["VND-EDX-049"]),
        (b"<?xml?>", "a.txt", "text/plain", []),
        (PDF, "a.zip", "application/zip", ["VND-EDX-047", "VND-EDX-049"]),
        (b"any", "any", "application/unheard-of", []),
    ],
)
def test_what_a_message_claims_about_a_file_is_checked(content, name, kind, found):
    assert codes(carrying(content, name, kind)) == found


def test_two_claims_are_judged_each():
    data = document(references=reference(kind="image/png"), attachments=attachment(kind="application/doc"))
    assert codes(data) == ["VND-EDX-047", "VND-EDX-047", "VND-EDX-048"]


# --- extract --------------------------------------------------------------------------------------


def test_extract_needs_no_header():
    data = document(
        "<edXML:Subject><!-- -->x</edXML:Subject>", references=reference(), attachments=attachment()
    )
    with pytest.raises(DecodeError):
        decode(data)
    (one,) = extract(parse(data), Limits())
    assert (one.name, one.content_id, one.blob.read()) == ("a.pdf", "1", PDF)


def test_extract_takes_what_has_no_manifest_line_and_leaves_what_has_no_content():
    data = document(
        FROM + TO, attachments=attachment("2") + "<Attachment><ContentId>3</ContentId></Attachment>"
    )
    assert [one.content_id for one in extract(parse(data), Limits())] == ["2"]


def test_extract_gives_nothing_where_nothing_is():
    assert extract(parse(b"<a/>"), Limits()) == ()


def test_extract_reads_repaired_documents():
    data = (
        document(references=reference(more=' xlink:href="cid:1"'), attachments=attachment())
        .replace(b"<AttachmentEncoded>", b"<edXML:AttachmentEncoded>")
        .replace(b"</AttachmentEncoded>", b"</edXML:AttachmentEncoded>")
    )
    (one,) = extract(parse(data, repair=True), Limits())
    assert one.blob.read() == PDF


def test_attachments_are_values():
    one = only(carrying(PDF))
    assert attrs.evolve(one) == one


# --- plus signs that became spaces ----------------------------------------------------------------

PLUSES = PDF[:9] + b"\xfb\xef\xbe" * 20 + PDF[9:]  # eighty plus signs in a row


def carried_as(text: str) -> bytes:
    whole = document(references=reference(), attachments=attachment(content=PLUSES)).decode()
    return whole.replace(base64.b64encode(PLUSES).decode(), text).encode()


@pytest.mark.parametrize("lost", [4, 8, 40])
def test_spaces_inside_a_line_of_base64_are_an_error(lost):
    text = base64.b64encode(PLUSES).decode()
    data = carried_as(text.replace("+", " ", lost) + "\n")
    (finding,) = decode(data).findings
    assert (finding.code, finding.severity) == ("VND-EDX-081", Severity.ERROR)
    assert finding.location.endswith("/Attachment/ContentTransferEncoded")
    assert dict(finding.facts) == {"element": "ContentTransferEncoded"}
    assert only(data).blob.size == len(PLUSES) - lost // 4 * 3


@pytest.mark.parametrize("end", ["\n", "\r\n", "&#13;\n", " \t\n", "\n\t    ", "\n\n  "])
def test_white_space_around_lines_of_base64_is_layout(end):
    text = base64.b64encode(PLUSES).decode()
    data = carried_as(" \t" + "".join(text[at : at + 16] + end for at in range(0, len(text), 16)) + "  ")
    assert codes(data) == []
    assert only(data).blob.read() == PLUSES
