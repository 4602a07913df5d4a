"""Structure: what the signature covers, what came later, and files made to hang or to mislead."""

import io
import random
import re
import zlib

import attrs
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pdf_builders import (
    CATALOG,
    FIELD,
    PAGE,
    ROOM,
    SIGNATURE,
    cms_of,
    codes,
    credential,
    fill,
    objects,
    only,
    pdf,
    pki,
    policy,
    pss,
    said,
    signed_twice,
    unsigned_pdf,
    update,
    verdict,
    write,
)
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from vnedoc.errors import DecodeError
from vnedoc.model import Conclusion, Limits, Severity, SignatureFormat, SubIndication, Wire
from vnedoc.signing import sign_pdf

FORMAT, CONSTRAINTS = "FORMAT_FAILURE", "SIG_CONSTRAINTS_FAILURE"
PASSED = Conclusion.PASSED


def conclusions(result):
    override = result.conclusion_override
    return [one.conclusion for one in result.signatures] + ([override[0]] if override else [])


# --- the container --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ranges",
    [
        b" ",
        b"0 10 20",
        b"0 10 20 30 40",
        b"0 0 10 20",
        b"1 %d %d %d",
        b"0 -5 10 20",
        b"0 %d %d 99999999",
        b"0 99999999 999999999 1",
        b"0 30 20 10",
        b"null",
        b"0 10 20 /Name",
        b"0 10 20 (30)",
        b"0 10.5 20 30",
    ],
)
def test_byte_ranges_that_cannot_be(ranges):
    """G01: universal signature forgery."""
    octets = pdf()
    start = octets.index(b"/Contents <") + 10
    end = octets.index(b">", start) + 1
    shape = (start, end, len(octets) - end)[: ranges.count(b"%d")]
    one = only(pdf(ranges=ranges % shape))
    assert said(one) == ("FAILED", FORMAT, ["VND-PDF-011"])
    assert one.signer is None


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"/Contents <", b"/Kontents <", "VND-PDF-012"),
        (b"/ByteRange [", b"/ByteRangf [", "VND-PDF-011"),
        (b"/Contents <30", b"/Contents <zz", "VND-PDF-002"),
    ],
)
def test_entries_that_are_missing(old, new, code):
    result = verdict(pdf().replace(old, new))
    found = [one.code for one in result.findings] + [c for one in result.signatures for c in codes(one)]
    assert code in found
    assert PASSED not in conclusions(result)


@pytest.mark.parametrize("value", [b"7 0 R", b"(text)", b"[1 2]", b"42"])
def test_a_field_whose_value_is_no_signature_dictionary(value):
    parts = objects()
    parts[5] = parts[5].replace(b"6 0 R", value)
    parts[7] = b"null"
    result = verdict(write(parts))
    if value == b"7 0 R":  # null: the field is empty
        assert result.signatures == ()
    else:
        assert result.conclusion_override == (Conclusion.FAILED, SubIndication.FORMAT_FAILURE)


def test_a_signature_dictionary_inside_the_field():
    parts = objects()
    signature = parts.pop(6)
    parts[5] = parts[5].replace(b"6 0 R", signature)
    assert only(fill(write(parts), cms_of())).conclusion is PASSED


def _shifted(by: tuple[int, int], **options) -> bytes:
    """Leave more than the value out of the range, as G03 does."""
    octets = write(objects(**options))
    start = octets.index(b"/Contents <") + 10 - by[0]
    end = octets.index(b">", start + by[0]) + 1 + by[1]
    ranges = b"0 %d %d %d" % (start, end, len(octets) - end)
    octets = octets.replace(b"@" * 44, ranges.ljust(44))
    value = cms_of()(octets[:start] + octets[end:]).hex().encode().ljust(2 * ROOM, b"0")
    at = octets.index(b"/Contents <") + 11
    return octets[:at] + value + octets[at + 2 * ROOM :]


@pytest.mark.parametrize("by", [(9, 0), (0, 3), (9, 3), (-1, 0), (0, -1)])
def test_a_gap_that_is_not_the_value(by):
    assert said(only(_shifted(by))) == ("FAILED", FORMAT, ["VND-PDF-012"])
    assert only(_shifted((0, 0))).conclusion is PASSED


def test_a_decoy_value_in_a_text():
    """The value is found by parsing, not by searching."""
    decoy = b"/Reason (/Contents <%s>) " % (b"30" * 600)
    assert only(pdf(signature=decoy)).conclusion is PASSED
    comment = b"%%/Contents <%s>\n" % (b"30" * 600)
    assert only(pdf(signature=comment)).conclusion is PASSED


def test_a_value_with_white_space_in_it():
    octets = pdf()
    at = octets.index(b"/Contents <") + 11 + 2 * ROOM - 4
    assert said(only(octets[:at] + b"    " + octets[at + 4 :])) == ("FAILED", FORMAT, ["VND-PDF-012"])


def test_one_value_in_two_fields():
    """G19."""
    parts = objects()
    parts[1] = parts[1].replace(b"[5 0 R]", b"[5 0 R 7 0 R]")
    parts[7] = parts[5].replace(b"(Chu_ky)", b"(Chu_ky_2)")
    result = verdict(fill(write(parts), cms_of()))
    assert [said(one) for one in result.signatures] == [("FAILED", FORMAT, ["VND-PDF-007"])] * 2


@pytest.mark.parametrize("name", [b"adbe.pkcs7.sha1", b"adbe.x509.rsa_sha1", b"PBAD.PAdES", b"Any"])
def test_other_forms_are_undecided(name):
    one = only(pdf(sub_filter=name))
    assert said(one) == ("INDETERMINATE", "CUSTOM", ["VND-PDF-013"])
    assert one.format is SignatureFormat.OTHER
    assert only(pdf(sub_filter=name).replace(b"0 0 m", b"0 1 m")).conclusion is not PASSED


def test_a_document_time_stamp_is_undecided():
    one = only(pdf(sub_filter=b"ETSI.RFC3161"))
    assert said(one) == ("INDETERMINATE", "CUSTOM", ["VND-PDF-032"])
    assert (one.format, one.signer) == (SignatureFormat.DOC_TIMESTAMP, None)


# --- after the signed part ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tail",
    [b"\n", b"%\n", b"\x00", b"9 0 obj\n<< >>\nendobj\n", unsigned_pdf(), b"<html></html>\n%%EOF\n"],
)
def test_bytes_after_the_end(tail):
    result = verdict(pdf() + tail)
    assert PASSED not in conclusions(result)


def test_objects_without_a_table_and_an_old_pointer():
    """G02: an update that the strict reader does not see."""
    octets = pdf()
    pointer = octets[octets.rindex(b"startxref") :]
    one = only(octets + b"4 0 obj\n<< /Length 0 >>\nstream\n\nendstream\nendobj\n" + pointer)
    assert said(one) == ("FAILED", FORMAT, ["VND-PDF-014"])


def test_bytes_after_a_good_update():
    one = only(update(pdf(), {}) + b"9 0 obj\n<< >>\nendobj\n")
    assert said(one) == ("FAILED", FORMAT, ["VND-PDF-014"])


CHANGES = {
    "page content": {4: b"<< /Length 9 >>\nstream\n0 0 m 9 l\nendstream"},
    "page": {3: PAGE.replace(b"842", b"800")},
    "page tree": {2: b"<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 2 >>"},
    "script": {
        1: CATALOG % b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>",
    },
    "another annotation": {
        3: PAGE.replace(b"[5 0 R]", b"[5 0 R 8 0 R]"),
        8: b"<< /Type /Annot /Subtype /FreeText /Rect [0 0 99 99] /Contents (them) >>",
    },
    "the field's appearance": {5: FIELD % b"/AP << /N 8 0 R >>", 8: b"<< /Length 0 >>\nstream\n\nendstream"},
    "the field is gone from the page": {3: PAGE.replace(b"/Annots [5 0 R]", b"/Annots []")},
}


@pytest.mark.parametrize("parts", CHANGES.values(), ids=CHANGES.keys())
def test_changes_after_signing(parts):
    """G05 to G12, G14."""
    one = only(update(pdf(), parts))
    assert said(one) == ("FAILED", CONSTRAINTS, ["VND-PDF-015"])
    assert one.signer is not None


def test_an_object_that_is_freed_later():
    octets = pdf()
    start = len(octets)
    octets += b"xref\n0 1\n0000000000 65535 f \n4 1\n0000000000 00001 f \ntrailer\n"
    octets += b"<< /Size 21 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (
        int(pdf().rsplit(b"startxref\n", 1)[1].split(b"\n")[0]),
        start,
    )
    assert said(only(octets)) == ("FAILED", CONSTRAINTS, ["VND-PDF-015"])


def test_a_signature_that_is_written_anew_in_an_update():
    """G02, variant 3: the dictionary is copied, its range still points at the old value."""
    octets = pdf()
    copy = re.search(rb"6 0 obj\n(.*?)\nendobj", octets, re.DOTALL)[1]
    result = verdict(update(octets, {6: copy, 4: CHANGES["page content"][4]}))
    assert said(result.signatures[0])[:2] == ("FAILED", FORMAT)


def test_a_later_signature_over_a_changed_document():
    """G12: the first is FAILED, the second is PASSED."""
    changed = Wire.from_bytes(update(pdf(), CHANGES["page content"]))
    result = verdict(sign_pdf(changed, credential("p256").signer()).read())
    assert [one.conclusion for one in result.signatures] == [Conclusion.FAILED, PASSED]
    assert codes(result.signatures[0]) == ["VND-PDF-015"]


def test_later_signatures_and_an_unchanged_update_are_harmless():
    for octets in (signed_twice(), update(pdf(), {}), update(signed_twice(), {})):
        assert set(conclusions(verdict(octets))) == {PASSED}
    assert verdict(update(pdf(), {})).signatures[0].covers[0].node == "revision 1 of 2"


TEXT_FIELD = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (Ten) /P 3 0 R /Rect [0 0 9 9] /F 4 %s >>"


def with_text_field(signature: bytes = b"", catalog: bytes = b"") -> dict[int, bytes]:
    parts = objects(signature=signature, catalog=catalog)
    parts[1] = parts[1].replace(b"[5 0 R]", b"[5 0 R 7 0 R]")
    parts[3] = parts[3].replace(b"[5 0 R]", b"[5 0 R 7 0 R]")
    parts[7] = TEXT_FIELD % b""
    return parts


def docmdp(permission: bytes) -> bytes:
    return (
        b"/Reference [<< /Type /SigRef /TransformMethod /DocMDP /TransformParams "
        b"<< /Type /TransformParams /V /1.2 %s >> >>] " % permission
    )


FILLED = {7: TEXT_FIELD % b"/V (x)"}


@pytest.mark.parametrize(
    ("permission", "expected"),
    [
        (b"", ("FAILED", CONSTRAINTS, ["VND-PDF-016"])),
        (docmdp(b"/P 1"), ("FAILED", CONSTRAINTS, ["VND-PDF-015"])),
        (docmdp(b"/P 2"), ("PASSED", None, [])),
        (docmdp(b""), ("PASSED", None, [])),
        (docmdp(b"/P 3"), ("PASSED", None, [])),
    ],
)
def test_a_form_filled_after_signing(permission, expected):
    """G11; without the signer's word, what is filled in later is a change."""
    catalog = b"/Perms << /DocMDP 6 0 R >>" if permission else b""
    octets = fill(write(with_text_field(permission, catalog)), cms_of())
    assert only(octets).conclusion is PASSED
    one = only(update(octets, FILLED))
    assert said(one) == expected
    assert ("VND-PDF-017" in codes(one, Severity.WARNING)) is (expected[0] == "PASSED")


def test_a_permission_that_cannot_be():
    octets = pdf(signature=docmdp(b"/P 9"))
    assert PASSED not in conclusions(verdict(octets))


def test_a_locked_field_that_is_filled():
    lock = docmdp(b"/P 2").replace(b"/DocMDP", b"/FieldMDP").replace(b"/P 2", b"/Action /All")
    octets = fill(write(with_text_field(lock)), cms_of())
    assert only(octets).conclusion is PASSED
    assert said(only(update(octets, FILLED))) == ("FAILED", CONSTRAINTS, ["VND-PDF-015"])


def test_a_lock_of_the_field_counts_as_permission():
    octets = pdf(field=b"/Lock << /Type /SigFieldLock /Action /All /P 1 >>")
    assert only(octets).conclusion is PASSED
    later = sign_pdf_anyway(octets)
    assert said(verdict(later).signatures[0]) == ("FAILED", CONSTRAINTS, ["VND-PDF-015"])


def sign_pdf_anyway(octets: bytes) -> bytes:
    """Add a signature where our own signer would refuse."""
    parts = {
        1: (CATALOG % b"").replace(b"[5 0 R]", b"[5 0 R 30 0 R]"),
        3: PAGE.replace(b"[5 0 R]", b"[5 0 R 30 0 R]"),
        30: (FIELD % b"").replace(b"Chu_ky", b"Khac").replace(b"6 0 R", b"31 0 R"),
        31: SIGNATURE % (b"ETSI.CAdES.detached", b"", b"0" * 2 * ROOM),
    }
    return fill(update(octets, parts), cms_of(kind="p256"))


def test_ranges_that_overlap():
    """G23: the second signature leaves out more than its value, and part of the first."""
    octets = sign_pdf_anyway(pdf())
    assert conclusions(verdict(octets)) == [PASSED, PASSED]
    second = octets.rindex(b"/ByteRange [0 ") + len(b"/ByteRange [0 ")
    width = octets.index(b" ", second) - second
    moved = octets[:second] + b"900".zfill(width) + octets[second + width :]
    assert [said(one)[:2] for one in verdict(moved).signatures] == [("FAILED", FORMAT)] * 2


# --- what is added after signing ------------------------------------------------------------------

WHOLE = (
    b"<< /Type /XObject /Subtype /Form /BBox [0 0 595 842] /Length 27 >>\n"
    b"stream\n1 1 1 rg 0 0 595 842 re f \nendstream"
)
EMPTY = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (x) /P 3 0 R /Rect [0 0 0 0] /F 132 %s >>"
SCRIPT = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"


def grown(parts: dict[int, bytes], fields: bytes = b"5 0 R 30 0 R", annotations: bytes | None = None):
    """Give the objects of an update that adds fields to the form and to the page."""
    return {
        1: (CATALOG % b"").replace(b"[5 0 R]", b"[%s]" % fields),
        3: PAGE.replace(b"[5 0 R]", b"[%s]" % (annotations or fields)),
        **parts,
    }


def kids(widget: bytes) -> dict[int, bytes]:
    field = b"<< /FT /Sig /T (x) /Kids [31 0 R] >>"
    kid = widget.replace(b"/FT /Sig /T (x)", b"/Parent 30 0 R")
    return grown({30: field, 31: kid, 32: WHOLE}, annotations=b"5 0 R 31 0 R")


PAINTS = (EMPTY % b"/AP << /N 32 0 R >>").replace(b"[0 0 0 0]", b"[0 0 595 842]")
ADDED = {
    "it paints": grown({30: PAINTS, 32: WHOLE}),
    "it has a place": grown({30: (EMPTY % b"").replace(b"[0 0 0 0]", b"[0 0 595 842]")}),
    "a line is a place": grown({30: (EMPTY % b"").replace(b"[0 0 0 0]", b"[9 9 9 99]")}),
    "a rectangle that is none": grown({30: (EMPTY % b"").replace(b"[0 0 0 0]", b"[0 0 0]")}),
    "no rectangle": grown({30: (EMPTY % b"").replace(b"/Rect [0 0 0 0]", b"")}),
    "looks without place": grown({30: EMPTY % b"/AP << /N 32 0 R >>", 32: WHOLE}),
    "a caption": grown({30: EMPTY % b"/MK << /CA (them) >>"}),
    "an action": grown({30: EMPTY % b"/A << /S /URI /URI (http://a.vn) >>"}),
    "actions": grown({30: EMPTY % b"/AA << /PV %s >>" % SCRIPT}),
    "another kind": grown({30: (EMPTY % b"/Contents (them)").replace(b"/Widget", b"/FreeText")}),
    "only another kind": grown({30: (EMPTY % b"").replace(b"/Widget", b"/Screen")}),
    "a kid paints": kids(PAINTS),
    "a kid acts": kids(EMPTY % b"/AA << /PV %s >>" % SCRIPT),
    "a widget that was signed": grown({30: b"<< /FT /Sig /T (x) /Kids [5 0 R] >>"}, annotations=b"5 0 R"),
}


@pytest.mark.parametrize("parts", ADDED.values(), ids=ADDED.keys())
def test_an_empty_signature_field_that_shows_or_does_something(parts):
    """An update by nobody: such a field needs no key."""
    for one in verdict(update(pdf(), parts)).signatures:
        assert one.conclusion is not PASSED
        assert codes(one)[0] in {"VND-PDF-015", "VND-PDF-007"}


def test_an_object_that_waited_for_a_field_to_show_it():
    parts = objects()
    parts[8], parts[9] = PAINTS.replace(b"32 0 R", b"9 0 R"), WHOLE
    octets = fill(write(parts), cms_of())
    assert only(octets).conclusion is PASSED
    later = update(octets, grown({}, fields=b"5 0 R 8 0 R"))
    assert said(only(later)) == ("FAILED", CONSTRAINTS, ["VND-PDF-015"])


def test_an_object_that_was_missing_and_comes_later():
    """A page inherits from its parent, which the signed part names and leaves out (G07: hide)."""
    parts = objects()
    parts[3] = PAGE.replace(b"/Parent 2 0 R", b"/Parent 50 0 R").replace(b"/Resources << >> ", b"")
    octets = fill(write(parts), cms_of())
    assert only(octets).conclusion is PASSED
    assert only(update(octets, {30: b"null"})).conclusion is PASSED
    one = only(update(octets, {50: b"<< /Type /Pages /Resources << /Font << /F 51 0 R >> >> >>"}))
    assert said(one) == ("FAILED", CONSTRAINTS, ["VND-PDF-015"])


@pytest.mark.parametrize("parts", [grown({30: EMPTY % b""}), kids(EMPTY % b"")])
def test_an_empty_field_that_shows_nothing_is_harmless(parts):
    result = verdict(update(pdf(), parts))
    assert conclusions(result) == [PASSED]
    assert [one.code for one in result.findings] == ["VND-PDF-006"]


def test_an_empty_field_that_was_signed_and_is_changed():
    parts = {**objects(), **grown({30: EMPTY % b""})}
    octets = fill(write(parts), cms_of())
    assert only(octets).conclusion is PASSED
    one = only(update(octets, {30: EMPTY % b"/AP << /N 32 0 R >>", 32: WHOLE}))
    assert said(one) == ("FAILED", CONSTRAINTS, ["VND-PDF-015"])


@pytest.mark.parametrize(
    "new",
    [
        b"/NeedAppearances true",
        b"/DA (/Helv 40 Tf 1 0 0 rg)",
        b"/Q 2",
        b"/DR << /Font << /Helv 31 0 R >> >>",
        b"/XFA (x)",
        b"/Other 1",
    ],
)
@pytest.mark.parametrize("old", [b"", b"/DA (/Helv 9 Tf) /Q 1 /DR << /Font << /Helv 8 0 R >> >>"])
def test_defaults_of_the_form_that_change(old, new):
    """G06: what draws the values of the form is part of what was signed."""
    parts = with_text_field()
    form = parts[1]
    parts[1] = form.replace(b"/SigFlags 3", b"/SigFlags 3 " + old)
    parts[8] = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    octets = fill(write(parts), cms_of())
    assert only(octets).conclusion is PASSED
    assert only(update(octets, {1: parts[1]})).conclusion is PASSED
    font = {31: parts[8]}
    one = only(update(octets, {1: form.replace(b"/SigFlags 3", b"/SigFlags 3 " + new), **font}))
    assert said(one) == ("FAILED", CONSTRAINTS, ["VND-PDF-015"])


def test_text_defaults_mean_nothing_to_a_form_without_text():
    """What other signing programs add with a second signature; replaced, they are refused here too."""
    form = CATALOG % b""
    first = form.replace(b"/SigFlags 3", b"/SigFlags 3 /DA (/Helv 0 Tf 0 g) /DR << >>")
    assert only(update(pdf(), {1: first})).conclusion is PASSED
    signed = fill(write({**objects(), 1: first}), cms_of())
    assert only(signed).conclusion is PASSED
    other = first.replace(b"0 g", b"1 g")
    assert said(only(update(signed, {1: other}))) == ("FAILED", CONSTRAINTS, ["VND-PDF-015"])


@pytest.mark.parametrize(
    "content",
    [
        SCRIPT,
        b"<< /Kids [<< /AA << /O 4 0 R >> >>] >>",
        b"<< /Type /EmbeddedFile /Length 0 >>\nstream\n\nendstream",
    ],
)
def test_what_acts_and_came_after_signing(content):
    """Nothing shows that it is out of reach of every reader, so it is refused wherever it lies."""
    assert said(only(update(pdf(), {30: content}))) == ("FAILED", CONSTRAINTS, ["VND-PDF-015"])
    octets = fill(write({**objects(), 8: content}), cms_of())
    assert only(update(octets, {8: content})).conclusion is PASSED


def painting(kind: str = "p256", make=None) -> bytes:
    parts = {
        30: (FIELD % b"/AP << /N 32 0 R >>").replace(b"Chu_ky", b"Khac").replace(b"6 0 R", b"31 0 R"),
        31: SIGNATURE % (b"ETSI.CAdES.detached", b"", b"0" * 2 * ROOM),
        32: WHOLE,
    }
    parts[30] = parts[30].replace(b"[0 0 0 0]", b"[0 0 300 400.5]")
    return fill(update(pdf(), grown(parts)), make or cms_of(kind=kind))


def test_a_later_signature_that_is_seen_is_named():
    first, second = verdict(painting()).signatures
    assert (first.conclusion, second.conclusion) == (PASSED, PASSED)
    assert codes(second, Severity.WARNING) == []
    (finding,) = [one for one in first.findings if one.severity is Severity.WARNING]
    assert finding.code == "VND-PDF-039"
    assert finding.facts == {"field": "Khac", "page": 1, "width": 300, "height": 401}


@pytest.mark.parametrize("make", [cms_of(kind="p256", value=b"1" * 70), lambda _covered: b"0"])
def test_a_later_signature_that_is_seen_and_that_nobody_vouches_for(make):
    first, second = verdict(painting(make=make)).signatures
    assert second.conclusion is Conclusion.FAILED
    assert said(first) == ("INDETERMINATE", "CUSTOM", ["VND-PDF-040"])


@pytest.mark.parametrize("tail", [b"\n", b"\r\n", b"\r\n \x00\n"])
def test_white_space_after_the_end_is_called_that(tail):
    for octets in (pdf(), update(pdf(), {}), signed_twice()):
        for one in verdict(octets + tail).signatures:
            assert said(one) == ("FAILED", FORMAT, ["VND-PDF-038"])
            assert one.findings[-1].facts["octets"] == len(tail)


def test_a_later_revision_is_not_counted_as_unexplained():
    for one in verdict(signed_twice() + b"\n12").signatures:
        assert said(one) == ("FAILED", FORMAT, ["VND-PDF-014"])
        assert one.findings[-1].facts["octets"] == 3


# --- flipped octets -------------------------------------------------------------------------------


def test_no_flipped_octet_passes():
    """One octet changed at 200 seeded places inside the covered ranges."""
    octets = signed_twice()
    dice = random.Random(20260601)
    (_, start, second, length) = map(int, re.findall(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)", octets)[-1])
    places = [at for at in dice.sample(range(len(octets)), 260) if at < start or at >= second][:200]
    assert len(places) > 150
    assert second + length == len(octets)
    for at in places:
        flipped = bytearray(octets)
        flipped[at] ^= 1 << dice.randrange(8)
        result = verdict(bytes(flipped))
        found = conclusions(result)
        assert set(found) != {PASSED}, at


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(st.integers(0, 20000), st.binary(max_size=12), st.integers(0, 40)), min_size=1, max_size=4
    ),
    st.integers(0, 20000),
)
@example([(9, b"%", 0)], 12)
def test_mutated_files_give_a_verdict(edits, cut):
    """Whatever the octets are, the answer is a verdict, and it is PASSED only for the untouched file."""
    base = signed_twice()
    octets = base[: cut or None] if cut < len(base) and cut % 3 == 0 else base
    for at, new, drop in edits:
        place = at % (len(octets) + 1)
        octets = octets[:place] + new + octets[place + drop :]
    result = verdict(octets)
    if octets != base:
        whole = [one for one in result.signatures if one.conclusion is PASSED]
        assert len(whole) < 2 or octets.startswith(base) is False or result.conclusion_override


# --- odd files ------------------------------------------------------------------------------------


def test_a_hybrid_file_passes_when_all_of_it_was_signed():
    """Files saved by Word are hybrid; later revisions that are hybrid too are refused."""
    parts = objects()
    body = write(parts)
    octets = fill(hybrid(body), cms_of())
    result = verdict(octets)
    assert conclusions(result) == [PASSED]
    assert [one.code for one in result.findings] == ["VND-PDF-004"]
    again = sign_pdf(Wire.from_bytes(octets), credential("p256").signer()).read()
    assert conclusions(verdict(again)) == [PASSED, PASSED]
    later = hybrid(update(octets, {10: b"null"}))
    assert said(only(later)) == ("FAILED", CONSTRAINTS, ["VND-PDF-015"])


def hybrid(octets: bytes) -> bytes:
    """Give the last revision a second table in a stream."""
    at = octets.rindex(b"xref\n", 0, octets.rindex(b"startxref"))
    table, trailer = octets[at:].split(b"trailer\n<< ")
    entry = b"\x00" + bytes(4)
    number = 15 if b"15 0 obj" not in octets else 16
    stream = b"%d 0 obj\n<< /Type /XRef /Size 21 /W [1 4 0] /Index [0 1] /Root 1 0 R /Length 5 >>\n" % number
    stream += b"stream\n" + entry + b"\nendstream\nendobj\n"
    trailer = trailer.split(b"startxref")[0]
    rest = b"trailer\n<< /XRefStm %d " % at + trailer
    return octets[:at] + stream + table + rest + b"startxref\n%d\n%%%%EOF\n" % (at + len(stream))


def test_a_file_that_breaks_a_rule_counts_only_when_wholly_signed():
    octets = pdf(catalog=b"/Lang (vi) /Lang (vi)")
    result = verdict(octets)
    assert conclusions(result) == [PASSED]
    assert "VND-PDF-010" in [one.code for one in result.findings]
    one = only(update(octets, {}))
    assert said(one) == ("INDETERMINATE", "CUSTOM", ["VND-PDF-037"])
    one = only(update(octets, CHANGES["page content"]))
    assert one.conclusion is not PASSED


def test_cross_reference_and_object_streams():
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(unsigned_pdf())))
    out = io.BytesIO()
    writer.write(out)
    once = sign_pdf(Wire.from_bytes(out.getvalue()), credential().signer())
    assert conclusions(verdict(sign_pdf(once, credential("p256").signer()).read())) == [PASSED, PASSED]


@pytest.mark.parametrize(
    ("tail", "kinds"),
    [
        (b"/OpenAction << /S /JavaScript /JS (1) >>", ["javascript"]),
        (b"/OpenAction << /S /Launch >>", ["launch"]),
        (b"/Names << /JavaScript << >> /EmbeddedFiles << >> >>", ["embedded-file", "javascript"]),
        (b"/OpenAction << /S /#4aavaScript >>", ["javascript"]),
        (b"/OpenAction << /S /GoTo >>", []),
    ],
)
def test_active_content_that_was_signed_is_named(tail, kinds):
    """G15."""
    result = verdict(pdf(catalog=tail))
    assert conclusions(result) == [PASSED]
    found = [one.facts["kinds"] for one in result.findings if one.code == "VND-PDF-008"]
    assert found == ([kinds] if kinds else [])


def encrypted(user: str, **options) -> Wire:
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(unsigned_pdf())))
    writer.encrypt("chu", user, pdf_mac=False, **options)
    out = io.BytesIO()
    writer.write(out)
    return Wire.from_bytes(out.getvalue())


@pytest.mark.parametrize("user", ["", "mo"])
def test_encrypted_files(user):
    wire = sign_pdf(encrypted(user), credential().signer(), password=user.encode())
    result = verdict(wire.read(), password=user.encode() or None)
    assert conclusions(result) == [PASSED]
    assert "VND-PDF-009" in [one.code for one in result.findings]


@pytest.mark.parametrize("password", [None, b"sai"])
def test_encrypted_files_that_stay_shut(password):
    wire = sign_pdf(encrypted("mo"), credential().signer(), password=b"mo")
    result = verdict(wire.read(), password=password)
    assert result.signatures == ()
    assert result.conclusion_override == (Conclusion.INDETERMINATE, SubIndication.SIGNED_DATA_NOT_FOUND)
    assert [(one.code, one.facts["given"]) for one in result.findings] == [
        ("VND-PDF-003", password is not None)
    ]
    assert "sai" not in repr(result)


def test_encryption_for_certificates_is_not_opened():
    from asn1crypto import x509

    owner = pki().issue("Người nhận", key_usage=["key_encipherment"])
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(unsigned_pdf())))
    writer.encrypt_pubkey([x509.Certificate.load(owner.der)])
    out = io.BytesIO()
    writer.write(out)
    assert verdict(out.getvalue()).conclusion_override == (
        Conclusion.INDETERMINATE,
        SubIndication.SIGNED_DATA_NOT_FOUND,
    )


# --- files made to hang ---------------------------------------------------------------------------


def bomb() -> bytes:
    once = zlib.compress(b"0" * 40_000_000, 9)
    twice = zlib.compress(once, 9)
    head = b"<< /Type /ObjStm /N 1 /First 4 /Filter [/FlateDecode /FlateDecode] /Length %d >>\nstream\n"
    return head % len(twice) + twice + b"\nendstream"


HANGS = {
    "nested arrays": {1: (CATALOG % b"").replace(b"[5 0 R]", b"[" * 60_000)},
    "nested dictionaries": {1: b"<< /A " * 20_000},
    "a field that is its own child": {5: (FIELD % b"/Kids [5 0 R]").replace(b"/V 6 0 R", b"")},
    "a reference to itself": {1: b"1 0 R"},
    "a page tree loop": {2: b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"},
    "a comment that nothing ends": {1: b"%"},
    "an array of fields that are no references": {1: (CATALOG % b"").replace(b"[5 0 R]", b"[1 2 3]")},
    "fields that are no array": {1: (CATALOG % b"").replace(b"[5 0 R]", b"42")},
    "an endless number": {1: b"9" * 5000},
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("parts", HANGS.values(), ids=HANGS.keys())
def test_files_made_to_hang(parts):
    octets = write({**objects(), **parts})
    assert PASSED not in conclusions(verdict(octets))
    assert PASSED not in conclusions(verdict(update(pdf(), parts)))


@pytest.mark.timeout(20)
def test_a_chain_of_revisions_that_turns_round():
    octets = write(objects(), trailer=b"/Prev 0000000000")
    at = octets.rindex(b"startxref\n") + 10
    start = octets[at:].split(b"\n")[0]
    assert PASSED not in conclusions(
        verdict(octets.replace(b"/Prev 0000000000", b"/Prev " + start.zfill(10)))
    )


@pytest.mark.timeout(20)
def test_a_decompression_bomb():
    small = attrs.evolve(policy(), limits=Limits(pdf_inflate_bytes=1_000_000))
    octets = stream_table_pdf(bomb())
    result = verdict(octets, small)
    assert result.conclusion_override == (Conclusion.FAILED, SubIndication.FORMAT_FAILURE)
    (finding,) = result.findings
    assert (finding.code, finding.facts["limit"]) == ("VND-PDF-005", "pdf_inflate_bytes")


@pytest.mark.timeout(20)
def test_a_comment_that_nothing_ends_in_an_object_stream():
    head = b"<< /Type /ObjStm /N 1 /First 5 /Length 6 >>\nstream\n1 0 x%\nendstream"
    octets = stream_table_pdf(head)
    assert PASSED not in conclusions(verdict(octets))
    with pytest.raises(DecodeError):
        sign_pdf(Wire.from_bytes(octets), credential().signer())


def stream_table_pdf(object_stream: bytes) -> bytes:
    """Give a file whose catalog lies in an object stream."""
    octets = b"%PDF-1.7\n"
    place = len(octets)
    octets += b"2 0 obj\n" + object_stream + b"\nendobj\n"
    start = len(octets)
    rows = [(0, 0, 0), (2, 2, 0), (1, place, 0), (1, start, 0)]
    data = b"".join(bytes([kind]) + at.to_bytes(4, "big") + bytes([more]) for kind, at, more in rows)
    octets += b"3 0 obj\n<< /Type /XRef /Size 4 /W [1 4 1] /Root 1 0 R /Length %d >>\nstream\n" % len(data)
    return octets + data + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % start


def test_the_reader_is_not_confused_by_writers_of_other_programs():
    """A signature field made by another program, filled by another program, in place."""
    out = io.BytesIO(pdf())
    writer = IncrementalPdfFileWriter(out)
    writer.update_root()
    writer.write_in_place()
    assert set(conclusions(verdict(out.getvalue()))) <= {PASSED, Conclusion.FAILED}


# --- files made to cost ---------------------------------------------------------------------------


def limit_of(result) -> str:
    assert result.conclusion_override == (Conclusion.FAILED, SubIndication.FORMAT_FAILURE)
    (finding,) = result.findings
    assert finding.code == "VND-PDF-005"
    return finding.facts["limit"]


def xref_stream(entries: bytes, rows: bytes, before: bytes = b"%PDF-1.7\n") -> bytes:
    catalog = (
        b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Kids [] /Count 0 >>\nendobj\n"
    )
    octets = before + catalog
    head = b"9 0 obj\n<< /Type /XRef /Size 10 %s /Root 1 0 R /Length %d >>\nstream\n" % (entries, len(rows))
    return octets + head + rows + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(octets)


@pytest.mark.timeout(5)
@pytest.mark.parametrize("count", [600_000, 10**11])
@pytest.mark.parametrize("widths", [b"1 4 2", b"0 0 0"])
def test_a_cross_reference_stream_that_declares_too_much(count, widths):
    octets = xref_stream(b"/W [%s] /Index [0 %d]" % (widths, count), b"\1\0\0\0\x09\0\0" * 3)
    assert limit_of(verdict(octets)) == "pdf_objects"


@pytest.mark.parametrize(
    "entries",
    [
        b"/W [1 4 2] /Index [0 400000]",
        b"/W [1 4 2] /Index [0 -1]",
        b"/W [1 4 2] /Index [0 (1)]",
        b"/W [1 4] /Index [0 1]",
        b"/W [1 -4 9] /Index [0 1]",
        b"/W 1 /Index [0 1]",
    ],
)
def test_a_cross_reference_stream_that_cannot_be(entries):
    result = verdict(xref_stream(entries, b"\1\0\0\0\x09\0\0" * 3))
    assert [one.code for one in result.findings] == ["VND-PDF-002"]


@pytest.mark.timeout(5)
@pytest.mark.parametrize("count", [b"600000", b"9999999999"])
def test_a_cross_reference_table_that_declares_too_much(count):
    octets = write(objects()).replace(b"\nxref\n0 1\n", b"\nxref\n0 %s\n" % count)
    assert limit_of(verdict(octets)) == "pdf_objects"


@pytest.mark.parametrize("count", [b"400000", b"+1", b"1.5", b"x"])
def test_a_cross_reference_table_that_cannot_be(count):
    octets = write(objects()).replace(b"\nxref\n0 1\n", b"\nxref\n0 %s\n" % count)
    assert [one.code for one in verdict(octets).findings] == ["VND-PDF-002"]


def test_entries_of_19_and_21_octets_are_read_as_before():
    octets = write(objects(), size=7)
    for end in (b"\n", b"\r\n\n"):
        assert PASSED not in conclusions(verdict(octets.replace(b" n \n", b" n" + end)))
    assert conclusions(verdict(fill(octets.replace(b" n \n", b" n\r\n"), cms_of()))) == [PASSED]


@pytest.mark.timeout(5)
def test_too_many_revisions():
    octets = bytearray(pdf())
    previous = int(octets.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    sizes = {}
    for number in range(2, 260):
        start = len(octets)
        octets += b"xref\n0 0\ntrailer\n<< /Size 21 /Root 1 0 R /Prev %d >>\n" % previous
        octets += b"startxref\n%d\n%%%%EOF\n" % start
        previous = start
        sizes[number] = bytes(octets)
    assert conclusions(verdict(sizes[200])) == [PASSED]
    assert limit_of(verdict(sizes[201])) == "pdf_revisions"
    assert limit_of(verdict(sizes[259])) == "pdf_revisions"


@pytest.mark.timeout(20)
def test_paths_without_end():
    """Forty objects, each named twice by the one before: 2**40 paths from the catalog to the last."""
    parts = objects(catalog=b"/Threads 100 0 R")
    parts |= {number: b"[%d 0 R %d 0 R]" % (number + 1, number + 1) for number in range(100, 140)}
    parts[140] = b"null"
    octets = fill(write(parts), cms_of())
    assert only(octets).conclusion is PASSED
    one = only(update(octets, {}))
    assert said(one) == ("FAILED", FORMAT, ["VND-PDF-005"])
    assert one.findings[-1].facts["limit"] == "pdf_references"


@pytest.mark.timeout(20)
def test_nesting_beyond_the_limit():
    small = attrs.evolve(policy(), limits=Limits(pdf_depth=20))
    parts = objects(catalog=b"/A " + b"[" * 21 + b"]" * 21)
    assert only(fill(write(parts), cms_of())).conclusion is PASSED
    assert limit_of(verdict(fill(write(parts), cms_of()), small)) == "pdf_depth"


@pytest.mark.timeout(20)
def test_an_object_stream_is_unpacked_once():
    """20 000 objects of one stream, all named by the form."""
    count = 20_000
    offsets = b" ".join(b"%d %d" % (100 + one, one * 2) for one in range(count))
    body = offsets + b"\n" + b"1 " * count
    fields = b" ".join(b"%d 0 R" % (100 + one) for one in range(count))
    octets = bytearray(b"%PDF-1.7\n")
    places = {}
    packed = b"<< /Type /ObjStm /N %d /First %d /Length %d >>\nstream\n%s\nendstream"
    for number, content in {
        1: b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [%s] >> >>" % fields,
        2: b"<< /Type /Pages /Kids [] /Count 0 >>",
        3: packed % (count, len(offsets) + 1, len(body), body),
    }.items():
        places[number] = len(octets)
        octets += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    row = lambda kind, at, more: bytes([kind]) + at.to_bytes(4, "big") + more.to_bytes(2, "big")  # noqa: E731 - one line
    rows = b"".join(row(1, places[number], 0) for number in (1, 2, 3))
    rows += b"".join(row(2, 3, one) for one in range(count))
    start = len(octets)
    octets += (
        b"9 0 obj\n<< /Type /XRef /Size %d /W [1 4 2] /Index [1 3 100 %d] /Root 1 0 R /Length %d >>\n"
        % (
            100 + count,
            count,
            len(rows),
        )
    )
    octets += b"stream\n" + rows + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % start
    result = verdict(bytes(octets))
    assert (result.signatures, result.conclusion_override) == ((), None)


def test_a_packed_object_whose_checksum_is_wrong():
    content = bytearray(zlib.compress(b"1 0 << /Type /Catalog >>"))
    content[-1] ^= 1
    head = b"<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n" % len(content)
    result = verdict(stream_table_pdf(head + bytes(content) + b"\nendstream"))
    assert result.conclusion_override == (Conclusion.FAILED, SubIndication.FORMAT_FAILURE)
    assert [one.code for one in result.findings] == ["VND-PDF-002"]


@pytest.mark.parametrize("salt", [2**70, 2**31, 5000, -1])
def test_a_salt_that_cannot_be(salt):
    one = only(pdf(cms_of(algorithm=pss(salt=salt))))
    assert said(one) == ("INDETERMINATE", "CUSTOM", ["VND-PDF-029"])


@pytest.mark.timeout(5)
def test_an_object_identifier_without_measure():
    content = b"\xff" * 400_000 + b"\x01"
    size = len(content).to_bytes(3, "big")
    value = b"\x06\x83" + size + content + b"\xa0\x00"
    value = b"\x30\x83" + len(value).to_bytes(3, "big") + value
    one = only(pdf(lambda _covered: value, room=410_000))
    assert said(one) == ("FAILED", FORMAT, ["VND-PDF-020"])
