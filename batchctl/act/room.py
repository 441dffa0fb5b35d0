"""Shares the room for enqueued tokens among jobs that ask the same model of the same account.

Providers limit the prompt tokens that wait in an account's queue by model (OpenAI: `token_limit_exceeded`), and not by
job. Each job's plan therefore counts what the others have there, and what those before it are about to send.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from batchctl.act.jobrun import JobRun
from batchctl.words.errors import BatchctlError


def share(runs: Iterable[JobRun]) -> None:
    """Tells each run what the others of its queue take. Costs two plans a job, where a ceiling is shared at all."""
    queues: dict[object, list[JobRun]] = {}
    for run in runs:
        if run.job is not None:
            provider = run.job.provider
            queues.setdefault((provider.where, provider.headers, run.job.model), []).append(run)
    for queue in queues.values():
        if len(queue) > 1 and any(run.has_ceiling for run in queue):
            _share(queue)


def _share(queue: Sequence[JobRun]) -> None:
    waiting = [_enqueued(run)[0] for run in queue]
    sent = 0
    for run, own in zip(queue, waiting, strict=True):
        run.enqueued_elsewhere = sum(waiting) - own + sent
        sent += _enqueued(run)[1]


def _enqueued(run: JobRun) -> tuple[int, int]:
    """Prompt tokens that a job has at its provider, and those that it is about to send. A job that cannot be planned
    says so itself, later."""
    try:
        return run.enqueued(run.plan())
    except BatchctlError:
        return 0, 0
