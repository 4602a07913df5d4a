"""The methods of canonicalisation, by URI."""

from __future__ import annotations

import re

import attrs

from vnedoc.errors import ConfigError, DecodeError

C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_COMMENTS = f"{C14N}#WithComments"
C14N_11 = "http://www.w3.org/2006/12/xml-c14n11"
C14N_11_COMMENTS = f"{C14N_11}#WithComments"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
EXC_C14N_COMMENTS = f"{EXC_C14N}WithComments"

# An absolute URI has a scheme (RFC 3986, clause 4.3).
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")


@attrs.frozen(kw_only=True)
class Settings:
    """One way of canonicalising.

    Attributes:
        exclusive: Exclusive XML Canonicalization, else Canonical XML.
        version_1_1: Canonical XML 1.1, else 1.0.
        comments: Keep comments.
        prefixes: InclusiveNamespaces PrefixList of the exclusive method; ``#default`` is the default.
    """

    exclusive: bool = False
    version_1_1: bool = False
    comments: bool = False
    prefixes: tuple[str, ...] = ()


_METHODS = {
    C14N: Settings(),
    C14N_COMMENTS: Settings(comments=True),
    C14N_11: Settings(version_1_1=True),
    C14N_11_COMMENTS: Settings(version_1_1=True, comments=True),
    EXC_C14N: Settings(exclusive=True),
    EXC_C14N_COMMENTS: Settings(exclusive=True, comments=True),
}
C14N_METHODS = frozenset(_METHODS)
"""The URIs of every method that ``canonicalize`` knows."""


def settings_of(method: str, prefixes: tuple[str, ...]) -> Settings:
    """Give the settings of a method.

    Raises:
        ConfigError: ``VND-XML-033`` for an unknown method, or prefixes where there can be none.
    """
    settings = _METHODS.get(method)
    if settings is None or (prefixes and not settings.exclusive):
        raise ConfigError(
            "VND-XML-033",
            f"not a canonicalisation method, or one without a prefix list: {method}",
            hint="see vnedoc.xml.C14N_METHODS",
            facts={"method": method},
        )
    return attrs.evolve(settings, prefixes=prefixes) if prefixes else settings


def refuse_relative(uri: str) -> None:
    """Refuse a relative namespace URI: "implementations MUST report an operation failure" (1.0, 1.3)."""
    if uri and not _ABSOLUTE.match(uri):
        raise DecodeError(
            "VND-XML-030",
            f"the namespace {uri!r} is a relative URI, so there is no canonical form",
            hint="ask the sender to use an absolute namespace URI",
            facts={"namespace": uri},
        )
