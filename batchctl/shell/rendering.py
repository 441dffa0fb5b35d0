"""The lines of all chosen jobs, one after the other or as shards in a folder."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from batchctl.act.sinks.specs import wishes
from batchctl.decide import cuts
from batchctl.decide.wanted import wanted
from batchctl.desired.effective_sinks import effective_sinks
from batchctl.desired.render.lines import lines
from batchctl.recorded import durable
from batchctl.shell.session import Session
from batchctl.words.errors import StateError
from batchctl.words.events import Emit


def rendered_lines(session: Session, workers: int | None, emit: Emit) -> Iterator[bytes]:
    """Every request of every chosen job, newline included. Raises InputChanged."""
    for project in session.projects:
        for name, job in project.jobs.items():
            desired = project.surveys[name]
            for _, line in lines(job, desired, array("I", range(len(desired.ids))), workers=workers, emit=emit):
                yield line


def write_shards(session: Session, folder: Path, workers: int | None, emit: Emit) -> int:
    """Writes `<job>-<number>.jsonl` files, and returns how many. Raises StateError or InputChanged."""
    written = 0
    try:
        durable.make_folder(folder)
        for project in session.projects:
            for name, job in project.jobs.items():
                desired = project.surveys[name]
                asked = wanted(job, desired, wishes(job, effective_sinks(job)))
                every = range(len(desired.ids))
                rendered = lines(job, desired, array("I", every), workers=workers, emit=emit)
                # Runs of all requests follow each other without a gap, so that one walk over the rows fills them all.
                for number, run in enumerate(cuts.cut(asked, every), 1):
                    with durable.replacing(folder / f"{name}-{number:03}.jsonl", private=True) as file:
                        file.writelines(line for _, line in islice(rendered, len(run)))
                        if run[-1] == every[-1]:
                            next(rendered, None)  # the end of the walk, where it is told whether rows were missing
                    written += 1
    except OSError as error:
        raise StateError(f"{folder} cannot be written: {error.strerror or error}") from error
    return written
