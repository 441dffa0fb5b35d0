"""How long the server has been able to run lines: the time that completion windows are made of."""

from __future__ import annotations

from batchctl.server.batches import Batch
from batchctl.server.clock import Clock
from batchctl.server.database import Database

STORED = "uptime_s"
DRIFT_S = 2.0


class Uptime:
    """Seconds counted while running, over all runs of the server on this data folder.

    A batch expires when its window has passed on *this* clock, so a laptop that sleeps for a night does
    not lose its batches. The `anchor` is the wall time at which the count would have been zero had the
    server never been down; how far it has moved since a batch was made is the downtime since then.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._counted = database.number(STORED)
        self._since: float | None = None
        self._anchor = clock.wall() - self._counted

    def seconds(self) -> float:
        """The count now."""
        if self._since is None:
            return self._counted
        return self._counted + self._clock.monotonic() - self._since

    def anchor(self) -> float:
        """Unix seconds; constant while running, so that a client sees an `expires_at` that stands still."""
        actual = self._clock.wall() - self.seconds()
        # The machine slept, or its clock was set: the count did not go on, the calendar did.
        if self._since is None or abs(actual - self._anchor) > DRIFT_S:
            self._anchor = actual
        return self._anchor

    def resume(self) -> None:
        """Counts from now on."""
        if self._since is None:
            self._anchor = self._clock.wall() - self._counted
            self._since = self._clock.monotonic()

    def pause(self) -> None:
        """Stops counting."""
        self._counted, self._since = self.seconds(), None
        self.save()

    def save(self) -> None:
        """Makes the count durable. What a crash loses since the last call is given to the batches."""
        self._database.set_number(STORED, self.seconds())

    def remaining_s(self, batch: Batch) -> float:
        """Seconds of running until the batch expires; negative when it is past that."""
        return batch.window_s - (self.seconds() - batch.uptime_at_creation)

    def expires_at(self, batch: Batch) -> int:
        """When the batch will expire if the server stays up, or would have, if it has ended; Unix seconds."""
        if batch.expires_at is not None:
            return batch.expires_at
        downtime_s = max(0, round(self.anchor() - batch.anchor_at_creation))
        return batch.created_at + batch.window_s + downtime_s
