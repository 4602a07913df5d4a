"""The acceptance rules, as a table over what was found."""

import attrs
import pytest

from vnedoc.model import (
    Acceptance,
    Attachment,
    Blob,
    Conclusion,
    Evidence,
    Finding,
    SignatureReport,
    SubIndication,
)
from vnedoc.workflow._acceptance import Seen, apply

PASSED, PERHAPS, FAILED = Conclusion.PASSED, Conclusion.INDETERMINATE, Conclusion.FAILED


def signature(where, conclusion=PASSED, reason=None):
    return SignatureReport(id=where, where=where, conclusion=conclusion, sub_indication=reason)


FILE = Attachment(name="a.pdf", blob=Blob.from_bytes(b"%PDF-"), content_id="a")
OTHER = attrs.evolve(FILE, name="b.pdf", content_id="b")
SEAL = signature("envelope")
BROKEN = signature("envelope", FAILED, SubIndication.HASH_FAILURE)
INNER = signature("attachment:a")
BAD_INNER = signature("attachment:a", PERHAPS, SubIndication.TRY_LATER)
NOTHING = Seen(
    envelope=(),
    attachments=(),
    unjudged=(),
    files=(FILE,),
    main=0,
    signed=frozenset(),
    foreign=(),
    shape=(),
    odd=(),
    sender="H99.1",
)
NO_SIGNATURE = (PERHAPS, SubIndication.NO_SIGNATURE)
MALFORMED = (FAILED, SubIndication.FORMAT_FAILURE)
UNREADABLE = (PERHAPS, SubIndication.SIG_CONSTRAINTS_FAILURE)
OK = (PASSED, None)

# what was found, then the verdict under sealed, attachments, rewritten
TABLE = {
    "nothing": ({}, NO_SIGNATURE, NO_SIGNATURE, NO_SIGNATURE),
    "seal only": ({"envelope": (SEAL,)}, OK, NO_SIGNATURE, NO_SIGNATURE),
    "seal and pdf": ({"envelope": (SEAL,), "attachments": (INNER,), "signed": frozenset({0})}, OK, OK, OK),
    "pdf only": ({"attachments": (INNER,), "signed": frozenset({0})}, NO_SIGNATURE, OK, OK),
    "bad pdf": (
        {"envelope": (SEAL,), "attachments": (BAD_INNER,), "signed": frozenset({0})},
        (PERHAPS, SubIndication.TRY_LATER),
        (PERHAPS, SubIndication.TRY_LATER),
        (PERHAPS, SubIndication.TRY_LATER),
    ),
    "broken seal": (
        {"envelope": (BROKEN,), "attachments": (INNER,), "signed": frozenset({0})},
        (FAILED, SubIndication.HASH_FAILURE),
        (FAILED, SubIndication.HASH_FAILURE),
        OK,
    ),
    "foreign signature": (
        {"foreign": ("/edXML",), "attachments": (INNER,), "signed": frozenset({0})},
        UNREADABLE,
        UNREADABLE,
        OK,
    ),
    "seal of another shape": (
        {
            "envelope": (SEAL,),
            "attachments": (INNER,),
            "signed": frozenset({0}),
            "shape": (Finding.error("VND-SIG-001"),),
        },
        MALFORMED,
        OK,
        OK,
    ),
    "no pdf at all": (
        {"main": None, "attachments": (signature("attachment:b"),), "signed": frozenset({0})},
        NO_SIGNATURE,
        NO_SIGNATURE,
        NO_SIGNATURE,
    ),
    "main document unsigned": (
        {"files": (OTHER, FILE), "attachments": (INNER,), "signed": frozenset({1})},
        NO_SIGNATURE,
        NO_SIGNATURE,
        NO_SIGNATURE,
    ),
    "attachment that could not be judged": (
        {"envelope": (SEAL,), "unjudged": ((PERHAPS, SubIndication.CUSTOM),), "signed": frozenset({0})},
        (PERHAPS, SubIndication.CUSTOM),
        (PERHAPS, SubIndication.CUSTOM),
        (PERHAPS, SubIndication.CUSTOM),
    ),
    "two files of one name": (
        {"files": (FILE, FILE), "envelope": (SEAL,), "attachments": (INNER,), "signed": frozenset({0})},
        MALFORMED,
        MALFORMED,
        MALFORMED,
    ),
    "codec read past an error": (
        {
            "envelope": (SEAL,),
            "attachments": (INNER,),
            "signed": frozenset({0}),
            "odd": (Finding.error("VND-EDX-040"),),
        },
        MALFORMED,
        OK,
        OK,
    ),
}


@pytest.mark.parametrize("rule", list(Acceptance), ids=lambda one: one.value)
@pytest.mark.parametrize("case", TABLE)
def test_verdict(case, rule):
    found, *verdicts = TABLE[case]
    answer = apply(rule, attrs.evolve(NOTHING, **found))
    assert (answer.conclusion, answer.sub_indication) == verdicts[list(Acceptance).index(rule)]
    assert answer.taken == (answer.conclusion is PASSED)


def test_the_seal_alone_proves_the_metadata():
    sealed = attrs.evolve(NOTHING, envelope=(SEAL,), attachments=(INNER,))
    unsealed = attrs.evolve(NOTHING, attachments=(INNER,))
    assert apply(Acceptance.SEALED, sealed).evidence is Evidence.PROVEN
    assert apply(Acceptance.REWRITTEN, sealed).evidence is Evidence.PROVEN
    assert apply(Acceptance.ATTACHMENTS, unsealed).evidence is Evidence.CLAIMED
    reshaped = attrs.evolve(sealed, shape=(Finding.error("VND-SIG-001"),))
    assert apply(Acceptance.ATTACHMENTS, reshaped).evidence is Evidence.CLAIMED


@pytest.mark.parametrize(
    ("found", "sealed", "attachments", "rewritten"),
    [
        ({}, False, True, True),
        ({"envelope": (SEAL,)}, True, True, True),
        ({"envelope": (BROKEN,)}, False, False, True),
        ({"foreign": ("/edXML",)}, False, False, True),
    ],
)
def test_a_message_without_attachments_is_taken_as_a_claim(found, sealed, attachments, rewritten):
    """A status has nothing but its envelope; wrong is refused, missing may be a claim."""
    seen = attrs.evolve(NOTHING, files=(), main=None, **found)
    taken = [apply(rule, seen).taken for rule in Acceptance]
    assert taken == [sealed, attachments, rewritten]
    if not found:
        assert [apply(rule, seen).sub_indication for rule in Acceptance] == [SubIndication.NO_SIGNATURE] * 3
