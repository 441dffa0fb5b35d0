"""Unfinished creates: what became of them is asked of the provider, never guessed.

What is always true, as create.py writes an intent, then its file id, then sends, then writes the batch id:

1. An intent without a file id was never sent. It may go at once.
2. An intent with a file id may have been made. It leaves the lockfile in two ways only, each one write: it becomes the
   batch that the list shows, or goes once the list could be read and was silent for `settle_s` seconds.
3. While the list cannot be read it stays, and nothing is created for its job.
4. A batch that some record has already answers no intent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from batchctl.act.desk import Desk
from batchctl.recorded.records import BatchRecord
from batchctl.words.errors import AmbiguousRemote, RemoteError
from batchctl.words.events import Notice, Step
from batchctl.words.remote import RemoteBatch

#: How often the list is read while it has to be silent, in seconds.
_POLL_S = 5.0

#: Uploaded files that may be used again, by shard and attempt.
Reusable = dict[tuple[str, int], str]


def resolve(desk: Desk, job: str) -> Reusable:
    """Ends every intent of a job: it becomes the batch that the list shows, or is given up once it cannot have become
    one. Returns the files that were uploaded for those given up. Raises AmbiguousRemote when the list cannot be read.
    """
    reusable: Reusable = {}
    for intent in desk.record(job).batches:
        if not intent.is_intent:
            continue
        found = _found(desk, job, intent)
        if found is not None:
            desk.book().change(job, intent, became(intent, found))
            desk.emit(Step(job, "adopt", "it answers an unfinished create", found.id))
            continue
        file_id = intent.input_file_id or _twin(desk, job, intent)
        if file_id is not None:
            reusable[(intent.shard, intent.attempt)] = file_id
        desk.book().change(job, intent, None)
    return reusable


def settle(desk: Desk, job: str, intent: BatchRecord) -> RemoteBatch | None:
    """Asks the list until it shows the intent's batch, or has been silent for `settle_s` seconds (None), from the first
    time that it could be read.

    Raises AmbiguousRemote when the list cannot be read for so long, or not any more after that time.
    """
    settle_s = desk.options.settle_s
    desk.emit(Notice(job, "warning", f"the outcome of a create is unknown; asking {intent.provider.name} for up to "
                                     f"{settle_s:g} s whether it was made"))
    begun, silent_since = desk.monotonic(), None
    while True:
        look = desk.look(intent.provider, job, anew=True)
        found = match(desk, job, intent, look.batches)
        if found is not None:
            return found
        now = desk.monotonic()
        if not look.listed:
            silent_since = None
        elif silent_since is None:
            silent_since = now
        left = (begun if silent_since is None else silent_since) + settle_s - now
        if left <= 0:
            if not look.listed:
                raise _unreadable(look.why)
            return None
        desk.sleep(min(_POLL_S, max(0.05, settle_s / 4), left))


def match(desk: Desk, job: str, intent: BatchRecord, batches: Iterable[RemoteBatch]) -> RemoteBatch | None:
    """The batch that answers an intent: it bears its tag or was made from its file, and nobody has recorded it."""
    tag, known = intent.tag(job), desk.known_ids(intent.provider)
    fitting = [batch for batch in batches if batch.id not in known and (
        batch.tag == tag or (intent.input_file_id is not None and batch.input_file_id == intent.input_file_id))]
    alive = [batch for batch in fitting if batch.status != "failed"] or fitting
    return min(alive, key=lambda batch: (batch.created_at or 0, batch.id), default=None)


def became(intent: BatchRecord, remote: RemoteBatch) -> BatchRecord:
    """The record of the batch that an intent has become."""
    return replace(intent, batch_id=remote.id, created_at=remote.created_at,
                   input_file_id=remote.input_file_id or intent.input_file_id)


def _found(desk: Desk, job: str, intent: BatchRecord) -> RemoteBatch | None:
    look = desk.look(intent.provider, job)
    found = match(desk, job, intent, look.batches)
    if found is None and not look.listed:
        raise _unreadable(look.why)
    if found is None and intent.input_file_id is not None:
        return settle(desk, job, intent)
    # Without a recorded file id the create was never sent: the id is recorded first.
    return found


def _twin(desk: Desk, job: str, intent: BatchRecord) -> str | None:
    """A file that was uploaded for this intent just before the crash, known by its name."""
    name = intent.tag(job).filename()
    try:
        return next((file.id for file in desk.provider(intent.provider, job).files() if file.filename == name), None)
    except RemoteError:
        return None


def _unreadable(why: str) -> AmbiguousRemote:
    return AmbiguousRemote(f"a create's outcome is unknown, and the batches cannot be listed: {why}")
