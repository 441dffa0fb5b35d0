"""What queries of every kind share: the digest of what they gave, the values that they may name, and their mistakes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, Protocol

from batchctl.desired.inputs.opening import Opened, Opening, RowSource
from batchctl.desired.inputs.row import Chunk, SourceFailed
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.digest import canonical_json


class Measured(RowSource, Protocol):
    """A source that knows how many bytes its rows had so far."""

    @property
    def size(self) -> int: ...


@contextmanager
def answered(rows: Measured, names: Iterable[str], opening: Opening) -> Iterator[Opened]:
    """The open source of a query's rows, whose digest is that of the rows."""
    if opening.digested:
        seen = _Digested(rows, names)
        yield Opened(seen, lambda: rows.size, seen.digest)
    else:
        yield Opened(rows, lambda: rows.size, bytes)


class _Digested:
    """The rows that a query gave, digested as they pass: what the file around them holds does not matter."""

    def __init__(self, rows: RowSource, names: Iterable[str]) -> None:
        self._rows = rows
        self._state = hashlib.sha256(canonical_json(list(names)))

    def read(self, count: int) -> Chunk:
        """The next `count` rows, or those that are left."""
        chunk = self._rows.read(count)
        for record in chunk.records:
            self._state.update(b"\n" + canonical_json(list(record.data.values())))
        return chunk

    def skip(self, count: int) -> int:
        """Pass over `count` rows, or those that are left; they are digested too."""
        return self.read(count).consumed

    def digest(self) -> bytes:
        """sha256 of all that was read or passed over."""
        return self._state.digest()


def named_values(opening: Opening) -> dict[str, Any]:
    """Those of the job's `vars` that a query may name."""
    return {name: value for name, value in opening.values.items()
            if value is None or isinstance(value, str | int | float)}


def wrong_query(opening: Opening, message: str, *notes: str, line: int = 1) -> SourceFailed:
    """What is wrong with a query, at its line, or with the table that is named instead."""
    sql = opening.entry.sql
    span = opening.entry.span if sql is None else sql.place(line)
    return SourceFailed(Diagnostic("input-query", f"{opening.file.shown}: {message}", span, notes=notes))


def no_such_table(opening: Opening, known: Iterable[str]) -> SourceFailed:
    """The table that was named is not there, or none was named."""
    names, wanted = sorted(known), opening.entry.table
    close = get_close_matches(wanted or "", names, n=1)
    label = f'did you mean "{close[0]}"?' if close else 'name one with "table", or write a query as "sql"'
    message = f'there is no table "{wanted}"' if wanted else "it is a database, and no table is named"
    shown = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    note = f"its tables are: {shown}" if names else "it has no tables"
    return SourceFailed(Diagnostic(
        "input-table", f"{opening.file.shown}: {message}", opening.entry.span, label, notes=(note,)))


def check_names(opening: Opening, names: list[str]) -> None:
    """Raises SourceFailed for columns that cannot be told apart."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise wrong_query(opening, f'two columns are named "{twice}"', "name them apart: a.id as id, b.id as other_id")


def by_chance(opening: Opening, what: str) -> SourceFailed:
    """A query that would ask for other rows, and pay for them, at every run."""
    return wrong_query(opening, f"the query calls {what}, which gives other rows at every run",
                       "choose by what is in the rows: where id % 100 = 7")


def missing_value(opening: Opening, name: str) -> SourceFailed:
    """A query names a value that the job does not declare, or one that is no text or number."""
    what = "is a list or a mapping" if name in opening.values else "is not declared"
    known = ", ".join(sorted(named_values(opening)))
    note = f'"vars" has: {known}' if known else 'declare it under "vars"'
    return wrong_query(opening, f"the query names ${name}, which {what}", note)
