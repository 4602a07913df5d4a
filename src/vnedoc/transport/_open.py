"""Transports by their short form."""

from __future__ import annotations

import threading
from typing import Protocol

from vnedoc.errors import ConfigError
from vnedoc.protocols import Poller, Sender
from vnedoc.transport._folder import FolderTransport
from vnedoc.transport._memory import MemoryHub, MemoryTransport

_hubs: dict[str, MemoryHub] = {}
_hubs_lock = threading.Lock()


class Carrier(Sender, Poller, Protocol):
    """A transport that sends and can be polled."""


def open_transport(uri: str) -> Carrier:
    """Open a transport by its short form.

    Args:
        uri: ``folder:DIR`` for a folder that exists, or ``memory:NAME`` for a hub inside this process that
            everyone who gives the same name shares.

    Raises:
        ConfigError: ``VND-TRN-005`` for any other form.
    """
    kind, colon, rest = uri.partition(":")
    if colon and rest and kind == "folder":
        return FolderTransport(rest)
    if colon and rest and kind == "memory":
        with _hubs_lock:
            return MemoryTransport(_hubs.setdefault(rest, MemoryHub()))
    raise ConfigError(
        "VND-TRN-005",
        "this is not the short form of a transport",
        path=uri,
        hint="use folder:DIR or memory:NAME",
        facts={"seen": uri},
    )
