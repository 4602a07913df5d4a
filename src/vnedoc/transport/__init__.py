"""Carrying bytes. A transport moves one parcel, keeps no state, never retries and never dedupes."""

from vnedoc.transport._folder import FolderTransport
from vnedoc.transport._memory import MemoryHub, MemoryTransport
from vnedoc.transport._names import decode_name, encode_name
from vnedoc.transport._open import Carrier, open_transport

__all__ = [
    "Carrier",
    "FolderTransport",
    "MemoryHub",
    "MemoryTransport",
    "decode_name",
    "encode_name",
    "open_transport",
]
