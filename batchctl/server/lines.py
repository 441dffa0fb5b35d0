"""The lines of running batches and their answers, as rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from batchctl.server import batches
from batchctl.server.database import Database
from batchctl.server.tokens import Tokens
from batchctl.server.validation import CheckedInput

PRUNE_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Line:
    """One request of a batch: where its bytes are in the input file, and how often it was sent."""

    number: int
    start: int
    size: int
    custom_id: str
    sent: int


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer on its way to the disk; `record` is its line of the output or error file, without newline."""

    batch: int
    line: int
    ok: bool
    record: bytes
    tokens: Tokens


def begin(database: Database, key: int, checked: CheckedInput, **changes: object) -> bool:
    """Stores a checked input's lines and changes its batch; False if it was cancelled first."""
    with database.transaction() as connection:
        moved = batches.update(
            database,
            key,
            ("validating",),
            total=len(checked.custom_ids),
            model=checked.model,
            **changes,
        )
        if moved:
            connection.executemany(
                "INSERT INTO lines (batch, line, start, size, custom_id) VALUES (?, ?, ?, ?, ?)",
                (
                    (key, number, start, size, custom_id)
                    for number, start, size, custom_id in zip(
                        checked.numbers, checked.starts, checked.sizes, checked.custom_ids, strict=True
                    )
                ),
            )
    return moved


def unanswered(database: Database, key: int, *, after: int, limit: int) -> list[Line]:
    """Up to `limit` lines without an answer, behind line number `after`, in file order."""
    rows = database.connection.execute(
        "SELECT line, start, size, custom_id, sent FROM lines AS l WHERE batch = ? AND line > ?"
        " AND NOT EXISTS (SELECT 1 FROM answers AS a WHERE a.batch = l.batch AND a.line = l.line)"
        " ORDER BY line LIMIT ?",
        (key, after, limit),
    )
    return [Line(*row) for row in rows]


def count_sent(database: Database, marks: list[tuple[int, int, int]]) -> None:
    """Adds to how often lines were sent: (1 or -1, batch, line) each; part of the caller's transaction."""
    database.connection.executemany("UPDATE lines SET sent = sent + ? WHERE batch = ? AND line = ?", marks)


def keep(database: Database, answer: KeptAnswer) -> None:
    """Stores an answer and counts it in its batch; part of the caller's transaction.

    A line that already has an answer keeps its first one, and is not counted twice.
    """
    cursor = database.connection.execute(
        "INSERT OR IGNORE INTO answers (batch, line, ok, record) VALUES (?, ?, ?, ?)",
        (answer.batch, answer.line, answer.ok, answer.record),
    )
    if cursor.rowcount == 0:
        return
    tokens = answer.tokens
    database.connection.execute(
        "UPDATE batches SET completed = completed + ?, failed = failed + ?, input_tokens = input_tokens + ?,"
        " cached_tokens = cached_tokens + ?, output_tokens = output_tokens + ?,"
        " reasoning_tokens = reasoning_tokens + ? WHERE key = ?",
        (
            int(answer.ok),
            int(not answer.ok),
            tokens.input,
            tokens.cached,
            tokens.output,
            tokens.reasoning,
            answer.batch,
        ),
    )


def prune(database: Database, key: int) -> Iterator[None]:
    """Removes an ended batch's answers and lines, a few at each step: its result files hold them now.

    Lines that were sent more than once stay, as the record of what may have been paid for twice.
    """
    statements = (
        "DELETE FROM answers WHERE arrival IN (SELECT arrival FROM answers WHERE batch = ? LIMIT ?)",
        "DELETE FROM lines WHERE (batch, line) IN"
        " (SELECT batch, line FROM lines WHERE batch = ? AND sent < 2 LIMIT ?)",
    )
    for statement in statements:
        while database.connection.execute(statement, (key, PRUNE_ROWS)).rowcount > 0:
            yield


def unpruned(database: Database) -> list[int]:
    """Keys of ended batches whose answers are still in the database, because a crash came between."""
    rows = database.connection.execute(
        "SELECT key FROM batches WHERE status IN ('completed', 'failed', 'expired', 'cancelled')"
        " AND (EXISTS (SELECT 1 FROM answers WHERE batch = batches.key)"
        " OR EXISTS (SELECT 1 FROM lines WHERE batch = batches.key AND sent < 2))"
    )
    return [row[0] for row in rows]
