"""Counter-signatures in both styles, and what only calls itself one (EN 319 132-1, clause 5.2.7)."""

import hashlib

import pytest
from dsig_samples import (
    DS,
    EXC_C14N,
    LIMITS,
    TIME,
    b64,
    cert_v2,
    forge,
    forge_xades,
    qualifying,
    reference,
)

from vnedoc.dsig import UnsafeGeneric, check_signatures
from vnedoc.model import Conclusion, Severity, SubIndication
from vnedoc.verification import verify_xml
from vnedoc.xml import parse

PASSED, FAILED = Conclusion.PASSED, Conclusion.FAILED
COUNTERSIGNED = 'Type="http://uri.etsi.org/01903#CountersignedSignature"'
VALUE = reference('URI="#value"', (EXC_C14N,), more=COUNTERSIGNED)
OUTER, INNER = "/Doc/Signature", (
    "/Doc/Signature/Object/QualifyingProperties/UnsignedProperties/UnsignedSignatureProperties"
    "/CounterSignature/Signature"
)  # fmt: skip


def countersigned(person, *, beside=False):
    """Give a signed document whose value has an identifier, with braces where a second signature goes."""
    after = (
        "<UnsignedProperties><UnsignedSignatureProperties><CounterSignature>[]</CounterSignature>"
        "</UnsignedSignatureProperties></UnsignedProperties>"
    )
    objects = qualifying(TIME + cert_v2(person.der), after="" if beside else after)
    if beside:
        # the first signs only the body, so that another may stand beside it
        references = [reference('URI="#body"', (EXC_C14N,), more='Id="ref"')]
        properties = reference(
            'URI="#props"', (EXC_C14N,), more='Type="http://uri.etsi.org/01903#SignedProperties"'
        )
        data = forge(person, "<Doc>{}<Body Id='body'/>[]</Doc>", *references, properties, objects=objects)
    else:
        data = forge_xades(person, objects)
    text = data.decode().replace("<SignatureValue>", '<SignatureValue Id="value">', 1)
    return text.replace("[]", "{}")


def counter(person, body, *references):
    return forge(person, body, *references, attributes='Id="counter"')


def codes(core, severity=Severity.WARNING):
    return [one.code for one in core.findings if one.severity is severity]


def both(data, **more):
    document = parse(data)
    outer, inner = check_signatures(document, LIMITS, **more)
    return outer, inner


@pytest.mark.parametrize("typed", [True, False])
def test_the_one_inside_the_signature(person, other, pki, typed):
    """Older software leaves the type out; the property says enough."""
    signs = VALUE if typed else VALUE.replace(COUNTERSIGNED, "")
    data = counter(other, countersigned(person), signs)
    outer, inner = both(data)
    assert (outer.conclusion, inner.conclusion) == (PASSED, PASSED)
    assert (outer.counters, inner.counters) == (None, OUTER)
    assert inner.location == INNER
    assert (outer.covers_root, inner.covers_root) == (True, False)
    assert "VND-DSIG-063" not in codes(inner)
    first, second = verify_xml(parse(data), pki.policy())
    assert (first.conclusion, second.conclusion) == (PASSED, PASSED)
    assert [one.node for one in second.covers] == [f"{OUTER}/SignatureValue"]


def test_the_one_beside_it(person, other):
    outer, inner = both(counter(other, countersigned(person, beside=True), VALUE))
    assert (outer.conclusion, inner.conclusion) == (PASSED, PASSED)
    assert (outer.counters, inner.counters) == (None, "/Doc/Signature[1]")


def test_the_one_beside_it_needs_the_type(person, other):
    """Who signs a value without saying why is a signer of a few octets, no more."""
    outer, inner = both(counter(other, countersigned(person, beside=True), VALUE.replace(COUNTERSIGNED, "")))
    assert inner.counters is None
    assert inner.conclusion is PASSED
    assert "VND-DSIG-063" not in codes(inner)
    assert outer.counters is None


FAKES = {
    "another element": reference('URI="#props"', (EXC_C14N,), more=COUNTERSIGNED),
    "without type": reference('URI="#props"', (EXC_C14N,)),
}


@pytest.mark.parametrize("kind", FAKES)
def test_one_that_signs_something_else_is_none(person, other, pki, kind):
    """It is judged as any signature: it does not cover the document, so it fails under the default."""
    signature = counter(other, countersigned(person), FAKES[kind])
    outer, inner = both(signature)
    assert outer.conclusion is PASSED
    assert (inner.conclusion, inner.counters) == (PASSED, None)
    assert codes(inner) == ["VND-DSIG-063"]
    first, second = verify_xml(parse(signature), pki.policy())
    assert first.conclusion is PASSED
    assert (second.conclusion, second.sub_indication) == (FAILED, SubIndication.SIG_CONSTRAINTS_FAILURE)


def test_one_over_a_third_signature_is_none_of_this_one(person, other):
    """It stands in the first signature and signs the value of a second, beside it."""
    third = forge(other, "<X>{}</X>", reference('URI="#x"', (EXC_C14N,)), objects="<Object Id='x'>y</Object>")
    third = third.decode().removeprefix("<X>").removesuffix("</X>").replace('Id="sig"', 'Id="third"')
    third = third.replace("<SignatureValue>", '<SignatureValue Id="other-value">')
    objects = qualifying(
        TIME + cert_v2(person.der),
        after="<UnsignedProperties><UnsignedSignatureProperties><CounterSignature>[]</CounterSignature>"
        "</UnsignedSignatureProperties></UnsignedProperties>",
    )
    body = forge_xades(person, objects).decode().replace("[]", "{}")
    body = body.replace("<Body/>", f"<Body/>{third}")
    data = counter(other, body, VALUE.replace("#value", "#other-value"))
    _, inner, _ = check_signatures(parse(data), LIMITS)
    assert inner.counters is None
    assert "VND-DSIG-063" in codes(inner)


def test_a_value_that_was_changed_since_is_countersigned_by_nobody(person, other):
    data = counter(other, countersigned(person), VALUE).decode()
    start = data.index('<SignatureValue Id="value">') + len('<SignatureValue Id="value">')
    flipped = "B" if data[start] == "A" else "A"
    outer, inner = both((data[:start] + flipped + data[start + 1 :]).encode())
    assert (outer.conclusion, inner.conclusion) == (FAILED, FAILED)
    assert inner.counters is None
    assert inner.sub_indication is SubIndication.HASH_FAILURE


def test_a_transform_that_leaves_the_value_out_does_not_countersign(person, other):
    xpath = (
        '<Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116">'
        "<XPath>self::*</XPath></Transform>"
    )
    digest = b64(hashlib.sha256(f'<SignatureValue xmlns="{DS}"></SignatureValue>'.encode()).digest())
    empty = reference('URI="#value"', (xpath,), more=COUNTERSIGNED).replace("@@", digest)
    _, inner = both(counter(other, countersigned(person), empty), generic=UnsafeGeneric())
    assert inner.counters is None


def test_a_countersignature_of_a_countersignature(person, other, curve):
    once = counter(other, countersigned(person), VALUE).decode()
    once = once.replace("<SignatureValue>", '<SignatureValue Id="second">', 1)
    holder = (
        '<Object><QualifyingProperties xmlns="http://uri.etsi.org/01903/v1.3.2#" Target="#counter">'
        "<SignedProperties/><UnsignedProperties><UnsignedSignatureProperties><CounterSignature>{}"
        "</CounterSignature></UnsignedSignatureProperties></UnsignedProperties></QualifyingProperties></Object>"
    )
    place = once.index("</Signature></CounterSignature>")
    twice = forge(
        curve,
        once[:place] + holder + once[place:],
        VALUE.replace("#value", "#second"),
        attributes='Id="third"',
        method="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    )
    outer, middle, innermost = check_signatures(parse(twice), LIMITS)
    assert outer.conclusion is PASSED
    assert middle.counters == outer.location
    assert innermost.counters == middle.location
