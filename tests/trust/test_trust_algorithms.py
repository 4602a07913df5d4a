import datetime as dt
import pickle

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519
from trust_builders import AT, DAY, rsa_key

from vnedoc.model import Severity
from vnedoc.trust import AlgorithmPolicy

STRICT = AlgorithmPolicy()
LEGACY = AlgorithmPolicy.legacy()
UNTIL = AlgorithmPolicy.legacy(until=AT)


def judge(policy, *, hash_name=None, key=None, claimed=None):
    found = policy.judge(hash_name=hash_name, key=key, claimed_time=claimed, location="here")
    assert all(one.location == "here" for one in found)
    return [(one.code[-3:], one.severity, dict(one.facts)) for one in found]


@pytest.mark.parametrize("policy", [STRICT, LEGACY, UNTIL])
@pytest.mark.parametrize(
    "name", ["sha256", "SHA384", "sha512", "sha512_256", "sha512-256", "sha3_256", "sha3-384", "sha3_512"]
)
def test_strong_hashes(policy, name):
    assert judge(policy, hash_name=name) == []


@pytest.mark.parametrize("name", ["md5", "sha1", "sha224", "ripemd160", "1.2.3", ""])
def test_weak_hashes_under_the_default(name):
    assert judge(STRICT, hash_name=name) == [("020", Severity.ERROR, {"algorithm": name})]


def test_legacy_takes_and_names_old_hashes():
    assert judge(LEGACY, hash_name="sha1") == [("024", Severity.WARNING, {"algorithm": "sha1"})]
    assert judge(LEGACY, hash_name="md5") == [("020", Severity.ERROR, {"algorithm": "md5"})]


@pytest.mark.parametrize("claimed", [None, AT, AT + DAY])
def test_old_algorithms_count_only_before_the_given_time(claimed):
    times = {"claimed_time": claimed and claimed.isoformat(), "until": AT.isoformat()}
    assert judge(UNTIL, hash_name="sha1", claimed=claimed) == [
        ("023", Severity.ERROR, {"algorithm": "sha1", **times})
    ]
    assert judge(UNTIL, key=rsa_key(1024).public_key(), claimed=claimed) == [
        ("026", Severity.ERROR, {"algorithm": "rsa", "bits": 1024, "needed": 2048, **times})
    ]
    before = AT - dt.timedelta(seconds=1)
    assert [one[0] for one in judge(UNTIL, hash_name="sha1", claimed=before)] == ["024"]


@pytest.mark.parametrize(
    ("policy", "bits", "code"),
    [(STRICT, 2048, None), (STRICT, 1024, "021"), (LEGACY, 2048, None), (LEGACY, 1024, "025")],
)
def test_rsa(policy, bits, code):
    facts = {"algorithm": "rsa", "bits": bits, "needed": 2048}
    seen = judge(policy, key=rsa_key(bits).public_key())
    assert [(one[0], one[2]) for one in seen] == ([] if code is None else [(code, facts)])


def test_smallest_old_rsa_key_is_a_bound():
    policy = AlgorithmPolicy(old_rsa_bits=1536)
    assert [one[0] for one in judge(policy, key=rsa_key(1024).public_key())] == ["021"]


@pytest.mark.parametrize("policy", [STRICT, LEGACY])
def test_elliptic_curves(policy):
    for curve in (ec.SECP256R1(), ec.SECP521R1()):
        assert judge(policy, key=ec.generate_private_key(curve).public_key()) == []
    facts = {"algorithm": "ecdsa", "bits": 192, "needed": 256}
    small = ec.generate_private_key(ec.SECP192R1()).public_key()
    assert judge(policy, key=small) == [("021", Severity.ERROR, facts)]
    for kind in (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey):
        assert judge(policy, key=kind.generate().public_key()) == []


@pytest.mark.parametrize("policy", [STRICT, LEGACY])
def test_the_list_of_curves_is_closed(policy):
    for curve in (ec.BrainpoolP256R1(), ec.BrainpoolP512R1(), ec.SECP384R1()):
        assert judge(policy, key=ec.generate_private_key(curve).public_key()) == []
    stranger = ec.generate_private_key(ec.SECP256K1()).public_key()
    assert judge(policy, key=stranger) == [("022", Severity.ERROR, {"algorithm": "ecdsa secp256k1"})]


@pytest.mark.parametrize("policy", [STRICT, LEGACY])
def test_other_kinds_of_keys(policy):
    old = dsa.generate_private_key(2048).public_key()
    assert judge(policy, key=old) == [("022", Severity.ERROR, {"algorithm": "dsa"})]
    assert judge(policy, key=object()) == [("022", Severity.ERROR, {"algorithm": "unknown"})]


def test_hash_and_key_are_judged_together_or_not_at_all():
    assert [one[0] for one in judge(STRICT, hash_name="sha1", key=rsa_key(1024).public_key())] == [
        "020",
        "021",
    ]
    assert judge(STRICT) == []


def test_policy_is_a_value():
    assert AlgorithmPolicy() == AlgorithmPolicy(hashes={"SHA256", *STRICT.hashes})
    assert hash(AlgorithmPolicy()) == hash(STRICT)
    assert pickle.loads(pickle.dumps(UNTIL)) == UNTIL
