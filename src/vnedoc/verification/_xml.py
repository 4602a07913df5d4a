"""XML signatures: from the core check of ``vnedoc.dsig`` to one judgement each, and the seal of edXML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import attrs
from lxml import etree

from vnedoc.dsig import (
    CoreCheck,
    Pieces,
    ReferenceCheck,
    Resolver,
    check_signatures,
    find_signatures,
    is_plain,
)
from vnedoc.model import Conclusion, Covered, Finding, SignatureReport, SubIndication, TimeSource
from vnedoc.trust import Work
from vnedoc.verification._judge import Core, judge
from vnedoc.verification._policy import Policy
from vnedoc.xml import XmlDocument, location

_QCVN = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
_NAMED = 20
_SEAL_PARENT = ["edXMLHeader", "edXMLEnvelope", "edXML"]


def verify_xml(
    document: XmlDocument,
    policy: Policy,
    *,
    where: str = "document",
    prefix_id: str = "",
    pieces: Pieces | None = None,
    resolver: Resolver | None = None,
    certificates: Sequence[bytes] = (),
) -> tuple[SignatureReport, ...]:
    """Judge every XMLDSig and XAdES signature of a document, in document order.

    Args:
        document: As parsed; nothing is parsed again.
        policy: What the signatures must meet. With ``whole_document`` each must cover the root, but for
            counter-signatures, where the last signature of the chain does, and for a signature that is all
            of its document, which may cover data outside instead.
        where: Goes into the reports: ``document``, ``envelope`` or ``attachment:<ContentId>``.
        prefix_id: Put before every identifier, to keep them unique in a larger report.
        pieces: For a document whose long texts were left in its file, see ``check_signatures``.
        resolver: Gives data outside of the document by its URI. Without it such a reference is FAILED, but in
            a document that is nothing but the signature, where it is INDETERMINATE.
        certificates: Certificates that may be the signers' or their issuers', DER, for signatures that
            carry none.

    Returns:
        One report for each signature; nothing when there is none.

    Raises:
        LimitExceeded: ``VND-DSIG-002`` when there are more than ``Limits.signatures``.
        FileError: As *pieces* raises it.
    """
    checks = check_signatures(
        document,
        policy.limits,
        pieces,
        policies=policy.signature_policies,
        resolver=resolver,
        certificates=certificates,
    )
    work = Work.within(policy.limits)
    by_element = {one.element: one for one in checks}
    return tuple(
        judge(
            _core(
                one,
                where,
                f"{prefix_id}signature-{number}",
                certificates,
                whole=policy.whole_document,
                covers_whole=_covers_whole(one, by_element),
            ),
            policy,
            work,
        )
        for number, one in enumerate(checks, start=1)
    )


def seal_findings(document: XmlDocument) -> tuple[Finding, ...]:
    """Say where a document departs from the exact shape of an edXML seal; nothing when it does not.

    The seal is the one ``Signature`` of the message, last child of ``edXMLHeader``, and holds nothing but
    ``SignedInfo``, ``SignatureValue``, ``KeyInfo`` and one ``Object`` with ``QualifyingProperties``. Whether
    it is right is for ``verify_xml`` to say.
    """
    signatures = find_signatures(document)
    if len(signatures) != 1:
        places = [location(one) for one in signatures[:_NAMED]]
        return (Finding.error("VND-SIG-010", None, count=len(signatures), places=places),)
    seal = signatures[0]
    where = location(seal)
    found = []
    ancestors = [_local(one) for one in seal.iterancestors()]
    last = all(not isinstance(one.tag, str) for one in seal.itersiblings())
    if ancestors != _SEAL_PARENT or not last:
        found.append(Finding.error("VND-SIG-011", where, place=where))
    if not is_plain(seal):
        found.append(Finding.error("VND-SIG-012", where))
    return tuple(found)


def foreign_signatures(document: XmlDocument) -> tuple[str, ...]:
    """Name the places of what calls itself a signature and cannot be verified as one.

    These are ``Signature`` in the namespace of QCVN 102:2016, and ``DigitalSignature`` in any; the first 20.
    """
    names = (f"{{{_QCVN}}}Signature", "{*}DigitalSignature")
    return tuple(location(one) for one in islice(document.root.iter(*names), _NAMED))


def _covers_whole(check: CoreCheck, by_element: Mapping[etree._Element, CoreCheck]) -> bool:
    """Tell whether a signature covers the whole document, itself or through those that it countersigns.

    A counter-signature is about another signature, and that about the next: one of them must be about the
    document. Signatures in a circle sign nothing but each other.
    """
    seen = {check.element}
    while not (check.covers_root or check.covers_alone):
        if check.countered is None or check.countered in seen:
            return False
        seen.add(check.countered)
        check = by_element[check.countered]
    return True


def _core(
    check: CoreCheck,
    where: str,
    identifier: str,
    given: Sequence[bytes],
    *,
    whole: bool,
    covers_whole: bool,
) -> Core:
    core = Core(
        id=identifier,
        where=where,
        xml_id=check.element.get("Id"),
        format=check.format,
        level=check.level,
        conclusion=check.conclusion,
        sub_indication=check.sub_indication,
        certificate=check.certificate,
        certificates=(*check.certificates, *given),
        signing_time=check.signing_time,
        time_source=None if check.signing_time is None else TimeSource.CLAIMED,
        hash_names=check.hash_names,
        covers=_covers(check),
        covers_whole=covers_whole,
        findings=check.findings,
        timestamps=check.timestamps,
        values=check.values,
    )
    if not (whole and check.unsigned and check.conclusion is Conclusion.PASSED):
        return core
    # "Whole" is what a reader takes for the document, and that is also what hides inside the signature.
    finding = Finding.error("VND-SIG-013", where, places=[location(one) for one in check.unsigned[:_NAMED]])
    return attrs.evolve(
        core,
        conclusion=Conclusion.FAILED,
        sub_indication=SubIndication.SIG_CONSTRAINTS_FAILURE,
        findings=(*core.findings, finding),
    )


def _covers(check: CoreCheck) -> tuple[Covered, ...]:
    """Give what is proven to be covered: nothing counts unless value and digest are right."""
    return tuple(_pieces_of(check.references)) if check.value_ok else ()


def _pieces_of(checks: Iterable[ReferenceCheck]) -> Iterator[Covered]:
    """Give what each reference covers, and after a manifest what it lists."""
    for one in checks:
        if not one.ok:
            continue
        uri = one.reference.uri
        where = "no URI" if uri is None else f'URI="{uri}"'
        node = (uri or "detached") if one.detached else one.node
        if node is not None:
            yield Covered(node, where, one.octets, one.sha256, one.transforms)
        yield from _pieces_of(one.inner)


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]
