"""Cancels recorded batches, and none but our own."""

from __future__ import annotations

from collections.abc import Iterable

from batchctl.act import intents
from batchctl.act.desk import SETTLE_S, Desk, Options
from batchctl.act.project import Project
from batchctl.recorded.records import BatchRecord
from batchctl.recorded.runlock import RunLock
from batchctl.remote.connect import Providers
from batchctl.words.amounts import count
from batchctl.words.errors import ExitCode, Refused, RemoteError
from batchctl.words.events import Emit, Notice, Step


def cancel(projects: Iterable[Project], what: str, providers: Providers, emit: Emit, *,
           run_lock_timeout_s: float, settle_s: float = SETTLE_S) -> int:
    """`what` is a job or a batch id. An unfinished create of a job is found out about first: it may be a batch by now.
    Raises Refused for a batch that is not ours to cancel, or not known; AmbiguousRemote where nobody can tell what
    became of a create; RemoteError for the first batch that could not be cancelled, after all have been tried."""
    for project in projects:
        project.store.prepare()
        with RunLock(project.store.folder, "cancel", timeout_s=run_lock_timeout_s) as lock:
            lockfile = project.locked(lock)
            desk = project.working(lockfile, providers, Options(settle_s), emit)
            if what in lockfile.recorded.jobs:
                intents.resolve(desk, what)
            chosen = [(name, batch) for name, record in lockfile.recorded.jobs.items() for batch in record.batches
                      if batch.batch_id is not None and what in (name, batch.batch_id)]
            failures = [failure for name, batch in chosen
                        if (failure := _failed(desk, name, batch, by_id=what == batch.batch_id)) is not None]
            if failures:
                raise failures[0]
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


def _failed(desk: Desk, job: str, batch: BatchRecord, *, by_id: bool) -> RemoteError | None:
    try:
        _cancel(desk, job, batch, by_id=by_id)
    except RemoteError as failure:
        desk.emit(Notice(job, "warning", f"{batch.batch_id} is not cancelled: {failure.message}"))
        return failure
    return None


def _cancel(desk: Desk, job: str, batch: BatchRecord, *, by_id: bool) -> None:
    if batch.is_settled:
        return
    if not batch.is_ours:
        if by_id:
            raise Refused(not_ours(job, batch))
        desk.emit(Notice(job, "warning", not_ours(job, batch)))
        return
    provider, batch_id = desk.provider(batch.provider, job), batch.batch_id or ""
    if batch.is_another(provider.batch(batch_id)):
        raise Refused(f"{batch_id} is not cancelled: another batch has this id by now")
    there = provider.cancel(batch_id)
    desk.emit(Step(job, "cancel", f"{count(batch.requests, 'request')}: {there.status}", batch.batch_id))
