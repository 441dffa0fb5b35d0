"""Cancels recorded batches, and none but our own."""

from __future__ import annotations

from collections.abc import Iterable

from batchctl.act.desk import Desk, Options
from batchctl.act.project import Project
from batchctl.recorded.lockfile import Lockfile
from batchctl.recorded.records import BatchRecord
from batchctl.recorded.runlock import RunLock
from batchctl.remote.connect import Providers
from batchctl.words.errors import ExitCode, Refused
from batchctl.words.events import Emit, Notice, Step


def cancel(projects: Iterable[Project], what: str, providers: Providers, emit: Emit, *,
           run_lock_timeout_s: float) -> int:
    """`what` is a job or a batch id. Raises Refused for a batch that is not ours to cancel, or not known."""
    for project in projects:
        project.store.prepare()
        with RunLock(project.store.folder, "cancel", timeout_s=run_lock_timeout_s) as lock:
            lockfile = Lockfile(project.lockfile, project.shown, lock.check)
            desk = project.working(lockfile, providers, Options(), emit)
            chosen = [(name, batch) for name, record in lockfile.recorded.jobs.items() for batch in record.batches
                      if batch.batch_id is not None and what in (name, batch.batch_id)]
            for name, batch in chosen:
                _cancel(desk, name, batch, by_id=what == batch.batch_id)
            if chosen or what in project.jobs:
                if not any(not batch.is_settled for _, batch in chosen):
                    emit(Notice("", "info", f"nothing of {what} is running"))
                return ExitCode.DONE
    raise Refused(f'no lockfile has a job or a batch "{what}"', notes=(
        "batchctl cancels only what it recorded; `batchctl import JOB BATCH_ID` records a batch of yours",))


def not_ours(job: str, batch: BatchRecord) -> str:
    """Why a batch that was adopted is let run, and what makes it one that may be cancelled."""
    return (f"{batch.batch_id} was adopted: another lockfile created it, and it is not cancelled; "
            f"`batchctl import {job} {batch.batch_id}` makes it yours")


def _cancel(desk: Desk, job: str, batch: BatchRecord, *, by_id: bool) -> None:
    if batch.is_settled:
        return
    if not batch.is_ours:
        if by_id:
            raise Refused(not_ours(job, batch))
        desk.emit(Notice(job, "warning", not_ours(job, batch)))
        return
    there = desk.provider(batch.provider, job).cancel(batch.batch_id or "")
    desk.emit(Step(job, "cancel", f"{batch.requests} requests: {there.status}", batch.batch_id))
