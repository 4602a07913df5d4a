"""Counter-signatures: signatures over the value of another signature, in the two styles of XAdES.

EN 319 132-1, clause 5.2.7: the enclosed one stands in a ``CounterSignature`` property and signs the value of
the signature around it; the other stands anywhere and says by the type of its reference what it signs.
"""

from __future__ import annotations

from lxml import etree

from vnedoc.dsig._grammar import DS, SIGNATURE_TAG, XADES
from vnedoc.dsig._references import WITHOUT_COMMENTS, ReferenceCheck
from vnedoc.dsig._verdict import Tally
from vnedoc.model import Finding
from vnedoc.xml import location

COUNTERSIGNED_TYPE = "http://uri.etsi.org/01903#CountersignedSignature"
_PROPERTY = f"{{{XADES}}}CounterSignature"
_VALUE = f"{{{DS}}}SignatureValue"


def countersigned(
    signature: etree._Element, checks: tuple[ReferenceCheck, ...], tally: Tally
) -> etree._Element | None:
    """Give the signature that *signature* countersigns; ``None`` when it is none.

    One that claims it and signs something else is judged as any other signature, and named.
    """
    parent = signature.getparent()
    around = None
    if parent is not None and parent.tag == _PROPERTY:
        around = next(signature.iterancestors(SIGNATURE_TAG), None)
    # in the property the type may be missing, as older software leaves it out
    claims = [one for one in checks if around is not None or one.reference.type == COUNTERSIGNED_TYPE]
    if not claims:
        return None
    for one in claims:
        other = _signature_of_value(one)
        if other is not None and other is not signature and around in (None, other):
            return other
    tally.note(Finding.warning("VND-DSIG-063", location(signature)))
    return None


def _signature_of_value(check: ReferenceCheck) -> etree._Element | None:
    """Give the signature whose ``SignatureValue`` a reference covers, all of it, with the right digest."""
    value = check.target
    if value is None or value.tag != _VALUE or not check.ok:
        return None
    if not all(one in WITHOUT_COMMENTS for one in check.transforms):
        return None
    holder = value.getparent()
    return holder if holder is not None and holder.tag == SIGNATURE_TAG else None
