"""The full process for the few paths that restrict names or policies (RFC 5280, clause 6.1, whole)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from cryptography import x509

from vnedoc.trust._certificates import Certificate

# Each name is compared with each subtree, so that a few hundred of both keep a machine busy.
_MOST_COMPARISONS = 20_000


def constraint_failure(path: Sequence[Certificate]) -> str | None:
    """Judge name and policy constraints of *path* (leaf first, anchor last) with pyhanko-certvalidator.

    The anchor's own name constraints count. Validity and revocation are judged elsewhere, so the moment is
    one at which the youngest certificate began and revocation is switched off; nothing is fetched.

    Returns:
        Why the path is refused, in the words of that library, or ``None`` when it holds.
    """
    if _comparisons(path) > _MOST_COMPARISONS:
        return f"more than {_MOST_COMPARISONS} comparisons of names with name constraints"
    try:
        _run(_validate(path))
    except Exception as error:  # noqa: BLE001 - whatever it cannot work through is refused
        return str(error)[:300] or type(error).__name__
    return None


def _comparisons(path: Sequence[Certificate]) -> int:
    names = subtrees = 0
    for one in path:
        names += len(one.parsed.subject) + len(one.extension(x509.SubjectAlternativeName) or ())
        constraints = one.extension(x509.NameConstraints)
        if constraints is not None:
            subtrees += len(constraints.permitted_subtrees or ()) + len(constraints.excluded_subtrees or ())
    return names * subtrees


async def _validate(path: Sequence[Certificate]) -> None:
    from asn1crypto import x509 as asn1
    from pyhanko_certvalidator import policy_decl, validate
    from pyhanko_certvalidator.context import ValidationContext
    from pyhanko_certvalidator.path import ValidationPath

    leaf, *between, root = (asn1.Certificate.load(one.der, strict=True) for one in path)
    unchecked = policy_decl.RevocationCheckingRule.NO_CHECK
    context = ValidationContext(
        trust_roots=[root],
        moment=max(one.not_before for one in path),
        time_tolerance=dt.timedelta(0),
        allow_fetching=False,
        revinfo_policy=policy_decl.CertRevTrustPolicy(
            policy_decl.RevocationCheckingPolicy(unchecked, unchecked)
        ),
        algorithm_usage_policy=policy_decl.AcceptAllAlgorithms(),
    )
    await validate.async_validate_path(context, ValidationPath(_anchor(root), between[::-1], leaf))


def _anchor(root: Any) -> Any:
    """Make an anchor whose own name constraints count; name types that it leaves open stay open."""
    from pyhanko_certvalidator import authority, name_trees, policy_decl

    permitted, excluded = name_trees.default_permitted_subtrees(), name_trees.default_excluded_subtrees()
    constraints = root.name_constraints_value
    if constraints is not None:
        permitted |= name_trees.process_general_subtrees(constraints["permitted_subtrees"] or ())
        excluded |= name_trees.process_general_subtrees(constraints["excluded_subtrees"] or ())
    parameters = policy_decl.PKIXValidationParams(
        initial_permitted_subtrees=permitted, initial_excluded_subtrees=excluded
    )
    qualifiers = authority.TrustQualifiers(
        standard_parameters=parameters, max_path_length=root.max_path_length
    )
    return authority.CertTrustAnchor(root, qualifiers)


def _run(process: Any) -> None:
    """Drive a coroutine that waits for nothing, so that it also works inside a running event loop."""
    try:
        process.send(None)
    except StopIteration:
        return
    process.close()
    raise RuntimeError("the full process wanted to wait for something")
