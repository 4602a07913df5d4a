"""Documents and statuses folded into the present state of an exchange; no store, no I/O."""

from vnedoc.exchange._threads._tables import RECEIPT, STANDING, Progress, Standing, StandingStep
from vnedoc.exchange._threads._thread import Thread
from vnedoc.exchange._threads._values import Holder, Sighting, Version, Withdrawal

__all__ = [
    "RECEIPT",
    "STANDING",
    "Holder",
    "Progress",
    "Sighting",
    "Standing",
    "StandingStep",
    "Thread",
    "Version",
    "Withdrawal",
]
