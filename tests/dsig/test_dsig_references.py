"""References: every URI form, every order of transforms, data outside, manifests, and what is handed back."""

import hashlib
import io
from itertools import pairwise

import attrs
import pytest
from dsig_samples import (
    DS,
    ENVELOPED,
    LIMITS,
    SHA384,
    b64,
    forge,
    reference,
    transform,
)
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from vnedoc.dsig import UnsafeGeneric, check_signatures
from vnedoc.errors import FileError, InputError
from vnedoc.model import Blob, Conclusion, Severity, SubIndication
from vnedoc.trust import TrustStore
from vnedoc.verification import Policy, verify_xml
from vnedoc.xml import (
    C14N,
    C14N_11,
    C14N_11_COMMENTS,
    C14N_COMMENTS,
    C14N_METHODS,
    EXC_C14N,
    EXC_C14N_COMMENTS,
    canonicalize,
    parse,
    parse_stream,
)

PASSED, FAILED, INDETERMINATE = Conclusion.PASSED, Conclusion.FAILED, Conclusion.INDETERMINATE
BODY = "<Doc>{}<!-- ghi chú --><Body Id='body'>nội dung <b/><!-- nữa --></Body></Doc>"
BASE64 = DS + "base64"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
FILTER2 = "http://www.w3.org/2002/06/xmldsig-filter2"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
MANIFEST = f'Type="{DS}Manifest"'
DATA = "Phụ lục kèm theo, không phải XML.\r\n".encode()


def over(octets, uri, transforms=(), more=""):
    """Give a reference whose digest is that of *octets*, whatever its URI and transforms give."""
    value = b64(hashlib.sha256(octets).digest())
    return reference(uri, transforms, more=more).replace("@@", value)


def check(data, files=None, **more):
    resolver = None if files is None else files.get
    (found,) = check_signatures(parse(data), LIMITS, resolver=resolver, **more)
    return found


def errors(core):
    return [one.code for one in core.findings if one.severity is Severity.ERROR]


def verdict(core):
    return core.conclusion, core.sub_indication


# --- data outside of the document ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attribute", "uri"),
    [
        ('URI="http://coquan.example/phu-luc.txt"', "http://coquan.example/phu-luc.txt"),
        ('URI="phu%20luc.txt"', "phu%20luc.txt"),
        ('URI="file:///etc/hostname"', "file:///etc/hostname"),
        ('URI="cid:1#x"', "cid:1#x"),
        ("", None),
    ],
)
def test_data_outside_comes_from_the_resolver_alone(person, attribute, uri):
    data = forge(person, BODY, over(DATA, attribute))
    asked = []

    def resolver(name):
        asked.append(name)
        return Blob.from_bytes(DATA)

    (core,) = check_signatures(parse(data), LIMITS, resolver=resolver)
    assert verdict(core) == (PASSED, None)
    assert asked == [uri]
    (one,) = core.references
    assert (one.detached, one.target, one.node, one.whole) == (True, None, None, False)
    assert (one.octets, one.read()) == (len(DATA), DATA)
    assert not core.covers_root


def test_a_signature_beside_its_file_covers_all_there_is(person, pki):
    """The document is nothing but the signature, so what it signs outside is the whole."""
    files = {"a": Blob.from_bytes(DATA)}

    def judge(data):
        (report,) = verify_xml(parse(data), pki.policy(), resolver=files.get)
        return report.conclusion, {one.code for one in report.findings if one.severity is Severity.ERROR}

    alone = forge(person, "{}", over(DATA, 'URI="a"'))
    core = check(alone, files)
    assert (core.covers_root, core.covers_alone) == (False, True)
    assert judge(alone) == (PASSED, set())
    for around in ("<Doc>{}</Doc>", "{}<?x?>", "<?x?>{}"):
        data = forge(person, around, over(DATA, 'URI="a"'))
        assert not check(data, files).covers_alone
        assert judge(data) == (FAILED, {"VND-SIG-102"})
    more = forge(person, "{}", over(DATA, 'URI="a"'), objects="<Object>không được ký</Object>")
    assert judge(more) == (FAILED, {"VND-SIG-013"})
    wrong = forge(person, "{}", over(DATA, 'URI="a"'), over(b"", 'URI="b"'))
    assert judge(wrong) == (INDETERMINATE, {"VND-DSIG-053"})


def test_without_a_resolver_data_outside_fails(person):
    core = check(forge(person, BODY, over(DATA, 'URI="phu-luc.txt"')))
    assert verdict(core) == (FAILED, SubIndication.SIGNED_DATA_NOT_FOUND)
    assert errors(core) == ["VND-DSIG-010"]


def test_data_that_the_resolver_does_not_have_leaves_it_undecided(person):
    core = check(forge(person, BODY, over(DATA, 'URI="phu-luc.txt"')), {})
    assert verdict(core) == (INDETERMINATE, SubIndication.SIGNED_DATA_NOT_FOUND)
    assert errors(core) == ["VND-DSIG-053"]


def test_other_data_outside_is_wrong(person):
    core = check(forge(person, BODY, over(DATA, 'URI="a"')), {"a": Blob.from_bytes(b"other")})
    assert verdict(core) == (FAILED, SubIndication.HASH_FAILURE)
    assert core.references[0].octets == 5


def test_an_empty_file_can_be_signed(person):
    """Nothing is a canonical form of nothing, but a file may be empty."""
    assert check(forge(person, BODY, over(b"", 'URI="a"')), {"a": Blob.from_bytes(b"")}).conclusion is PASSED


def test_a_file_that_is_gone_is_nobodys_wrong(person, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(DATA)
    blob = Blob.from_file(path)
    document = parse(forge(person, BODY, over(DATA, 'URI="a"')))
    (core,) = check_signatures(document, LIMITS, resolver=lambda _: blob)
    path.write_bytes(DATA[::-1])
    with pytest.raises(FileError) as caught:
        core.references[0].read()
    assert caught.value.code == "VND-IO-003"
    path.unlink()
    with pytest.raises(FileError) as caught:
        check_signatures(document, LIMITS, resolver=lambda _: blob)
    assert caught.value.code == "VND-IO-001"


@pytest.mark.parametrize("method", sorted(C14N_METHODS))
def test_xml_outside_is_parsed_for_its_canonical_form(person, method):
    xml = b"<?xml version='1.0'?>\r\n<?x y?><A b = 'c'><!-- d --></A>"
    octets = canonicalize(parse(xml), method)
    core = check(forge(person, BODY, over(octets, 'URI="a"', (method,))), {"a": Blob.from_bytes(xml)})
    assert core.conclusion is PASSED
    assert core.references[0].read() == octets


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<a", "VND-XML-001"),
        (b"<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>", "VND-XML-002"),
        (b"<a xmlns:n='relative'/>", "VND-XML-030"),
    ],
)
def test_bad_xml_outside_is_refused(person, data, code):
    core = check(forge(person, BODY, over(b"", 'URI="a"', (C14N,))), {"a": Blob.from_bytes(data)})
    assert verdict(core) == (FAILED, SubIndication.FORMAT_FAILURE)
    assert errors(core) == [code]


def test_xml_outside_keeps_to_the_limits(person):
    data = forge(person, BODY, over(b"", 'URI="a"', (C14N,)))
    limits = attrs.evolve(LIMITS, tree_bytes=10_000)
    large = Blob.from_bytes(b"<a>" + b"x" * 10_000 + b"</a>")
    (core,) = check_signatures(parse(data), limits, resolver=lambda _: large)
    assert errors(core) == ["VND-DSIG-002"]
    few = attrs.evolve(LIMITS, digest_bytes=5_000)
    (core,) = check_signatures(parse(data), few, resolver=lambda _: large)
    assert errors(core) == ["VND-DSIG-002"]


# --- transforms in their order ---------------------------------------------------------------------

_METHODS = st.sampled_from(sorted(C14N_METHODS))
_PLAIN = {C14N_COMMENTS: C14N, C14N_11_COMMENTS: C14N_11, EXC_C14N_COMMENTS: EXC_C14N}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(
    uri=st.sampled_from(["", "#body", "#xpointer(/)", "#xpointer(id('body'))"]),
    methods=st.lists(_METHODS, max_size=4),
    enveloped=st.booleans(),
)
@example(uri="#xpointer(/)", methods=[EXC_C14N_COMMENTS, C14N], enveloped=True)
def test_each_transform_works_on_what_the_one_before_it_gave(person, uri, methods, enveloped):
    """XML Signature 1.1, clause 4.4.3.2: the output of each Transform serves as input to the next."""
    enveloped = enveloped or "body" not in uri  # else the digest would be over itself
    steps = (*([ENVELOPED] if enveloped else []), *methods)
    # the signature is taken away first, so the octets can be computed from the body alone
    bare = parse(BODY.replace("{}", "").encode())
    target = bare.root[-1] if "body" in uri else bare
    queue = list(methods) or [C14N]
    first = queue.pop(0)
    octets = canonicalize(target, first if "xpointer" in uri else _PLAIN.get(first, first))
    for method in queue:
        octets = canonicalize(parse(octets), method)
    core = check(forge(person, BODY, over(octets, f'URI="{uri}"', steps)))
    assert verdict(core) == (PASSED, None)
    (one,) = core.references
    assert one.read() == octets
    assert one.transforms == steps
    assert core.covers_root == ("body" not in uri)


def test_the_signature_cannot_be_taken_away_later(person):
    """Its octets are no nodes any more, so nothing of them is "the signature that holds the reference"."""
    core = check(forge(person, BODY, over(b"x", 'URI=""', (EXC_C14N, ENVELOPED))))
    assert verdict(core) == (FAILED, SubIndication.FORMAT_FAILURE)
    assert errors(core) == ["VND-DSIG-057"]
    core = check(
        forge(person, BODY, over(b"x", 'URI="a"', (ENVELOPED,))), {"a": Blob.from_bytes(b"<Signature/>")}
    )
    assert errors(core) == ["VND-DSIG-057"]


@pytest.mark.parametrize("uri", [XPATH, FILTER2, XSLT, BASE64])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_can_hide_things_is_forbidden_wherever_it_stands(person, uri, place):
    steps = [ENVELOPED, EXC_C14N]
    steps.insert(place, uri)
    core = check(forge(person, BODY, over(b"x", 'URI=""', steps)))
    assert verdict(core) == (FAILED, SubIndication.SIG_CONSTRAINTS_FAILURE)
    assert errors(core) == ["VND-DSIG-007"]
    assert core.references[0].octets is None


# --- the same with the guard lowered ---------------------------------------------------------------


def xpath(expression, more=""):
    return transform(XPATH, f"<XPath xmlns:ds='{DS}' {more}>{expression}</XPath>")


def filters(*steps):
    inner = "".join(f"<XPath xmlns='{FILTER2}' Filter='{kind}'>{text}</XPath>" for kind, text in steps)
    return transform(FILTER2, inner)


WITHOUT = canonicalize(parse(BODY.replace("{}", "").encode()), C14N)


@pytest.mark.parametrize(
    "steps",
    [
        (xpath("not(ancestor-or-self::ds:Signature)"),),
        (xpath("not(ancestor-or-self::ds:<!-- chú thích -->Signature)"), C14N),
        (
            xpath(
                "count(ancestor-or-self::ds:Signature | here()/ancestor::ds:Signature[1]) &gt; "
                "count(ancestor-or-self::ds:Signature)"
            ),
        ),
        (ENVELOPED, xpath("true()")),
        (xpath("true()"), ENVELOPED, C14N),
        (filters(("subtract", "here()/ancestor::*[local-name()='Signature'][1]")),),
        (filters(("intersect", "/"), ("subtract", "//*[local-name()='Signature']")), C14N),
        (ENVELOPED, filters(("subtract", "/"), ("union", "/*"))),
    ],
)
def test_xpath_in_the_ways_that_leave_out_the_signature(person, steps):
    """XML Signature 1.1, clause 6.6.4: enveloped-signature and this XPath expression mean the same."""
    data = forge(person, BODY, over(WITHOUT, 'URI=""', steps))
    assert errors(check(data)) == ["VND-DSIG-007"]
    core = check(data, generic=UnsafeGeneric())
    assert verdict(core) == (PASSED, None)
    assert core.references[0].read() == WITHOUT
    assert not core.references[0].whole or steps[0] == ENVELOPED


def test_xpath_leaves_out_what_it_says(person):
    octets = b"<Doc></Doc>"
    data = forge(person, BODY, over(octets, 'URI=""', (xpath("self::Doc"),)))
    core = check(data, generic=UnsafeGeneric())
    assert core.conclusion is PASSED
    assert core.references[0].read() == octets
    assert not core.covers_root
    assert errors(check(data, generic=UnsafeGeneric(xpath=False))) == ["VND-DSIG-008"]


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (transform(XPATH), "VND-DSIG-001"),
        (transform(XPATH, "<XPath/><XPath/>"), "VND-DSIG-001"),
        (transform(XPATH, "<XPath>self::<x/>node()</XPath>"), "VND-DSIG-001"),
        (xpath("self::"), "VND-XML-041"),
        (xpath("document('file:///etc/passwd')"), "VND-XML-041"),
        (transform(FILTER2), "VND-DSIG-001"),
        (filters(("keep", "/")), "VND-DSIG-001"),
        (filters(("union", "1")), "VND-XML-041"),
        (transform(BASE64), "VND-XML-032"),
        (transform(XSLT), "VND-DSIG-008"),
    ],
)
def test_what_cannot_be_computed_is_refused(person, step, code):
    core = check(forge(person, BODY, over(b"", 'URI=""', (step,))), generic=UnsafeGeneric())
    assert core.conclusion is not PASSED
    assert code in errors(core)


def test_base64_of_an_element_and_of_octets(person):
    """XML Signature 1.1, clause 6.6.2: of nodes the text is decoded, tags and comments stripped."""
    body = f"<Doc>{{}}<Body Id='body'>{b64(DATA)[:8]}<!-- x --><b>{b64(DATA)[8:]}\n</b></Body></Doc>"
    data = forge(person, body, over(DATA, 'URI="#body"', (BASE64,)))
    assert errors(check(data)) == ["VND-DSIG-007"]
    core = check(data, generic=UnsafeGeneric())
    assert core.conclusion is PASSED
    assert core.references[0].read() == DATA
    assert errors(check(data, generic=UnsafeGeneric(base64=False))) == ["VND-DSIG-008"]
    xml = b"<a  b='c'/>"
    files = {"a": Blob.from_bytes(b64(xml).encode())}
    detached = forge(person, BODY, over(b'<a b="c"></a>', 'URI="a"', (BASE64, C14N)))
    core = check(detached, files, generic=UnsafeGeneric())
    assert core.conclusion is PASSED


def test_a_doctype_of_data_outside_only_where_it_is_allowed(person):
    xml = b"<!DOCTYPE a [<!ATTLIST a b CDATA 'c'>]><a/>"
    data = forge(person, BODY, over(b'<a b="c"></a>', 'URI="a"', (C14N,)))
    files = {"a": Blob.from_bytes(xml)}
    assert check(data, files, generic=UnsafeGeneric()).conclusion is PASSED
    assert errors(check(data, files, generic=UnsafeGeneric(doctype=False))) == ["VND-XML-002"]
    assert errors(check(data, files)) == ["VND-XML-002"]


def test_further_identifiers_only_where_they_are_named(person):
    body = "<Doc>{}<Body AssertionID='body'>x</Body></Doc>"
    octets = b'<Body AssertionID="body">x</Body>'
    data = forge(person, body, over(octets, 'URI="#body"'))
    assert errors(check(data, generic=UnsafeGeneric())) == ["VND-DSIG-012"]
    assert check(data, generic=UnsafeGeneric(id_names=("AssertionID",))).conclusion is PASSED
    twice = data.replace(b"</Doc>", b"<c Id='body'/></Doc>")
    core = check(twice, generic=UnsafeGeneric(id_names=("AssertionID",)))
    assert errors(core) == ["VND-DSIG-013"]


# --- manifests --------------------------------------------------------------------------------------


def manifest(*references, name="m"):
    return f"<Object><Manifest xmlns='{DS}' Id='{name}'>{''.join(references)}</Manifest></Object>"


def listing(person, *references, more=MANIFEST, objects=""):
    """Give a document whose signature signs a manifest that lists *references*."""
    objects = manifest(*references) + objects
    return forge(person, BODY, reference('URI="#m"', (C14N,), more=more), objects=objects)


BODY_OCTETS = canonicalize(parse(BODY.replace("{}", "").encode()).root[-1], C14N)
BODY_REFERENCE = over(BODY_OCTETS, 'URI="#body"', (C14N,))


@pytest.mark.parametrize("more", [MANIFEST, ""])
def test_what_a_manifest_lists_is_checked(person, more):
    data = listing(person, BODY_REFERENCE, over(DATA, 'URI="a"'), more=more)
    core = check(data, {"a": Blob.from_bytes(DATA)})
    assert verdict(core) == (PASSED, None)
    (one,) = core.references
    assert [(inner.ok, inner.octets) for inner in one.inner] == [(True, len(BODY_OCTETS)), (True, len(DATA))]
    assert one.inner[0].node == "/Doc/Body"
    assert one.inner[1].read() == DATA
    assert one.inner[0].location == "/Doc/Signature/Object/Manifest/Reference[1]"


@pytest.mark.parametrize(
    ("inner", "reason", "code"),
    [
        (over(b"wrong", 'URI="#body"', (C14N,)), SubIndication.HASH_FAILURE, "VND-DSIG-014"),
        (over(b"", 'URI="#nowhere"'), SubIndication.SIGNED_DATA_NOT_FOUND, "VND-DSIG-012"),
        (over(DATA, 'URI="a"'), SubIndication.SIGNED_DATA_NOT_FOUND, "VND-DSIG-010"),
        (over(DATA, 'URI=""', (XPATH,)), SubIndication.SIG_CONSTRAINTS_FAILURE, "VND-DSIG-007"),
    ],
)
def test_one_wrong_in_a_manifest_fails_the_signature(person, inner, reason, code):
    core = check(listing(person, BODY_REFERENCE, inner))
    assert verdict(core) == (FAILED, reason)
    assert errors(core) == [code, "VND-DSIG-016"]
    (one,) = core.references
    assert (one.ok, one.inner[0].ok, one.inner[1].ok) == (True, True, False)
    (finding,) = [each for each in core.findings if each.code == "VND-DSIG-016"]
    assert (finding.facts["wrong"], finding.facts["listed"]) == (1, 2)


def test_what_is_not_at_hand_in_a_manifest_leaves_it_undecided(person):
    core = check(listing(person, BODY_REFERENCE, over(DATA, 'URI="a"')), {})
    assert verdict(core) == (INDETERMINATE, SubIndication.SIGNED_DATA_NOT_FOUND)
    assert errors(core) == ["VND-DSIG-053", "VND-DSIG-016"]


def test_a_changed_manifest_is_not_looked_into(person):
    data = listing(person, BODY_REFERENCE).replace(b"<Manifest ", b"<Manifest x='' ")
    core = check(data)
    assert verdict(core) == (FAILED, SubIndication.HASH_FAILURE)
    assert core.references[0].inner == ()


@pytest.mark.parametrize(
    ("objects", "code"),
    [
        ("<Object Id='m'>x</Object>", "VND-DSIG-060"),
        (manifest(), "VND-DSIG-001"),
        (manifest("<Reference URI=''/>"), "VND-DSIG-001"),
        (manifest("<X/>"), "VND-DSIG-001"),
        (manifest(*[BODY_REFERENCE] * 21), "VND-DSIG-002"),
    ],
)
def test_a_manifest_that_is_none(person, objects, code):
    core = check(forge(person, BODY, reference('URI="#m"', (C14N,), more=MANIFEST), objects=objects))
    assert verdict(core) == (FAILED, SubIndication.FORMAT_FAILURE)
    assert code in errors(core)


def chain(person, length):
    """Give a document with manifests that list one another, the last one lists the body."""
    objects = [manifest(BODY_REFERENCE, name=f"m{length}")]
    for number in range(length - 1, 0, -1):
        inside = objects[0].removeprefix("<Object>").removesuffix("</Object>")
        octets = canonicalize(parse(inside.encode()), EXC_C14N)
        objects.insert(0, manifest(over(octets, f'URI="#m{number + 1}"', (EXC_C14N,)), name=f"m{number}"))
    return forge(person, BODY, reference('URI="#m1"', (EXC_C14N,)), objects="".join(objects))


@pytest.mark.parametrize("length", [2, 10])
def test_manifests_may_list_manifests(person, length):
    core = check(chain(person, length))
    assert verdict(core) == (PASSED, None)
    depth, one = 0, core.references[0]
    while one.inner:
        depth, (one,) = depth + 1, one.inner
    assert depth == length
    assert one.node == "/Doc/Body"


def test_manifests_end_somewhere(person):
    core = check(chain(person, 11))
    assert verdict(core) == (FAILED, SubIndication.FORMAT_FAILURE)
    assert "VND-DSIG-054" in errors(core)
    few = attrs.evolve(LIMITS, references=5)
    (core,) = check_signatures(parse(chain(person, 6)), few)
    assert "VND-DSIG-002" in errors(core)


def test_the_hash_of_a_manifest_counts_too(person):
    inner = over(b"", 'URI="#body"', (C14N,)).replace("sha256", "sha512")
    core = check(listing(person, inner))
    assert core.hash_names == ("sha256", "sha512")


# --- what is handed back ----------------------------------------------------------------------------


def test_the_octets_are_those_that_were_digested(person):
    data = forge(person, BODY, reference(digest=SHA384), reference('URI="#body"', (EXC_C14N_COMMENTS,)))
    core = check(data)
    whole, body = core.references
    assert whole.sha256 == "sha256:" + hashlib.sha256(whole.read()).hexdigest()
    assert body.read() == b'<Body Id="body">n\xe1\xbb\x99i dung <b></b></Body>'
    assert body.target.get("Id") == "body"
    assert (body.node, body.location) == ("/Doc/Body", "/Doc/Signature/SignedInfo/Reference[2]")
    pieces = []
    whole.copy_into(pieces.append)
    assert b"".join(pieces) == whole.read()
    assert len(whole.read()) == whole.octets


def test_a_document_that_was_changed_since_gives_nothing_back(person):
    document = parse(forge(person, BODY, reference(), reference('URI="#body"', (C14N,))))
    (core,) = check_signatures(document, LIMITS)
    document.root[-1].text = "khác"
    for one in core.references:
        with pytest.raises(InputError) as caught:
            one.read()
        assert caught.value.code == "VND-DSIG-058"


def test_long_texts_that_were_left_in_the_file_are_read_from_there(person):
    """A document without its long texts gives the same octets back, whatever the pieces look like."""
    text = b64(bytes(range(256)) * 40)
    body = f"<Doc>{{}}<Body Id='body'>{text[:64]}\r\n{text[64:]}</Body></Doc>"
    data = forge(person, body, reference(), reference('URI="#body"', (C14N, EXC_C14N)))
    (expected,) = check_signatures(parse(data), LIMITS)
    document = parse_stream(lambda: io.BytesIO(data), {"Body"}).document
    assert document.cuts

    def pieces():
        scratch = bytearray(1000)  # used again and again, as readers do
        for start in range(0, len(data), 1000):
            part = data[start : start + 1000]
            scratch[: len(part)] = part
            yield memoryview(scratch)[: len(part)]

    (core,) = check_signatures(document, LIMITS, pieces)
    assert verdict(core) == (PASSED, None)
    assert [one.read() for one in core.references] == [one.read() for one in expected.references]
    assert [one.sha256 for one in core.references] == [one.sha256 for one in expected.references]
    # what looks at texts needs all of them
    hidden = forge(person, body, over(b"", 'URI=""', (xpath("true()"),)))
    document = parse_stream(lambda: io.BytesIO(hidden), {"Body"}).document
    (core,) = check_signatures(document, LIMITS, lambda: [hidden], generic=UnsafeGeneric())
    assert verdict(core) == (INDETERMINATE, SubIndication.SIGNED_DATA_NOT_FOUND)
    assert errors(core) == ["VND-DSIG-008"]


def test_what_was_never_digested_cannot_be_read(person):
    core = check(forge(person, BODY, over(b"", 'URI="#nowhere"')))
    with pytest.raises(InputError) as caught:
        core.references[0].read()
    assert caught.value.code == "VND-DSIG-059"


def test_reading_is_not_held_against_the_limits_of_the_check(person):
    """The budget is that of one check; whoever asks afterwards has it once more."""
    data = forge(person, BODY, *[reference()] * 3)
    spent = 3 * 5_000
    limits = attrs.evolve(LIMITS, digest_bytes=spent)
    (core,) = check_signatures(parse(data), limits)
    for one, other in pairwise(one.read() for one in core.references for _ in range(20)):
        assert one == other


def test_the_report_says_what_is_covered_and_how(person, pki):
    data = forge(person, BODY, reference(), reference('URI="#body"', (EXC_C14N,)), over(DATA, 'URI="a"'))
    (report,) = verify_xml(parse(data), pki.policy(), resolver=lambda _: Blob.from_bytes(DATA))
    assert report.conclusion is PASSED
    assert [(one.node, one.location, one.transforms) for one in report.covers] == [
        ("/Doc", 'URI=""', (ENVELOPED, EXC_C14N)),
        ("/Doc/Body", 'URI="#body"', (EXC_C14N,)),
        ("a", 'URI="a"', ()),
    ]
    (unproven,) = verify_xml(parse(data.replace(b"<b/>", b"")), Policy.strict(trust=TrustStore()))
    assert [one.node for one in unproven.covers] == []
