"""The octets that time stamps are about, from the one pipeline of references and under its limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree

from vnedoc.dsig._grammar import Algorithm, Reference
from vnedoc.dsig._references import Scope, Target, transform_into
from vnedoc.dsig._verdict import RefusedError
from vnedoc.errors import DecodeError
from vnedoc.xml import canonicalize_into


class StampedOctets:
    """Gives them for one signature; see ``vnedoc.dsig._xades.Octets``.

    Args:
        scope: The document; what its time stamps cost is counted apart.
        signature: The ``Signature``.
    """

    def __init__(self, scope: Scope, signature: etree._Element) -> None:
        self._scope = scope
        self._signature = signature

    def element(self, write: Callable[[Any], object], element: etree._Element, method: Algorithm) -> None:
        """Hand over the canonical form of an element."""
        scope = self._scope.for_stamps()
        scope.spend_steps(Target(element, comments=True), method.uri)
        canonicalize_into(_counted(scope, write), element, method.uri, prefixes=method.prefixes)

    def reference(self, write: Callable[[Any], object], reference: Reference, method: Algorithm) -> None:
        """Hand over what a reference covers after its transforms, as they were digested but for *method*.

        Raises:
            DecodeError: ``VND-DSIG-085`` when they cannot be had.
        """
        scope = self._scope.for_stamps()
        try:
            target = scope.resolve(reference)
            transform_into(
                scope,
                _counted(scope, write),
                self._signature,
                reference.transforms,
                reference,
                target,
                default=method,
            )
        except RefusedError as refused:
            cause = f"{refused.finding.code}, URI {str(reference.uri)[:200]}"
            raise DecodeError(
                "VND-DSIG-085",
                f"it cannot be computed what the time stamp has stamped: {cause}",
                path=reference.location,
                hint="hand in what the signature covers, or judge it with software that knows this form",
                facts={"cause": cause},
            ) from refused


def _counted(scope: Scope, write: Callable[[Any], object]) -> Callable[[Any], object]:
    def counted(octets: bytes | memoryview) -> None:
        scope.spend(len(octets))
        write(octets)

    return counted
