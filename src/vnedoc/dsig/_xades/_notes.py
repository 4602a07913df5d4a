"""What the qualifying properties of a signature add to its verdict and findings."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from vnedoc.dsig._verdict import Tally, ill_formed, undecided
from vnedoc.dsig._xades._policy import PolicyReference, PolicyState
from vnedoc.dsig._xades._properties import Properties
from vnedoc.model import Finding, Limits, SubIndication
from vnedoc.xml import location


def note_properties(
    properties: Properties,
    policies: Mapping[str, bytes],
    limits: Limits,
    element: etree._Element,
    tally: Tally,
) -> None:
    """Judge the signature policy, and name what was stated and what was not evaluated.

    Args:
        properties: Those of the signature.
        policies: Policy documents that the caller accepts, by identifier.
        limits: Bounds on the work.
        element: The signature.
        tally: Takes the verdict and the findings.
    """
    for one in properties.certificates:
        if one.fault is not None:
            tally.add(ill_formed(one.fault, location(element)))
    if properties.policy is not None:
        _judge_policy(properties.policy, policies, limits, location(element), tally)
    if properties.zoneless_time is not None:
        tally.note(Finding.warning("VND-DSIG-049", location(element), time=properties.zoneless_time))
    stated = properties.statements
    if stated.commitments or stated.roles or stated.place:
        tally.note(
            Finding.info(
                "VND-DSIG-083",
                location(element),
                commitments=[one.identifier for one in stated.commitments],
                roles=list(stated.roles),
                place=[text for _, text in stated.place],
            )
        )
    if properties.not_evaluated:
        tally.note(Finding.info("VND-DSIG-050", location(element), names=properties.not_evaluated))
    if properties.ignored:
        tally.note(Finding.info("VND-DSIG-047", location(element), names=properties.ignored))


def _judge_policy(
    policy: PolicyReference, policies: Mapping[str, bytes], limits: Limits, where: str, tally: Tally
) -> None:
    """EN 319 102-1, clause 5.2.5: without the very document that was signed, nothing is decided."""
    state = policy.check(policies, limits)
    name = policy.identifier
    if state is PolicyState.SAME:
        tally.note(Finding.info("VND-DSIG-081", where, policy=name))
    elif state is PolicyState.ABSENT:
        finding = Finding.error("VND-DSIG-046", where, policy=name)
        tally.add(undecided(SubIndication.SIGNATURE_POLICY_NOT_AVAILABLE, finding))
    elif state is PolicyState.OTHER:
        finding = Finding.error("VND-DSIG-080", where, policy=name)
        tally.add(undecided(SubIndication.POLICY_PROCESSING_ERROR, finding))
    else:
        steps = [policy.digest, *(one.uri for one in policy.transforms)]
        finding = Finding.error("VND-DSIG-082", where, policy=name, algorithms=steps)
        tally.add(undecided(SubIndication.POLICY_PROCESSING_ERROR, finding))
