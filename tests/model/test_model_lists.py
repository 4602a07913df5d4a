"""Code lists: names, abbreviations, sources, and finding a type as people write it."""

import unicodedata

import pytest

from vnedoc.model import (
    AdministrativeType,
    Authority,
    Certainty,
    Circulation,
    CopyType,
    Kind,
    Medium,
    Priority,
    Secrecy,
    code_lists,
    name_key,
    name_keys,
)


@pytest.mark.parametrize("members", code_lists(), ids=lambda one: one.__name__)
def test_every_list_has_a_source_and_says_how_certain_it_is(members):
    for one in members:
        assert one.source
        assert isinstance(one.certainty, Certainty)
        assert one.value if isinstance(one, AdministrativeType) else one.vietnamese
        assert members(one.value) is one


def test_certainty_differs():
    assert AdministrativeType.REPORT.certainty is Certainty.HIGH
    assert Priority.URGENT.certainty is Certainty.LOW
    assert Kind.NEW.source.startswith("QCVN 102:2016")


@pytest.mark.parametrize("one", AdministrativeType)
def test_every_type_is_found_by_name_and_abbreviation(one):
    spelled = [one.value, one.value.upper(), unicodedata.normalize("NFD", one.value), f"  {one.value} "]
    assert {AdministrativeType.by_name(text) for text in spelled} == {one}
    if one.abbreviation:
        short = one.abbreviation
        for text in (short, short.upper(), short.lower(), unicodedata.normalize("NFD", short)):
            assert AdministrativeType.by_abbreviation(text) is one


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Giấy uỷ quyền", AdministrativeType.POWER_OF_ATTORNEY),
        ("GIẤY  UỶ\u00a0QUYỀN", AdministrativeType.POWER_OF_ATTORNEY),
        ("bản thoả thuận", AdministrativeType.AGREEMENT),
        ("Tờ trinh", None),
        ("", None),
    ],
)
def test_a_name_is_found_as_people_spell_it(text, found):
    assert AdministrativeType.by_name(text) is found


def test_an_abbreviation_that_nobody_has():
    assert AdministrativeType.by_abbreviation("CV") is None
    assert AdministrativeType.by_abbreviation("") is None


def test_archive_codes():
    codes = [one.archive_code for one in AdministrativeType if one.archive_code]
    assert len(codes) == len(set(codes)) == 27
    assert AdministrativeType.OFFICIAL_LETTER.archive_code == "22"
    assert {one.value for one in AdministrativeType if one.archive_code is None} == {"Quy chế", "Thông cáo"}


def test_copies_lead_where_the_decree_allows():
    paper, electronic = Medium.PAPER, Medium.ELECTRONIC
    assert CopyType("TrS") is CopyType.EXCERPT
    assert CopyType.COPY.stamp == "SAO Y"
    assert CopyType.COPY.abbreviation == "SY"
    assert CopyType.COPY.allows(paper, electronic)
    assert not CopyType.COPY.allows(electronic, electronic)
    assert not CopyType.DUPLICATE.allows(electronic, electronic)
    assert CopyType.EXCERPT.allows(electronic, electronic)


def test_stamps():
    assert [one.stamp for one in Priority] == [None, "KHẨN", "THƯỢNG KHẨN", "HỎA TỐC", "HỎA TỐC HẸN GIỜ"]
    assert [one.stamp_size for one in Priority] == [None, (20, 8), (40, 8), (30, 8), None]
    assert [one.stamp for one in Secrecy] == ["MẬT", "TỐI MẬT", "TUYỆT MẬT"]
    assert Circulation.INTERNAL.stamp == "LƯU HÀNH NỘI BỘ"
    assert [one.secret_only for one in Circulation] == [False, False, True]
    assert [one.value for one in Authority] == ["TM.", "Q.", "KT.", "TL.", "TUQ."]


def test_name_keys_of_many_are_those_of_each():
    names = ["Sở Nội  vụ", "UBND xã Hoà Bình", "a\nb", "", "\u0301 x", "QUÝ"]
    assert name_keys(names) == [name_key(one) for one in names]
    assert name_key("Hoà Bình") == name_key("HÒA   BÌNH") != name_key("Hoa Bình")
