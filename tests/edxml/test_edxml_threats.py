"""The threat catalogue, case by case, through the doors that programs use.

A01 to A23 are attacks on XML parsing, H01 to H12 on attachments. Each case is octets of an edXML message and
what must come of it: a refusal with its code, or a message with its finding.
"""

import base64
import codecs
import datetime as dt
import gzip
import random
from collections.abc import Callable

import attrs
import pytest
from edxml_making import (
    FROM,
    PDF,
    TO,
    attachment,
    carrying,
    decode,
    document,
    encode,
    full_envelope,
    reference,
    zip_of,
)
from lxml import etree

import vnedoc
from vnedoc.conformance import FakePki
from vnedoc.edxml import Decoded, check, read_file, safe_name
from vnedoc.errors import DecodeError, InputError, LimitExceeded
from vnedoc.model import Conclusion, Limits, SubIndication
from vnedoc.xml import C14N, canonicalize, parse

AT = dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)
XML_LIMIT, DOCTYPE, MALFORMED = "VND-XML-010", "VND-XML-002", "VND-XML-001"
pytestmark = pytest.mark.timeout(30)


@attrs.frozen(kw_only=True)
class Case:
    """Octets and what must come of them.

    Attributes:
        data: Makes the octets.
        refused: Code of the refusal, ``None`` when the message is read.
        limit: The limit that the refusal names.
        finds: A code among the findings of reading and of the rules.
        limits: Other limits than the default.
        holds: A further condition on what was read.
    """

    data: Callable[[], bytes]
    refused: str | None = None
    limit: str | None = None
    finds: str | None = None
    limits: dict[str, int] = attrs.field(factory=dict)
    holds: Callable[[Decoded], bool] = lambda _: True


def plain(header: str = "", **more: str) -> bytes:
    return document(FROM + TO + header, **more)


def with_doctype(subset: str, header: str = "") -> Case:
    """Put a document type before a message that is otherwise sound."""
    return Case(
        data=lambda: plain(header).replace(b"?>\n", f"?>\n<!DOCTYPE edXML {subset}>\n".encode(), 1),
        refused=DOCTYPE,
    )


def subject(text: str) -> str:
    return f"<edXML:Subject>{text}</edXML:Subject>"


def entities(*pairs: tuple[str, str], percent: str = "") -> str:
    return "[" + "".join(f'<!ENTITY {percent}{name} "{value}">' for name, value in pairs) + "]"


def nested(levels: int, mark: str) -> list[tuple[str, str]]:
    return [("e0", "lol"), *((f"e{n}", f"{mark}e{n - 1};" * 10) for n in range(1, levels + 1))]


def inserted(octets: bytes) -> bytes:
    """Put octets in the middle of a text."""
    return plain(subject("a@b")).replace(b"@", octets)


def named(name: str) -> Case:
    """A file name that is no name."""
    quoted = name.replace("&", "&amp;").replace("\x00", "")
    return Case(
        data=lambda: carrying(PDF, quoted), finds="VND-EDX-115", holds=lambda read: is_safe(read, name)
    )


def is_safe(decoded: Decoded, name: str) -> bool:
    (one,) = decoded.message.attachments
    made = safe_name(name)
    return one.name in {name, name.strip()} and not set(made) & set('/\\:\x00"%~') and made.isprintable()


def packed_content(data: bytes, content: bytes, **more: object) -> Case:
    """A carried file that unpacks, or stays as it is, to *content*."""
    return Case(
        data=lambda: carrying(data, "a.bin", "x/y"),
        holds=lambda read: read.message.attachments[0].blob.read() == content,
        **more,
    )


def unknown_base64(text: str) -> Case:
    return Case(data=lambda: carrying(b"ABC").replace(b">QUJD<", f">{text}<".encode()), refused="VND-EDX-044")


def overlapping() -> bytes:
    """Two lines of the directory for one entry (the idea of the non-recursive bombs)."""
    one = zip_of({"a": PDF * 9})
    at = one.index(b"PK\x01\x02")
    line, end = one[at : one.index(b"PK\x05\x06")], bytearray(one[one.index(b"PK\x05\x06") :])
    end[8:10] = end[10:12] = b"\x02\x00"
    end[12:16] = (2 * len(line)).to_bytes(4, "little")
    return one[:at] + line * 2 + bytes(end)


def lying(offset: int, value: bytes) -> bytes:
    """Change what the directory says of the only entry."""
    good = bytearray(zip_of({"a": PDF * 9}))
    at = good.rindex(b"PK\x01\x02") + offset
    good[at : at + len(value)] = value
    return bytes(good)


def two(**more: str) -> dict[str, str]:
    return {
        "references": reference("1") + reference("2", "b.pdf"),
        "attachments": attachment("1") + attachment("2", name="b.pdf"),
        **more,
    }


def linked(href: str) -> Case:
    """A manifest line that points outside the message."""
    more = f' xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="{href}"'
    return Case(
        data=lambda: document(references=reference(more=more), attachments=attachment()),
        finds="VND-EDX-050",
        holds=lambda read: read.message.attachments[0].blob.read() == PDF,
    )


def document_zip(name: str) -> bytes:
    return zip_of({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"", name: b"macro"})


def is_stable(decoded: Decoded) -> bool:
    """Writing and reading again changes nothing, octets included."""
    once = encode(decoded.message)
    return decode(once).message == decoded.message and encode(decode(once).message) == once


XI = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
DS_OBJECT = (
    '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><Object>'
    + "<a>" * 5000
    + "</a>" * 5000
    + "</Object></Signature>"
)

CASES: dict[str, list[Case]] = {
    "A01": [with_doctype('[<!ENTITY e SYSTEM "file:///etc/passwd">]', subject("&e;"))],
    "A02": [with_doctype('[<!ENTITY e SYSTEM "http://127.0.0.1:9/x">]', subject("&e;"))],
    "A03": [with_doctype('[<!ENTITY % e SYSTEM "http://127.0.0.1:9/x"> %e;]')],
    "A04": [with_doctype('SYSTEM "http://127.0.0.1:9/x.dtd"'), with_doctype('PUBLIC "-//x" "file:///x.dtd"')],
    "A05": [with_doctype('[<!ENTITY e SYSTEM "//127.0.0.1/share/x">]', subject("&e;"))],
    "A06": [with_doctype(entities(*nested(10, "&")), subject("&e10;"))],
    "A07": [with_doctype(entities(("e", "x" * 60_000)), subject("&e;" * 4000))],
    "A08": [with_doctype(entities(*nested(10, "%"), percent="% ").replace("]", "%e10;]"))],
    "A09": [with_doctype(entities(("a", "&b;"), ("b", "&a;")), subject("&a;"))],
    "A10": [with_doctype("[<!ELEMENT edXML ANY>]"), with_doctype("")],
    "A11": [with_doctype('[<!ATTLIST edXMLHeader Id ID "body-1">]')],
    "A12": [
        Case(
            data=lambda: (
                with_doctype('[<!ENTITY dv "Z99">]').data().replace(b"000.00.01.Z99", b"000.00.01.&dv;")
            ),
            refused=DOCTYPE,
        ),
        Case(data=lambda: plain(subject("&dv;")), refused=MALFORMED),
    ],
    "A13": [
        Case(
            data=lambda: plain(XI),
            finds="VND-EDX-024",
            holds=lambda read: b"root:" not in encode(read.message) and is_stable(read),
        ),
        Case(data=lambda: plain(subject(XI)), refused="VND-XML-031"),
    ],
    "A14": [
        Case(data=lambda: plain("<a>" * 50_000 + "</a>" * 50_000), refused=XML_LIMIT, limit="depth"),
        Case(data=lambda: plain(after_header=DS_OBJECT), refused=XML_LIMIT, limit="depth"),
    ],
    "A15": [
        Case(
            data=lambda: plain("<x " + " ".join(f'a{n}=""' for n in range(60_000)) + "/>"),
            refused=XML_LIMIT,
            limit="attributes",
        )
    ],
    "A16": [
        Case(
            data=lambda: plain(
                "<x " + " ".join(f'xmlns:p{n}="u:{n}"' for n in range(20_000)) + ">" + "<b/>" * 1000 + "</x>"
            ),
            refused=XML_LIMIT,
            limit="attributes",
        )
    ],
    "A17": [
        Case(data=lambda: plain(subject("Ngày " * 2_000_000)), refused=XML_LIMIT, limit="text_bytes"),
        Case(data=lambda: plain(f'<x y="{"!" * 11_000_000}"/>'), refused=XML_LIMIT, limit="text_bytes"),
        Case(data=lambda: plain(f"<{'n' * 11_000_000}/>"), refused=MALFORMED),
    ],
    "A18": [
        Case(data=lambda: plain("<a/>" * 500_000), refused=XML_LIMIT, limit="nodes"),
        Case(data=lambda: plain("<!--x-->" * 300_000), refused=XML_LIMIT, limit="nodes"),
        Case(data=lambda: plain("<?x?>" * 300_000), refused=XML_LIMIT, limit="nodes"),
    ],
    "A19": [
        Case(data=lambda: b"+/v8-" + plain(), refused="VND-EDX-001"),
        Case(data=lambda: plain().decode().encode("utf-16"), refused="VND-XML-003"),
        Case(data=lambda: plain().replace(b"UTF-8", b"UTF-16"), refused="VND-XML-003"),
        Case(data=lambda: plain().replace(b"UTF-8", b"UTF-7"), refused="VND-XML-003"),
        Case(data=lambda: inserted(b"\xc0\xaf"), refused="VND-XML-003"),
        Case(data=lambda: inserted(b"\xed\xa0\x80"), refused="VND-XML-003"),
        Case(data=lambda: inserted(b"\x00"), refused="VND-XML-004"),
        Case(data=lambda: codecs.BOM_UTF8 + plain(subject("x")), holds=is_stable),
    ],
    "A20": [
        Case(data=lambda: plain(subject("x"))[:-3], refused=MALFORMED),
        Case(data=lambda: plain() + b"<edXML/>", refused=MALFORMED),
        Case(data=lambda: plain() + b"trailing", refused=MALFORMED),
        Case(data=lambda: plain('<x a="1" a="2"/>'), refused=MALFORMED),
        Case(data=lambda: plain(FROM.replace("</edXML:From>", "")), refused=MALFORMED),
    ],
    "A21": [
        # Two readers could take two senders out of these.
        Case(data=lambda: plain().replace(b".Z99<", b".<!-- -->Z99<"), refused="VND-XML-031"),
        Case(data=lambda: plain().replace(b".Z99<", b".<?x?>Z99<"), refused="VND-XML-031"),
        Case(data=lambda: plain(FROM.replace("Z99", "Z98")), finds="VND-EDX-022", holds=is_stable),
        Case(data=lambda: plain().replace(b"Z99", b"<![CDATA[Z9]]>9"), holds=is_stable),
    ],
    "A22": [
        Case(data=lambda: plain(subject("a&#13;&#10;b&amp;lt;c ]]&gt; \u2028 \U0001f4dc")), holds=is_stable),
        Case(
            data=lambda: plain('<p:x xmlns:p="urn:p" p:y="&#9;&quot;"><q xmlns=""/></p:x>'), holds=is_stable
        ),
    ],
    "A23": [
        Case(data=lambda: plain(subject("Ngày " * 6_000_000)), refused=XML_LIMIT, limit="tree_bytes"),
        Case(  # files do not count: they are not in the tree
            data=lambda: carrying(PDF + bytes(300_000) + b"%%EOF"),
            limits={"tree_bytes": 100_000},
            holds=lambda read: read.message.attachments[0].blob.size == len(PDF) + 300_005,
        ),
    ],
    "H01": [
        named(one)
        for one in (
            "../../etc/cron.d/x.pdf",
            "..\\..\\x.pdf",
            "/etc/passwd",
            "C:\\a.pdf",
            "~root/x.pdf",
            "%2e%2e%2fx.pdf",
            "x.pdf.",
            "CON",
            "a.pdf:stream",
        )
    ],
    "H02": [
        *(named(one) for one in ("hợp\u202efdp.exe", "a\u200b.pdf", "ề".join("ab") * 200 + ".pdf")),
        Case(
            data=lambda: document(
                references=reference("1", "Đề án.pdf") + reference("2", "Đề án.pdf"),
                attachments=attachment("1", name="Đề án.pdf") + attachment("2", name="Đề án.pdf"),
            ),
            holds=lambda read: (
                safe_name(read.message.attachments[1].name, [read.message.attachments[0].name])
                == "Đề án (2).pdf"
            ),
        ),
    ],
    "H03": [
        Case(data=lambda: carrying(PDF, "x.pdf.exe"), finds="VND-EDX-058"),
        Case(data=lambda: carrying(b"MZ\x90", "x.pdf"), finds="VND-EDX-047"),
        Case(data=lambda: carrying(b"MZ\x90", "x.pdf"), finds="VND-EDX-058"),
    ],
    "H04": [
        Case(
            data=lambda: carrying(zip_of({"a": bytes(3_000_000)})), refused="VND-EDX-015", limit="zip_ratio"
        ),
        packed_content(zip_of({"b": zip_of({"c": PDF})}), zip_of({"c": PDF})),
        packed_content(overlapping(), overlapping(), finds="VND-EDX-046"),
        packed_content(zip_of({"a": b"1", "b": b"2"}), zip_of({"a": b"1", "b": b"2"}), finds="VND-EDX-046"),
    ],
    "H05": [
        *(unknown_base64(one) for one in ("QUJ", "QUJD=", "QU=JD", "QU-_", "QU*JD", "====", "QR==", "QQ=")),
        Case(
            data=lambda: carrying(b"ABC").replace(b">QUJD<", b">" + b" \n" * 100_000 + b"QUJD<"),
            holds=lambda read: read.message.attachments[0].blob.read() == b"ABC",
        ),
    ],
    "H06": [
        packed_content(lying(offset, value), lying(offset, value), finds="VND-EDX-051")
        for offset, value in (
            (24, b"\x01\x00\x00\x00"),
            (24, b"\xff\xff\xff\xff"),
            (24, b"\xff\xff\xff\x7f"),
            (24, b"\x00\x00\x00\x00"),
            (20, b"\xff\xff\xff\xff"),
            (20, b"\x01\x00\x00\x00"),
        )
    ],
    "H07": [
        Case(data=lambda: document(**two(attachments=attachment("1"))), finds="VND-EDX-040"),
        Case(data=lambda: document(**two(references=reference("1"))), finds="VND-EDX-041"),
        Case(data=lambda: document(**two(references=reference("1") * 2)), finds="VND-EDX-042"),
        Case(data=lambda: document(**two(attachments=attachment("1") * 2)), finds="VND-EDX-042"),
    ],
    "H08": [
        Case(
            data=lambda: document(**two()),
            refused="VND-EDX-015",
            limit=limit,
            limits={limit: enough - 1},
        )
        for limit, enough in (
            ("attachments", 2),
            ("attachment_bytes", len(PDF)),
            ("total_bytes", 2 * len(PDF)),
        )
    ],
    "H09": [
        # Without a seal the message says nothing about who attached what; see the tests below.
        Case(data=lambda: encode(full_envelope()), holds=is_stable),
    ],
    "H10": [
        Case(
            data=lambda: carrying(PDF[:-6] + b"<html><script>x()</script>%%EOF", "a.pdf"), finds="VND-EDX-057"
        ),
        Case(data=lambda: carrying(PDF + zip_of({"x": b"1"}), "a.pdf"), finds="VND-EDX-057"),
        packed_content(document_zip("x"), document_zip("x")),
        Case(data=lambda: carrying(document_zip("word/vbaProject.bin"), "a.docx"), finds="VND-EDX-058"),
        Case(data=lambda: carrying(document_zip("x"), "a.docm"), finds="VND-EDX-058"),
    ],
    "H11": [
        linked(href) for href in ("file:///etc/passwd", "http://127.0.0.1:9/x", "//127.0.0.1/x", "a.pdf")
    ],
    "H12": [
        packed_content(gzip.compress(bytes(5_000_000), mtime=0), gzip.compress(bytes(5_000_000), mtime=0)),
        Case(data=lambda: carrying(gzip.compress(PDF, mtime=0), "a.pdf"), finds="VND-EDX-047"),
    ],
}
ROWS = [
    pytest.param(case, id=f"{threat}-{number}")
    for threat, cases in CASES.items()
    for number, case in enumerate(cases, 1)
]


def test_every_threat_of_the_two_rooms_has_its_case():
    wanted = [f"A{n:02}" for n in range(1, 24)] + [f"H{n:02}" for n in range(1, 13)]
    assert list(CASES) == wanted
    assert all(CASES.values())


@pytest.mark.parametrize("case", ROWS)
def test_decode(case):
    """Refused with its code, or read with its finding, and never anything between."""
    data = case.data()
    if case.refused is None:
        decoded = decode(data, **case.limits)
        found = {one.code for one in (*decoded.findings, *check(decoded.message))}
        assert case.finds is None or case.finds in found
        assert case.holds(decoded)
        return
    with pytest.raises(InputError) as caught:
        decode(data, **case.limits)
    assert caught.value.code == case.refused
    assert isinstance(caught.value, LimitExceeded if case.limit else DecodeError)
    assert case.limit is None or caught.value.facts["limit"] == case.limit
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize("case", [row for row in ROWS if row.values[0].refused == DOCTYPE])
def test_a_document_type_never_reaches_the_parser(case, monkeypatch):
    monkeypatch.setattr(etree, "fromstring", lambda *_: pytest.fail("the parser saw it"))
    for mode in ("strict", "lenient"):
        with pytest.raises(DecodeError) as caught:
            decode(case.data(), mode=mode)
        assert caught.value.code == DOCTYPE


@pytest.fixture(scope="module")
def pki():
    return FakePki.create(at=AT)


@pytest.mark.parametrize("case", ROWS)
def test_verify_and_check_say_it_too(case, pki):
    """No exception from the doors that take any file, and never PASSED."""
    data = case.data()
    report = vnedoc.verify(data, pki.policy(AT))
    assert report.conclusion is not Conclusion.PASSED
    findings = {one.code for one in report.findings}
    checked = {one.code for one in vnedoc.check(data, limits=Limits(**case.limits))}
    if case.refused in {
        DOCTYPE,
        MALFORMED,
        XML_LIMIT,
        "VND-XML-003",
        "VND-XML-004",
        "VND-XML-031",
        "VND-EDX-044",
    }:
        assert report.conclusion is Conclusion.FAILED
        assert case.refused in findings
        assert case.refused in checked
    if case.refused is not None:
        assert checked
    if case.finds is not None:
        assert case.finds in checked


def new_envelope() -> vnedoc.Envelope:
    return attrs.evolve(full_envelope(), business=None)


# --- what octets alone do not show ----------------------------------------------------------------


def test_a21_one_parse_for_everything(pki, monkeypatch):
    """Signature, header and attachments are read from one tree."""
    data = vnedoc.seal(new_envelope(), pki.issue("Sở Thử nghiệm A").signer()).read()
    parsed: list[int] = []
    real = etree.fromstring
    monkeypatch.setattr(etree, "fromstring", lambda *given: parsed.append(1) or real(*given))
    decode(data)
    assert len(parsed) <= 1
    parsed.clear()
    vnedoc.verify(data, pki.policy(AT))
    assert len(parsed) <= 1


@pytest.mark.parametrize("case", [row for row in ROWS if row.id and row.id.startswith("A22")])
def test_a22_serialising_does_not_change_what_is_signed(case):
    root = parse(case.data()).root
    again = parse(etree.tostring(root)).root
    assert canonicalize(again, C14N) == canonicalize(root, C14N)


def test_a23_the_tree_is_bounded_before_it_is_built(monkeypatch):
    monkeypatch.setattr(etree, "fromstring", lambda *_: pytest.fail("a tree was built"))
    with pytest.raises(LimitExceeded):
        decode(plain(subject("Ngày ")), tree_bytes=100)


def test_h01_a_name_with_nul_is_no_xml():
    with pytest.raises(DecodeError) as caught:
        decode(carrying(PDF, "a\x00.pdf"))
    assert caught.value.code == "VND-XML-004"


def test_h09_swapped_attachments_break_the_seal(pki):
    signer = pki.issue("Sở Thử nghiệm A").signer()
    contents = (b"Ph\xe1\xbb\xa5 l\xe1\xbb\xa5c A", b"Ph\xe1\xbb\xa5 l\xe1\xbb\xa5c B")
    texts = [base64.b64encode(one) for one in contents]
    sealed = []
    for content in contents:
        one = vnedoc.Attachment(name="a.txt", blob=content, content_id="1")
        message = attrs.evolve(new_envelope(), attachments=(one,))
        sealed.append(vnedoc.seal(message, signer, signing_time=AT).read())
    for data, mine, theirs in ((sealed[0], *texts), (sealed[1], *reversed(texts))):
        assert vnedoc.verify(data, pki.policy(AT)).conclusion is Conclusion.PASSED
        assert data.count(mine) == 1
        report = vnedoc.verify(data.replace(mine, theirs), pki.policy(AT))
        assert (report.conclusion, report.sub_indication) == (Conclusion.FAILED, SubIndication.HASH_FAILURE)


def test_h09_signed_files_do_not_seal_the_message(pki):
    report = vnedoc.verify(encode(new_envelope()), pki.policy(AT))
    assert report.conclusion is not Conclusion.PASSED
    assert "VND-FLOW-010" in {one.code for one in report.findings}


@pytest.mark.parametrize("case", ROWS)
def test_a_file_that_is_streamed_gives_the_same(case, tmp_path, monkeypatch):
    """Two ways to read must not be two readers (A21): what is refused as a tree is refused as a stream."""
    data = case.data()
    path = tmp_path / "a.edxml"
    path.write_bytes(data)
    limits = Limits(**case.limits)

    def outcome() -> object:
        try:
            read = read_file(path, limits=limits).decoded
        except InputError as error:
            return error.code
        return read.message, [(one.code, one.location, dict(one.facts)) for one in read.findings]

    whole = outcome()
    monkeypatch.setattr("vnedoc.edxml._stream.STREAMED_FROM", 0)
    assert outcome() == whole
    assert case.refused is None or whole == case.refused


def test_a_large_message_of_2014_is_read_leniently_too(tmp_path):
    file = vnedoc.Attachment(name="a.txt", blob=random.Random(1).randbytes(1_500_000), content_id="1")
    message = attrs.evolve(full_envelope(), business=None, other=None, attachments=(file,))
    path = tmp_path / "a.edxml"
    path.write_bytes(encode(message, "2014").replace(b"20/11/2026", b"2026-11-20"))
    for mode in ("strict", "lenient"):
        assert decode(path.read_bytes(), mode=mode).dialect == "2014"
        assert read_file(path, mode=mode).decoded.dialect == "2014"
