"""What hostile documents may cost: bounds name themselves, and nothing takes more than 5 s and 256 MB."""

import subprocess
import sys
from pathlib import Path

import attrs
import pytest
from dsig_attacks import Doors, nothing_opened
from dsig_floods import FLOODS, flood_of, part, signature
from dsig_samples import ENVELOPED, reference

from vnedoc.conformance import FakePki
from vnedoc.model import Conclusion, Limits, SubIndication
from vnedoc.xml import C14N, EXC_C14N

FORMAT = SubIndication.FORMAT_FAILURE
PROGRAM = Path(__file__).resolve().parents[1] / "builders/dsig_floods.py"
pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def doors():
    return Doors(FakePki.create(key="p256").policy())


def limits_named(report):
    every = [*report.findings, *(each for one in report.signatures for each in one.findings)]
    return {one.facts["limit"] for one in every if one.code in ("VND-DSIG-002", "VND-XML-010")}


def nested(levels):
    return f"<Object>{'<a>' * levels}{'</a>' * levels}</Object>"


EVERYTHING = "".join(reference("URI=''", (ENVELOPED, one)) for one in (C14N, EXC_C14N))
TOO_MANY = "<a " + " ".join(f'a{n}=""' for n in range(257)) + "/>"
COUNTED = {
    "transforms": lambda: flood_of(signature(reference('URI=""', (ENVELOPED, *[EXC_C14N] * 6)))),
    "references": lambda: flood_of(signature(part("body") * 21)),
    "certificates": lambda: flood_of(
        signature(
            part("body"),
            key_info="<KeyInfo><X509Data>"
            + "<X509Certificate>AAAA</X509Certificate>" * 51
            + "</X509Data></KeyInfo>",
        )
    ),
    "signatures": lambda: flood_of(signature(part("body")) * 51),
    "depth": lambda: flood_of(signature(part("body"), objects=nested(5000))),
    "nodes": lambda: flood_of(signature(part("body"), objects="<Object/>" * 200_001)),
    "text_bytes": lambda: flood_of(signature(part("đ" * 600_000))),
    "attributes": lambda: flood_of(signature(part("body")), TOO_MANY),
    "canonical_steps": FLOODS["nested, inclusive"],
    "digest_bytes": lambda: flood_of(signature(EVERYTHING) * 8, f"<a>{'đ' * 500_000}</a>"),
}
"""One flood for each bound, with the bound's name."""


@pytest.mark.parametrize("limit", COUNTED)
def test_each_bound_names_itself(doors, limit):
    bounds = Limits(digest_bytes=4_000_000) if limit == "digest_bytes" else Limits()
    report = doors.verify(COUNTED[limit](), attrs.evolve(doors.policy, limits=bounds))
    assert report.conclusion is Conclusion.FAILED
    assert limits_named(report) == {limit}


def test_one_identifier_in_many_places_is_not_listed_to_the_last(doors):
    """To name a place its siblings are counted: of tens of thousands that took a minute."""
    with nothing_opened():
        report = doors.verify(FLOODS["one Id many times"]())
    found = [one for one in report.signatures[0].findings if one.code == "VND-DSIG-013"]
    assert found
    assert all(1 < len(one.facts["places"]) <= 20 for one in found)


def test_many_attributes_are_refused_before_there_is_a_tree(doors):
    report = doors.failed(FLOODS["attributes"](), FORMAT, "VND-XML-010")
    assert limits_named(report) == {"attributes"}
    # what stands in texts are no attributes
    text = flood_of(signature(part("body")), f"<a>{'=x ' * 340_000}</a>" * 3)
    assert limits_named(doors.verify(text)) == set()


@pytest.mark.slow
@pytest.mark.parametrize("name", FLOODS)
def test_no_flood_costs_more_than_it_may(name):
    """In a process of its own, for its peak never falls; ru_maxrss is in KiB on Linux alone."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM), name], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    seconds, kibibytes, conclusion, *codes = done.stdout.rstrip("\n").split("\t")
    assert conclusion == "FAILED"
    assert codes
    assert float(seconds) <= 5
    assert int(kibibytes) <= 256 * 1024
