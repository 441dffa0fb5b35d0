"""What the handlers of all routes share: one value with everything a call may need."""

from __future__ import annotations

from dataclasses import dataclass

from batchctl.server import batches
from batchctl.server.batches import Batch
from batchctl.server.clock import Clock
from batchctl.server.database import Database
from batchctl.server.dialects import ServerDialect
from batchctl.server.engine import Engine
from batchctl.server.errors import no_such_batch, no_such_file
from batchctl.server.files import FileShelf, StoredFile
from batchctl.server.hold import Hold
from batchctl.server.lease import Leases
from batchctl.server.outage import Outage
from batchctl.server.upstream import Upstream
from batchctl.server.uptime import Uptime
from batchctl.server.veil import Veil


@dataclass(frozen=True, slots=True)
class Site:
    """One server on one data folder."""

    database: Database
    shelf: FileShelf
    dialect: ServerDialect
    engine: Engine
    upstream: Upstream
    outage: Outage
    uptime: Uptime
    clock: Clock
    leases: Leases
    instance: str
    """Tells this server process from any other that may come to listen on the same port."""
    token: str | None
    """The only Bearer that is let in; None lets any in."""
    open_to_others: bool
    """Other machines can reach it, by names that cannot be known here."""
    hold: Hold | None
    veil: Veil

    def now(self) -> int:
        """Unix seconds."""
        return int(self.clock.wall())

    def file(self, file_id: str) -> StoredFile:
        """Raises `ApiError` 404."""
        found = self.shelf.find(file_id, self.now())
        if found is None:
            raise no_such_file(file_id)
        return found

    def batch(self, batch_id: str) -> Batch:
        """Raises `ApiError` 404."""
        found = batches.find(self.database, batch_id)
        if found is None:
            raise no_such_batch(batch_id)
        return found
