"""Carrying bytes. A transport moves one parcel, keeps no state, never retries and never dedupes."""

from vnedoc.transport._folder import FolderTransport
from vnedoc.transport._memory import MemoryHub, MemoryTransport
from vnedoc.transport._names import decode_name, encode_name
from vnedoc.transport._open import Carrier, open_transport
from vnedoc.transport._queue_item import QueueItem, read_queue_item

__all__ = [
    "Carrier",
    "FolderTransport",
    "MemoryHub",
    "MemoryTransport",
    "QueueItem",
    "decode_name",
    "encode_name",
    "open_transport",
    "read_queue_item",
]
