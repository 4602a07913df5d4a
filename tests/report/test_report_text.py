import datetime as dt
import errno
import os
from html.parser import HTMLParser

import attrs
import lxml.etree
import pytest

from vnedoc.errors import FileError, InputError
from vnedoc.model import (
    VIETNAM,
    Acceptance,
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
    to_json,
    to_text,
)
from vnedoc.report._catalogue import has_word, value_word, word
from vnedoc.report._coverage import node_text
from vnedoc.report._render import readable_name
from vnedoc.report._verdict import finding_key, verdict_of

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


def test_every_time_is_in_the_hour_of_vietnam():
    for render in (to_text, to_html):
        assert "22/11/2026 08:02:03 +07:00" in render([report()], "vi")
        assert "2026-11-22 08:02:03 +07:00" in render([report()], "en")
        assert "+00:00" not in render([report()], "en")


def test_the_last_hour_of_the_calendar_is_printed_as_it_is():
    never = dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
    assert "31/12/9999 23:59:59 +00:00" in to_text([report(checked_at=never)], "vi")
    first = dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=14)))
    assert "01/01/0001 00:00:00 +14:00" in to_text([report(checked_at=first)], "vi")


def test_times_in_facts_follow_the_language():
    found = Finding.warning("VND-POL-001", seen="2026-11-22T01:02:03Z")
    assert "22/11/2026 08:02:03 +07:00" in render_finding(found, "vi").seen
    assert "2026-11-22 08:02:03 +07:00" in render_finding(found, "en").seen
    assert (
        "2026-99-22T01:02:03Z"
        in render_finding(Finding.warning("VND-POL-001", seen="2026-99-22T01:02:03Z")).seen
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "none"),
        ("", '""'),
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


INDETERMINATES = [one for one in SubIndication if has_word("undecided", one.value)]


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_each_undecided_verdict_has_its_own_sentence(lang):
    verdicts = [
        verdict_of(report(conclusion=Conclusion.INDETERMINATE, sub_indication=one), lang)
        for one in INDETERMINATES
    ]
    assert len({one.meaning for one in verdicts}) == len({one.action for one in verdicts}) == len(verdicts)
    assert {one.key for one in verdicts} == {"INDETERMINATE"}
    for render in (to_text, to_html):
        shown = render([UNSIGNED], lang)
        assert word("undecided", "NO_SIGNATURE", lang) in shown
        assert word("meaning", "INDETERMINATE", lang) not in shown
    bare = verdict_of(report(conclusion=Conclusion.INDETERMINATE), lang)
    assert bare.meaning == word("meaning", "INDETERMINATE", lang)


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_pass_with_warnings_points_to_them(lang):
    note = Finding.warning("VND-FLOW-013")
    noted = report(findings=(note,))
    assert verdict_of(report(findings=(Finding.info("VND-FLOW-013"),)), lang).word == word(
        "conclusion", "PASSED", lang
    )
    assert verdict_of(noted, lang).word == word("conclusion", "PASSED_NOTES", lang)
    assert verdict_of(noted, lang).meaning == word("meaning", "PASSED_NOTES", lang)
    assert verdict_of(noted, lang).key == "PASSED"
    assert render_finding(note, lang).next in to_html([noted], lang).split("<ol class='todo'>")[1]
    inside = report(signatures=(signature(findings=(note,)),))
    assert to_text([inside], lang).count(word("conclusion", "PASSED_NOTES", lang)) == 2


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("rule", list(Acceptance))
def test_only_a_seal_proves_the_header(rule, lang):
    said = verdict_of(report(kind=FileKind.EDXML, acceptance=rule), lang)
    proven = rule is Acceptance.SEALED
    assert said.meaning == word("meaning", "PASSED" if proven else "PASSED_ATTACHMENTS", lang)
    assert said.word == word("conclusion", "PASSED" if proven else "PASSED_NOTES", lang)


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_rules_of_the_verdict_are_shown(lang):
    shown = report(acceptance=Acceptance.SEALED, revocation="if-available", covers="element")
    for render in (to_text, to_html):
        for group, key in (("acceptance", "sealed"), ("revocation", "if-available"), ("coverage", "element")):
            assert word(group, key, lang) in render([shown], lang)
            assert word(group, key, lang) not in render([report()], lang)


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_file_that_was_not_read_may_have_signatures(lang):
    unread = report(conclusion=Conclusion.FAILED, sub_indication=SubIndication.FORMAT_FAILURE, signatures=())
    none, unknown = (word("label", one, lang) for one in ("no_signatures", "unread_signatures"))
    for render in (to_text, to_html):
        assert unknown in render([unread], lang)
        assert none not in render([unread], lang)
        assert none in render([UNSIGNED], lang)
    stopped = Inspected(file="c", kind=FileKind.PDF, findings=(Finding.error("VND-PDF-002", cause="x"),))
    assert unknown in inspect_to_text([stopped], lang)
    assert unknown in inspect_to_text([Inspected(file="c", kind=FileKind.XML, error=GONE.error)], lang)
    assert none in inspect_to_text([Inspected(file="c", kind=FileKind.PDF)], lang)


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_what_is_only_lacking_is_no_error(lang):
    lacks, wrong = Finding.error("VND-TRUST-032"), Finding.error("VND-TRUST-030")
    assert finding_key(lacks, Conclusion.INDETERMINATE) == "missing"
    assert finding_key(lacks, Conclusion.FAILED) == finding_key(lacks, None) == "error"
    assert finding_key(wrong, Conclusion.INDETERMINATE) == "error"
    assert finding_key(Finding.warning("VND-TRUST-032"), Conclusion.INDETERMINATE) == "warning"
    assert finding_key(Finding.error("VND-NONE-999"), Conclusion.INDETERMINATE) == "error"
    missing = report(
        conclusion=Conclusion.INDETERMINATE, sub_indication=SubIndication.TRY_LATER, findings=(lacks,)
    )
    assert f"[{word('severity', 'missing', lang)}] VND-TRUST-032" in to_text([missing], lang)
    assert "<li class='missing'>" in to_html([missing], lang)


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_broken_signature_has_no_level(lang):
    level = word("level", "B-B", lang)
    for render in (to_text, to_html):
        assert level in render([report()], lang)
        assert level not in render([FAILED], lang)


def test_a_revision_is_said_in_words_and_a_path_stays():
    assert node_text("revision 2 of 3", "en") == "revision 2 of 3"
    assert "2/3" in node_text("revision 2 of 3", "vi")
    assert node_text("/edXML\u202e", "vi") == "/edXML\\u202e"
    assert "revision 2 of 3" in to_json(
        [report(signatures=(signature(covers=(Covered("revision 2 of 3"),)),))]
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("CN=A,O=Sở mẫu,C=VN", "A, Sở mẫu"),
        ("O=x\\,CN=Fake,CN=Real", "Real, x,CN=Fake"),
        ("C=VN", "C=VN"),
        ("CN=,O=y", "y"),
        ("", ""),
    ],
)
def test_names_are_readable_and_not_forged_by_an_escaped_comma(name, shown):
    assert readable_name(name) == shown


def test_the_full_name_stands_in_small_print():
    page = to_html([report()])
    assert "<span class='full'>CN=Nguyễn Văn An\\, Chánh Văn phòng,O=Sở mẫu,C=VN</span>" in page
    assert page.count("class='full'") == 2


@pytest.mark.parametrize(
    ("cause", "end"),
    [("x", "“x”."), ("x.", "“x.”."), (None, "none."), ("", "“”."), ("not UTF-8", "“not UTF-8”.")],
)
def test_a_sentence_ends_before_the_next_begins(cause, end):
    assert render_finding(Finding.error("VND-EDX-060", line=1, column=1, cause=cause)).seen.endswith(end)


def test_a_stop_is_not_doubled():
    assert render_finding(Finding.error("VND-IO-001", reason="gone.")).seen.endswith("gone.")


def test_values_that_the_code_chose_are_in_the_language_and_data_is_not():
    def seen(code, lang="vi", **facts):
        return render_finding(Finding.error(code, **facts), lang).seen

    assert "No such file" not in seen("VND-IO-001", reason=os.strerror(errno.ENOENT))
    assert "a text" not in seen("VND-EDX-061", seen="1", expected="a text")
    assert "delta" in seen("VND-TRUST-034", subject="s", issuer="i", causes=["delta"], lang="en")
    assert "unspecified" not in seen(
        "VND-TRUST-030", subject="s", issuer="i", revoked_at="x", at="x", reason="unspecified"
    )
    assert "missing" in seen("VND-XML-003", encoding="missing", line=1, column=1)
    both = {seen("VND-POL-003", key="k", known=["a"], problem=one) for one in ("unknown", "value")}
    assert len(both) == 2


def test_a_name_in_a_sentence_is_readable_and_whole_in_the_facts():
    found = Finding.error("VND-TRUST-032", subject="CN=A,O=Sở,C=VN", issuer="H99.1")
    assert "A, Sở" in render_finding(found).seen
    assert "CN=" not in render_finding(found).seen
    assert "H99.1" in render_finding(found).seen
    assert found.facts["subject"] == "CN=A,O=Sở,C=VN"


def test_an_empty_uri_is_shown_as_such():
    for lang in ("vi", "en"):
        text = render_finding(Finding.error("VND-DSIG-014", uri="", node="/edXML"), lang)
        assert 'URI=""' in text.seen


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
        message={
            "message": "document",
            "subject": "Về việc\u202e",
            "to_places": [],
            "attachments": [1],
            "sender": {"name": "Sở", "fax": None},
            "code": {"number": "1", "notation": "QĐ"},
            "other": {"priority": "normal", "sphere": None, "pages": 2, "appendixes": ["a", "b"]},
            "business": {"reason": None},
            "receivers": [{"organ_id": "H1"}, {"organ_id": "H2"}],
        },
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
    for part in ("Về việc\\u202e", "Sở", "a\\u0000.pdf", "application/pdf, zip, 4 byte", "XAdES", "a, b"):
        assert part in text
    for absent in ("None", "{", "'", "document", "normal", word("label", "none", "vi"), "priority", "sender"):
        assert absent not in inspect_to_text([attrs.evolve(row, findings=(), error=None)], "vi")
    assert text.count(word("field", "receivers", "vi") + ":") == 2
    for name in ("to_places", "business"):
        assert word("field", name, "vi") + ":" not in text
    assert text.count("VND-IO-001") == 4


def test_inspect_of_a_status():
    row = Inspected(
        file="s",
        kind=FileKind.EDXML,
        message={"message": "status", "code": "03", "sender": {"organ_id": "H1"}},
    )
    assert f"{word('field', 'status', 'en')}: 03 (received)" in inspect_to_text([row], "en")


def test_plain_shows_what_is_hidden():
    assert plain("a\u200bb\tc\u0301") == "a\\u200bb\\u0009ć"


@pytest.mark.parametrize(
    "why", ["cut", "junk", "ampersand", "entity", "prefix", "tags", "less", "character", "twice"]
)
def test_what_is_not_well_formed_is_said_in_words(why):
    finding = Finding.error("VND-XML-001", line=3, column=4, cause="libxml2 says so", why=why)
    for lang in ("vi", "en"):
        seen = render_finding(finding, lang).seen
        assert value_word("why", why, lang) in seen
        assert "“libxml2 says so”" in seen


@pytest.mark.parametrize("code", ["VND-EDX-127", "VND-EDX-138", "VND-EDX-139"])
def test_advice_without_a_proposal_has_no_empty_clause(code):
    facts = {"seen": "x", "form": "f", "source": "s"}
    for lang in ("vi", "en"):
        empty = render_finding(Finding.info(code, better=None, **facts), lang).next
        assert word("label", "none", lang) not in empty.lower().split()
        assert "None" not in empty
        assert empty.endswith(".")
        whole = render_finding(Finding.info(code, better="TL. X", **facts), lang).next
        assert "TL. X" in whole


def test_days_and_times_are_written_as_the_reader_writes_them():
    vi = render_finding(
        Finding.error("VND-EDX-015", limit="2026-11-30", allowed="2026-11-30T01:00:00Z"), "vi"
    )
    assert "30/11/2026 = 30/11/2026 08:00:00 +07:00" in vi.seen
    odd = render_finding(Finding.error("VND-EDX-015", limit="2026-13-45", allowed="x 2026-11-30"), "vi")
    assert "2026-13-45 = x 2026-11-30" in odd.seen
    english = render_finding(Finding.error("VND-EDX-015", limit="2026-11-30", allowed=1), "en")
    assert "2026-11-30 = 1" in english.seen


@pytest.mark.parametrize("written", ["2026-11-30", "2026-11-30T08:00:00+07:00"])
def test_what_was_written_in_the_file_is_quoted_as_it_is(written):
    finding = Finding.error("VND-EDX-037", element="DueDate", seen=written, expected="x", better="2026/11/30")
    for lang in ("vi", "en"):
        assert f"“{written}”" in render_finding(finding, lang).seen


@pytest.mark.parametrize("code", ["VND-EDX-015", "VND-XML-010"])
def test_a_limit_says_how_to_raise_it(code):
    for lang in ("vi", "en"):
        advice = render_finding(Finding.error(code, limit="tree_bytes", allowed=1, seen=2), lang).next
        assert "--limit tree_bytes=" in advice
        assert "Limits(tree_bytes=…)" in advice
