"""Keys that two rows share: found by their hashes, then looked at themselves."""

from __future__ import annotations

from array import array
from contextlib import closing

from batchctl.desired.job import Job
from batchctl.desired.render import pool
from batchctl.desired.render.findings import Findings
from batchctl.desired.render.repeats import repeated
from batchctl.desired.render.tasks import NO_KEY, LinesTask
from batchctl.desired.render.values import Rules
from batchctl.words.diagnostics import Diagnostic

#: Rows that are looked at again; more candidates than that are more mistakes than are shown.
_LOOKED_AT = 1000


def duplicate_keys(job: Job, rules: Rules, hashes: array[int], *, workers: int) -> tuple[Diagnostic, ...]:
    """A finding for each key that comes again, naming both rows; `hashes` are those of all rows, in order."""
    candidates = repeated(hashes) - {NO_KEY}
    if not candidates:
        return ()
    suspects = array("I")
    for number, value in enumerate(hashes):
        if value in candidates:
            suspects.append(number)
            if len(suspects) == _LOOKED_AT:
                break
    findings = Findings()
    findings.add(_repeats(job, _keys(job, rules, suspects, workers)))
    return findings.result() if findings else ()


def _keys(job: Job, rules: Rules, wanted: array[int], workers: int) -> list[tuple[str, str]]:
    """The key of each wanted row, and the row in words."""
    task = LinesTask(job, rules, wanted, keys=True)
    with closing(pool.run(task, workers=workers)) as frames:
        return [(key, where) for frame in frames for key, where in frame.header.get("keys", ())]


def _repeats(job: Job, keys: list[tuple[str, str]]) -> list[Diagnostic]:
    first: dict[str, str] = {}
    findings: list[Diagnostic] = []
    span = next(entry.key.origin for entry in job.inputs if entry.key is not None)
    for key, where in keys:
        earlier = first.setdefault(key, where)
        if earlier is not where:
            shown = key if len(key) <= 80 else key[:79] + "…"
            message = f'two rows have the key "{shown}": {earlier} and {where}'
            findings.append(Diagnostic("duplicate-key", message, span))
    return findings
