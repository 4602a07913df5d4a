"""Texts as canonical XML writes them, and what XML cannot carry."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

from vnedoc.dsig._algorithms import DIGESTS
from vnedoc.errors import ConfigError

DIGEST_URIS: Mapping[str, str] = {name: uri for uri, name in DIGESTS.items()}
"""Digest URIs by names of ``hashlib``."""

_NO_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, clause 2.2
_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
_ATTRIBUTE = str.maketrans(
    {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"}
)


def require_text(value: object, field: str) -> str:
    """Give a text that XML carries, for the field *field* of a form.

    Raises:
        ConfigError: ``VND-SIGN-048``.
    """
    if not isinstance(value, str):
        raise unusable(field, f"text is needed, not {type(value).__name__}")
    if not value.strip():
        raise unusable(field, "it is empty")
    foreign = _NO_XML.search(value)
    if foreign is not None:
        raise unusable(field, f"XML cannot carry the character U+{ord(foreign[0]):04X}")
    return value


def unusable(field: str, cause: str) -> ConfigError:
    """Give the error for a value that no signature can hold."""
    return ConfigError(
        "VND-SIGN-048",
        f"{field} cannot go into a signature: {cause}",
        hint="change the value; see vnedoc.signing.XmlForm",
        facts={"field": field, "cause": cause},
    )


def text(value: str) -> str:
    """Give character data in canonical form (Canonical XML 1.0, clause 2.3)."""
    return value.translate(_TEXT)


def attribute(value: str) -> str:
    """Give an attribute value in canonical form, between double quotes."""
    return value.translate(_ATTRIBUTE)


def element(name: str, value: str | None) -> str:
    """Give an element with text in it, nothing for ``None``."""
    return "" if value is None else f"<{name}>{text(value)}</{name}>"


def b64(data: bytes) -> str:
    """Give base64 in one line."""
    return base64.b64encode(data).decode("ascii")
