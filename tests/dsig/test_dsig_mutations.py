"""Every valid public vector that the engine accepts, changed in one place: refused each time.

Changed are the signature value, ``SignedInfo`` (any octet of it) and what the references cover (a text, an
attribute, an element; XMLDSig 1.1, clause 3.2). A change that leaves the canonical form as it was is none.
"""

import csv
import random
import re

import pytest
from dsig_samples import DS, ENVELOPED, LIMITS
from lxml import etree

from vnedoc.dsig import UnsafeGeneric, check_signatures
from vnedoc.errors import VnedocError
from vnedoc.model import Conclusion
from vnedoc.xml import C14N_METHODS, canonicalize, parse

pytestmark = [pytest.mark.corpus, pytest.mark.timeout(100)]

PASSED = Conclusion.PASSED
_INFO = re.compile(rb"<(?:[\w.-]+:)?SignedInfo[ >].*?</(?:[\w.-]+:)?SignedInfo\s*>", re.DOTALL)
_VALUE = re.compile(rb"<(?:[\w.-]+:)?SignatureValue[^>]*>(.*?)</", re.DOTALL)
_FLIPS = 6
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def _valid(folder, column):
    """Give (name, octets) of the valid vectors whose every signature is accepted."""
    for row in _rows(folder):
        data = (folder / row["file"]).read_bytes()
        if row[column] == "valid" and _accepted(data):
            yield row["file"], data


def _rows(folder):
    with (folder / "index.tsv").open(encoding="utf-8") as handle:
        yield from csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE)


def _check(data):
    """Give the core checks, or the typed refusal; anything else that is raised fails the test."""
    try:
        return check_signatures(parse(data), LIMITS)
    except VnedocError:
        return ()


def _accepted(data):
    checks = _check(data)
    return bool(checks) and all(one.conclusion is PASSED for one in checks)


def _canonical_infos(data):
    try:
        infos = parse(data).root.iter(f"{{{DS}}}SignedInfo")
        methods = [(one, one[0].get("Algorithm")) for one in infos]
        return [canonicalize(one, method) for one, method in methods if method in C14N_METHODS]
    except (VnedocError, IndexError):
        return None


def _flipped_infos(data, chance):
    """Give the document with one bit of one SignedInfo changed, where that changes its canonical form."""
    before = _canonical_infos(data)
    for found in _INFO.finditer(data):
        for at in chance.sample(range(*found.span()), _FLIPS):
            changed = bytearray(data)
            changed[at] ^= 1 << chance.randrange(7)
            if _canonical_infos(bytes(changed)) != before:
                yield f"SignedInfo {at}", bytes(changed)


def _flipped_values(data, chance):
    """Give the document with one character of one value changed; its last bits belong to no octet."""
    for found in _VALUE.finditer(data):
        places = [at for at in range(*found.span(1)) if data[at] in _BASE64][:-2]
        for at in (places[0], chance.choice(places), places[-1]):
            changed = bytearray(data)
            changed[at] = chance.choice([one for one in _BASE64 if one != data[at]])
            yield f"SignatureValue {at}", bytes(changed)


def _edits(element):
    """Give changes of one element, each as a function of that element."""

    def text(one):
        one.text = (one.text or "") + "x"

    def attribute(one):
        one.set("la", "x")

    def child(one):
        etree.SubElement(one, "la")

    return text, attribute, child


def _changed_content(data, chance):
    """Give the document with a covered element changed: first, last and one more of each reference."""
    document = parse(data)
    order = list(document.root.iter())
    for check in check_signatures(document, LIMITS):
        for one in check.references:
            enveloped = any(step.uri == ENVELOPED for step in one.reference.transforms)
            gone = set(check.element.iter()) if enveloped else set()
            covered = [each for each in one.target.iter(etree.Element) if each not in gone]
            for element in {covered[0], covered[-1], chance.choice(covered)}:
                for edit in _edits(element):
                    root = etree.fromstring(data)
                    edit(list(root.iter())[order.index(element)])
                    yield f"{one.reference.uri!r} {element.tag}", etree.tostring(root.getroottree())


def _wrapped(data):
    """Give the document inside another one, alone and beside a second element of each referenced name."""
    outer = etree.Element("Bao")
    outer.append(etree.fromstring(data))
    etree.SubElement(outer, "Gia").text = "khác"
    yield "wrapped", etree.tostring(outer)
    for check in check_signatures(parse(data), LIMITS):
        for one in check.references:
            name = re.search(r"[\w.-]+(?=['\")]*$)", one.reference.uri)
            if name is not None:
                for attribute in ("Id", "ID", "id"):
                    outer = etree.Element("Bao")
                    etree.SubElement(outer, "Gia").set(attribute, name[0])
                    outer.append(etree.fromstring(data))
                    yield f"doubled {name[0]}", etree.tostring(outer)


@pytest.mark.parametrize(
    ("folder", "column", "vectors"), [("xmldsig", "expected", 24), ("xades", "core_expected", 26)]
)
def test_every_change_of_an_accepted_vector_is_refused(corpus, folder, column, vectors, record_property):
    chance = random.Random(20261122)
    wrong, counted = [], 0
    names = []
    for name, data in _valid(corpus / "vectors" / folder, column):
        names.append(name)
        again = etree.tostring(etree.fromstring(data).getroottree())
        assert _accepted(again), name  # writing it anew is not what is refused below
        for make in (_flipped_infos, _flipped_values, _changed_content):
            made = list(make(data, chance))
            assert made, (name, make)
            counted += len(made)
            wrong += [(name, what) for what, changed in made if _accepted(changed)]
        for what, changed in _wrapped(data):
            counted += 1
            # a genuine part stays genuine where it was put, yet never counts for the whole again
            wrong += [(name, what) for one in _check(changed) if one.conclusion is PASSED and one.covers_root]
            wrong += [(name, what) for _ in range(what.startswith("doubled") and _accepted(changed))]
    assert wrong == []
    assert len(names) == vectors
    record_property("rows", counted)


GENERIC = UnsafeGeneric()


def _generic(data):
    """Whether every signature of a file is accepted with the key that it carries, by any algorithm."""
    try:
        checks = check_signatures(parse(data), LIMITS, generic=GENERIC)
    except VnedocError:
        return False
    return bool(checks) and all(one.conclusion is PASSED for one in checks)


@pytest.mark.parametrize(
    ("folder", "column", "least"), [("xmldsig", "expected", 80), ("xades", "core_expected", 1)]
)
def test_the_value_and_signed_info_count_for_other_keys_too(corpus, folder, column, least, record_property):
    """Files that only ``UnsafeGeneric`` accepts: one change of the value and some of SignedInfo each."""
    chance = random.Random(20261122)
    wrong, counted, files = [], 0, 0
    for row in _rows(corpus / "vectors" / folder):
        data = (corpus / "vectors" / folder / row["file"]).read_bytes()
        if row[column] != "valid" or _accepted(data) or not _generic(data):
            continue
        files += 1
        made = [*list(_flipped_infos(data, chance))[:2], *list(_flipped_values(data, chance))[:1]]
        counted += len(made)
        wrong += [(row["file"], what) for what, changed in made if _generic(changed)]
    assert wrong == []
    assert files >= least
    record_property("rows", counted)
