"""What happens, told by the core as values; only views turn them into text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events. `job` is empty for what concerns no single job."""

    job: str


@dataclass(frozen=True, slots=True)
class Rendering(Event):
    """Rows read and rendered so far, of `total`, which is an estimate while they are first read (None: nobody can
    tell)."""

    rows: int
    total: int | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Uploading(Event):
    """Bytes of a shard's file sent so far; it is shard `number` of the `shards` that are being sent."""

    shard: str
    sent: int
    total: int
    number: int = 1
    shards: int = 1


@dataclass(frozen=True, slots=True)
class Downloading(Event):
    """Bytes of a batch's result file that are here so far, of `total` (None: the provider does not say)."""

    batch_id: str
    received: int
    total: int | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Writing(Event):
    """Rows that are joined with their answers and written to a sink so far."""

    sink: str
    rows: int
    total: int
    done: bool = False


@dataclass(frozen=True, slots=True)
class Step(Event):
    """One step of an apply was carried out: `verb` is an action's name, `detail` a short human text."""

    verb: str
    detail: str
    batch_id: str | None = None


@dataclass(frozen=True, slots=True)
class BatchState(Event):
    """Where a live batch stands. `since` is when it came into this status, and `due_at` when its window ends, both in
    Unix seconds, as far as the provider says."""

    batch_id: str
    status: str
    completed: int
    failed: int
    total: int
    since: int | None = None
    due_at: int | None = None


@dataclass(frozen=True, slots=True)
class Awaiting(Event):
    """The batches that are waited for from now on, as they were last seen; what was awaited before is not any more."""

    batches: tuple[BatchState, ...]


@dataclass(frozen=True, slots=True)
class Waiting(Event):
    """Nothing can be done before the next poll."""

    seconds: float
    batches: int


@dataclass(frozen=True, slots=True)
class Asking(Event):
    """Single requests that were answered so far."""

    answered: int
    total: int


@dataclass(frozen=True, slots=True)
class Notice(Event):
    """Something that the user should know; `level` is "info" or "warning"."""

    level: str
    text: str


Emit = Callable[[Event], None]


def silent(event: Event) -> None:
    """An `Emit` for callers that show nothing."""
