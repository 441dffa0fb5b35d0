"""Writes one sink: all its records in input order, into a new file that takes the old one's place when it is whole.

The order of writes, and what it keeps true after a crash at any point:

1. The records go into a temporary file beside the sink. Results that should be in the store and are not, inputs that
   changed meanwhile, or a template that fails end it here, and the old sink stays.
2. The temporary file is flushed, and takes the sink's place in one step: a sink is the old one or the new one.
3. Its digest is recorded with that of what it was made from. A crash between (2) and (3) leaves a sink that the
   lockfile does not know: the next run writes the same bytes again, and records them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import lru_cache

from batchctl.act.desk import Desk
from batchctl.act.sinks.choice import file_of, missing
from batchctl.act.sinks.columns import names
from batchctl.act.sinks.table import Answers, join_table
from batchctl.act.sinks.task import CheckTask, ColumnsTask, RecordsTask
from batchctl.decide.plan import Action, JobPlan
from batchctl.desired.effective_sinks import effective_sinks
from batchctl.desired.inputs.files import files_of
from batchctl.desired.job import Job, Sink
from batchctl.desired.render import pool
from batchctl.desired.render.findings import from_json
from batchctl.desired.render.lines import InputChanged
from batchctl.desired.render.rules import rules_of
from batchctl.desired.render.survey import Desired, workers_for
from batchctl.desired.render.values import Rules
from batchctl.recorded import durable
from batchctl.recorded.answers import AnswerIndex
from batchctl.recorded.records import SinkRecord
from batchctl.recorded.store import Store
from batchctl.words.amounts import count
from batchctl.words.errors import InvalidInput, StateError
from batchctl.words.events import Step, Writing
from batchctl.words.outcomes import Tally

#: Requests come in the order of the input, and so do the batches that answer them, but for those of retries.
_BATCHES_AT_ONCE = 4


def check_sinks(job: Job) -> None:
    """Finds the mistakes in `fields`, and the formats that cannot be written here, before anything is sent. Raises
    InvalidInput."""
    if lacking := missing(job.sinks):
        raise InvalidInput(lacking)
    sinks = tuple(sink for sink in job.sinks if sink.fields is not None)
    if not sinks:
        return
    with closing(pool.run(CheckTask(job, sinks, _rules(job)), workers=1)) as frames:
        findings = [from_json(raw) for frame in frames for raw in frame.header.get("findings", ())]
    if findings:
        raise InvalidInput(findings)


def write_sink(desk: Desk, job: Job, action: Action, plan: JobPlan) -> int:
    """Carries out a `write`, and returns the number of records. Raises InvalidInput, InputChanged or StateError, with
    the old file still there."""
    sink = next(sink for sink in effective_sinks(job) if sink.path == action.sink)
    state = hashlib.sha256()
    records, expected = 0, _expected(sink, plan.tally)
    try:
        durable.make_folder(sink.target.parent)
        with durable.replacing(sink.target) as file:
            for more, data in sink_bytes(job, desk.surveys[job.name], desk.store, sink, plan):
                records += more
                state.update(data)
                file.write(data)
                desk.emit(Writing(job.name, sink.path, records, expected))
    except OSError as error:
        raise StateError(f"the sink {sink.path} cannot be written: {error.strerror or error}") from error
    record = SinkRecord(digest="sha256:" + state.hexdigest(), made_from=action.made_from or "")
    desk.book().set_job(job.name, desk.record(job.name).with_sink(sink.path, record))
    desk.emit(Writing(job.name, sink.path, records, records, done=True))
    desk.emit(Step(job.name, "write", f"{count(records, 'record')} to {sink.path}"))
    return records


def _expected(sink: Sink, rows: Tally) -> int:
    """How many records a sink will have."""
    ended = rows.rows - rows.waiting
    return {"ok": rows.ok, "failed": ended - rows.ok}.get(sink.records, ended)


def sink_bytes(job: Job, desired: Desired, store: Store, sink: Sink, plan: JobPlan) -> Iterator[tuple[int, bytes]]:
    """A sink's content in pieces, each with the number of records in it. Raises InputChanged when the inputs are no
    longer those of the survey."""
    rules = _rules(job)
    workers = workers_for(files_of(job)[0])
    columns = _columns(job, rules, workers) if sink.fields is None else ()
    places = tuple((batch.record.batch_id, *store.result_files(batch.record)) for batch in plan.standing.batches)
    with join_table(desired.ids, desired.row_request, plan.state, plan.standing, _answers(store, plan)) as table:
        task = RecordsTask(job, sink, rules, table, places, columns)
        with closing(pool.run(task, workers=workers)) as frames:
            yield from file_of(sink, names(sink, columns), _checked(frames, desired))


def _checked(frames: Iterable[pool.Frame], desired: Desired) -> Iterator[tuple[int, bytes]]:
    rows = 0
    for frame in frames:
        if findings := frame.header.get("findings"):
            raise InvalidInput([from_json(raw) for raw in findings])
        if not frame.end:
            rows += frame.header["rows"]
            yield frame.header["records"], frame.body
        elif frame.header.get("digest", desired.inputs_digest) != desired.inputs_digest:
            raise InputChanged("the inputs have changed while the sink was being written; apply again")
    if rows != desired.rows:
        raise InputChanged("the inputs have changed while the sink was being written; apply again")


def _answers(store: Store, plan: JobPlan) -> Answers:
    """The answers of each batch, read when they are asked for: those of all at once would grow with the job. Raises
    StateError where some should be here and are not."""

    @lru_cache(maxsize=_BATCHES_AT_ONCE)
    def answers(place: int) -> AnswerIndex | None:
        record = plan.standing.batches[place].record
        stored = store.results(record)
        if stored is None and (record.output_file_id or record.error_file_id) and not record.is_lost:
            raise StateError(f"the results of {record.batch_id} are not in the store, and could not be fetched again; "
                             "no sink is written without them")
        return None if stored is None else stored.index

    return answers


def _columns(job: Job, rules: Rules, workers: int) -> tuple[str, ...]:
    """All columns of all rows, in the order in which they first appear."""
    names: dict[str, None] = {}
    with closing(pool.run(ColumnsTask(job, rules), workers=workers)) as frames:
        for frame in frames:
            names.update(dict.fromkeys(frame.header.get("columns", ())))
    return tuple(names)


def _rules(job: Job) -> Rules:
    return rules_of(job)[0]
