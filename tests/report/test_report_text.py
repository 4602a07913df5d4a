import datetime as dt
from html.parser import HTMLParser

import lxml.etree
import pytest

from vnedoc.errors import FileError, InputError
from vnedoc.model import (
    VIETNAM,
    Conclusion,
    Covered,
    FileKind,
    Finding,
    Level,
    Report,
    SignatureFormat,
    SignatureReport,
    SignerIdentity,
    SignerRole,
    SubIndication,
    TimeSource,
)
from vnedoc.report import (
    AttachmentRow,
    Checked,
    Inspected,
    PresentSignature,
    Unreadable,
    check_to_text,
    explain,
    findings_to_text,
    inspect_to_text,
    plain,
    render_error,
    render_finding,
    to_html,
    to_text,
)

AT = dt.datetime(2026, 11, 22, 1, 2, 3, tzinfo=dt.UTC)
GONE = Unreadable("gone.pdf", FileError("VND-IO-001", "cannot read", facts={"reason": "no such file"}))


def signature(**changes):
    values = {
        "id": "s1",
        "where": "document",
        "conclusion": Conclusion.PASSED,
        "signer": SignerIdentity(
            subject="CN=Nguyễn Văn An\\, Chánh Văn phòng,O=Sở mẫu,C=VN",
            issuer="CN=CA mẫu",
            serial="0a1b",
            role=SignerRole.PERSON,
            organ_id="G22.1",
        ),
        "signing_time": AT,
        "time_source": TimeSource.CLAIMED,
        "level": Level.B_B,
        "format": SignatureFormat.PADES,
        "covers": (Covered("revision 1", "ByteRange [0 1 2 3]", 1234, "sha256:" + "00" * 32),),
    }
    return SignatureReport(**{**values, **changes})


def report(**changes):
    values = {
        "kind": FileKind.PDF,
        "conclusion": Conclusion.PASSED,
        "signatures": (signature(),),
        "file": "công văn.pdf",
        "digest": "sha256:" + "11" * 32,
        "size": 4321,
        "policy": "strict",
        "checked_at": AT,
    }
    return Report(**{**values, **changes})


FAILED = report(
    conclusion=Conclusion.FAILED,
    sub_indication=SubIndication.HASH_FAILURE,
    signatures=(
        signature(
            where="attachment:a@b",
            conclusion=Conclusion.FAILED,
            sub_indication=SubIndication.HASH_FAILURE,
            findings=(
                Finding.error("VND-IO-003", "Sig1", expected="<script>alert('{x}')</script>\u202e\x07"),
            ),
        ),
    ),
    findings=(Finding.error("VND-IO-001", reason="& < > \" '"), Finding.error("VND-IO-001", reason="again")),
)
UNSIGNED = report(
    conclusion=Conclusion.INDETERMINATE, sub_indication=SubIndication.NO_SIGNATURE, signatures=(), file=None
)
BARE = Report(
    kind=FileKind.XML,
    conclusion=Conclusion.INDETERMINATE,
    sub_indication=SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
    signatures=(
        SignatureReport(
            id="s",
            where="somewhere else",
            conclusion=Conclusion.INDETERMINATE,
            sub_indication=SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
            signing_time=AT,
        ),
    ),
)
EVERY = [report(), FAILED, UNSIGNED, BARE, GONE]


def test_vietnamese_times_are_local_and_english_ones_iso():
    assert "22/11/2026 08:02:03 +07:00" in to_text([report()], "vi")
    assert "2026-11-22 01:02:03+00:00" in to_text([report()], "en")


def test_the_last_hour_of_the_calendar_is_printed_as_it_is():
    never = dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
    assert "31/12/9999 23:59:59 +00:00" in to_text([report(checked_at=never)], "vi")
    first = dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=14)))
    assert "01/01/0001 00:00:00 +14:00" in to_text([report(checked_at=first)], "vi")


def test_times_in_facts_follow_the_language():
    found = Finding.warning("VND-POL-001", seen="2026-11-22T01:02:03Z")
    assert "22/11/2026 08:02:03 +07:00" in render_finding(found, "vi").seen
    assert "2026-11-22 01:02:03+00:00" in render_finding(found, "en").seen
    assert (
        "2026-99-22T01:02:03Z"
        in render_finding(Finding.warning("VND-POL-001", seen="2026-99-22T01:02:03Z")).seen
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "none"),
        ("", "none"),
        ([], "none"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (1 << 300, hex(1 << 300)),
        (["a", 1, None], "a, 1, none"),
        ({"k": ["v"]}, "k: v"),
        ("{seen} {0.__class__}", "{seen} {0.__class__}"),
        ("a\nb\x1b[0m\u202e\ufeff\U000e0041", "a\\u000ab\\u001b[0m\\u202e\\ufeff\\U000e0041"),
        ("x" * 700, "x" * 600 + "…"),
        ([[[[[[[[[["deep"]]]]]]]]]], "…"),
        (1.5, "1.5"),
    ],
)
def test_a_fact_is_data(value, shown):
    assert render_finding(Finding.info("VND-POL-001", seen=value)).seen == f"The time {shown} has no zone."


def test_a_missing_fact_is_unknown():
    assert render_finding(Finding.info("VND-POL-001"), "vi").seen == "Thời điểm không rõ không kèm múi giờ."


def test_a_code_without_words_shows_its_facts():
    text = render_finding(Finding.info("VND-NONE-999", seen="x"))
    assert "VND-NONE-999" in text.seen
    assert "seen: x" in text.seen
    assert text.next
    assert render_finding(Finding.info("nonsense\x00/../words")).next == text.next


def test_an_error_without_words_keeps_its_own():
    text = render_error(FileError("VND-NONE-999", "what\x00", hint="do this"), "vi")
    assert (text.seen, text.next) == ("what\\u0000", "do this")
    assert render_error(FileError("VND-NONE-999", "what"), "vi").next


def test_explain():
    assert "<reason>" in explain("VND-IO-001", "vi").seen
    with pytest.raises(InputError) as caught:
        explain("VND-NONE-999")
    assert caught.value.code == "VND-VER-011"
    for lang in ("VI", "vi_VN", ""):
        with pytest.raises(InputError) as caught:
            explain("VND-IO-001", lang)
        assert caught.value.code == "VND-VER-010"


@pytest.mark.parametrize("render", [render_finding, render_error])
def test_rendering_refuses_an_unknown_language(render):
    with pytest.raises(InputError) as caught:
        render(GONE.error, "fr")
    assert caught.value.code == "VND-VER-010"


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("CN=Nguyễn Văn An\\, Chánh Văn phòng,O=Sở", "“Nguyễn Văn An, Chánh Văn phòng”"),
        ("O=Sở,CN=A\\C3\\A1b", "“Aáb”"),
        ("OU=x+CN=y", "“y”"),
        ("O=no name", "“O=no name”"),
        ("CN=\\ff", "“\ufffd”"),
    ],
)
def test_a_signer_is_called_by_the_common_name(subject, name):
    signer = SignerIdentity(subject=subject, issuer="CN=x", serial="1")
    assert name in to_text([report(signatures=(signature(signer=signer),))])


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_only_a_proven_name_stands_alone(lang):
    mark = {"vi": "chưa được xác minh", "en": "not proven"}[lang]
    for render in (to_text, to_html):
        assert mark not in render([report()], lang).replace("claimed by the signer, not proven", "")
        assert mark in render([FAILED], lang)


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_text_says_verdict_reason_signer_and_remedy(lang):
    text = to_text(EVERY, lang)
    for part in (
        "HASH_FAILURE",
        "NO_SIGNATURE",
        "Nguyễn Văn An",
        "VND-IO-003",
        "a@b",
        "1234",
        "G22.1",
        "0a1b",
        "gone.pdf",
    ):
        assert part in text
    assert to_text([], lang) == "\n"
    assert findings_to_text([], lang) == ""
    assert findings_to_text(FAILED.findings, lang).count("VND-IO-001") == 2


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_page_is_well_formed_and_alone(lang):
    page = to_html(EVERY, lang)
    root = lxml.etree.fromstring(page.split("\n", 1)[1].encode("utf-8"))
    assert root.tag == "html"
    assert len(root.findall(".//article")) == len(EVERY)
    tags = Tags()
    tags.feed(page)
    assert not {tag for tag, _ in tags.seen} & {
        "script",
        "img",
        "link",
        "iframe",
        "object",
        "form",
        "a",
        "base",
    }
    names = {name for _, values in tags.seen for name in values}
    assert not [name for name in names if name.startswith("on") or name in ("style", "src", "href")]
    assert "&lt;script&gt;" in page
    assert "\\u202e" in page


def test_the_policy_of_the_page_names_its_only_style():
    import base64
    import hashlib

    page = to_html([report()])
    style = page.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in page


def test_the_page_lists_each_remedy_once():
    page = to_html([FAILED])
    todo = page.split("<ol class='todo'>")[1].split("</ol>")[0]
    assert todo.count("<li>") == 2


def test_indeterminate_is_explained_each_time():
    for render in (to_text, to_html):
        assert "Not wrong" in render([UNSIGNED], "en")
        assert "Không phải là sai" in render([UNSIGNED], "vi")


def test_vietnam_is_seven_hours_ahead():
    assert VIETNAM.utcoffset(None) == dt.timedelta(hours=7)


def test_check_in_words():
    rows = [
        Checked(file="a\x1b", kind=FileKind.EDXML, findings=FAILED.findings),
        GONE,
        Checked(file="b", kind=FileKind.XML),
    ]
    text = check_to_text(rows)
    assert "a\\u001b" in text
    assert text.count("VND-IO-001") == 3
    assert "b: XML file. No findings." in text


def test_inspect_in_words():
    row = Inspected(
        file="a.edxml",
        kind=FileKind.EDXML,
        size=10,
        digest="sha256:" + "00" * 32,
        message={"subject": "Về việc\u202e", "empty": [], "attachments": [1], "sender": {"name": "Sở"}},
        attachments=(
            AttachmentRow(
                content_id="1@x", name="a\x00.pdf", actual_type="application/pdf", octets=4, packed=True
            ),
            AttachmentRow(content_id="2@x", name="b"),
        ),
        signatures_present=(PresentSignature("envelope", "XAdES"),),
        findings=FAILED.findings,
        error=GONE.error,
    )
    text = inspect_to_text([row, GONE, Inspected(file="c", kind=FileKind.UNKNOWN)], "vi")
    for part in ("Về việc\\u202e", "Sở", "a\\u0000.pdf", "application/pdf, zip, 4 byte", "XAdES", "phong bì"):
        assert part in text
    assert "empty" not in text
    assert text.count("VND-IO-001") == 4


def test_plain_shows_what_is_hidden():
    assert plain("a\u200bb\tc\u0301") == "a\\u200bb\\u0009ć"
