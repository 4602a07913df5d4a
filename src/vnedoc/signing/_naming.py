"""How callers name a signature of a document: by its ``Id``, or as reports call it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from lxml import etree

_SHOWN = 20  # names in an error
_LONGEST = 80  # letters of a name in an error


def named(signatures: Sequence[etree._Element], name: str) -> list[etree._Element]:
    """Give the signatures that *name* may mean.

    Whoever wrote the document chose the ``Id``; one that looks like the name of another signature in a
    report makes that name ambiguous, so that nobody signs or raises what was not meant.

    Args:
        signatures: All of the document, in its order.
        name: ``Id`` of the element, or ``signature-N`` for the N-th, as in ``SignatureReport.id``.
    """
    return [
        one
        for number, one in enumerate(signatures, start=1)
        if name in (one.get("Id"), f"signature-{number}")
    ]


def names_of(
    signatures: Sequence[etree._Element], choice: Collection[etree._Element] | None = None
) -> list[str]:
    """Give the names to choose from, the first 20: the ``Id`` where that is one, else ``signature-N``.

    Args:
        signatures: All of the document, in its order.
        choice: Those that can be chosen; ``None`` for all.
    """
    ids = [one.get("Id") for one in signatures]
    times = Counter(ids)
    return [
        (identifier if identifier and times[identifier] == 1 else f"signature-{number}")[:_LONGEST]
        for number, (one, identifier) in enumerate(zip(signatures, ids, strict=True), start=1)
        if choice is None or one in choice
    ][:_SHOWN]
