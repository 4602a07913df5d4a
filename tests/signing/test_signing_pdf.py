"""PAdES signatures in one step and in two; what they look like, and which files refuse them."""

import asyncio
import base64
import datetime as dt
import io
import json
import logging
import re

import attrs
import pytest
from asn1crypto import cms
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec, append_signature_field
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore
from signing_builders import AT, credential, pki, plain_pdf, plain_wire

from vnedoc.errors import DecodeError, InputError, KeyUnavailable, SigningError, StateMismatch
from vnedoc.model import PDF_TYPE, Blob, SignatureAlgorithm, Wire
from vnedoc.signing import (
    KeySigner,
    PublicIdentity,
    SigningState,
    complete_pdf,
    prepare_pdf,
    prepare_xml,
    sign_pdf,
)


def signed(wire=None, kind="rsa2048", **options):
    options.setdefault("signing_time", AT)
    return sign_pdf(wire or plain_wire(), credential(kind).signer(), **options)


def rewritten(octets: bytes, change=None, *, stream_xrefs: bool = True) -> Wire:
    """Give the file as another program would write it."""
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(octets)))
    writer.stream_xrefs = stream_xrefs
    if change is not None:
        change(writer)
    out = io.BytesIO()
    writer.write(out)
    return Wire.from_bytes(out.getvalue(), PDF_TYPE)


def embedded(wire):
    return PdfFileReader(io.BytesIO(wire.read())).embedded_signatures


def is_valid(one) -> bool:
    from asn1crypto import x509

    context = ValidationContext(
        trust_roots=[x509.Certificate.load(pki().root.der)], moment=AT + dt.timedelta(hours=1)
    )
    return validate_pdf_signature(one, context).bottom_line


@pytest.mark.parametrize("kind", ["rsa2048", "p256", "p384", "p521"])
def test_another_engine_accepts_it(kind):
    (one,) = embedded(signed(kind=kind))
    assert is_valid(one)


def test_another_engine_accepts_pss():
    owner = credential()
    signer = KeySigner.from_key(
        owner.key, owner.der, owner.chain, algorithm=SignatureAlgorithm.RSA_PSS_SHA256
    )
    (one,) = embedded(sign_pdf(plain_wire(), signer, signing_time=AT))
    assert one.signer_info["signature_algorithm"]["algorithm"].native == "rsassa_pss"
    assert is_valid(one)


def test_the_first_signature_stays_valid_when_others_sign():
    wire = plain_wire()
    for kind in ("rsa2048", "p256", "rsa2048"):
        before = wire.read()
        wire = signed(wire, kind)
        assert wire.read().startswith(before)
    found = embedded(wire)
    assert [one.field_name for one in found] == ["Signature1", "Signature2", "Signature3"]
    assert all(is_valid(one) for one in found)


def test_attributes_are_those_of_a_baseline_signature():
    """EN 319 142-1 clause 6.3: content-type, message-digest, signing-certificate-v2, no signing-time."""
    wire = signed(reason="Ký ban hành", location="Hà Nội")
    (one,) = embedded(wire)
    assert [attribute["type"].native for attribute in one.signer_info["signed_attrs"]] == [
        "content_type",
        "message_digest",
        "signing_certificate_v2",
    ]
    attributes = one.signer_info["signed_attrs"].untag()
    assert attributes.dump() == cms.CMSAttributes(attributes.native and list(attributes)).dump()
    raw = [attribute.dump() for attribute in attributes]
    assert raw == sorted(raw)
    assert one.signed_data["version"].native == "v1"
    assert one.signed_data["encap_content_info"]["content_type"].native == "data"
    carried = [certificate.dump() for certificate in one.signed_data["certificates"]]
    assert sorted(carried) == sorted([credential().der, *credential().chain])
    assert one.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert one.sig_object["/M"] == "D:20260601083000+07'00'"
    assert (one.sig_object["/Reason"], one.sig_object["/Location"]) == ("Ký ban hành", "Hà Nội")
    assert "/ContactInfo" not in one.sig_object
    assert one.self_reported_timestamp == AT


def test_rsa_fills_its_room_exactly():
    octets = signed().read()
    gap = re.search(rb"/Contents <([0-9a-f]+)>", octets)[1]
    info = cms.ContentInfo.load(bytes.fromhex(gap.decode()), strict=True)
    assert len(info.dump()) * 2 == len(gap)


def test_the_same_input_gives_the_same_file():
    assert signed().digest == signed().digest
    assert signed().digest != signed(signing_time=AT + dt.timedelta(seconds=1)).digest


def test_the_digest_of_the_result_is_that_of_its_octets():
    for kind in ("rsa2048", "p384"):
        wire = signed(kind=kind)
        assert wire.digest == Wire.from_bytes(wire.read()).digest
        assert (wire.content_type, wire.size) == (PDF_TYPE, len(wire.read()))


def test_now_is_in_vietnam_time():
    wire = sign_pdf(plain_wire(), credential().signer())
    (one,) = embedded(wire)
    assert str(one.sig_object["/M"]).endswith("+07'00'")


def test_a_time_without_zone_is_refused():
    with pytest.raises(InputError) as caught:
        signed(signing_time=dt.datetime(2026, 6, 1))  # noqa: DTZ001 - the point
    assert caught.value.code == "VND-SIGN-026"


@pytest.mark.parametrize("last", [b"%%EOF", b"%%EOF\n", b"%%EOF\r\n"])
def test_the_new_revision_starts_on_a_line_of_its_own(last):
    wire = plain_wire(last=last)
    octets = signed(wire).read()
    assert octets.startswith(wire.read())
    assert octets[wire.size - 1 : wire.size + 1][:1] in b"F\n"
    assert re.search(rb"%%EOF\r?\n\d+ 0 obj", octets)


@pytest.mark.parametrize("version", ["1.4", "1.7", "2.0"])
def test_versions_and_the_extension_entry(version):
    wire = signed(signed(plain_wire(version=version)), "p256")
    reader = PdfFileReader(io.BytesIO(wire.read()))
    assert ("/Extensions" in reader.root) is (version != "2.0")
    assert reader.input_version >= (1, 7)
    assert all(is_valid(one) for one in reader.embedded_signatures)


def test_cross_reference_streams():
    wire = signed(signed(rewritten(plain_pdf())), "p256")
    reader = PdfFileReader(io.BytesIO(wire.read()))
    assert reader.has_xref_stream
    assert all(is_valid(one) for one in reader.embedded_signatures)


def test_files_with_hybrid_references_as_word_writes_them():
    wire = signed(Wire.from_bytes(hybrid_pdf()))
    reader = PdfFileReader(io.BytesIO(wire.read()), strict=False)
    assert reader.xrefs.hybrid_xrefs_present
    assert b"/XRefStm" not in wire.read()[len(hybrid_pdf()) :]
    (one,) = reader.embedded_signatures
    assert one.compute_digest()


def hybrid_pdf() -> bytes:
    octets = plain_pdf()
    body, rest = octets.split(b"xref\n", 1)
    at = len(body)
    entry = b"\x00" + bytes(4)
    stream = b"5 0 obj\n<< /Type /XRef /Size 6 /W [1 4 0] /Index [0 1] /Root 1 0 R /Length 5 >>\n"
    stream += b"stream\n" + entry + b"\nendstream\nendobj\n"
    table = b"xref\n" + rest.split(b"trailer")[0]
    trailer = b"trailer\n<< /Size 6 /Root 1 0 R /XRefStm %d >>\nstartxref\n%d\n%%%%EOF\n"
    return body + stream + table + trailer % (at, at + len(stream))


# --- fields ---------------------------------------------------------------------------------------


def with_field(name: str = "Chu_ky", **more) -> Wire:
    out = io.BytesIO(plain_pdf())
    writer = IncrementalPdfFileWriter(out)
    append_signature_field(writer, SigFieldSpec(sig_field_name=name, **more))
    writer.write_in_place()
    return Wire.from_bytes(out.getvalue())


def test_an_empty_field_takes_the_signature():
    wire = signed(with_field(), field="Chu_ky")
    assert [one.field_name for one in embedded(wire)] == ["Chu_ky"]
    assert is_valid(embedded(wire)[0])


def test_an_empty_field_is_left_alone_unless_named():
    wire = signed(with_field("Signature1"))
    assert [one.field_name for one in embedded(wire)] == ["Signature2"]


def test_a_new_field_gets_the_name_that_was_asked_for():
    assert [one.field_name for one in embedded(signed(field="Lanh_dao"))] == ["Lanh_dao"]


@pytest.mark.parametrize("field", ["Signature1", ""])
def test_a_field_that_cannot_take_it(field):
    with pytest.raises(SigningError) as caught:
        signed(signed(), field=field)
    assert caught.value.code == "VND-SIGN-025"
    assert caught.value.facts == {"field": field}


# --- files that are refused -----------------------------------------------------------------------

LOOP = plain_pdf().replace(b"/Kids [3 0 R]", b"/Kids [2 0 R]")


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"", "VND-SIGN-020"),
        (b"GIF89a" + plain_pdf(), "VND-SIGN-020"),
        (b"<xml/>", "VND-SIGN-020"),
        (b"%PDF-1.7\n", "VND-SIGN-021"),
        (plain_pdf()[:-30], "VND-SIGN-021"),
        (plain_pdf()[:200], "VND-SIGN-021"),
        (plain_pdf().replace(b"/Root 1 0 R", b"/Root 9 0 R"), "VND-SIGN-021"),
        (LOOP, "VND-SIGN-021"),
        (plain_pdf(catalog=b"/AcroForm << /Fields 7 >>"), "VND-SIGN-021"),
    ],
)
def test_what_is_no_sound_pdf(octets, code):
    with pytest.raises(DecodeError) as caught:
        signed(Wire.from_bytes(octets))
    assert caught.value.code == code
    assert caught.value.hint


def certified(permission: MDPPerm) -> Wire:
    from asn1crypto import keys, x509
    from pyhanko.sign import signers

    owner = credential()
    private = owner.key.private_bytes(*_DER_KEY)
    signer = signers.SimpleSigner(
        signing_cert=x509.Certificate.load(owner.der),
        signing_key=keys.PrivateKeyInfo.load(private),
        cert_registry=SimpleCertificateStore(),
    )
    meta = signers.PdfSignatureMetadata(field_name="Tac_gia", certify=True, docmdp_permissions=permission)
    out = signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(plain_pdf())), meta, signer=signer)
    return Wire.from_bytes(out.getvalue())


def _der_key():
    from cryptography.hazmat.primitives import serialization as form

    return form.Encoding.DER, form.PrivateFormat.PKCS8, form.NoEncryption()


_DER_KEY = _der_key()


def test_certified_against_any_change():
    with pytest.raises(SigningError) as caught:
        signed(certified(MDPPerm.NO_CHANGES))
    assert caught.value.code == "VND-SIGN-023"


def test_certified_but_open_for_signatures():
    assert len(embedded(signed(certified(MDPPerm.FILL_FORMS)))) == 2


def test_a_field_lock_that_allows_no_change():
    wire = signed(
        with_field(field_mdp_spec=FieldMDPSpec(FieldMDPAction.ALL), doc_mdp_update_value=MDPPerm.NO_CHANGES),
        field="Chu_ky",
    )
    with pytest.raises(SigningError) as caught:
        signed(wire)
    assert caught.value.code == "VND-SIGN-023"


@pytest.mark.parametrize("user", ["", "mo"])
def test_encrypted_files(user):
    wire = rewritten(plain_pdf(), lambda writer: writer.encrypt("chu", user, pdf_mac=False))
    done = signed(wire, password=user.encode() or None)
    reader = PdfFileReader(io.BytesIO(done.read()))
    reader.decrypt(user)
    (one,) = reader.embedded_signatures
    assert is_valid(one)


@pytest.mark.parametrize("password", [None, b"sai"])
def test_encrypted_files_that_stay_shut(password):
    wire = rewritten(plain_pdf(), lambda writer: writer.encrypt("chu", "mo", pdf_mac=False))
    with pytest.raises(SigningError) as caught:
        signed(wire, password=password)
    assert caught.value.code == "VND-SIGN-022"
    assert caught.value.facts == {"given": password is not None}
    assert "sai" not in str(caught.value)


def test_encryption_with_a_mac_would_break():
    wire = rewritten(plain_pdf(), lambda writer: writer.encrypt("chu", "", pdf_mac=True))
    with pytest.raises(SigningError) as caught:
        signed(wire)
    assert caught.value.code == "VND-SIGN-024"


# --- two steps ------------------------------------------------------------------------------------


def identity(kind="rsa2048") -> PublicIdentity:
    signer = credential(kind).signer()
    return PublicIdentity(certificate=signer.certificate, chain=signer.chain, algorithm=signer.algorithm)


@pytest.mark.parametrize("kind", ["rsa2048", "p384"])
def test_two_steps_with_a_json_text_between_them(kind):
    wire, signer = plain_wire(), credential(kind).signer()
    prepared = prepare_pdf(wire, identity(kind), signing_time=AT, reason="Duyệt")
    text = prepared.state.to_json()
    value = signer.sign(prepared.to_be_signed)
    directly = complete_pdf(wire, prepared.state, value)
    later = complete_pdf(wire, SigningState.from_json(text), value)
    assert later.read() == directly.read()
    assert is_valid(embedded(later)[0])
    if kind == "rsa2048":  # its values are always the same
        assert later.digest == signed(wire, reason="Duyệt").digest


def test_the_state_holds_no_octet_of_the_document():
    state = json.loads(prepare_pdf(plain_wire(), identity(), signing_time=AT).state.to_json())
    assert (state["schema"], state["format"]) == ("vnedoc-signing-state/1", "pdf")
    new = base64.b64decode(state["parts"]["increment"])
    assert b"/ByteRange" in new
    assert b"0 0 m 0 l" not in new  # the content of the page


def test_another_document_is_refused():
    prepared = prepare_pdf(plain_wire(), identity(), signing_time=AT)
    value = credential().signer().sign(prepared.to_be_signed)
    with pytest.raises(StateMismatch) as caught:
        complete_pdf(plain_wire(version="1.6"), prepared.state, value)
    assert caught.value.code == "VND-SIGN-010"


@pytest.mark.parametrize("value", [b"", b"\x00" * 256, b"short"])
def test_another_value_is_refused(value):
    prepared = prepare_pdf(plain_wire(), identity(), signing_time=AT)
    with pytest.raises(StateMismatch) as caught:
        complete_pdf(plain_wire(), prepared.state, value)
    assert caught.value.code == "VND-SIGN-013"


def _without(parts, *names):
    return {name: value for name, value in parts.items() if name not in names}


@pytest.mark.parametrize(
    "change",
    [
        lambda state: {"format": "xml"},
        lambda state: {"parts": {}},
        lambda state: {"parts": _without(state.parts, "increment")},
        lambda state: {"parts": {**state.parts, "increment": "%%%"}},
        lambda state: {"parts": {**state.parts, "contents_start": "x"}},
        lambda state: {"parts": {**state.parts, "contents_start": "1"}},
        lambda state: {"parts": {**state.parts, "contents_end": "99999999"}},
        lambda state: {"parts": {**state.parts, "contents_end": str(int(state.parts["contents_end"]) - 1)}},
        lambda state: {"to_be_signed": b"something else"},
    ],
)
def test_a_state_that_was_altered_is_refused(change):
    state = prepare_pdf(plain_wire(), identity(), signing_time=AT).state
    altered = attrs.evolve(state, **change(state))
    value = credential().signer().sign(altered.to_be_signed)
    with pytest.raises(StateMismatch) as caught:
        complete_pdf(plain_wire(), altered, value)
    assert caught.value.code == "VND-SIGN-014"


def test_a_longer_value_than_the_room_is_refused():
    state = prepare_pdf(plain_wire(), identity(), signing_time=AT).state
    longer = attrs.evolve(state, chain=state.chain * 4)
    with pytest.raises(StateMismatch) as caught:
        complete_pdf(plain_wire(), longer, credential().signer().sign(longer.to_be_signed))
    assert caught.value.code == "VND-SIGN-014"


def test_an_identity_whose_algorithm_does_not_fit():
    wrong = attrs.evolve(identity(), algorithm=SignatureAlgorithm.ECDSA_SHA256)
    with pytest.raises(KeyUnavailable) as caught:
        prepare_pdf(plain_wire(), wrong, signing_time=AT)
    assert caught.value.code == "VND-SIGN-007"


def test_an_xml_state_is_not_for_pdf():
    wire = Wire.from_bytes(b"<a></a>")
    state = prepare_xml(wire, identity(), signing_time=AT).state
    with pytest.raises(StateMismatch) as caught:
        complete_pdf(wire, state, b"")
    assert caught.value.code == "VND-SIGN-014"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"schema": "vnedoc-signing-state/2"}',
        '{"schema": "vnedoc-signing-state/1"}',
        "[" * 100000,
        b"\xff",
    ],
)
def test_what_is_no_state(text):
    with pytest.raises(DecodeError) as caught:
        SigningState.from_json(text)
    assert caught.value.code == "VND-SIGN-011"


# --- surroundings ---------------------------------------------------------------------------------


def test_it_works_inside_a_running_loop():
    async def inside():
        return signed()

    assert is_valid(embedded(asyncio.run(inside()))[0])


def test_our_calls_log_nothing_and_other_calls_still_do(caplog):
    damaged = plain_pdf().replace(b"startxref\n", b"startxref ")
    with caplog.at_level(logging.DEBUG):
        signed(Wire.from_bytes(damaged))
        assert not [one for one in caplog.records if one.name.startswith("pyhanko")]
        PdfFileReader(io.BytesIO(damaged))
        assert [one for one in caplog.records if one.name.startswith("pyhanko")]


def test_files_on_disk(tmp_path):
    path = tmp_path / "văn bản.pdf"
    path.write_bytes(plain_pdf())
    wire = Wire(Blob.from_file(path), PDF_TYPE)
    assert signed(wire).digest == signed().digest
    assert path.read_bytes() == plain_pdf()


def test_names_with_diacritics_in_the_field():
    wire = signed(field="Chữ ký")
    assert [str(one.field_name) for one in embedded(wire)] == ["Chữ ký"]
    assert isinstance(embedded(wire)[0].sig_field["/T"], generic.TextStringObject)
