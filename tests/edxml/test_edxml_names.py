"""Names of files that a message gives: data, never a path (threats H01, H02)."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vnedoc.edxml import safe_name


@pytest.mark.parametrize(
    ("given_name", "safe"),
    [
        ("Công văn 12.pdf", "Công văn 12.pdf"),
        ("Quyết định số 5 (bản ký).SIGNED.PDF", "Quyết định số 5 (bản ký).SIGNED.PDF"),
        (unicodedata.normalize("NFD", "Đề án.pdf"), "Đề án.pdf"),
        ("../../etc/cron.d/x", "_.._etc_cron.d_x"),
        ("..\\..\\x.dll", "_.._x.dll"),
        ("/etc/passwd", "_etc_passwd"),
        ("C:\\a.exe", "C__a.exe"),
        ("a.txt:stream", "a.txt_stream"),
        ("~root", "_root"),
        ("%2e%2e%2fa", "_2e_2e_2fa"),
        ("a\x00.pdf", "a_.pdf"),
        ("a\nb.pdf", "a_b.pdf"),
        (".htaccess", "htaccess"),
        ("...", "attachment"),
        ("", "attachment"),
        (" . ", "attachment"),
        ("a.pdf. . ", "a.pdf"),
        ("-rf.pdf", "_rf.pdf"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("COM¹.a", "_COM¹.a"),
        ("Aux .pdf", "_Aux.pdf"),
        ("nul.tar.gz", "_nul.tar.gz"),
        ("console.txt", "console.txt"),
        ("hợp\u202egpj.exe", "hợpgpj.exe"),
        ("a\u200bb.pdf", "ab.pdf"),
        ("a\u00a0b.pdf", "a b.pdf"),
        ("\u0301a.pdf", "a.pdf"),
        ("a\ud800.pdf", "a_.pdf"),
        ("x.pdf.exe", "x.pdf.exe"),
        ("a／b.pdf", "a_b.pdf"),
        ("công\u200bvăn.pdf", "côngvăn.pdf"),
        ("văn bản", "văn bản"),
    ],
)
def test_names_are_made_safe(given_name, safe):
    assert safe_name(given_name) == safe


def test_long_names_keep_their_extension():
    name = safe_name("ư" * 300 + ".pdf")
    assert name.endswith("ư.pdf")
    assert len(name.encode()) <= 200
    assert safe_name("a" + "." * 5 + "b" * 300).startswith("a")


def test_names_that_are_taken_get_a_number():
    assert safe_name("a.pdf", ["a.pdf"]) == "a (2).pdf"
    assert safe_name("a.pdf", ["a.pdf", "a (2).pdf"]) == "a (3).pdf"
    assert safe_name("văn bản", {"Văn Bản"}) == "văn bản (2)"
    assert safe_name("A.PDF", {unicodedata.normalize("NFD", "a.pdf")}) == "A (2).PDF"
    assert safe_name("a.pdf", ["b.pdf"]) == "a.pdf"


def test_numbers_fit_into_the_length():
    long = safe_name("x" * 300 + ".pdf")
    again = safe_name("x" * 300 + ".pdf", [long])
    assert again.endswith("x (2).pdf")
    assert len(again.encode()) <= 200


@given(st.lists(st.text(max_size=60) | st.text("./\\ CONaux\u202e\u0301:-~.", max_size=12), max_size=8))
@example(["\u0301" * 300, ".\u0301.", "- .", "a" * 400])
def test_every_name_is_safe_and_unlike_the_others(names):
    """CWE-22, UTS #39: whatever comes in, one component of a path comes out, unique without case."""
    made: list[str] = []
    for name in names:
        made.append(safe_name(name, made))
    for name in made:
        assert 0 < len(name.encode()) <= 200
        assert not set(name) & set('/\\:*?"<>|%~\x00')
        assert name[0] not in ". -"
        assert name[-1] not in ". "
        assert name.isprintable()
        assert unicodedata.is_normalized("NFC", name)
        assert all(unicodedata.category(letter)[0] != "C" for letter in name)
    keys = {unicodedata.normalize("NFC", name.casefold()) for name in made}
    assert len(keys) == len(made)


@given(st.text(max_size=300))
def test_safe_names_stay_as_they_are(name):
    once = safe_name(name)
    assert safe_name(once) == once
