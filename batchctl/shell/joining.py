"""The answers in the store joined with the rows, as a sink made on the fly would hold them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from batchctl.act import passes
from batchctl.act.desk import Options
from batchctl.act.sinks.write import sink_bytes
from batchctl.decide.costs import Bill
from batchctl.desired.job import Sink, SinkFormat
from batchctl.recorded import durable
from batchctl.shell.session import Session
from batchctl.words.errors import StateError, UsageError
from batchctl.words.events import silent


@dataclass(slots=True)
class SoFar:
    """The pieces of a result, each with the number of records in it, and once they are read what the jobs cost."""

    pieces: Iterator[tuple[int, bytes]]
    spent: Bill = field(default_factory=Bill)


def results_so_far(session: Session, form: SinkFormat) -> SoFar:
    """Reading the pieces raises UsageError, and what reading the store raises."""
    made = SoFar(iter(()))
    made.pieces = _pieces(session, form, made)
    return made


def _pieces(session: Session, form: SinkFormat, so_far: SoFar) -> Iterator[tuple[int, bytes]]:
    if form != "jsonl" and len(session.jobs) > 1:
        raise UsageError(f"one {form} file holds the rows of one job", notes=("choose it with --target NAME",))
    for project in session.projects:
        report = passes.look(project, None, Options(whole_file=False), silent)
        for made in report.jobs:
            if made.plan is None:
                raise made.failures[0]
            job = project.jobs[made.job]
            so_far.spent += made.plan.spent
            sink = Sink("results", project.manifest, form, job.span)
            yield from sink_bytes(job, project.surveys[made.job], project.store, sink, made.plan)


def write_results(path: Path, pieces: Iterator[tuple[int, bytes]]) -> int:
    """Replaces a file as a whole, and returns the number of records. Raises StateError."""
    records = 0
    try:
        with durable.replacing(path) as file:
            for count, piece in pieces:
                records += count
                file.write(piece)
    except OSError as error:
        raise StateError(f"{path} cannot be written: {error.strerror or error}") from error
    return records
