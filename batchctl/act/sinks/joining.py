"""What a worker does with a block of rows: each is joined with its answer's line, and becomes a record's bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from batchctl.act.lines import NotALine
from batchctl.act.sinks.answers import ending
from batchctl.act.sinks.choice import lines_of
from batchctl.act.sinks.columns import names
from batchctl.act.sinks.records import RecordRenderer
from batchctl.act.sinks.table import Joined, JoinTable
from batchctl.act.verdict import Judge
from batchctl.desired.inputs.row import Row, RowError
from batchctl.desired.job import Sink
from batchctl.recorded.answers import ERROR_FILE
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.outcomes import State

_OPEN_FILES = 64

#: Of each batch its id, its output file and its error file.
Results = tuple[tuple[str | None, Path, Path], ...]


class Joiner:
    """Makes the records of one sink. Close it to let go of the result files. `judge` knows what is wrong with invalid
    answers."""

    def __init__(self, sink: Sink, renderer: RecordRenderer, table: JoinTable, results: Results,
                 columns: Sequence[str], judge: Judge | None = None) -> None:
        self._judge = judge
        self._renderer = renderer
        self._table = table
        self._results = results
        self._lines = _Lines(results)
        self._format = lines_of(sink.format, formula_safe=sink.formula_safe)
        self._names = names(sink, columns)
        #: The states of the rows that have a record.
        self._taken = frozenset(state for state in State if state is not State.WAITING and (
            sink.records == "all" or (state is State.OK) == (sink.records == "ok")))

    def close(self) -> None:
        self._lines.close()

    def records(self, rows: Sequence[Row], beat: Callable[[int], None]) -> list[bytes]:
        """One a row that has one. Raises RowError."""
        made = []
        for row, joined in zip(rows, self._table.of([row.number for row in rows]), strict=True):
            beat(row.place)
            if joined is not None and joined.state in self._taken:
                made.append(self._format.line(self._renderer.record(row, self._end(joined, row)), self._names))
        return made

    def _end(self, joined: Joined, row: Row) -> dict[str, Any]:
        line, batch_id = None, None
        if joined.batch is not None:
            line, batch_id = self._lines.read(joined), self._results[joined.batch][0]
        try:
            return ending(State(joined.state), joined.outcome, line, batch_id, joined.attempts,
                          wants_json=self._renderer.wants_json, judge=self._judge)
        except NotALine as damaged:
            raise RowError(Diagnostic(
                "results-damaged", f"the stored answer of {row} in {batch_id} cannot be read: {damaged}",
                notes=("`batchctl lock verify` shows what is damaged; removed from the store, it is fetched again.",),
            )) from None


class _Lines:
    """Reads answers' lines, with few files open at once."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._open: dict[Path, BinaryIO] = {}
        self._exit = ExitStack()

    def close(self) -> None:
        self._exit.close()
        self._open.clear()

    def read(self, joined: Joined) -> bytes:
        assert joined.batch is not None
        _, output, errors = self._results[joined.batch]
        file = self._file(errors if joined.file == ERROR_FILE else output)
        file.seek(joined.offset)
        return file.read(joined.length)

    def _file(self, path: Path) -> BinaryIO:
        if path not in self._open:
            if len(self._open) >= _OPEN_FILES:
                self.close()
            self._open[path] = self._exit.enter_context(path.open("rb"))
        return self._open[path]
