"""What sink workers do: check the templates of `fields`, tell the columns of all rows, or write the records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from batchctl.act.sinks.table import JoinTable
from batchctl.act.verdict import Judge
from batchctl.desired.inputs.files import locate
from batchctl.desired.inputs.reading import Block, JobReader
from batchctl.desired.inputs.row import RowError
from batchctl.desired.job import Job, Sink
from batchctl.desired.render.findings import to_json
from batchctl.desired.render.tasks import Frames
from batchctl.desired.render.values import Rules
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.errors import InvalidInput
from batchctl.words.outcomes import State

if TYPE_CHECKING:  # Jinja is for the workers; the parent only hands the task over
    from batchctl.act.sinks.records import RecordRenderer

_ROWS_TRIED = 3


@dataclass(frozen=True, slots=True)
class CheckTask:
    """Compiles all sinks' templates, and renders a few rows as if they had failed. One frame with the findings."""

    job: Job
    sinks: tuple[Sink, ...]
    rules: Rules

    def blocks(self, worker: int, workers: int, beat: Callable[[int], None]) -> Frames:
        from batchctl.act.sinks.records import RecordRenderer

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
        from batchctl.act.sinks.answers import ending
        from batchctl.desired.render.requests import RequestRenderer

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
        from batchctl.desired.render.requests import RequestRenderer

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
        from batchctl.act.sinks.joining import Joiner
        from batchctl.act.sinks.records import RecordRenderer

        renderer = RecordRenderer(self.job, self.sink, self.rules, self.columns)
        reader = JobReader(self.job, worker, workers, beat, accept=renderer.requests.accepts, digested=worker == 0)
        judge = Judge(self.job.answer_schema) if self.job.answer_schema is not None else None
        with open(self.table, "rb") as table, closing(
                Joiner(self.sink, renderer, JoinTable(table), self.results, self.columns, judge)) as joiner:
            for block in reader.blocks():
                if block.findings:
                    yield {"findings": [to_json(finding) for finding in block.findings[:20]]}, b""
                    return None
                try:
                    made = joiner.records(block.rows, beat)
                except RowError as error:
                    yield {"findings": [to_json(error.finding)]}, b""
                    return None
                yield {"rows": len(block.rows), "records": len(made), "more": block.more}, b"".join(made)
        return {"digest": reader.digest()} if worker == 0 else None

    def locate(self, place: int) -> str:
        return locate(self.job, place)
