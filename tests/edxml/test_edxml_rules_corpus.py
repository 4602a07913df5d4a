"""What the rules say about the public samples: nothing that they do legitimately is an error."""

import pytest
from edxml_making import decode

from vnedoc.edxml import check, locate
from vnedoc.errors import DecodeError
from vnedoc.model import Severity, StatusMessage

pytestmark = pytest.mark.corpus

# Made by test programs: a number of 14 digits, and a message that holds next to nothing.
ERRORS = {
    "PVN-Organization__1da394ba-2117-4354-a23f-6ec3e47ba81b.edxml": ["code.number"],
    "PVN-Organization__b6e1f29d-cdc9-4fa7-8391-442e8566f14e.edxml": ["code.number"],
    "PVN-Organization__bb5d2f68-bbce-49da-aa9a-2197cabec3bf.edxml": ["code.number"],
    "PVN-Organization__bdb98a62-a2be-4c25-9075-8dcdbcdb1402.edxml": ["code.number"],
    "PVN-Organization__test_user_edxml.xml": ["code.number", "code.notation", "date"],
}


def readable(corpus):
    """Give each sample that can be read: name, octets, message, findings of its reading."""
    for path in sorted((corpus / "samples" / "edxml").iterdir()):
        data = path.read_bytes()
        try:
            decoded = decode(data)
        except DecodeError:
            continue
        yield path.name, data, decoded.message, decoded.findings


def test_only_what_test_programs_wrote_has_errors(corpus):
    seen = {
        name: [one.location for one in check(message) if one.severity is Severity.ERROR]
        for name, _, message, _ in readable(corpus)
    }
    assert len(seen) == 20
    assert {name: places for name, places in seen.items() if places} == ERRORS


def test_statuses_break_no_rule(corpus):
    statuses = [message for _, _, message, _ in readable(corpus) if isinstance(message, StatusMessage)]
    assert len(statuses) == 7
    assert all(check(one) == () for one in statuses)


def test_every_finding_has_its_line(corpus):
    for name, data, message, findings in readable(corpus):
        for one in locate((*findings, *check(message)), data, message):
            assert one.facts["line"] > 1, (name, one)
            assert one.facts["column"] >= 1


@pytest.mark.parametrize(
    ("name", "rule", "line"),
    [
        ("852e179c-8eca-4502-ac38-0b97321f29c3", "T.Text.NFC", 43),
        ("852e179c-8eca-4502-ac38-0b97321f29c3", "M.MessageHeader.To.OrganId.Sender", 17),
        ("874e0f18-90dc-45fb-989a-65401470ba84", "N.TraceHeaderList.TraceHeader.OrganId", 59),
        ("874e0f18-90dc-45fb-989a-65401470ba84", "T.MessageHeader.Code.CodeNumber", 24),
    ],
)
def test_what_is_wrong_is_found_where_it_stands(corpus, name, rule, line):
    data = (corpus / "samples" / "edxml" / f"PVN-Organization__{name}.edxml").read_bytes()
    message = decode(data).message
    found = [one for one in locate(check(message), data, message) if one.facts["rule"] == rule]
    assert found[0].facts["line"] == line
