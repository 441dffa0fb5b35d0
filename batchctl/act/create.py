"""Makes batches, each exactly once.

The order of writes keeps the promise, each on the disk before the next step:

1. The shard's ids are in the store.
2. The lockfile has an intent. A crash after it leaves one without a file id, which was never sent.
3. The file is uploaded, under a name that says whose it is. A crash after it leaves a file that is found by its name.
4. Its id is recorded.
5. The run lock is still ours: `POST /batches` is sent, once, with interrupts held back. A crash after it, or an answer
   that is lost, leaves an intent with a file id: the provider's list then tells (see intents.py), and only after it
   has been silent for `settle_s` seconds is the create sent again.
6. The batch id is recorded. Where it cannot be, it is saved elsewhere and told, and the intent stays (recorded/rescue).

So nothing is made that the lockfile on the disk does not announce. A definite refusal removes the intent; an unknown
outcome never does.

Once creates of a pass went well, large files of the next ones are sent meanwhile: for each the first three steps are
taken ahead, in this order. Where the pass ends before their turn, their intents, without a file id, go; after an
interrupt the next run lets them go.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from batchctl.act import intents
from batchctl.act.desk import Desk
from batchctl.act.intents import Reusable
from batchctl.act.shield import interrupts_held
from batchctl.act.uploading import Uploads
from batchctl.decide.plan import Action
from batchctl.desired.job import Job
from batchctl.recorded.records import BatchRecord
from batchctl.remote.provider import Provider
from batchctl.words.amounts import count
from batchctl.words.dialects import Dialect
from batchctl.words.errors import AtCapacity, BatchctlError, OutcomeUnknown, Refusal, Refused, StateError
from batchctl.words.events import Notice, Step, Uploading
from batchctl.words.remote import RemoteBatch

#: Waits before a create is tried again with a file that the provider does not know yet, in seconds.
_FILE_WAITS_S = (1.0, 2.0, 4.0, 8.0, 16.0)
_CREATES = 3
#: So many files are under way at a time, and smaller ones go alone: they are sent sooner than a connection is made.
AT_ONCE = 4
LARGE = 8 << 20


class Creator:
    """Creates the batches of one job in one pass, in the order of `sending`, whose shards are in the store; `reusable`
    files are not uploaded again."""

    def __init__(self, desk: Desk, job: Job, reusable: Reusable, sending: Sequence[Action]) -> None:
        self._desk = desk
        self._job = job
        self._book = desk.book()
        self._reusable = reusable
        self._sending = sending
        self._uploads = Uploads()
        #: Intents whose turn has not come.
        self._ahead: dict[str, BatchRecord] = {}
        #: How many creates went well.
        self._went_well = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Lets go of what was sent ahead. After an interrupt the next run does so: an intent without a file id was
        never sent."""
        arrived = self._uploads.close()
        if kind is not None and not issubclass(kind, BatchctlError):
            return
        with suppress(StateError, Refused):
            for shard, intent in self._ahead.items():
                self._book.change(self._job.name, intent, None)
                if shard in arrived:
                    self._spare(intent, arrived[shard])

    def create(self, action: Action) -> BatchRecord:
        """Carries out the next create or retry. Raises AtCapacity or another Refusal (its intent is gone again),
        OutcomeUnknown or AmbiguousRemote (its intent stays)."""
        provider = self._desk.provider(self._job.provider.where, self._job.name)
        intent = self._ahead.pop(action.shard or "", None) or self._announced(action)
        if self._went_well and not self._desk.spare:
            self._send_ahead(provider, action)
        try:
            record = self._sent(provider, intent)
        except Refusal as refusal:
            dropped = self._drop(intent)
            if _is_capacity(refusal, provider.dialect):
                if dropped.input_file_id is not None:
                    self._spare(dropped, dropped.input_file_id)
                raise AtCapacity(refusal.message, status=refusal.status, error_code=refusal.error_code) from refusal
            raise
        self._went_well += 1
        self._step(action.kind, f"{count(action.requests, 'request')} in {record.batch_id}", record.batch_id)
        return record

    def _announced(self, action: Action) -> BatchRecord:
        """The intent of an action, recorded."""
        assert action.shard is not None
        assert action.attempt is not None
        intent = BatchRecord(
            shard=action.shard, attempt=action.attempt, requests=action.requests, provider=self._job.provider.where,
            revision=self._job.revision, model=self._job.model or None)
        self._book.add(self._job.name, intent)
        return intent

    def _send_ahead(self, provider: Provider, action: Action) -> None:
        """Begins to send the files of the creates after this one, no more of them than creates went well: where there
        is little room, little is sent in vain. Intents stay in the order of the creates."""
        place = self._sending.index(action)
        for later in self._sending[place + 1 : place + 1 + min(self._went_well, AT_ONCE - 1)]:
            shard = later.shard or ""
            if shard in self._ahead:
                continue
            if (shard, later.attempt) in self._reusable or later.bytes < LARGE:
                return
            try:
                self._ahead[shard] = intent = self._announced(later)
                self._uploads.begin(
                    shard, provider, self._desk.store.shard_path(shard), intent.tag(self._job.name).filename())
            except (StateError, RuntimeError):
                return  # it is no failure of this create; what keeps the next one from being made is told in its turn

    def _spare(self, intent: BatchRecord, file_id: str) -> None:
        """Keeps a file for a later pass of this command."""
        self._desk.spare[intent.provider, self._job.name, intent.shard, intent.attempt] = file_id

    def _sent(self, provider: Provider, intent: BatchRecord) -> BatchRecord:
        uploaded = self._uploaded(provider, intent)
        try:
            return self._created(provider, uploaded)
        except Refusal as refusal:
            if not _file_unknown(refusal) or (intent.shard, intent.attempt) not in self._reusable:
                raise
        # The file of an earlier try is gone: uploading it anew is all that it takes.
        del self._reusable[intent.shard, intent.attempt]
        return self._created(provider, self._uploaded(provider, uploaded))

    def _uploaded(self, provider: Provider, intent: BatchRecord) -> BatchRecord:
        file_id = self._reusable.get((intent.shard, intent.attempt))
        if file_id is None:
            file_id = self._arrived(provider, intent)
        uploaded = replace(intent, input_file_id=file_id)
        self._book.change(self._job.name, intent, uploaded)
        return uploaded

    def _arrived(self, provider: Provider, intent: BatchRecord) -> str:
        """The id of the file, once it is there."""
        path = self._desk.store.shard_path(intent.shard)
        size, number = path.stat().st_size, 1 + [one.shard for one in self._sending].index(intent.shard)

        def told(sent: int) -> None:
            self._desk.emit(Uploading(self._job.name, intent.shard, sent, size, number, len(self._sending)))

        if intent.shard in self._uploads:
            file_id = self._uploads.file_id(intent.shard, told)
        else:
            file_id = provider.upload(path, intent.tag(self._job.name).filename(), told).id
        self._step("upload", f"{_size(path)} as {file_id}")
        return file_id

    def _created(self, provider: Provider, intent: BatchRecord) -> BatchRecord:
        for _ in range(_CREATES):
            try:
                return self._post(provider, intent)
            except OutcomeUnknown as unknown:
                self._notice(unknown.message)
                found = intents.settle(self._desk, self._job.name, intent)
                if found is not None:
                    return self._found(intent, found)
        raise OutcomeUnknown(
            f"{_CREATES} creates in a row had no usable answer, and no batch came of them",
            notes=("The intent is in the lockfile; the next apply goes on from there.",))

    def _post(self, provider: Provider, intent: BatchRecord) -> BatchRecord:
        metadata = {**dict(self._job.batch.metadata), **intent.tag(self._job.name).as_metadata()}
        assert intent.input_file_id is not None
        for wait_s in (*_FILE_WAITS_S, None):
            self._book.check()
            try:
                with interrupts_held():
                    return self._found(intent, provider.create(
                        input_file_id=intent.input_file_id, endpoint=self._job.endpoint,
                        window=self._job.completion_window, metadata=metadata,
                        output_expires_after_s=self._job.batch.output_expires_after))
            except Refusal as refusal:
                if wait_s is None or not _file_unknown(refusal):
                    raise
                self._desk.sleep(wait_s)
        raise AssertionError("unreachable")

    def _found(self, intent: BatchRecord, remote: RemoteBatch) -> BatchRecord:
        record = intents.became(intent, remote)
        try:
            self._book.change(self._job.name, intent, record)
        except (StateError, Refused) as error:
            # Told now: what else the run still does may take hours, or end in a crash.
            self._notice("; ".join((error.message, *error.notes)))
            raise
        return record

    def _drop(self, intent: BatchRecord) -> BatchRecord:
        """Removes an intent; returns it as it was recorded by then."""
        dropped = self._current(intent)
        self._book.change(self._job.name, dropped, None)
        self._reusable.pop((intent.shard, intent.attempt), None)
        return dropped

    def _current(self, intent: BatchRecord) -> BatchRecord:
        """The intent as it is recorded by now."""
        return next(record for record in reversed(self._desk.record(self._job.name).batches)
                    if record.is_intent and (record.shard, record.attempt) == (intent.shard, intent.attempt))

    def _step(self, verb: str, detail: str, batch_id: str | None = None) -> None:
        self._desk.emit(Step(self._job.name, verb, detail, batch_id))

    def _notice(self, text: str) -> None:
        self._desk.emit(Notice(self._job.name, "warning", text))


def _file_unknown(refusal: Refusal) -> bool:
    """A file is sometimes not found right after its upload; servers say so in many ways."""
    text = refusal.message.lower()
    absent = any(words in text for words in ("find", "not found", "no such", "not exist", "not have access"))
    return refusal.status in (400, 404) and "file" in text and absent


def _is_capacity(refusal: Refusal, dialect: Dialect) -> bool:
    """Some services refuse at once, with HTTP 400, what others let fail later with the same code."""
    said = f"{refusal.error_code} {refusal.message}"
    return any(code in said for code in dialect.capacity_codes)


def _size(path: Path) -> str:
    size = path.stat().st_size
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else count(size, "byte")
