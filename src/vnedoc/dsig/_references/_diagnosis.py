"""Why a digest may not match: which simple change of the octets makes it right.

A help for people who look for the program that changed a document; it proves nothing and changes no verdict.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

import attrs
from lxml import etree

from vnedoc.dsig._grammar import Algorithm, Reference
from vnedoc.dsig._references._scope import Scope, Target
from vnedoc.dsig._references._transforms import WITHOUT_COMMENTS, Plan, canonicalize_plan
from vnedoc.errors import FileError, VnedocError
from vnedoc.model import Blob, Finding, Limits
from vnedoc.xml import C14N_COMMENTS, canonicalize, parse

_MOST = 1_000_000  # octets of one reference
_BOM = b"\xef\xbb\xbf"
_BETWEEN = re.compile(rb">[ \t\r\n]+(?=<)")
_INDENTS = ("  ", "    ", "\t", "   ", " ")


def diagnose(
    scope: Scope, reference: Reference, how: Plan | Target | Blob, octets: int, hash_name: str
) -> Finding | None:
    """Look for a change that makes the digest of a reference right.

    Args:
        scope: The document; it bounds how much is looked at.
        reference: Whose digest does not match.
        how: Its plan, or the octets from outside; other transforms are not looked at.
        octets: How many were digested.
        hash_name: Name of ``hashlib``.

    Returns:
        An info finding with the name of the change; ``None`` when there is none or it was not looked for.
    """
    if isinstance(how, Target) or octets > _MOST or (scope.document.cuts and scope.pieces is None):
        return None
    if isinstance(how, Blob) and (reference.transforms or how.size > _MOST):
        return None
    try:
        probe = scope.for_diagnosis()
        for change, octets_of_it in _variants(probe, how):
            probe.spend(len(octets_of_it))
            if hashlib.new(hash_name, octets_of_it).digest() == reference.value:
                return Finding.info("VND-DSIG-061", reference.location, uri=reference.uri, variant=change)
    except FileError:
        raise  # the file is not what it was
    except VnedocError:
        return None  # whatever cannot be computed explains nothing
    return None


def _variants(scope: Scope, how: Plan | Blob) -> Iterator[tuple[str, bytes]]:
    """Give changed octets, each with the name of the change."""
    if isinstance(how, Blob):
        yield from _of_octets(how.read(), canonical=False)
        return
    declared = _canonical(scope, how, how.method)
    yield from _of_octets(declared, canonical=True)
    for uri in WITHOUT_COMMENTS:
        if uri != how.method.uri:
            octets = _canonical(scope, how, Algorithm(uri))
            if octets != declared:
                yield _named(how.method.uri, uri), octets
    if how.method.prefixes:
        yield "c14n-prefixes", _canonical(scope, how, Algorithm(how.method.uri))
    yield from _reindented(declared, scope.limits)


def _canonical(scope: Scope, how: Plan, method: Algorithm) -> bytes:
    scope.spend_steps(how.target, method.uri)
    pieces: list[bytes] = []
    canonicalize_plan(scope, lambda octets: pieces.append(bytes(octets)), attrs.evolve(how, method=method))
    return b"".join(pieces)


def _named(declared: str, other: str) -> str:
    if WITHOUT_COMMENTS[declared] == WITHOUT_COMMENTS[other]:
        return "comments"
    return f"c14n {other}"


def _of_octets(octets: bytes, *, canonical: bool) -> Iterator[tuple[str, bytes]]:
    lines = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    yield "newlines-lf", lines.replace(b"&#xD;", b"") if canonical else lines
    yield "newlines-crlf", lines.replace(b"\n", b"\r\n")
    if canonical:
        yield "newlines-crlf", lines.replace(b"\n", b"&#xD;\n")
    else:
        yield "newlines-cr", lines.replace(b"\n", b"\r")
    yield "bom", octets[len(_BOM) :] if octets.startswith(_BOM) else _BOM + octets
    yield "last-newline", octets + b"\n"
    yield "last-newline", octets + b"\r\n"
    yield "last-newline", octets.rstrip(b"\r\n")


def _reindented(octets: bytes, limits: Limits) -> Iterator[tuple[str, bytes]]:
    """Give the form without white space between elements, and forms that common printers write."""
    yield "white-space", _BETWEEN.sub(b">", octets)
    # canonical octets, so never more than were parsed before: what was left in the file counts here
    document = parse(octets, attrs.evolve(limits, tree_bytes=max(limits.tree_bytes, len(octets))))
    for indent in _INDENTS:
        etree.indent(document.root, space=indent)
        yield "indentation", canonicalize(document, C14N_COMMENTS)
