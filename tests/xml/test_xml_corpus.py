"""Public vectors and samples."""

from collections import Counter

import pytest

from vnedoc.errors import DecodeError, VnedocError
from vnedoc.xml import C14N_METHODS, canonicalize, compare_c14n, looks_like_xml, parse

pytestmark = pytest.mark.corpus


@pytest.fixture
def _compare():
    compare_c14n(True)
    yield
    compare_c14n(False)


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
        inner = [one for one in document.root.iter("*") if one is not document.root][:2]
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
