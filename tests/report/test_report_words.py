"""Texts that say something else for some facts, and facts that the code chose, in words of the language."""

import ast
import datetime as dt
import re
from pathlib import Path

import pytest
from level_builders import AT, CONTENT, raised, signed

import vnedoc
from vnedoc.cli import main
from vnedoc.conformance import FakePki, FakeTsa
from vnedoc.errors import ConfigError, SigningError
from vnedoc.model import Finding, Wire
from vnedoc.report import codes, explain, render_error, render_finding
from vnedoc.report._catalogue import LANGUAGES, entry, placeholders, value_word
from vnedoc.signing import augment_xml, sign_xml
from vnedoc.trust import RevocationStore

SOURCE = Path(vnedoc.__file__).parent
# English that no Vietnamese sentence has, outside of names, options and Python.
ENGLISH = re.compile(
    r"\b(the|is|are|it|its|was|were|of|for|with|without|that|which|this|needs?|takes|missing|example|given|give"
    r"|not|nothing|none|and|or|has|have|no|authority|anchors?|certificates?|signatures?|revoked|rejection"
    r"|waiting|address|proof|token|answer)\b",
    re.IGNORECASE,
)
CASES = [(code, case) for code in codes() for case in entry(code).cases]
URI = "http://uri.etsi.org/01903/v1.2.2#ProofOf"
CHANGED = [
    *(
        ("VND-SIGN-086", {"name": name, "seen": None, "needs": "something"})
        for name in ("level", "timestamper", "trust", "revocation")
    ),
    ("VND-SIGN-080", {"id": None, "count": 0, "ids": []}),
    ("VND-SIGN-080", {"id": "x", "count": 2, "ids": ["a1", "a2"]}),
    ("VND-SIGN-053", {"id": "x", "count": 0, "ids": ["a1"]}),
    ("VND-SIGN-053", {"id": "x", "count": 2, "ids": ["a1"]}),
    ("VND-SIGN-051", {"uri": "#x", "count": 0}),
    ("VND-SIGN-051", {"uri": "#x", "count": 2}),
    ("VND-SIGN-041", {"place": "/a/b"}),
    ("VND-SIGN-054", {"place": "/a/b", "cause": "it is no XAdES signature"}),
    ("VND-SIGN-081", {"cause": "VND-DSIG-014, VND-DSIG-015"}),
    ("VND-SIGN-084", {"cause": "it is not for the imprint that was sent"}),
    ("VND-SIGN-083", {"certificates": ["CN=An"], "cause": "VND-TRUST-046: VND-TRUST-032; VND-TRUST-010: x"}),
    ("VND-SIGN-083", {"certificates": ["CN=An"], "cause": "VND-NET-003: this address is not on it"}),
    ("VND-NET-003", {"url": "http://ca.example/x", "host": "ca.example:80"}),
    ("VND-NET-004", {"url": "http://b.example", "host": "b", "address": "::1", "network": "loopback"}),
    ("VND-DSIG-010", {"uri": "cong-van.pdf"}),
    ("VND-DSIG-053", {"uri": None}),
    ("VND-SIG-102", {"covers": ['URI="#x"']}),
    ("VND-SIG-104", {"stamp": "signature", "time": "x", "reason": "REVOKED", "codes": ["VND-TRUST-030"]}),
    ("VND-XML-004", {"offset": 3}),
    ("VND-DSIG-080", {"policy": "urn:x"}),
    ("VND-DSIG-083", {"commitments": [URI + "Approval"], "roles": [], "place": []}),
    ("VND-TRUST-061", {"status": "rejection", "failure": "unacceptedPolicy", "text": ""}),
    ("VND-TRUST-061", {"status": "waiting", "failure": "none", "text": "x"}),
    ("VND-TRUST-062", {"differs": ["imprint", "nonce"]}),
]


NO_LANGUAGE = re.compile(
    r"<[a-z_]+>|\b[a-z]+\.example\S*|--[a-z-]+|[\w.]+\(.*\)|\w+=\S*|https?:\S+|\b[A-Z_]{4,}\b|VND-\S+"
)


def bare(text):
    """Leave out what belongs to no language: options, what Python reads, addresses, codes."""
    return NO_LANGUAGE.sub(" ", text)


@pytest.mark.parametrize(("code", "case"), CASES)
def test_a_case_is_whole(code, case):
    assert case.fact in entry(code).facts
    for lang in LANGUAGES:
        usual, told = entry(code).texts[lang], case.texts[lang]
        assert told != usual
        for part in (told.checked, told.seen, told.next):
            assert placeholders(part) <= set(entry(code).facts)
        assert entry(code).text({case.fact: case.value}, lang) == told
        assert entry(code).text({}, lang) == usual


@pytest.mark.parametrize(("code", "facts"), CHANGED)
def test_each_language_keeps_to_itself(code, facts):
    assert set(facts) <= set(entry(code).facts)
    for text in (render_finding(Finding.error(code, **facts), "vi"), explain(code, "vi")):
        for sentence in (text.checked, text.seen, text.next):
            assert not ENGLISH.search(bare(sentence)), sentence
    english = render_finding(Finding.error(code, **facts), "en")
    assert not re.search("[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", english.seen + english.next)
    assert english.seen[0].isupper() or english.seen.startswith("b leads")


@pytest.mark.parametrize(
    ("level", "more", "option"),
    [
        ("B-X", {}, "--level"),
        ("B-T", {"timestamper": None}, "--tsa"),
        ("B-LT", {"trust": None}, "--trust"),
        ("B-LT", {"revocation": None}, "--allow"),
    ],
)
def test_what_raising_needs_is_named_with_its_option(level, more, option):
    with pytest.raises(ConfigError) as caught:
        raised(signed(), level, **more)
    assert caught.value.code == "VND-SIGN-086"
    for lang in LANGUAGES:
        assert option in render_error(caught.value, lang).next
    vietnamese = render_error(caught.value, "vi")
    assert not ENGLISH.search(bare(vietnamese.seen + vietnamese.next))


def test_a_file_without_signature_is_told_so():
    with pytest.raises(SigningError) as caught:
        raised(Wire.from_bytes(b"<a/>"), "B-T")
    assert render_error(caught.value, "vi").seen.startswith("Tệp không có chữ ký XML nào để nâng mức")
    assert render_error(caught.value, "en").seen.startswith("The file has no XML signature")


def test_a_revoked_certificate_is_called_revoked():
    own = FakePki.create(at=AT, key="p256")
    bad = own.issue("Trần Văn Mẫu")
    own.revoke(bad, AT - dt.timedelta(days=1))
    wire = sign_xml(Wire.from_bytes(CONTENT), bad.signer(), signing_time=AT)
    with pytest.raises(SigningError) as caught:
        augment_xml(
            wire,
            "B-LT",
            timestamper=FakeTsa(own),
            trust=own.trust(),
            revocation=own.revocation(),
            at=AT,
        )
    assert "Trần Văn Mẫu đã bị thu hồi" in render_error(caught.value, "vi").seen
    assert "Trần Văn Mẫu was revoked" in render_error(caught.value, "en").seen


def test_what_data_is_missing_is_said_in_words():
    with pytest.raises(SigningError) as caught:
        raised(signed(), "B-LT", revocation=RevocationStore.from_der([]))
    assert caught.value.code == "VND-SIGN-083"
    assert "thiếu dữ liệu thu hồi (CRL hoặc OCSP) (VND-TRUST-032)" in render_error(caught.value, "vi").seen
    assert "--allow" in render_error(caught.value, "en").next


def literals_given_to(functions):
    """Give the literals that stand at a place among the arguments of these functions."""
    for path in (SOURCE / "signing").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if name in functions and isinstance(one := node.args[functions[name]], ast.Constant):
                yield one.value


def test_every_cause_that_signing_names_has_its_words():
    found = set(literals_given_to({"_cannot": 1, "_not_intact": 1, "unusable_stamp": 0}))
    assert "it is no XAdES signature" in found
    assert [one for one in sorted(found) if value_word("cause", one, "vi") is None] == []


def test_every_code_among_the_reasons_has_its_words():
    seen = render_finding(Finding.error("VND-SIG-107", time="x", codes=["VND-TRUST-013"]), "vi").seen
    assert "chứng thư số ngoài thời hạn hiệu lực (VND-TRUST-013)" in seen
    odd = render_finding(Finding.error("VND-SIG-107", time="x", codes=["VND-NONE-001", "x"]), "vi").seen
    assert "VND-NONE-001, x" in odd
    for lang in LANGUAGES:
        shown = render_finding(Finding.error("VND-SIGN-081", cause="see VND-DSIG-014"), lang).seen
        assert "see VND-DSIG-014" in shown


@pytest.mark.parametrize("asked", ["hash_failure", "B-LTA", "PASSED"])
def test_the_command_explains_words_of_the_standard(asked, capsys):
    assert main(["explain", asked]) == 0
    out = capsys.readouterr().out
    assert explain(asked.upper(), "vi").seen in out
    assert explain(asked.upper(), "en").seen in out
