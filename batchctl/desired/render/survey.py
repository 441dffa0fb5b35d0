"""What a job asks for, in a few bytes a row: every row read, rendered and checked, no line kept."""

from __future__ import annotations

import os
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from batchctl.desired.inputs.files import SourceFile, files_of
from batchctl.desired.inputs.formats import ALONE, TEXTS
from batchctl.desired.job import Job
from batchctl.desired.render import pool
from batchctl.desired.render.findings import Findings, from_json
from batchctl.desired.render.keys import duplicate_keys
from batchctl.desired.render.repeats import first_rows, unique
from batchctl.desired.render.rules import rules_of
from batchctl.desired.render.tasks import SurveyTask
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.digest import ID_BYTES
from batchctl.words.errors import InvalidInput
from batchctl.words.events import Emit, Rendering, silent
from batchctl.words.ids import IdList

#: Bytes of input below which one worker is quicker than several.
_SMALL = 4 * 2**20
_MOST_WORKERS = 8

#: Seconds between two `Rendering` events.
_TOLD_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Desired:
    """The requests of a job. `ids` are distinct, in input order; `lengths` the bytes of each line, newline
    included, of which about `envelope` are no prompt (words.tokens). `row_request` maps each row to its request's
    position, and is None where row i asks request i. `units` counts the embedding inputs of each request, for
    embeddings only."""

    ids: IdList
    lengths: array[int]
    rows: int
    row_request: array[int] | None
    units: array[int] | None
    inputs_digest: str
    warnings: tuple[Diagnostic, ...]
    envelope: int = 0


def survey(
    job: Job, *, workers: int | None = None, emit: Emit = silent, row_timeout_s: float = pool.ROW_TIMEOUT_S,
    clock: Callable[[], float] = time.monotonic,
) -> Desired:
    """Render every row of a job. Raises InvalidInput with all mistakes, up to a bound."""
    files, findings = files_of(job)
    rules, wrong = rules_of(job)
    if findings or wrong:
        raise InvalidInput((*findings, *wrong, *_template_mistakes(job)))
    count = workers_for(files, workers)
    keyed = any(entry.key is not None for entry in job.inputs)
    task = SurveyTask(job, rules, job.body_kind == "embeddings", keyed)
    gathered = _Gathered()
    told = _Told(job.name, emit, clock, sum(file.size for file in files) if all(map(_tells_rows, files)) else None)
    with closing(pool.run(task, workers=count, row_timeout_s=row_timeout_s, clock=clock)) as frames:
        _gather(frames, task, gathered, told)
    if gathered.findings:
        raise InvalidInput(gathered.findings.result())
    if keyed and (repeated := duplicate_keys(job, rules, gathered.keys, workers=count)):
        raise InvalidInput(repeated)
    told.done(gathered.rows)
    return _desired(job, gathered)


def _template_mistakes(job: Job) -> Iterator[Diagnostic]:
    """Those that need no row, for a job whose rows cannot be read."""
    bare = replace(job, inputs=tuple(replace(entry, path=None, rows=()) for entry in job.inputs))
    with closing(pool.run(SurveyTask(bare, {}, units=False, keyed=False), workers=1)) as frames:
        for frame in frames:
            yield from map(from_json, frame.header.get("findings", ()))


def workers_for(files: Sequence[SourceFile], asked: int | None = None) -> int:
    """How many workers read these inputs: as many as are asked for, or as pay at this size; where they cannot share,
    one."""
    if any(file.format in ALONE for file in files):
        return 1
    if asked:
        return asked
    return 1 if sum(file.size for file in files) < _SMALL else min(os.cpu_count() or 1, _MOST_WORKERS)


def _tells_rows(file: SourceFile) -> bool:
    """Whether the size of a file and what was read of it tell how many rows it has."""
    return file.format == "rows" or (file.format in TEXTS and file.compression is None)


class _Gathered:
    """What the frames so far have told."""

    def __init__(self) -> None:
        self.ids = bytearray()
        self.lengths = array("I")
        self.units = array("I")
        self.keys = array("Q")
        self.findings = Findings()
        self.digest = ""
        self.envelope: int | None = None

    @property
    def rows(self) -> int:
        return len(self.lengths)


def _gather(frames: Iterator[pool.Frame], task: SurveyTask, gathered: _Gathered, told: _Told) -> None:
    for frame in frames:
        if frame.end:
            gathered.digest = frame.header.get("digest", gathered.digest)
            continue
        gathered.findings.add(map(from_json, frame.header.get("findings", ())))
        if gathered.findings.full:
            return
        if gathered.envelope is None:
            gathered.envelope = frame.header.get("envelope")
        rows = frame.header.get("rows", 0)
        body = memoryview(frame.body)
        at = rows * ID_BYTES
        gathered.ids += body[:at]
        for wanted, numbers in ((True, gathered.lengths), (task.units, gathered.units), (task.keyed, gathered.keys)):
            if wanted:
                end = at + rows * numbers.itemsize
                numbers.frombytes(body[at:end])
                at = end
        told.so_far(gathered.rows, frame.header.get("read", 0))


def _desired(job: Job, gathered: _Gathered) -> Desired:
    if job.inputs and all(entry.key is not None for entry in job.inputs):
        # The key is part of what an id is made of, and no two are equal.
        ids, row_request = IdList(bytes(gathered.ids)), None
    else:
        ids, row_request = unique(gathered.ids)
    lengths = gathered.lengths
    units = gathered.units if job.body_kind == "embeddings" else None
    if row_request is not None:
        lengths = _of_first(lengths, row_request)
        units = None if units is None else _of_first(units, row_request)
    return Desired(ids, lengths, gathered.rows, row_request, units, gathered.digest, _warnings(job, gathered.rows),
                   gathered.envelope or 0)


def _of_first(values: array[int], row_request: array[int]) -> array[int]:
    """Of a number for each row, that of the first row of each request."""
    return array("I", (values[row] for row in first_rows(row_request)))


def _warnings(job: Job, rows: int) -> tuple[Diagnostic, ...]:
    if rows:
        return ()
    filtered = any(entry.where is not None for entry in job.inputs)
    message = "no row is left to ask" + ('; "where" drops them all' if filtered else ": the inputs are empty")
    return (Diagnostic("no-rows", message, job.span, severity="warning"),)


class _Told:
    """Tells how far it has come, a few times a second. `size` are the bytes of the inputs, as far as that tells how
    many rows there will be."""

    def __init__(self, job: str, emit: Emit, clock: Callable[[], float], size: int | None) -> None:
        self._job = job
        self._emit = emit
        self._clock = clock
        self._size = size
        self._last = clock()

    def so_far(self, rows: int, read: int) -> None:
        """`read` are the bytes that these rows took, about."""
        now = self._clock()
        if now - self._last >= _TOLD_EVERY_S:
            self._last = now
            total = max(rows, rows * self._size // read) if self._size and read else None
            self._emit(Rendering(self._job, rows, total))

    def done(self, rows: int) -> None:
        self._emit(Rendering(self._job, rows, rows, done=True))


__all__ = ["Desired", "survey", "workers_for"]
