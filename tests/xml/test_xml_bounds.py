"""The bounds on texts and attributes hold, however the document is written that exceeds them."""

import re

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from vnedoc.errors import LimitExceeded
from vnedoc.model import Limits
from vnedoc.xml import parse

LIMITS = Limits(text_bytes=40, attributes=8)
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")

pieces = st.lists(
    st.sampled_from(
        [
            *("a" * 9, "a" * 41, "é" * 9, "é" * 21, "é=", "&#233;" * 9, "&lt;" * 11, "QUJD" * 20, "\r\n"),
            *("<![CDATA[<é<]]>", "<!--<é<-->", f"<!--{'é' * 21}-->", "<?p <é?>", f"<?p {'é' * 21}?>"),
            *("<b/>", "<b>é</b>"),
        ]
    ),
    max_size=6,
).map("".join)
values = st.sampled_from(["", "é" * 3, "é" * 21, "&#233;" * 21, "====", "a>b"])
elements = st.builds(
    lambda names, text: (
        "<e " + "".join(f"a{number}='{value}' " for number, value in enumerate(names)) + f">{text}</e>"
    ),
    st.lists(values, max_size=11),
    pieces,
)
documents = st.builds(
    lambda before, inside, after: f"{before}<r>{''.join(inside)}</r>{after}",
    st.sampled_from(["", "<?xml version='1.0'?>", "\ufeff", "<!--é-->", f"<!--{'é' * 21}-->"]),
    st.lists(elements, max_size=3),
    st.sampled_from(["", "<?p é?>", f"<?p {'é' * 21}?>"]),
)


def exceeded(data):
    """Say what of a document is too much, by looking at every node of its tree."""
    root = etree.fromstring(data, etree.XMLParser(strip_cdata=True))
    nodes = [*root.itersiblings(preceding=True), *root.iter(), *root.itersiblings()]
    tags = [one for one in nodes if isinstance(one.tag, str)]
    if any(len(one.attrib) > LIMITS.attributes for one in tags):
        return "attributes"
    texts = [text for one in nodes for text in (one.text, one.tail)]
    texts += [value for one in tags for value in one.attrib.values()]
    long = (one for one in texts if one and len(one.encode()) > LIMITS.text_bytes)
    return None if all(BASE64.fullmatch(one) for one in long) else "text_bytes"


def refused(data):
    """Say which limit ``parse`` names; ``None`` when it reads the document."""
    try:
        parse(data, LIMITS)
    except LimitExceeded as error:
        return error.facts["limit"]
    return None


@given(documents)
def test_what_is_too_much_is_refused_and_nothing_else(document):
    data = document.encode()
    assert refused(data) == exceeded(data)
