"""What sink workers do: check the templates of `fields`, tell the columns of all rows, or write the records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from batchctl.act.lines import NotALine
from batchctl.act.sinks.answers import ending
from batchctl.act.sinks.formats import format_of
from batchctl.act.sinks.records import RecordRenderer
from batchctl.act.sinks.table import Joined, JoinTable
from batchctl.desired.inputs.files import locate
from batchctl.desired.inputs.reading import Block, JobReader
from batchctl.desired.inputs.row import Row, RowError
from batchctl.desired.job import Job, Sink
from batchctl.desired.render.findings import to_json
from batchctl.desired.render.requests import RequestRenderer
from batchctl.desired.render.tasks import Frames
from batchctl.desired.render.values import Rules
from batchctl.recorded.answers import ERROR_FILE
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.errors import InvalidInput
from batchctl.words.outcomes import State

_OPEN_FILES = 64
_ROWS_TRIED = 3


@dataclass(frozen=True, slots=True)
class CheckTask:
    """Compiles all sinks' templates, and renders a few rows as if they had failed. One frame with the findings."""

    job: Job
    sinks: tuple[Sink, ...]
    rules: Rules

    def blocks(self, worker: int, workers: int, beat: Callable[[int], None]) -> Frames:
        findings: list[Diagnostic] = []
        renderers = []
        for sink in self.sinks:
            try:
                renderers.append(RecordRenderer(self.job, sink, self.rules))
            except InvalidInput as invalid:
                findings.extend(invalid.findings)
        if not findings:
            findings = list(self._tried(renderers, beat))
        yield {"findings": [to_json(finding) for finding in findings]}, b""
        return None

    def locate(self, place: int) -> str:
        return locate(self.job, place)

    def _tried(self, renderers: list[RecordRenderer], beat: Callable[[int], None]) -> Iterator[Diagnostic]:
        requests = RequestRenderer(self.job, self.rules)
        reader = JobReader(self.job, 0, 1, beat, accept=requests.accepts)
        first = next(reader.blocks(), Block(0))
        failed = ending(State.FAILED, 0, None, None, 0)
        for renderer in renderers:
            try:
                for row in first.rows[:_ROWS_TRIED]:
                    beat(row.place)
                    renderer.record(row, failed)
            except RowError as error:
                yield error.finding


@dataclass(frozen=True, slots=True)
class ColumnsTask:
    """The columns of each block's rows, in the order in which they first appear."""

    job: Job
    rules: Rules

    def blocks(self, worker: int, workers: int, beat: Callable[[int], None]) -> Frames:
        reader = JobReader(self.job, worker, workers, beat, accept=RequestRenderer(self.job, self.rules).accepts)
        for block in reader.blocks():
            names = dict.fromkeys(name for row in block.rows for name in row.data)
            yield {"columns": list(names), "more": block.more}, b""
        return None

    def locate(self, place: int) -> str:
        return locate(self.job, place)


@dataclass(frozen=True, slots=True)
class RecordsTask:
    """The bytes of each block's records. `results` are, by batch, its id and its two files.

    Worker 0 returns the inputs' digest, by which the parent knows that they are still those of the survey.
    """

    job: Job
    sink: Sink
    rules: Rules
    table: Path
    results: tuple[tuple[str | None, Path, Path], ...]
    columns: tuple[str, ...]

    def blocks(self, worker: int, workers: int, beat: Callable[[int], None]) -> Frames:
        renderer = RecordRenderer(self.job, self.sink, self.rules, self.columns)
        table = JoinTable(self.table)
        reader = JobReader(self.job, worker, workers, beat, accept=renderer.requests.accepts, digested=worker == 0)
        with _Lines(self.results) as lines:
            for block in reader.blocks():
                if block.findings:
                    yield {"findings": [to_json(finding) for finding in block.findings[:20]]}, b""
                    return None
                try:
                    yield self._block(block, renderer, table, lines, beat)
                except RowError as error:
                    yield {"findings": [to_json(error.finding)]}, b""
                    return None
        return {"digest": reader.digest()} if worker == 0 else None

    def locate(self, place: int) -> str:
        return locate(self.job, place)

    def _block(self, block: Block, renderer: RecordRenderer, table: JoinTable, lines: _Lines,
               beat: Callable[[int], None]) -> tuple[dict[str, Any], bytes]:
        made = format_of(self.sink.format, formula_safe=self.sink.formula_safe)
        names = renderer.header(self.columns)
        out = []
        for row in block.rows:
            beat(row.place)
            joined = table[row.number] if row.number < len(table) else None
            if joined is None or not self._takes(State(joined.state)):
                continue
            out.append(made.line(renderer.record(row, self._end(joined, lines, row)), names))
        return {"rows": len(block.rows), "records": len(out), "more": block.more}, b"".join(out)

    def _takes(self, state: State) -> bool:
        if state is State.WAITING:
            return False
        return self.sink.records == "all" or (state is State.OK) == (self.sink.records == "ok")

    def _end(self, joined: Joined, lines: _Lines, row: Row) -> dict[str, Any]:
        if joined.batch is None:
            return ending(State(joined.state), joined.outcome, None, None, joined.attempts)
        batch_id = self.results[joined.batch][0]
        try:
            return ending(State(joined.state), joined.outcome, lines.read(joined), batch_id, joined.attempts)
        except NotALine as damaged:
            raise RowError(Diagnostic(
                "results-damaged", f"the stored answer of {row} in {batch_id} cannot be read: {damaged}",
                notes=("`batchctl lock verify` shows what is damaged; removed from the store, it is fetched again.",),
            )) from None


class _Lines:
    """Reads answers' lines, with few files open at once."""

    def __init__(self, results: tuple[tuple[str | None, Path, Path], ...]) -> None:
        self._results = results
        self._open: dict[Path, BinaryIO] = {}
        self._exit = ExitStack()

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *exc: object) -> None:
        self._exit.close()

    def read(self, joined: Joined) -> bytes:
        assert joined.batch is not None
        _, output, errors = self._results[joined.batch]
        file = self._file(errors if joined.file == ERROR_FILE else output)
        file.seek(joined.offset)
        return file.read(joined.length)

    def _file(self, path: Path) -> BinaryIO:
        if path not in self._open:
            if len(self._open) >= _OPEN_FILES:
                self._exit.close()
                self._open.clear()
            self._open[path] = self._exit.enter_context(path.open("rb"))
        return self._open[path]
