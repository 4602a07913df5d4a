"""Identifiers as file names."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vnedoc.transport import decode_name, encode_name

SAFE = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-%~")
short = st.text(max_size=20)


@given(short)
@example("000.00.00.G22")
@example("../../etc/passwd")
@example("a\x00b")
@example("\ud800")
def test_a_short_text_comes_back_and_its_name_is_safe(text):
    name = encode_name(text)
    assert set(name) <= SAFE
    assert name
    assert not name.startswith(".")
    assert not name.endswith(".")
    assert len(name) <= 180
    assert decode_name(name) == (text or None)


@given(short, short)
def test_two_texts_never_share_a_name(one, other):
    assert (encode_name(one) == encode_name(other)) is (one == other)


@pytest.mark.parametrize("text", ["000.00.00.G22", "H36", "G22.1", "vxp.saas.03", "a_b-c"])
def test_usual_identifiers_stay_readable(text):
    assert encode_name(text) == text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("CON", "%43ON"),
        ("nul.txt", "%6Eul.txt"),
        ("lpt1", "%6Cpt1"),
        ("CONG", "CONG"),
        ("a.", "a%2E"),
        (".hidden", "%2Ehidden"),
        ("12/QĐ-UBND", "12%2FQ%C4%90-UBND"),
        ("a:b", "a%3Ab"),
    ],
)
def test_names_that_windows_or_posix_would_misread(text, name):
    assert encode_name(text) == name
    assert decode_name(name) == text


def test_a_long_text_becomes_a_digest():
    names = {encode_name("Đ" * 200), encode_name("Đ" * 199), encode_name("")}
    assert len(names) == 3
    assert all(len(one) == 65 for one in names)
    assert {decode_name(one) for one in names} == {None}


@pytest.mark.parametrize("name", ["a b", "%zz", "%ff", "%41", "a%2fb", "..", "", "é"])
def test_what_was_not_made_here_is_not_read(name):
    assert decode_name(name) is None
