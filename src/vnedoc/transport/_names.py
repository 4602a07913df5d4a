"""Any text as a file name that is safe on every system, and back.

Identifiers hold slashes, commas and Vietnamese letters. Everything outside ``A-Z a-z 0-9 . _ -`` becomes the
percent form of its UTF-8 octets; so does what Windows would take for something else: a dot at either end and
the first letter of a device name. A name that would be too long becomes ``~`` and a SHA-256.
"""

from __future__ import annotations

import hashlib
import re
import urllib.parse

from vnedoc.model import Parcel

_LONGEST = 180
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)", re.IGNORECASE)


def _percent(text: str) -> str:
    return "".join(f"%{octet:02X}" for octet in text.encode("utf-8", "surrogatepass"))


def parcel_name(parcel: Parcel) -> str:
    """Name a parcel by its idempotency key and its content.

    The same bytes under the same key have one effect. Other bytes travel under another name, so that a forged
    or damaged copy never stands in the way of the genuine one; the receiver's inbox tells them apart.
    """
    return f"{parcel.idempotency_key}.{parcel.wire.digest.removeprefix('sha256:')}"


def encode_name(text: str) -> str:
    """Give a file name for *text*; two texts never share one."""
    name = _UNSAFE.sub(lambda found: _percent(found.group()), text)
    if name.startswith(".") or _DEVICE.match(name):
        name = _percent(name[0]) + name[1:]
    if name.endswith("."):
        name = name[:-1] + "%2E"
    if not name or len(name) > _LONGEST:
        return "~" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return name


def decode_name(name: str) -> str | None:
    """Give the text back; ``None`` when *name* is a digest or was not made by ``encode_name``."""
    try:
        text = urllib.parse.unquote_to_bytes(name).decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None
    return text if encode_name(text) == name else None


def is_encoded(name: str) -> bool:
    """Whether ``encode_name`` could have made *name*."""
    return re.fullmatch(r"~[0-9a-f]{64}", name) is not None or decode_name(name) is not None
