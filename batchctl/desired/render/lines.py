"""The lines of chosen requests, rendered again, and proven to be those that the survey saw."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Generator, Iterator
from contextlib import closing

from batchctl.desired.inputs.files import files_of
from batchctl.desired.job import Job
from batchctl.desired.render import pool
from batchctl.desired.render.findings import from_json
from batchctl.desired.render.repeats import first_rows
from batchctl.desired.render.rules import rules_of
from batchctl.desired.render.survey import Desired, workers_for
from batchctl.desired.render.tasks import LinesTask
from batchctl.words.digest import ID_BYTES
from batchctl.words.errors import Refused
from batchctl.words.events import Emit, Rendering, silent

_TOLD_EVERY_S = 0.25


class InputChanged(Refused):
    """An input, or a file that a template includes, is no longer what was planned with."""

    code = "input-changed"


def lines(
    job: Job, desired: Desired, wanted: array[int], *, workers: int | None = None, emit: Emit = silent,
    clock: Callable[[], float] = time.monotonic,
) -> Generator[tuple[int, bytes], None, None]:
    """The line, newline included, of each wanted position in `desired.ids`; `wanted` ascends.

    Raises InputChanged as soon as a line is not the one that `desired` knows.
    """
    if not wanted:
        return
    rows = _rows_of(desired, wanted)
    rules, _ = rules_of(job)
    files, _ = files_of(job)
    count = workers_for(files, workers)
    position = iter(wanted)
    given, told = 0, clock()
    with closing(pool.run(LinesTask(job, rules, rows), workers=count, clock=clock)) as frames:
        for frame in frames:
            if "findings" in frame.header:
                finding = from_json(frame.header["findings"][0])
                raise InputChanged(f"the inputs have changed: {finding.message}", notes=finding.notes)
            for identity, line in _unpacked(frame):
                at = next(position)
                if identity != desired.ids[at]:
                    raise InputChanged("the inputs have changed while they were being used; plan again")
                yield at, line
                given += 1
            if clock() - told >= _TOLD_EVERY_S:
                told = clock()
                emit(Rendering(job.name, given, len(wanted)))
    if given < len(wanted):
        raise InputChanged("the inputs have fewer rows than a moment ago; plan again")
    emit(Rendering(job.name, given, given, done=True))


def _rows_of(desired: Desired, wanted: array[int]) -> array[int]:
    """The first row that asks each wanted request."""
    if desired.row_request is None:
        return wanted
    firsts = array("I", first_rows(desired.row_request))
    return array("I", (firsts[position] for position in wanted))


def _unpacked(frame: pool.Frame) -> Iterator[tuple[bytes, bytes]]:
    """The ids and lines of one frame of a LinesTask."""
    count = frame.header.get("rows", 0)
    at = count * ID_BYTES
    lengths = array("I")
    lengths.frombytes(frame.body[at : at + count * lengths.itemsize])
    start = at + count * lengths.itemsize
    for number, length in enumerate(lengths):
        yield frame.body[number * ID_BYTES : (number + 1) * ID_BYTES], frame.body[start : start + length]
        start += length
