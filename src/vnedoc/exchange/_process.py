"""What belongs to this process: its clock, its name as a worker, and the points where tests kill it."""

from __future__ import annotations

import datetime as dt
import os
import signal
import socket
import uuid
from pathlib import Path

_armed = os.environ.get("VNEDOC_CRASH_AT", "")


def crashpoint(name: str) -> None:
    """End this process as by SIGKILL when the environment names this point; else do nothing."""
    if name == _armed:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


class SystemClock:
    """The clock of this machine (``protocols.Clock``)."""

    def now(self) -> dt.datetime:
        """Give the present time in UTC."""
        return dt.datetime.now(dt.UTC)


def _place() -> str:
    try:
        # Two containers may share a host name and a store, but not a namespace of process numbers.
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = ""
    return f"{socket.gethostname()}/{namespace}"


def new_worker() -> str:
    """Give a name for a worker in this process, never used before."""
    return f"{_place()}/{os.getpid()}/{uuid.uuid4().hex}"


def is_gone(worker: str) -> bool:
    """Whether *worker* certainly runs no more, so that nobody need wait for its lease to end."""
    place, _, rest = worker.rpartition("/")[0].rpartition("/")
    # On Windows signal 0 would end the process that is asked for.
    if os.name != "posix" or place != _place() or not rest.isdigit():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
