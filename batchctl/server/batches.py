"""Batches as rows: what is stored of each, how they are found, and how their status moves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields

import orjson

from batchctl.server.database import Database
from batchctl.server.ids import HEX_IDS, Ids

LIVE = ("validating", "queued", "in_progress", "finalizing", "cancelling")
CANCELLABLE = ("validating", "queued", "in_progress")


@dataclass(frozen=True, slots=True)
class Batch:
    """A row of `batches`. `*_at` are Unix seconds; `errors` and `metadata` are JSON text."""

    key: int
    id: str
    endpoint: str
    input_file_id: str
    completion_window: str
    window_s: int
    metadata: str | None
    output_expires_s: int | None
    uptime_at_creation: float
    """Seconds the server had been running lines when the batch was made (`uptime.py`)."""
    anchor_at_creation: float
    status: str
    created_at: int
    in_progress_at: int | None
    finalizing_at: int | None
    completed_at: int | None
    failed_at: int | None
    expired_at: int | None
    cancelling_at: int | None
    cancelled_at: int | None
    expires_at: int | None
    """Set when the batch ends; until then it follows from the window and the uptime."""
    errors: str | None
    output_file_id: str | None
    error_file_id: str | None
    model: str | None
    total: int
    completed: int
    failed: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int


@dataclass(frozen=True, slots=True)
class BatchError:
    """One entry of a batch's `errors`; `line` counts from 1, null for the batch as a whole."""

    code: str
    message: str
    line: int | None = None
    param: str | None = None


def errors_json(errors: Sequence[BatchError]) -> str | None:
    """As a row holds them."""
    return orjson.dumps([asdict(error) for error in errors]).decode() if errors else None


@dataclass(frozen=True, slots=True)
class NewBatch:
    """What a create call asks for, checked."""

    endpoint: str
    input_file_id: str
    completion_window: str
    window_s: int
    metadata: str | None
    output_expires_s: int | None


COLUMNS = ", ".join(field.name for field in fields(Batch))
NAMES = frozenset(field.name for field in fields(Batch))


def add(
    database: Database, new: NewBatch, *, now: int, uptime_s: float, anchor: float, ids: Ids = HEX_IDS
) -> Batch:
    """Stores a batch in `validating`, durably, and returns it."""
    batch_id = ids.batch()
    values = {
        **{field.name: getattr(new, field.name) for field in fields(NewBatch)},
        "id": batch_id,
        "status": "validating",
        "created_at": now,
        "uptime_at_creation": uptime_s,
        "anchor_at_creation": anchor,
    }
    with database.transaction() as connection:
        connection.execute(
            f"INSERT INTO batches ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
            tuple(values.values()),
        )
    found = find(database, batch_id)
    assert found is not None
    return found


def find(database: Database, batch_id: str) -> Batch | None:
    """The batch with this id."""
    row = database.connection.execute(f"SELECT {COLUMNS} FROM batches WHERE id = ?", (batch_id,)).fetchone()
    return Batch(*row) if row else None


def get(database: Database, key: int) -> Batch:
    """The batch with this key, which is known to exist."""
    row = database.connection.execute(f"SELECT {COLUMNS} FROM batches WHERE key = ?", (key,)).fetchone()
    return Batch(*row)


def page(
    database: Database, *, after: Batch | None, limit: int, hidden: Collection[str] = ()
) -> list[Batch]:
    """Up to `limit` batches older than the given one, newest first, as if those of the hidden ids were not."""
    rows = database.connection.execute(
        f"SELECT {COLUMNS} FROM batches WHERE key < ? AND id NOT IN ({_marks(hidden)})"
        " ORDER BY key DESC LIMIT ?",
        (after.key if after else 2**62, *hidden, limit),
    )
    return [Batch(*row) for row in rows]


def named(database: Database, ids: Sequence[str]) -> list[Batch]:
    """The batches of these ids that there are, newest first."""
    rows = database.connection.execute(
        f"SELECT {COLUMNS} FROM batches WHERE id IN ({_marks(ids)}) ORDER BY key DESC", tuple(ids)
    )
    return [Batch(*row) for row in rows]


def live(database: Database) -> list[Batch]:
    """The batches that have not ended, oldest first."""
    rows = database.connection.execute(
        f"SELECT {COLUMNS} FROM batches WHERE status IN ({_quoted(LIVE)}) ORDER BY key"
    )
    return [Batch(*row) for row in rows]


def update(database: Database, key: int, expected: tuple[str, ...], **changes: object) -> bool:
    """Changes a batch if its status is one of `expected`, and says whether it was.

    Every step of a batch's life goes through here, so that a cancel and a completion that meet cannot
    both win.
    """
    assert set(changes) <= NAMES
    assignments = ", ".join(f"{name} = ?" for name in changes)
    cursor = database.connection.execute(
        f"UPDATE batches SET {assignments} WHERE key = ? AND status IN ({_quoted(expected)})",
        (*changes.values(), key),
    )
    return cursor.rowcount == 1


def _marks(values: Collection[str]) -> str:
    return ", ".join("?" * len(values))


def _quoted(statuses: tuple[str, ...]) -> str:
    return ", ".join(f"'{status}'" for status in statuses)
