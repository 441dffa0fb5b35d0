"""Rows that DuckDB gives: of a query over files, and of a table or a query of a DuckDB database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from batchctl.desired.inputs import queries
from batchctl.desired.inputs.arrow_rows import BatchRows, values_of
from batchctl.desired.inputs.duckdb_session import checked, over_database, over_files, wrong
from batchctl.desired.inputs.looks import START, look_of
from batchctl.desired.inputs.opening import Opened, Opening, mistaken
from batchctl.desired.inputs.pulse import Pulse
from batchctl.desired.inputs.row import Chunk
from batchctl.desired.inputs.streams import open_regular

#: Rows that are taken from DuckDB at once.
_BATCH_ROWS = 1024

_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_catalog = 'db' AND table_schema = 'main'"

#: What a query raises while it runs; within Arrow's reader it is an error of Arrow's.
_ERRORS = (duckdb.Error, pa.ArrowException, OSError, ValueError)


@contextmanager
def open_query(opening: Opening) -> Iterator[Opened]:
    """The rows of a query over files. Their digest is that of the rows. Raises SourceFailed."""
    with closing(Pulse(opening.alive)) as pulse:
        with pulse.busy():
            database = over_files(opening)
        with closing(database):
            yield from _opened(database, opening, pulse)


@contextmanager
def open_duckdb(opening: Opening) -> Iterator[Opened]:
    """The rows of a table or a query of a database. Their digest is that of the rows. Raises SourceFailed."""
    with open_regular(opening.file) as file:
        start = file.read(START)
    look = look_of(start)
    if look is None or look.format != "duckdb":
        raise mistaken(opening, start, "a DuckDB database")
    with closing(Pulse(opening.alive)) as pulse, closing(over_database(opening)) as database:
        yield from _opened(database, opening, pulse)


def _opened(database: Any, opening: Opening, pulse: Pulse) -> Iterator[Opened]:
    sql = opening.entry.sql
    try:
        with pulse.busy():
            if sql is None:
                relation = database.sql(f"FROM db.main.{_table(database, opening)}")
            else:
                values = checked(database, opening, sql.source)
                relation = database.sql(sql.source, params=values or None)
            reader = relation.to_arrow_reader(_BATCH_ROWS)
    except _ERRORS as error:
        raise wrong(opening, error) from None
    rows = _QueryRows(BatchRows(_taken(reader), values_of(reader.schema, opening), opening), opening, pulse)
    with queries.answered(rows, reader.schema.names, opening) as opened:
        yield opened


def _table(database: Any, opening: Opening) -> str:
    known = [str(name) for (name,) in database.execute(_TABLES).fetchall()]
    wanted = (opening.entry.table or "").lower()
    found = next((name for name in known if name.lower() == wanted), None)
    if found is None:
        raise queries.no_such_table(opening, known)
    return '"' + found.replace('"', '""') + '"'


def _taken(reader: Any) -> Iterator[Any]:
    while True:
        try:
            yield reader.read_next_batch()
        except StopIteration:
            return


class _QueryRows:
    """The rows of a query that runs as they are asked for."""

    def __init__(self, rows: BatchRows, opening: Opening, pulse: Pulse) -> None:
        self._rows = rows
        self._opening = opening
        self._pulse = pulse
        self._over = False

    @property
    def size(self) -> int:
        """Bytes of the rows so far."""
        return self._rows.size

    def read(self, count: int) -> Chunk:
        """The next `count` rows, or those that are left."""
        chunk = Chunk()
        try:
            with self._pulse.busy():
                self._rows.read(0 if self._over else count, chunk)
        except _ERRORS as error:
            self._over = True
            chunk.findings.append(wrong(self._opening, error).finding)
        return chunk

    def skip(self, count: int) -> int:
        """Pass over `count` rows, or those that are left; the number passed."""
        try:
            with self._pulse.busy():
                return self._rows.skip(0 if self._over else count)
        except _ERRORS:
            self._over = True
            return 0
