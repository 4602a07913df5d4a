"""A public list of one province with old codes and new ones: the rule of thumb beside the table."""

import datetime as dt

import pytest

from vnedoc.directory import FileDirectory
from vnedoc.model import VIETNAM, Agency, OrganId
from vnedoc.xml import parse

pytestmark = pytest.mark.corpus
NAMESPACE = "{http://www.e-doc.vn/Schema/}"


@pytest.fixture(scope="module")
def organizations(corpus):
    root = parse((corpus / "samples" / "edxml" / "ngtheanh1910__data.xml").read_bytes()).root
    return [
        {child.tag.removeprefix(NAMESPACE): (child.text or "").strip() for child in one}
        for one in root.iter(f"{NAMESPACE}Organization")
    ]


def test_the_rule_of_thumb_fits_every_row_with_a_new_code(organizations):
    rows = {one["OrganId"]: one["domain_new"] for one in organizations if "domain_new" in one}
    assert (len(organizations), len(rows)) == (16, 14)
    guessed = {old: OrganId(old).guess_2020().organ_id.value for old in rows}
    assert guessed == rows


def test_two_rows_have_no_new_code_so_the_directory_only_guesses(organizations, tmp_path):
    modified = dt.datetime(2026, 11, 2, tzinfo=VIETNAM)
    directory = FileDirectory.create(
        tmp_path / "axis.jsonl",
        [
            Agency(
                organ_id=OrganId(one["domain_new"], (one["OrganId"],))
                if "domain_new" in one
                else OrganId(one["OrganId"]),
                name=one["OrganName"],
                modified=modified,
            )
            for one in organizations
        ],
    )
    answers = {one["OrganId"]: directory.convert(OrganId(one["OrganId"]), "2020") for one in organizations}
    assert [old for old, answer in answers.items() if not answer.certain] == [
        "000.00.34.H36",
        "000.00.35.H36",
    ]
    for one in organizations:
        (found,) = directory.named(one["OrganName"].upper())
        assert one["OrganId"] in (found.organ_id.value, *found.organ_id.aliases)
        assert found.organ_id.level_1 == "H36"
