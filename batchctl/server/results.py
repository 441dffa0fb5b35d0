"""Writes an ended batch's output and error files from its stored answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from batchctl.server.files import FileShelf
from batchctl.server.upstream import kept, no_answer

BUFFER_BYTES = 1024 * 1024
# What is said of lines that never ran, by the status their batch ends with.
LEFT_OVER = {
    "expired": ("batch_expired", "This request could not be executed before the completion window expired."),
    "cancelled": ("batch_cancelled", "This request was not executed because the batch was cancelled."),
}


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A file that is complete on the disk and not registered yet."""

    id: str
    size: int


@dataclass(frozen=True, slots=True)
class Results:
    """The two files of an ended batch; None for one that would be empty."""

    output: ResultFile | None
    error: ResultFile | None


def write_results(database: Path, shelf: FileShelf, batch: int, batch_id: str, outcome: str) -> Results:
    """Writes both files, in the order in which answers came; lines without one follow in the error file.

    Runs in a thread, with a connection of its own: it reads only, and the event loop writes on meanwhile.
    """
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        output = _write(shelf, _answers(connection, batch, ok=True))
        try:
            error = _write(shelf, _failures(connection, batch, batch_id, outcome))
        except Exception:
            discard(shelf, output)
            raise
        return Results(output, error)


def discard(shelf: FileShelf, file: ResultFile | None) -> None:
    """Removes a file that nobody will register."""
    if file is not None:
        shelf.path(file.id).unlink(missing_ok=True)


def _answers(connection: sqlite3.Connection, batch: int, *, ok: bool) -> Iterator[bytes]:
    rows = connection.execute(
        "SELECT record FROM answers WHERE batch = ? AND ok = ? ORDER BY arrival", (batch, ok)
    )
    for (record,) in rows:
        yield record


def _failures(connection: sqlite3.Connection, batch: int, batch_id: str, outcome: str) -> Iterator[bytes]:
    yield from _answers(connection, batch, ok=False)
    if outcome not in LEFT_OVER:
        return
    answer = no_answer(*LEFT_OVER[outcome])
    rows = connection.execute(
        "SELECT line, custom_id FROM lines AS l WHERE batch = ?"
        " AND NOT EXISTS (SELECT 1 FROM answers AS a WHERE a.batch = l.batch AND a.line = l.line)"
        " ORDER BY line",
        (batch,),
    )
    for line, custom_id in rows:
        yield kept(batch, line, custom_id, answer, salt=batch_id).record


def _write(shelf: FileShelf, records: Iterator[bytes]) -> ResultFile | None:
    first = next(records, None)
    if first is None:
        return None
    file_id = shelf.ids.file()
    try:
        with shelf.part_path(file_id).open("wb", buffering=BUFFER_BYTES) as stream:
            size = stream.write(first + b"\n")
            for record in records:
                size += stream.write(record + b"\n")
        shelf.make_durable(file_id)
    except Exception:
        # It is tried again, with another name: on a full disk what is left of this try would add up.
        shelf.part_path(file_id).unlink(missing_ok=True)
        raise
    return ResultFile(file_id, size)
