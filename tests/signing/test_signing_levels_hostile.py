"""Signatures with time stamps from anybody: a value or a typed refusal, at a price that is bounded."""

import base64
import time
from contextlib import suppress

import attrs
import pytest
from dsig_samples import DS, EXC_C14N, TIME, cert_v2, forge_xades, qualifying
from hypothesis import given
from hypothesis import strategies as st
from level_builders import at_level, checks, person, policy, raised, report, tsa

from vnedoc.errors import VnedocError
from vnedoc.model import Conclusion, Level, Wire
from vnedoc.verification import verify_xml
from vnedoc.xml import C14N, parse

X141 = "http://uri.etsi.org/01903/v1.4.1#"
PIECES = st.sampled_from(
    [
        b"",
        b"<",
        b"&#0;",
        b"<x/>",
        b"<!--",
        b"</xades:EncapsulatedTimeStamp>",
        b"<xades:EncapsulatedTimeStamp/>",
        b" Id='sig'",
        b"xmlns:xades=''",
        b"=",
        b"\xff",
    ]
)


@given(st.data())
def test_whatever_stands_there(data):
    """Octets of a signature at B-LTA taken out, doubled or replaced: nothing is raised but what is typed."""
    octets = at_level("B-LTA").read()
    start = octets.index(b"<xades:QualifyingProperties")
    at = data.draw(st.integers(start, len(octets)))
    length = data.draw(st.integers(0, 200))
    more = data.draw(PIECES | st.just(octets[at : at + length]) | st.binary(max_size=20))
    changed = octets[:at] + more + octets[at + data.draw(st.integers(0, length)) :]
    try:
        found = checks(changed)
        verify_xml(parse(changed), policy())
    except VnedocError:
        return
    for stamp in (one for check in found for one in check.timestamps):
        with suppress(VnedocError):
            assert len(stamp.imprint("sha256")) == 32
    with suppress(VnedocError):
        raised(Wire.from_bytes(changed), "B-LTA")


def with_stamps(inside, count, *, methods=(EXC_C14N,), lists=False):
    """Forge a signature with many archive time stamps, each asking for another canonical form."""
    token = base64.b64encode(tsa().timestamp(bytes(32), "sha256")).decode()
    stamps = ""
    for number in range(count):
        listed = f'<e:InclusiveNamespaces xmlns:e="{EXC_C14N}" PrefixList="p{number}"/>' if lists else ""
        stamps += (
            f'<y:ArchiveTimeStamp xmlns:y="{X141}"><CanonicalizationMethod xmlns="{DS}" '
            f'Algorithm="{methods[number % len(methods)]}">{listed}</CanonicalizationMethod>'
            f"<EncapsulatedTimeStamp>{token}</EncapsulatedTimeStamp></y:ArchiveTimeStamp>"
        )
    unsigned = f"<UnsignedSignatureProperties>{inside}{stamps}</UnsignedSignatureProperties>"
    after = f"<UnsignedProperties>{unsigned}</UnsignedProperties>"
    objects = qualifying(TIME + cert_v2(person().der), after=after)
    return forge_xades(person(), objects)


@pytest.mark.parametrize(
    ("inside", "options"),
    [
        ("", {"lists": True}),
        ("<CertificateValues>" + "<a/>" * 120_000 + "</CertificateValues>", {"methods": (C14N, EXC_C14N)}),
        ("<CertificateValues>" + "<a/>" * 120_000 + "</CertificateValues>", {"lists": True}),
        (
            "<CertificateValues><EncapsulatedX509Certificate>"
            + "A" * 8_000_000
            + "</EncapsulatedX509Certificate></CertificateValues>",
            {"lists": True},
        ),
    ],
)
def test_many_time_stamps_cost_what_one_may(inside, options):
    document = parse(with_stamps(inside, 50, **options))
    begun = time.process_time()
    (found,) = verify_xml(document, policy())
    assert time.process_time() - begun < 5
    assert (found.conclusion, found.level) == (Conclusion.PASSED, Level.B_B)


def test_namespace_lists_of_a_time_stamp_are_no_strangers():
    """The whole document may be asked for: parameters of a canonicalisation are no content."""
    data = with_stamps("", 1, lists=True)
    found = report(data, attrs.evolve(policy(), whole_document=True))
    assert found.conclusion is Conclusion.PASSED
