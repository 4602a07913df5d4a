"""Threats E01 to E16: certificates and revocation, as a signed document brings them to the doors.

Each case is a sound signature over the whole document, so that nothing but the certificate can be at fault.
The rooms below have their own tests of every rule; here it is seen that the doors ask them.
"""

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.x509.oid import ObjectIdentifier
from dsig_attacks import Doors, Hand, put, signed
from dsig_samples import MOMENT, b64, x509_data
from edxml_making import full_envelope
from trust_builders import AT, CA_USAGE, DAY, make, name, resigned, root, rsa_key

import vnedoc
from vnedoc.conformance import FakeOcsp, FakePki
from vnedoc.model import Severity, SubIndication
from vnedoc.trust import RevocationStore, TrustStore
from vnedoc.verification import Policy

CHAIN = SubIndication.CHAIN_CONSTRAINTS_FAILURE
NO_CHAIN = SubIndication.NO_CERTIFICATE_CHAIN_FOUND
LATER, WINDOW = SubIndication.TRY_LATER, SubIndication.OUT_OF_BOUNDS_NO_POE
WEAK = SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
UNREADABLE = (SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, "VND-TRUST-003")
SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
pytestmark = pytest.mark.timeout(30)


@attrs.frozen
class World:
    """An anchor, an authority below it, and the doors with both lists."""

    root: object
    authority: object

    def policy(self, *, crls=None, certificates=(), at=AT):
        lists = (self.root.crl(), self.authority.crl()) if crls is None else crls
        trust = TrustStore.from_der([self.root.der], [one.der for one in certificates])
        return Policy.strict(trust=trust, revocation=RevocationStore.from_der(lists), at=at)

    def doors(self, **more):
        return Doors(self.policy(**more))

    def letter(self, entity, *chain):
        return signed(Hand(entity.der, entity.key, tuple(one.der for one in chain or (self.authority,))))


@pytest.fixture(scope="module")
def world():
    anchor = root("Gốc thử")
    return World(anchor, anchor.authority("Cấp phát thử"))


@pytest.fixture(scope="module")
def leaf(world):
    return world.authority.issue("Nguyễn Thị Thử")


def test_a_sound_certificate_is_taken(world, leaf):
    report = world.doors().passed(world.letter(leaf))
    assert report.signatures[0].signer.certificate == leaf.der


@pytest.mark.parametrize(("start", "end"), [(-30, -1), (1, 30)])
def test_e01_outside_of_its_time(world, start, end):
    entity = world.authority.issue("Ngoài hạn", not_before=AT + start * DAY, not_after=AT + end * DAY)
    world.doors().undecided(world.letter(entity), WINDOW, "VND-TRUST-013")


def test_e02_revoked_signer_and_revoked_authority(world, leaf):
    lists = world.root.crl(), world.authority.crl([(leaf, AT - DAY)])
    world.doors(crls=lists).undecided(world.letter(leaf), SubIndication.REVOKED_NO_POE, "VND-TRUST-030")
    lists = world.root.crl([(world.authority, AT - DAY)]), world.authority.crl()
    world.doors(crls=lists).undecided(world.letter(leaf), SubIndication.REVOKED_CA_NO_POE, "VND-TRUST-031")


def test_e03_a_certificate_for_something_else(world):
    server = world.authority.issue(
        "Máy chủ",
        extensions=[(x509.ExtendedKeyUsage([ObjectIdentifier(SERVER_AUTH)]), True)],
    )
    world.doors().undecided(world.letter(server), CHAIN, "VND-TRUST-019")
    for usage in (("key_encipherment",), CA_USAGE):
        entity = world.authority.issue("Mã hóa", key_usage=usage)
        world.doors().undecided(world.letter(entity), CHAIN, "VND-TRUST-017")


def test_e04_issued_by_what_may_not_issue(world, leaf):
    under_leaf = leaf.issue("Dưới người ký")
    world.doors().undecided(world.letter(under_leaf, leaf, world.authority), CHAIN, "VND-TRUST-014")
    nothing_said = world.root.issue("Không nói gì", key_usage=CA_USAGE)
    entity = nothing_said.issue("Dưới đó")
    world.doors().undecided(world.letter(entity, nothing_said), CHAIN, "VND-TRUST-014")
    no_signing = world.root.authority("Không được ký", key_usage=("crl_sign",))
    entity = no_signing.issue("Dưới đó nữa")
    world.doors().undecided(world.letter(entity, no_signing), CHAIN, "VND-TRUST-016")
    last = world.root.authority("Cuối cùng", path_length=0)
    further = last.authority("Quá dài")
    entity = further.issue("Sau cùng")
    world.doors().undecided(world.letter(entity, further, last), CHAIN, "VND-TRUST-015")


def test_e05_a_name_outside_of_what_is_permitted(world):
    inside = name("Sở Thử nghiệm")
    permitted = x509.NameConstraints([x509.DirectoryName(inside)], None)
    bound = world.root.authority("Có giới hạn", extensions=[(permitted, True)])
    lists = world.root.crl(), bound.crl()
    world.doors(crls=lists).passed(world.letter(bound.issue(inside), bound))
    world.doors(crls=lists).undecided(world.letter(bound.issue("Sở Khác"), bound), CHAIN, "VND-TRUST-040")


def test_e06_a_critical_extension_that_is_not_known(world):
    odd = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
    entity = world.authority.issue("Lạ", extensions=[(odd, True)])
    world.doors().undecided(world.letter(entity), CHAIN, "VND-TRUST-041")
    harmless = world.authority.issue("Không sao", extensions=[(odd, False)])
    world.doors().passed(world.letter(harmless))


def test_e07_paths_without_end(world):
    """Loops end by themselves; crowds end at their caps, whether the document or the store brings them."""
    first, second = root("Vòng A"), root("Vòng B")
    keys = {"A": first.key, "B": second.key}
    a_by_b = second.authority("Vòng A", key=keys["A"])
    b_by_a = first.authority("Vòng B", key=keys["B"])
    entity = a_by_b.issue("Trong vòng")
    world.doors().undecided(world.letter(entity, a_by_b, b_by_a), NO_CHAIN, "VND-TRUST-010")
    crowd = [make("Đông đúc", ca=True, key_usage=CA_USAGE, identifiers=False) for _ in range(500)]
    entity = root("Đông đúc").issue("Giữa đám đông", identifiers=False)
    general = SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE
    report = world.doors(certificates=crowd).undecided(world.letter(entity), general, "VND-TRUST-012")
    (finding,) = [one for one in report.signatures[0].findings if one.code == "VND-TRUST-012"]
    assert finding.facts["limit"] == "chain_checks"
    report = world.doors().failed(world.letter(entity, *crowd), SubIndication.FORMAT_FAILURE, "VND-DSIG-002")
    chain = [world.root]
    for number in range(12):
        chain.append(chain[-1].authority(f"Bậc {number}"))
    entity = chain[-1].issue("Rất sâu")
    world.doors().undecided(world.letter(entity, *chain[1:]), general, "VND-TRUST-012")


def test_e07_products_of_names(world):
    """x509-limbo, pathological: every name is compared with every constraint."""
    trees = [x509.DNSName(f"s{one}.example") for one in range(400)]
    bound = world.root.authority("Tích", extensions=[(x509.NameConstraints(None, trees), True)])
    names = x509.SubjectAlternativeName([x509.DNSName(f"n{one}.example") for one in range(400)])
    entity = bound.issue("Nhiều tên", extensions=[(names, False)])
    doors = world.doors(crls=(world.root.crl(), bound.crl()))
    doors.undecided(world.letter(entity, bound), CHAIN, "VND-TRUST-040")


def test_e08_no_revocation_data(world, leaf):
    data = world.letter(leaf)
    for lists in ((), (world.root.crl(),), (world.authority.crl(),)):
        world.doors(crls=lists).undecided(data, LATER, "VND-TRUST-032")
    world.doors(crls=(b"khong phai",)).undecided(data, LATER, "VND-TRUST-034")
    soft = attrs.evolve(world.policy(crls=()), require_revocation=False)
    report = world.doors().passed(data, soft)
    warned = {one.code for one in report.signatures[0].findings if one.severity is Severity.WARNING}
    assert warned == {"VND-TRUST-032"}
    assert report.revocation == "if-available"  # a softer rule shows in the report


def test_e09_stale_lists(world, leaf):
    data = world.letter(leaf)
    for this, following in ((-20, -10), (1, 20)):
        stale = world.authority.crl(this=AT + this * DAY, following=AT + following * DAY)
        doors = world.doors(crls=(world.root.crl(), stale))
        doors.undecided(data, LATER, "VND-TRUST-033")


def test_e10_forged_lists(world, leaf):
    stranger = ec.generate_private_key(ec.SECP256R1())
    sibling = world.root.authority("Cấp phát khác")
    data = world.letter(leaf)
    subject = world.authority.certificate.subject
    for forged, code in (
        (world.authority.crl(key=stranger), "VND-TRUST-034"),
        (sibling.crl(issuer=subject), "VND-TRUST-034"),
        (leaf.crl(issuer=subject), "VND-TRUST-034"),
        (sibling.crl(), "VND-TRUST-032"),
    ):
        world.doors(crls=(world.root.crl(), forged)).undecided(data, LATER, code)


def test_e10_forged_answers():
    """An OCSP answer by whoever was not empowered for it, about another, or broken, clears nothing."""
    pki = FakePki.create(key="p256")
    signer = pki.issue("Người ký")
    data = signed(signer)
    root_list = pki.crls()[0]

    def doors(octets):
        return Doors(attrs.evolve(pki.policy(), revocation=RevocationStore.from_der([root_list], [octets])))

    doors(FakeOcsp(pki).respond(signer)).passed(data)
    stranger = FakePki.create(name="Lạ", key="p256")
    for forged in (
        FakeOcsp(pki, responder=pki.issue("Không được ủy quyền", key="p256")),
        FakeOcsp(stranger),
        FakeOcsp(pki, fault="signer"),
        FakeOcsp(pki, fault="signature"),
        FakeOcsp(pki, fault="other-certificate"),
        FakeOcsp(pki, at=pki.at - 60 * DAY),
        FakeOcsp(pki, status="unknown"),
    ):
        doors(forged.respond(signer)).undecided(data, LATER)


def scope(**more):
    values = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**{**values, **more})


@pytest.mark.parametrize(
    "point",
    [
        scope(indirect_crl=True),
        scope(only_contains_ca_certs=True),
        scope(only_contains_attribute_certs=True),
        scope(full_name=[x509.UniformResourceIdentifier("http://127.0.0.1:9/khac.crl")]),
        scope(only_some_reasons=frozenset([x509.ReasonFlags.key_compromise])),
    ],
)
def test_e11_lists_of_another_scope(world, leaf, point):
    lists = world.root.crl(), world.authority.crl(extensions=[(point, True)])
    world.doors(crls=lists).undecided(world.letter(leaf), LATER, "VND-TRUST-034")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/x",
        "file:///etc/hostname",
        "ldap://127.0.0.1:9/x",
        "http://169.254.169.254/latest/",
    ],
)
def test_e12_addresses_in_a_certificate_are_not_visited(world, url):
    """What may be visited by those who hand in a fetcher is for the tests of ``net``."""
    place = [x509.UniformResourceIdentifier(url)]
    access = [
        x509.AccessDescription(method, place[0])
        for method in (
            x509.AuthorityInformationAccessOID.OCSP,
            x509.AuthorityInformationAccessOID.CA_ISSUERS,
        )
    ]
    entity = world.authority.issue(
        "Địa chỉ",
        extensions=[
            (x509.AuthorityInformationAccess(access), False),
            (x509.CRLDistributionPoints([x509.DistributionPoint(place, None, None, None)]), False),
        ],
    )
    doors = world.doors(crls=())
    doors.undecided(world.letter(entity), LATER, "VND-TRUST-032")
    alone = signed(Hand(entity.der, entity.key))
    doors.undecided(alone, NO_CHAIN, "VND-TRUST-010")


def test_e13_a_certificate_signed_with_sha_1(world):
    authority = world.root.authority("Cấp phát cũ", key=rsa_key(2048))
    strong = resigned(authority.issue("Mạnh"), authority.key)
    weak = resigned(authority.issue("Yếu"), authority.key, hash_name="sha1")
    lists = world.root.crl(), authority.crl()
    world.doors(crls=lists).passed(world.letter(strong, authority))
    world.doors(crls=lists).undecided(world.letter(weak, authority), WEAK, "VND-TRUST-020")


SPOILT = {
    "negative serial": (b"\x02\x02\x12\x34", b"\x02\x02\x92\x34", None),
    "version of no such number": (b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07", UNREADABLE),
    "extension twice": (b"\x06\x03\x55\x1d\x23", b"\x06\x03\x55\x1d\x0e", UNREADABLE),
    "name that is no UTF-8": (b"ABCD", b"\xff\xfe\xff\xfe", UNREADABLE),
    "boolean that is not DER": (b"\x01\x01\xff", b"\x01\x01\x01", UNREADABLE),
    "usage that is no bit string": (
        b"\x55\x1d\x0f\x01\x01\xff\x04\x04\x03",
        b"\x55\x1d\x0f\x01\x01\xff\x04\x04\x04",
        UNREADABLE,
    ),
}
"""Octets of a certificate, what they become, and the reason it is refused for; none where RFC 5280, 4.1.2.2,
wants programs to be prepared for it."""


@pytest.mark.parametrize("what", SPOILT)
def test_e14_certificates_that_break_their_grammar(world, what):
    """As an authority would have issued them: the signature of each is right."""
    authority = world.root.authority("Cấp phát lạ", key=rsa_key(2048))
    entity = authority.issue("ABCD", serial=0x1234)
    old, new, reason = SPOILT[what]
    before = entity.certificate.tbs_certificate_bytes
    assert old in before
    after = before.replace(old, new)
    value = authority.key.sign(after, padding.PKCS1v15(), hashes.SHA256())
    der = entity.der.replace(before, after).replace(entity.certificate.signature, value)
    doors = world.doors(crls=(world.root.crl(), authority.crl()))
    data = signed(Hand(der, entity.key, (authority.der,)))
    if reason is None:
        doors.passed(data)
    else:
        doors.undecided(data, *reason)


def test_e14_octets_that_are_not_der(world, leaf):
    der = leaf.der
    for cut in (0, 1, 10, len(der) // 2, len(der) - 1):
        data = signed(Hand(leaf.der, leaf.key), key_info=x509_data(der[:cut]))
        world.doors().undecided(data, SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "VND-DSIG-020")
    indefinite = b"\x30\x80" + der[4:] + b"\x00\x00"
    data = signed(Hand(leaf.der, leaf.key), key_info=x509_data(indefinite))
    world.doors().undecided(data, SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "VND-DSIG-020")


def test_e15_a_root_that_the_document_brings(world):
    false_root = root("Gốc thử")  # the name of the true one
    authority = false_root.authority("Cấp phát giả")
    entity = authority.issue("Kẻ giả mạo")
    data = world.letter(entity, authority, false_root)
    lists = (world.root.crl(), world.authority.crl(), false_root.crl(), authority.crl())
    world.doors(crls=lists).undecided(data, NO_CHAIN, "VND-TRUST-018")
    twice = put(data, "</X509Data>", f"<X509Certificate>{b64(false_root.der)}</X509Certificate>")
    world.doors(crls=lists).undecided(twice, NO_CHAIN, "VND-TRUST-018")
    alone = signed(Hand(false_root.der, false_root.key))
    world.doors(crls=lists).undecided(alone, NO_CHAIN, "VND-TRUST-018")


def test_e16_the_signer_is_shown_beside_the_sender(pki, other):
    """A certificate holds no code of an agency: whether it may speak for the sender, a person decides."""
    made = attrs.evolve(full_envelope(), business=None, attachments=())
    data = vnedoc.seal(made, other.signer(), signing_time=MOMENT).read()
    report = Doors(pki.policy()).passed(data)
    (finding,) = [one for one in report.findings if one.code == "VND-FLOW-023"]
    assert finding.facts == {"sender": "000.00.01.Z99", "signers": [report.signatures[0].signer.subject]}
    assert "Trần Văn Khác" in report.signatures[0].signer.subject
