"""Changes to a lockfile that a user asks for, under the run lock."""

from __future__ import annotations

import re

from batchctl.recorded.lockfile import Lockfile
from batchctl.recorded.runlock import RunLock
from batchctl.shell.places import Place
from batchctl.words.errors import Refused, UsageError

_NAME = re.compile(r"[a-z0-9-]{1,48}")


def forget(place: Place, job: str, batch_id: str | None, run_lock_timeout_s: float) -> list[str]:
    """Removes a batch, or the whole job; returns the ids that are gone. Raises UsageError or StateError."""
    place.store.prepare()
    with RunLock(place.store.folder, "lock rm", timeout_s=run_lock_timeout_s) as lock:
        lockfile = Lockfile(place.lockfile, place.shown, lock.check)
        record = lockfile.job(job)
        if batch_id is None:
            lockfile.set_job(job, None)
            return [batch.batch_id or f"an unfinished create of {batch.shard[:12]}" for batch in record.batches]
        batch = record.find(batch_id)
        if batch is None:
            raise UsageError(f'the job "{job}" has no batch "{batch_id}"', notes=(f"see `batchctl lock show {job}`",))
        lockfile.change(job, batch, None)
        return [batch_id]


def move(place: Place, old: str, new: str, run_lock_timeout_s: float) -> None:
    """Renames a job. Raises UsageError, Refused where the new name has a record, or StateError."""
    if not _NAME.fullmatch(new):
        raise UsageError(f'"{new}" is no name for a job', notes=("a-z, 0-9 and -, at most 48 characters",))
    place.store.prepare()
    with RunLock(place.store.folder, "lock mv", timeout_s=run_lock_timeout_s) as lock:
        lockfile = Lockfile(place.lockfile, place.shown, lock.check)
        if new in lockfile.recorded.jobs:
            raise Refused(f'the job "{new}" is recorded already', notes=(f"`batchctl lock rm {new}` forgets it",))
        lockfile.rename_job(old, new)
