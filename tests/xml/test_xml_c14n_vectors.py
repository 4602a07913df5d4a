"""Public vectors of canonicalisation, one by one: W3C, merlin, IAIK, Apache and others.

Each is run with every implementation, which must agree with each other and with the vector.
"""

import base64
import csv
import hashlib
import io
import re

import pytest
from standards_page import figures

from vnedoc.errors import DecodeError
from vnedoc.xml import (
    C14N,
    C14N_11,
    C14N_METHODS,
    EXC_C14N,
    FilterStep,
    canonicalize_nodes_into,
    compare_c14n,
    filter2,
    parse,
    parse_with_doctype,
    subtree,
    whole,
    without,
    xpath_filter,
)

pytestmark = pytest.mark.corpus

ROWS = 221
DS = "http://www.w3.org/2000/09/xmldsig#"
ENVELOPED = f"{DS}enveloped-signature"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
FILTER2 = "http://www.w3.org/2002/06/xmldsig-filter2"

# By the number of the row, from 0.
UNSUPPORTED = {104: "an entity that stands in another file is never read"}
# What the index says otherwise, and why it cannot be meant. "spec3" and "spec2" have these very octets.
W3C = "w3c-c14n11/xmlbase-c14n11spec"
OTHERWISE = {
    4: {"input": f"{W3C}3-input.xml", "selection": f"XPath in {W3C}3-103.xpath"},
    5: {"input": f"{W3C}3-input.xml", "selection": f"XPath in {W3C}3-103.xpath"},
    19: {"input": f"{W3C}2-input.xml", "selection": f"XPath in {W3C}2-102.xpath"},
    # The example 3.8 is one of Canonical XML 1.1, and of the node set of 3.7 in 1.0.
    107: {"algorithm": C14N_11, "selection": "XPath in apache-c14n/in/37_subset.xpath"},
}
LINE_FEED_ADDED = {19: "UPC's file ends with one, which the form of an element cannot have"}
# The digest decides, since the file of the row is something else.
DIGEST_ALONE = {
    9: "it is a signature, made by UPC, over the octets",
    186: "it is the form of the SignedInfo",
    187: "there is none",
    188: "there is none",
    189: "there is none",
    217: "it is that of another Reference: in the stripped document they are numbered otherwise",
}
# Inputs whose selection the index leaves open.
ELEMENT = {
    "apache-c14n/inExcl/example2_2_1.xml": "//*[local-name() = 'elem2']",
    "apache-c14n/inExcl/example2_2_2.xml": "//*[local-name() = 'elem2']",
    "apache-c14n/inExcl/example2_2_3.xml": "//p",
    "apache-c14n/inExcl/example2_4.xml": "//*[local-name() = 'elem2']",
    "apache-c14n/inExcl/plain-soap-1.1.xml": "/*/*[local-name() = 'Body']",
    "apache-c14n/in/default_ns_redefinition_input.xml": "/*/*[local-name() = 'Object']",
}
EVERYTHING = re.compile(r"\s*(?:<!--.*?-->\s*)?\(//\. \| //@\* \| //namespace::\*\)\s*\[(.*)\]\s*", re.DOTALL)


@pytest.fixture(autouse=True, scope="module")
def _compare():
    compare_c14n(True)
    yield
    compare_c14n(False)


@pytest.fixture(scope="module")
def rows(corpus):
    with (corpus / "vectors/c14n/index.tsv").open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_every_row_is_run(rows):
    assert len(rows) == ROWS
    assert figures("canonical forms") == (ROWS, ROWS - len(UNSUPPORTED), len(UNSUPPORTED))


def octets_of(nodes, method, prefixes=()):
    output = io.BytesIO()
    canonicalize_nodes_into(output.write, nodes, method, prefixes=prefixes)
    return output.getvalue()


def selected(row, document, folder):
    """Give the node set of a row that is no signature."""
    if match := re.search(r"XPath.* in (\S+\.xpath)", row["selection"]):
        expression = EVERYTHING.fullmatch((folder / match[1]).read_text(encoding="utf-8"))[1]
        return xpath_filter(
            whole(document, comments=True), expression, namespaces={"ietf": "http://www.ietf.org"}
        )
    if row["input"] in ELEMENT:
        (apex,) = document.root.xpath(ELEMENT[row["input"]])
        return subtree(document, apex, comments=True)
    assert row["selection"] == "whole document", row
    return whole(document, comments=True)


def dereferenced(reference, document, folder):
    uri = reference.get("URI")
    if not uri:
        return whole(document, comments=False)
    pointer = re.fullmatch(r"#(?:xpointer\(id\('(?P<with>[^']*)'\)\)|(?P<without>.*))", uri)
    if pointer is None:
        return whole(parse((folder / uri).read_bytes()), comments=True)
    identifier = pointer["with"] or pointer["without"]
    (element,) = document.root.xpath("//*[@Id = $id]", id=identifier)
    return subtree(document, element, comments=bool(pointer["with"]))


def digested(reference, document, folder):
    """Go through the transforms of a Reference, and give the octets that it digests."""
    nodes = dereferenced(reference, document, folder)
    for transform in reference.iter(f"{{{DS}}}Transform"):
        algorithm = transform.get("Algorithm")
        if algorithm == ENVELOPED:
            nodes = without(nodes, next(transform.iterancestors(f"{{{DS}}}Signature")))
        elif algorithm == XPATH:
            (bearer,) = transform.iter(f"{{{DS}}}XPath")
            nodes = xpath_filter(nodes, "".join(bearer.itertext()), namespaces=bearer.nsmap, here=bearer)
        elif algorithm == FILTER2:
            nodes = filter2(
                nodes,
                [
                    FilterStep(
                        kind=bearer.get("Filter"),
                        expression="".join(bearer.itertext()),
                        namespaces=bearer.nsmap,
                        here=bearer,
                    )
                    for bearer in transform.iter(f"{{{FILTER2}}}XPath")
                ],
            )
        else:
            lists = [one.get("PrefixList").split() for one in transform]
            assert transform.getnext() is None
            return octets_of(nodes, algorithm, tuple(lists[0]) if lists else ())
    return octets_of(nodes, C14N)


def has_digest(octets, reference):
    algorithm = reference.find(f"{{{DS}}}DigestMethod").get("Algorithm").rpartition("#")[2]
    digest = base64.b64encode(hashlib.new(algorithm, octets).digest()).decode()
    return digest == reference.findtext(f"{{{DS}}}DigestValue")


@pytest.mark.parametrize("number", range(ROWS))
def test_vector(number, rows, corpus):
    row = {**rows[number], **OTHERWISE.get(number, {})}
    folder = corpus / "vectors/c14n"
    source, expected = folder / row["input"], folder / row["expected"]
    if number in UNSUPPORTED:
        with pytest.raises(DecodeError) as caught:
            parse_with_doctype(source.read_bytes())
        assert (caught.value.code, caught.value.facts) == ("VND-XML-043", {"entity": "&ent2;"})
        return
    document = parse_with_doctype(source.read_bytes())
    if row["selection"].startswith("Reference "):
        place = int(re.match(r"Reference (\d+)", row["selection"])[1])
        reference = list(document.root.iter(f"{{{DS}}}Reference"))[place]
        octets = digested(reference, document, source.parent)
        assert has_digest(octets, reference), row
    else:
        method = row["algorithm"] if row["algorithm"] in C14N_METHODS else EXC_C14N
        octets = octets_of(selected(row, document, folder), method)
    if number not in DIGEST_ALONE:
        assert octets + b"\n" * (number in LINE_FEED_ADDED) == expected.read_bytes(), row
    elif not row["selection"].startswith("Reference "):
        signature = parse(expected.read_bytes()).root
        assert has_digest(octets, signature.find(f".//{{{DS}}}Reference")), row
