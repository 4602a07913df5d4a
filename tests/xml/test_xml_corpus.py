"""Public vectors and samples."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from vnedoc.errors import DecodeError, VnedocError
from vnedoc.xml import C14N_METHODS, EXC_C14N, XmlDocument, canonicalize, compare_c14n, looks_like_xml, parse

pytestmark = pytest.mark.corpus

_NAMESPACES = {"ietf": "http://www.ietf.org", "d": "http://www.w3.org/2000/09/xmldsig#"}
_EVERYTHING = r"\(//\. \| //@\* \| //namespace::\*\)\s*"
_SUBTREE = re.compile(
    _EVERYTHING + r"\[ancestor-or-self::(\S+?)(?: and not\(ancestor-or-self::([^ ]+)\))?\]", re.DOTALL
)
_ELEMENT = {
    "apache-c14n/inExcl/example2_2_3.xml": "//p",
    "apache-c14n/inExcl/example2_4.xml": "//*[local-name() = 'elem2']",
    "apache-c14n/inExcl/plain-soap-1.1.xml": "/*/*[local-name() = 'Body']",
    "apache-c14n/in/default_ns_redefinition_input.xml": "/*/*[local-name() = 'Object']",
}


@pytest.fixture
def _compare():
    compare_c14n(True)
    yield
    compare_c14n(False)


def _rows(corpus: Path) -> list[dict[str, str]]:
    with (corpus / "vectors/c14n/index.tsv").open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))


def _selection(row: dict[str, str], folder: Path) -> tuple[str, str | None] | None:
    """Give (XPath of the apex, XPath of what is left out); ``/`` is the whole document, None a node set."""
    text = row["selection"]
    if row["input"] == "apache-c14n/in/38_input.xml":  # listed as whole, but example 3.8 is of a node set
        return None
    if row["input"] in _ELEMENT:
        return _ELEMENT[row["input"]], None
    if text == "whole document":
        return "/", None
    if "elem2" in text:
        return "//*[local-name() = 'elem2']", None
    if row["input"].startswith("merlin-exc-c14n-one/exc") and "to-be-signed" in text:
        return "//*[@Id = 'to-be-signed']", None
    file = re.search(r", in (\S+\.xpath)", text)
    match = _SUBTREE.fullmatch((folder / file[1]).read_text(encoding="utf-8").strip()) if file else None
    return match and (f"//{match[1]}", f"//{match[2]}" if match[2] else None)


def _read(path: Path) -> XmlDocument:
    data = path.read_bytes()
    try:
        return parse(data)
    except DecodeError as error:
        assert error.code in {"VND-XML-002", "VND-XML-003"}, path  # noqa: PT017 - old vectors have DTDs
    parser = etree.XMLParser(load_dtd=True, attribute_defaults=True, resolve_entities=True, no_network=True)
    return XmlDocument(data, etree.parse(path, parser).getroot())


@pytest.mark.usefixtures("_compare")
def test_canonicalisation_vectors(corpus):
    folder = corpus / "vectors/c14n"
    counts: Counter[str] = Counter()
    for row in _rows(corpus):
        selection = _selection(row, folder)
        if selection is None:
            counts["needs a node set"] += 1
            continue
        document = _read(folder / row["input"])
        apex, exclude = (
            document.root.xpath(path, namespaces=_NAMESPACES) if path and path != "/" else [None]
            for path in selection
        )
        assert len(apex) == len(exclude) == 1, row
        method = row["algorithm"]
        method = method if method in C14N_METHODS else EXC_C14N
        listed = re.search(r"PrefixList=([^)]*)\)", row["selection"])
        if "#WithComments" in row["selection"]:
            method = f"{EXC_C14N}WithComments"
        octets = canonicalize(
            document if apex[0] is None else apex[0],
            method,
            prefixes=tuple(listed[1].split()) if listed else (),
            exclude=exclude[0],
        )
        assert octets == (folder / row["expected"]).read_bytes(), row
        counts["equal"] += 1
    assert counts == {"equal": 84, "needs a node set": 137}


@pytest.mark.usefixtures("_compare")
def test_both_ways_agree_on_every_well_formed_file(corpus):
    seen = 0
    for path in sorted(corpus.glob("**/*")):
        if path.suffix not in {".xml", ".edxml", ".bak", ".xsd"} or not path.is_file():
            continue
        try:
            document = parse(path.read_bytes())
        except VnedocError:
            continue
        inner = [one for one in document.root.iter("*") if one is not document.root][:3]
        for method in sorted(C14N_METHODS):
            try:
                canonicalize(document, method)
                for element in inner:
                    canonicalize(element, method)
                    canonicalize(document, method, exclude=element)
            except DecodeError as error:
                assert error.code == "VND-XML-030", path  # noqa: PT017 - relative namespaces
        seen += 1
    assert seen > 500


def test_hostile_documents_are_refused(corpus):
    folder = corpus / "vectors/attacks/xml-defused"
    files = sorted(folder.glob("**/*.xml"))
    assert len(files) == 6
    for path in files:
        with pytest.raises(DecodeError) as caught:
            parse(path.read_bytes(), repair=True)
        assert caught.value.code == "VND-XML-002", path


def test_samples_of_messages_parse_or_say_why(corpus):
    outcomes: Counter[str] = Counter()
    for path in sorted((corpus / "samples/edxml").iterdir()):
        data = path.read_bytes()
        if not path.is_file() or not looks_like_xml(data):
            continue
        try:
            parse(data)
            outcomes["parsed"] += 1
        except DecodeError as error:
            assert error.code == "VND-XML-001", path  # noqa: PT017 - the only reason among them
            assert error.facts["cause"]  # noqa: PT017
            repaired = "repaired"
            try:
                assert parse(data, repair=True).repairs
            except DecodeError:
                repaired = "beyond repair"
            outcomes[repaired] += 1
    assert outcomes == {"parsed": 21, "repaired": 2, "beyond repair": 1}
