"""SQLite as rows: a table in the order of its rowids, or what a query gives."""

from __future__ import annotations

import base64
import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from batchctl.desired.inputs import queries
from batchctl.desired.inputs.opening import Opened, Opening, unusable
from batchctl.desired.inputs.row import Chunk, Record, SourceFailed
from batchctl.desired.inputs.sqlite_access import Guard, connect
from batchctl.words.diagnostics import Diagnostic

_TABLES = "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') AND substr(name, 1, 7) <> 'sqlite_'"
_PLAIN = frozenset((str, int, type(None)))


class _NotText:
    """A text of the database that is not UTF-8."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw


@contextmanager
def open_sqlite(opening: Opening) -> Iterator[Opened]:
    """The rows of a table or a query. Their digest is that of the rows. Raises SourceFailed."""
    guard = Guard()
    with closing(_connected(opening, guard)) as database:
        try:
            cursor = _asked(database, opening, guard)
        except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
            raise _wrong(opening, error, guard) from None
        if cursor.description is None:
            raise queries.wrong_query(opening, "it is no query that gives rows", 'write one "select"')
        names = [column[0] for column in cursor.description]
        queries.check_names(opening, names)
        rows = _SqliteRows(cursor, names, opening, guard)
        with queries.answered(rows, names, opening) as opened:
            yield opened


def _connected(opening: Opening, guard: Guard) -> sqlite3.Connection:
    try:
        return connect(opening)
    except sqlite3.Error as error:
        raise _wrong(opening, error, guard) from None


def _asked(database: sqlite3.Connection, opening: Opening, guard: Guard) -> sqlite3.Cursor:
    kinds: dict[str, str] = dict(database.execute(_TABLES))
    database.text_factory = _text
    database.set_authorizer(guard.allows)
    if opening.entry.sql is not None:
        return database.execute(opening.entry.sql.source, queries.named_values(opening))
    wanted = (opening.entry.table or "").lower()
    table = next((name for name in kinds if name.lower() == wanted), None)
    if table is None:
        raise queries.no_such_table(opening, kinds)
    rows = 'SELECT * FROM "' + table.replace('"', '""') + '"'
    if kinds[table] == "view":  # may have an order of its own
        return database.execute(rows)
    try:
        return database.execute(rows + " ORDER BY rowid")
    except sqlite3.OperationalError as error:
        if "rowid" not in str(error):
            raise
        return database.execute(rows)  # in the order of its primary key


class _SqliteRows:
    """The rows of a cursor. `size` is how many bytes their texts and blobs had so far."""

    def __init__(self, cursor: sqlite3.Cursor, names: list[str], opening: Opening, guard: Guard) -> None:
        self._cursor = cursor
        self._names = names
        self._opening = opening
        self._guard = guard
        self._row = 0
        self._over = False
        self.size = 0

    def read(self, count: int) -> Chunk:
        """The next `count` rows, or those that are left."""
        chunk = Chunk()
        for cells in self._fetched(count, chunk):
            self._row += 1
            chunk.consumed += 1
            self.size += sum(len(cell) for cell in cells if isinstance(cell, str | bytes))
            if not _PLAIN.issuperset(map(type, cells)):
                try:
                    cells = [_json(cell, name) for cell, name in zip(cells, self._names, strict=True)]
                except ValueError as error:
                    chunk.findings.append(self._bad(str(error)))
                    continue
            chunk.records.append(Record(self._row, 0, dict(zip(self._names, cells, strict=True))))
        return chunk

    def skip(self, count: int) -> int:
        """Pass over `count` rows, or those that are left; the number passed."""
        skipped = sum(1 for _ in self._fetched(count, Chunk()))
        self._row += skipped
        return skipped

    def _fetched(self, count: int, chunk: Chunk) -> Iterator[Any]:
        """Row by row, as one may hold much. A mistake that ends them all goes into `chunk`."""
        for _ in range(0 if self._over else count):
            try:
                cells = self._cursor.fetchone()
            except (sqlite3.Error, OverflowError) as error:
                self._over = True
                chunk.findings.append(_wrong(self._opening, error, self._guard, self._row + 1).finding)
                return
            if cells is None:
                self._over = True
                return
            yield cells

    def _bad(self, problem: str) -> Diagnostic:
        message = f"{self._opening.file.shown}: {problem}"
        note = "leave the column out in a query, or make something else of it there"
        return Diagnostic("input-value", message, self._opening.entry.span, notes=(note, f"in row {self._row}"))


def _text(raw: bytes) -> str | _NotText:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return _NotText(raw)


def _json(cell: Any, name: str) -> Any:
    """A cell as JSON has it: bytes as base64. Raises ValueError."""
    if isinstance(cell, bytes):
        return base64.b64encode(cell).decode("ascii")
    if isinstance(cell, _NotText):
        raise ValueError(f'column "{name}" holds text that is not UTF-8')
    if isinstance(cell, float) and not math.isfinite(cell):
        raise ValueError(f'column "{name}" is infinite, which no JSON number is')
    return cell


def _wrong(opening: Opening, error: Exception, guard: Guard, row: int = 0) -> SourceFailed:
    """SQLite's own message with what to do, at the query."""
    text = str(error)
    if guard.chance:
        return queries.by_chance(opening, guard.refused)
    if guard.refused:
        return queries.wrong_query(opening, f"a query may only read, and this one asks for {guard.refused}")
    if "binding" in text:
        name = text.rpartition(":")[2].rpartition("binding ")[2].strip(" .'\"")
        return queries.missing_value(opening, name)
    if "malformed" in text or "not a database" in text or "disk I/O" in text:
        where = f"from row {row:,} on it cannot be read" if row else "cannot be read"
        return unusable(opening, "input-damaged", f"{where}: {text}", "see `PRAGMA integrity_check`")
    if "locked" in text or "unable to open" in text:
        return unusable(opening, "input-damaged", f"cannot be read: {text}", "is another program writing it? try again")
    return queries.wrong_query(opening, f"SQLite says: {text[:300]}")
