"""What all templates of a job see beside the row. Apart, as the parent needs it too, and need not load Jinja for it."""

from __future__ import annotations

from typing import Any

from batchctl.desired.inputs.inline_rows import plain
from batchctl.desired.job import Job
from batchctl.desired.templates.records import JobRecord, VarsRecord


def shared_names(job: Job) -> dict[str, Any]:
    """What templates see beside the row: `vars` and `job`."""
    about = {
        "name": job.name, "model": job.model, "endpoint": job.endpoint, "revision": job.revision,
        "description": job.description, "labels": plain(job.labels), "provider": job.provider.where.name,
        "completion_window": job.completion_window,
    }  # fmt: skip
    return {"vars": VarsRecord(plain(job.vars)), "job": JobRecord(about)}
