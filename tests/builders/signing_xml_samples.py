"""Documents, forms and checks for the tests of making XML signatures."""

from dsig_samples import DS, DS11, LIMITS, XADES
from lxml import etree

from vnedoc.dsig import check_signatures, find_signatures
from vnedoc.model import Conclusion, Level, Wire
from vnedoc.xml import parse

NS = {"d": DS, "x": XADES, "e": DS11}
PARTS = (
    b'<h:so xmlns:h="urn:thu" xml:lang="vi"><phan Id="phan-1">m\xe1\xbb\x99t<!-- a --></phan>'
    b'<phan Id="phan-2">hai</phan><ky></ky></h:so>'
)
OCTETS = bytes(range(256)) * 2


def check(data, content=None):
    resolver = None if content is None else lambda uri: content
    return check_signatures(parse(data), LIMITS, resolver=resolver)


def passed(data, content=None, *, level=Level.B_B):
    cores = check(data, content)
    for core in cores:
        assert (core.conclusion, core.level) == (Conclusion.PASSED, level), core.findings
    return cores


def one(data, path):
    (found,) = etree.fromstring(data).xpath(path, namespaces=NS)
    return found


FORMS = {
    "whole": ({}, ("so", "ky")),
    "part": ({"reference": "#phan-1"}, ("so", "ky")),
    "part that holds it": ({"reference": "#phan-1"}, ("so", "phan")),
    "around": ({"packaging": "enveloping"}, None),
    "around octets": ({"packaging": "enveloping", "octets": True}, None),
    "beside": ({"packaging": "detached", "reference": "thư%20mục/tệp.bin"}, None),
    "beside without a name": ({"packaging": "detached", "reference": None}, None),
}


def sources(name):
    return Wire.from_bytes(OCTETS if name.startswith(("around octets", "beside")) else PARTS)


def first_id(data):
    return find_signatures(parse(data))[0].get("Id")
