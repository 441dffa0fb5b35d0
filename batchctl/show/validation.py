"""What a validation found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from batchctl.show import figures
from batchctl.show.diagnostics import diagnostic_json
from batchctl.show.plan_json import dumped
from batchctl.show.safe import safe
from batchctl.words.diagnostics import Diagnostic, errors_in


@dataclass(frozen=True, slots=True)
class Checked:
    """A job without a mistake."""

    job: str
    rows: int
    requests: int


def checked_text(jobs: Sequence[Checked]) -> str:
    return "".join(f"{safe(job.job)}: {figures.count(job.rows, 'row')}, {figures.count(job.requests, 'request')}, "
                   "no mistakes\n" for job in jobs)


def validation_json(jobs: Sequence[Checked], findings: Sequence[Diagnostic]) -> str:
    return dumped({
        "version": 1, "valid": not errors_in(findings), "diagnostics": diagnostic_json(findings),
        "jobs": [{"job": job.job, "rows": job.rows, "requests": job.requests} for job in jobs],
    })
