"""An old signature is raised before its authorities are gone, and judged when they are."""

import datetime as dt

import pytest
from dsig_samples import PROPERTIES_REFERENCE, SHA1, TIME, cert_v2, forge_xades, qualifying, reference

from vnedoc.conformance import FakePki, FakeTsa
from vnedoc.model import VIETNAM, Conclusion, Level, SubIndication, Wire
from vnedoc.signing import augment_xml
from vnedoc.trust import RevocationStore, TrustStore
from vnedoc.verification import Policy, verify_xml
from vnedoc.xml import parse

SIGNED = dt.datetime(2014, 5, 1, 8, tzinfo=VIETNAM)
RAISED = dt.datetime(2026, 11, 22, 8, tzinfo=VIETNAM)
JUDGED = dt.datetime(2035, 1, 1, tzinfo=VIETNAM)
RENEWED = dt.datetime(2034, 3, 1, 8, tzinfo=VIETNAM)
MUCH_LATER = dt.datetime(2042, 1, 1, tzinfo=VIETNAM)
DAY, YEAR = dt.timedelta(days=1), dt.timedelta(days=365)


@pytest.fixture(scope="module")
def old():
    return FakePki.create(at=dt.datetime(2020, 1, 1, tzinfo=VIETNAM), name="Cũ", key="p256")


@pytest.fixture(scope="module")
def new():
    return FakePki.create(at=RAISED, name="Mới", key="p256")


@pytest.fixture(scope="module")
def signature(old):
    """A signature of 2014 with RSA-2048, over a SHA-1 digest, with a time stamp of the same day."""
    terms = {"not_before": SIGNED - YEAR, "not_after": RAISED + YEAR / 2}
    signer = old.issue("Người ký cũ", **terms)
    time = TIME.replace("2026-11-22", "2014-05-01")
    data = reference(more='Id="ref"', digest=SHA1)
    octets = forge_xades(signer, qualifying(time + cert_v2(signer.der)), data, PROPERTIES_REFERENCE)
    tsa = FakeTsa(old, credential=old.issue_tsa(**terms), at=SIGNED + dt.timedelta(hours=1))
    return Wire.from_bytes(octets), augment_xml(Wire.from_bytes(octets), "B-T", timestamper=tsa)


def verdict(wire, at, trust, *pkis):
    lists = [crl for pki in pkis for crl in pki.crls(at - DAY, at + DAY)]
    policy = Policy.strict(trust=trust, revocation=RevocationStore.from_der(lists), at=at)
    (found,) = verify_xml(parse(wire.read()), policy)
    return found.conclusion, found.sub_indication, found.level


def archived(wire, at, pki, trust, *others):
    """Raise at a time, by an authority that lasts nine years from then, with the lists of that time."""
    lasting = pki.issue_tsa(not_before=at - YEAR, not_after=at + 9 * YEAR)
    lists = [crl for one in (pki, *others) for crl in one.crls(at - DAY, at + DAY)]
    return augment_xml(
        wire,
        "B-LTA",
        timestamper=FakeTsa(pki, credential=lasting, at=at, chain=True),
        trust=trust,
        revocation=RevocationStore.from_der(lists),
        at=at,
    )


GONE = SubIndication.OUT_OF_BOUNDS_NO_POE
ARCHIVED = (Conclusion.PASSED, None, Level.B_LTA)


def test_an_old_signature_before_and_after(old, new, signature):
    trust = TrustStore.from_der([old.root.der, new.root.der])
    without, stamped = signature
    weak = SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    assert verdict(without, RAISED, trust, old) == (Conclusion.INDETERMINATE, weak, Level.B_B)
    assert verdict(stamped, RAISED, trust, old) == (Conclusion.PASSED, None, Level.B_T)
    assert verdict(stamped, JUDGED, trust, new) == (Conclusion.INDETERMINATE, GONE, Level.B_B)
    wire = archived(stamped, RAISED, new, trust, old)
    assert verdict(wire, RAISED, trust, old, new) == ARCHIVED
    assert verdict(wire, JUDGED, trust, new) == ARCHIVED


def test_renewed_when_all_but_the_last_authority_are_gone(old, new, signature):
    """Nothing of 2014 can be asked any more: what was kept in 2026 is enough, by what proves it."""
    last = FakePki.create(at=RENEWED, name="Sau cùng", key="p256")
    trust = TrustStore.from_der([one.root.der for one in (old, new, last)])
    first = archived(signature[1], RAISED, new, trust, old)
    second = archived(first, RENEWED, last, trust, new)
    for wire in (first, second):
        assert wire.read().count(b"<xades:SignatureTimeStamp") == 1
    assert verdict(first, MUCH_LATER, trust, last) == (Conclusion.INDETERMINATE, GONE, Level.B_B)
    assert verdict(second, RENEWED, trust, new, last) == ARCHIVED
    assert verdict(second, MUCH_LATER, trust, last) == ARCHIVED
