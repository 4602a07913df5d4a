"""``xml:base`` of omitted ancestors, joined as Canonical XML 1.1, clause 2.4 and appendix A want it."""

from __future__ import annotations

import re
from collections.abc import Iterable

# RFC 3986, appendix B: scheme, authority, path, query; the fragment goes.
_PARTS = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?")


def join_base(bases: Iterable[str]) -> str:
    """Join ``xml:base`` values, outermost first. The result may stay relative, or be empty."""
    joined: str | None = None
    for base in bases:
        joined = base if joined is None else _join(joined, base)
    return joined or ""


def _join(base: str, reference: str) -> str:
    """Resolve as RFC 3986, 5.2.2, less the demand that the base has a scheme."""
    if base.endswith(".."):
        base += "/"  # "a trailing '..' segment of the base counts as a folder"
    scheme, authority, path, query = _split(base)
    to_scheme, to_authority, to_path, to_query = _split(reference)
    if to_scheme is not None:
        return _unsplit(to_scheme, to_authority, _without_dots(to_path), to_query)
    if to_authority is not None:
        return _unsplit(scheme, to_authority, _without_dots(to_path), to_query)
    if not to_path:
        return _unsplit(scheme, authority, _without_dots(path), query if to_query is None else to_query)
    if not to_path.startswith("/"):
        # 5.2.3: merge with what stands before the last slash of the base.
        folder = "/" if authority is not None and not path else path[: path.rfind("/") + 1]
        to_path = folder + to_path
    return _unsplit(scheme, authority, _without_dots(to_path), to_query)


def _split(uri: str) -> tuple[str | None, str | None, str, str | None]:
    match = _PARTS.match(uri)
    assert match is not None  # noqa: S101 - every part of the pattern may be empty
    return match[1], match[2], match[3], match[4]


def _unsplit(scheme: str | None, authority: str | None, path: str, query: str | None) -> str:
    parts = [] if scheme is None else [scheme, ":"]
    parts += [] if authority is None else ["//", authority]
    parts.append(path)
    parts += [] if query is None else ["?", query]
    return "".join(parts)


def _without_dots(path: str) -> str:
    """Remove dot segments (RFC 3986, 5.2.4, as changed): leading ``..`` stay, runs of ``/`` become one."""
    absolute = path.startswith("/")
    kept: list[str] = []
    segments = [segment for segment in path.split("/") if segment not in ("", ".")]
    for segment in segments:
        if segment == ".." and kept and kept[-1] != "..":
            kept.pop()
        elif segment != ".." or not absolute:
            kept.append(segment)
    folder = path.endswith(("/", "/.", "/..")) or path in (".", "..")
    joined = "/".join(kept) + ("/" if folder and kept else "")
    return ("/" if absolute else "") + joined
