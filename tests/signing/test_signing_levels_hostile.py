"""Signatures with time stamps from anybody: a value or a typed refusal, at a price that is bounded."""

import base64
import time
from contextlib import suppress
from functools import cache

import attrs
import pytest
from cpu_bound import seconds
from dsig_samples import DS, EXC_C14N, TIME, cert_v2, forge_xades, qualifying
from hypothesis import given
from hypothesis import strategies as st
from level_builders import (
    AT,
    LIMITS,
    at_level,
    checks,
    person,
    policy,
    property_names,
    raised,
    report,
    signed,
    tsa,
)

from vnedoc.conformance import FakePki, FakeTsa
from vnedoc.errors import VnedocError
from vnedoc.model import Conclusion, Level, Wire
from vnedoc.signing._augment import _texts
from vnedoc.signing._augment._levels import _Augmentation
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
    assert time.process_time() - begun < seconds(5)
    assert (found.conclusion, found.level) == (Conclusion.PASSED, Level.B_B)


def test_namespace_lists_of_a_time_stamp_are_no_strangers():
    """The whole document may be asked for: parameters of a canonicalisation are no content."""
    data = with_stamps("", 1, lists=True)
    found = report(data, attrs.evolve(policy(), whole_document=True))
    assert found.conclusion is Conclusion.PASSED


# --- time stamps that somebody else put in --------------------------------------------------------


@cache
def stranger():
    """Give an authority that nobody trusts."""
    return FakeTsa(FakePki.create(at=AT, key="p256", name="Kẻ lạ"), chain=True)


def test_a_time_stamp_of_a_stranger_is_no_reason_to_add_none():
    """Anybody can put one in on the way; without trust nobody can say that it counts."""
    strange = raised(signed(), "B-T", timestamper=stranger(), trust=None)
    assert report(strange.read()).level is Level.B_B
    mended = raised(strange, "B-T")
    assert report(mended.read()).level is Level.B_T
    assert property_names(mended.read()) == ["SignatureTimeStamp"] * 2
    assert raised(mended, "B-T").read() == mended.read()
    assert property_names(raised(mended, "B-T", trust=None).read()) == ["SignatureTimeStamp"] * 3
    # revocation data is for the levels above
    assert raised(mended, "B-T", revocation=None).read() == mended.read()


@pytest.mark.parametrize("level", ["B-T", "B-LT", "B-LTA"])
@pytest.mark.parametrize("kind", ["signature", "archive"])
def test_a_time_stamp_of_a_stranger_blocks_no_level(kind, level):
    """It is no part of what the signature rests on, so nothing is asked for it."""
    one = _Augmentation(
        document=parse(signed().read()),
        limits=LIMITS,
        signature_id=None,
        stamper=stranger(),
        hash_name="sha256",
    )
    one._look()
    one.add_stamp(_texts.archive_stamp() if kind == "archive" else _texts.signature_stamp())
    strange = Wire.from_bytes(one.document.data)
    assert report(raised(strange, level).read()).level is Level(level)
