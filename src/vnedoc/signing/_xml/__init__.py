"""XML signatures of every form, in two steps or in one.

The document's octets are kept as they are: it is parsed once to digest its canonical form, and the text of
the ``Signature`` is spliced in before the end tag of its parent.
"""

from vnedoc.signing._xml._complete import complete_xml, finished_signature, sign_xml
from vnedoc.signing._xml._counter import CounterStyle, counter_sign_xml, prepare_counter_xml
from vnedoc.signing._xml._prepare import LargeXml, Measured, prepare_large_xml, prepare_xml

__all__ = [
    "CounterStyle",
    "LargeXml",
    "Measured",
    "complete_xml",
    "counter_sign_xml",
    "finished_signature",
    "prepare_counter_xml",
    "prepare_large_xml",
    "prepare_xml",
    "sign_xml",
]
