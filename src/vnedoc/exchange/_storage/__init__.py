"""Everything that touches the disk. Only these modules load SQLAlchemy; only ``_database`` imports it."""

from vnedoc.exchange._storage._inbox import Arrival, Inbox, Task, Verdict
from vnedoc.exchange._storage._outbox import Claim, Outbox, Outcome
from vnedoc.exchange._storage._store import Scope, Store

__all__ = ["Arrival", "Claim", "Inbox", "Outbox", "Outcome", "Scope", "Store", "Task", "Verdict"]
