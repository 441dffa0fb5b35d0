"""What all running batches share: one value with everything that the work on a batch may need."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from batchctl.server.clock import Clock
from batchctl.server.database import Database
from batchctl.server.dialects import ServerDialect
from batchctl.server.files import FileShelf
from batchctl.server.hold import Hold
from batchctl.server.journal import Journal
from batchctl.server.outage import Outage
from batchctl.server.upstream import Upstream
from batchctl.server.uptime import Uptime

# An answer that is on its way when the batch is cancelled or expires is probably paid for: wait a little.
GRACE_S = 10.0


@dataclass(frozen=True, slots=True)
class Workshop:
    """The tools, and the limits that all batches keep to together."""

    database: Database
    shelf: FileShelf
    dialect: ServerDialect
    upstream: Upstream
    outage: Outage
    journal: Journal
    uptime: Uptime
    clock: Clock
    concurrency: int
    slots: asyncio.Semaphore
    """One for each line that may be with the upstream at a time."""
    gate: asyncio.Event
    """Set while lines may run."""
    grace_s: float = GRACE_S
    expire_after: int | None = None
    """Every batch expires when this many of its lines have been answered: for tests of expiry."""
    hold: Hold | None = None
    """What batches wait for once they are `in_progress`."""

    def now(self) -> int:
        """Unix seconds, as in the objects a client sees."""
        return int(self.clock.wall())
