"""The driver: what is due goes out, what waits comes in, and a person may look and decide."""

from __future__ import annotations

import datetime as dt
import os
import random
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

import attrs

from vnedoc.errors import (
    AmbiguousError,
    ExchangeError,
    FileError,
    InputError,
    LimitExceeded,
    MissingExtra,
    SecurityError,
    TransientError,
    TransportError,
    VnedocError,
)
from vnedoc.exchange._process import SystemClock, crashpoint, new_worker
from vnedoc.exchange._refusals import check_addressing, poisoned, refusal_for
from vnedoc.exchange._states import (
    OUTBOX,
    HandlingStep,
    OutboxState,
    OutboxStep,
    RetryPolicy,
    step_after,
)
from vnedoc.exchange._values import (
    CollectSummary,
    Event,
    InboxEntry,
    Label,
    OutboxEntry,
    QuarantineEntry,
    RunSummary,
    SendSummary,
)
from vnedoc.model import (
    Awaiting,
    DocumentId,
    Envelope,
    InboundMeta,
    Limits,
    OrganId,
    Parcel,
    Received,
    RemoteHandle,
    Settlement,
    StatusMessage,
    Wire,
)
from vnedoc.protocols import Clock, Codec, Handler, Opener, Poller, Sender

if TYPE_CHECKING:
    from vnedoc.exchange._inbox import Arrival, Task
    from vnedoc.exchange._outbox import Claim, Outcome
    from vnedoc.exchange._store import Store
