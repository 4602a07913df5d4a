"""Data outside of the document in every form that the front door takes, and signatures by their names."""

import datetime as dt

import pytest

import vnedoc
from vnedoc.conformance import FakeTsa
from vnedoc.errors import ConfigError, FileError, SigningError
from vnedoc.model import Blob, Conclusion, FileKind, SubIndication, Wire
from vnedoc.signing import XmlForm, counter_sign_xml
from vnedoc.workflow import augment_file, contents_of, signed_parts

AT = dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)
OCTETS = "Phụ lục kèm theo, không phải XML.\r\n".encode()
URI = "https://vi-du.example/tep/phu-luc.txt"

FORMS = {
    "bytes": lambda path: OCTETS,
    "bytearray": lambda path: bytearray(OCTETS),
    "path": lambda path: path,
    "text of a path": str,
    "wire": lambda path: Wire.from_bytes(OCTETS, "text/plain"),
    "blob": lambda path: Blob.from_bytes(OCTETS),
}
WAYS = {
    "mapping": lambda value: {URI: value},
    "function": lambda value: {URI: value}.get,
}


@pytest.fixture(scope="module")
def tsa(office):
    return FakeTsa(office.pki, at=AT)


@pytest.fixture(scope="module")
def detached(office):
    form = XmlForm(packaging="detached", reference=URI)
    return vnedoc.sign_xml(OCTETS, office.signer, signing_time=AT, form=form).read()


@pytest.fixture(scope="module")
def two(office):
    """Two signatures side by side, each over an element of its own."""
    data = b'<a><b Id="p1">1</b><b Id="p2">2</b></a>'
    for name in ("#p1", "#p2"):
        data = vnedoc.sign_xml(data, office.signer, signing_time=AT, form=XmlForm(reference=name)).read()
    return data


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "phu-luc.txt"
    path.write_bytes(OCTETS)
    return path


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_content(office, tsa, detached, file, form, way):
    given = WAYS[way](FORMS[form](file))
    vnedoc.verify(detached, office.policy, resolver=given).require()
    parts = signed_parts(detached, resolver=given)
    assert parts[0].octets == OCTETS
    raised = vnedoc.augment(detached, office.policy, level="B-T", timestamper=tsa, resolver=given)
    assert vnedoc.verify(raised, office.policy, resolver=given).require().signatures[0].level.value == "B-T"


def test_a_reference_without_uri_is_none(office):
    form = XmlForm(packaging="detached", reference=None)
    signed = vnedoc.sign_xml(OCTETS, office.signer, signing_time=AT, form=form)
    vnedoc.verify(signed, office.policy, resolver={None: OCTETS}).require()


def test_from_file_to_file(office, tsa, detached, file, tmp_path):
    (tmp_path / "signed.xml").write_bytes(detached)
    out = tmp_path / "raised.xml"
    augment_file(
        tmp_path / "signed.xml",
        office.policy,
        out,
        level="B-LTA",
        timestamper=tsa,
        resolver={URI: file},
    )
    (signature,) = vnedoc.verify(out, office.policy, resolver={URI: file}).require().signatures
    assert signature.level.value == "B-LTA"


@pytest.mark.parametrize("wrong", [7, b"abc", "abc", [OCTETS], {URI: 7}, {URI: None}, lambda uri: 7])
def test_another_kind_of_contents_is_refused(office, tsa, detached, wrong):
    for door in (
        lambda: vnedoc.verify(detached, office.policy, resolver=wrong),
        lambda: signed_parts(detached, resolver=wrong),
        lambda: vnedoc.augment(detached, office.policy, level="B-T", timestamper=tsa, resolver=wrong),
    ):
        with pytest.raises(ConfigError) as caught:
            door()
        assert caught.value.code == "VND-FLOW-026"
        assert caught.value.facts["seen"] in ("int", "bytes", "str", "list", "NoneType")


def test_a_file_that_is_not_there(office, detached, tmp_path):
    with pytest.raises(FileError) as caught:
        vnedoc.verify(detached, office.policy, resolver={URI: tmp_path / "khong-co"})
    assert caught.value.code == "VND-IO-001"


def test_nothing_stays_nothing():
    assert contents_of(None) is None
    assert contents_of({})(URI) is None


# --- a detached signature without its data (EN 319 102-1, table 6) ---------------------------------


@pytest.mark.parametrize("resolver", [None, {}])
def test_a_detached_signature_without_its_data_is_undecided(office, detached, resolver):
    report = vnedoc.verify(detached, office.policy, resolver=resolver)
    assert report.kind is FileKind.XML
    assert (report.conclusion, report.sub_indication) == (
        Conclusion.INDETERMINATE,
        SubIndication.SIGNED_DATA_NOT_FOUND,
    )
    assert "VND-DSIG-053" in {one.code for one in report.all_findings()}


def test_in_another_document_such_a_signature_still_fails(office, detached):
    around = b"<a>" + detached.partition(b"?>")[2].strip() + b"</a>"
    report = vnedoc.verify(around, office.policy)
    assert (report.conclusion, report.sub_indication) == (
        Conclusion.FAILED,
        SubIndication.SIGNED_DATA_NOT_FOUND,
    )
    assert "VND-DSIG-010" in {one.code for one in report.all_findings()}


# --- which signature -------------------------------------------------------------------------------


def test_a_report_says_the_id(office, two):
    signatures = vnedoc.verify(two, office.policy).signatures
    assert [one.id for one in signatures] == ["signature-1", "signature-2"]
    assert all(f'Id="{one.xml_id}"'.encode() in two for one in signatures)
    pdf = vnedoc.verify(office.signed_pdf(), office.policy)
    assert [one.xml_id for one in pdf.signatures] == [None]


@pytest.mark.parametrize("by", ["id", "xml_id"])
@pytest.mark.parametrize("number", [0, 1])
def test_raise_one_of_several_by_either_name(office, tsa, two, number, by):
    name = getattr(vnedoc.verify(two, office.policy).signatures[number], by)
    raised = vnedoc.augment(two, office.policy, level="B-T", timestamper=tsa, signature_id=name)
    levels = [one.level.value for one in vnedoc.verify(raised, office.policy).signatures]
    assert levels == ["B-T", "B-B"][:: -1 if number else 1]


@pytest.mark.parametrize("by", ["id", "xml_id"])
def test_counter_sign_one_of_several_by_either_name(office, two, by):
    second = vnedoc.verify(two, office.policy).signatures[1]
    signed = counter_sign_xml(
        Wire.from_bytes(two), office.signer, signature_id=getattr(second, by), signing_time=AT
    ).read()
    counter = signed.partition(b"CounterSignature")[0]
    assert counter.rfind(second.xml_id.encode()) > 0
    assert counter.count(b"</SignatureValue>") == 2


@pytest.mark.parametrize("name", [None, "signature-3", "signature-01", "khong-co"])
def test_the_ids_that_there_are_are_listed(office, tsa, two, name):
    ids = [one.xml_id for one in vnedoc.verify(two, office.policy).signatures]
    with pytest.raises(SigningError) as caught:
        vnedoc.augment(two, office.policy, level="B-T", timestamper=tsa, signature_id=name)
    assert (caught.value.code, caught.value.facts["ids"]) == ("VND-SIGN-080", ids)
    assert all(one in str(caught.value) for one in ids)
    if name is not None:
        with pytest.raises(SigningError) as caught:
            counter_sign_xml(Wire.from_bytes(two), office.signer, signature_id=name, signing_time=AT)
        assert (caught.value.code, caught.value.facts["ids"]) == ("VND-SIGN-053", ids)


def test_an_id_that_looks_like_another_signature_is_ambiguous(office, tsa, two):
    """The writer of a document must not choose which signature a name of the report means."""
    first = vnedoc.verify(two, office.policy).signatures[0].xml_id.encode()
    data = two.replace(b'Id="' + first, b'Id="signature-2', 1)
    for door in (
        lambda: vnedoc.augment(data, office.policy, level="B-T", timestamper=tsa, signature_id="signature-2"),
        lambda: counter_sign_xml(
            Wire.from_bytes(data), office.signer, signature_id="signature-2", signing_time=AT
        ),
    ):
        with pytest.raises(SigningError) as caught:
            door()
        assert caught.value.facts["count"] == 2
