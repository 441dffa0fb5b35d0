"""The lockfile on disk: read whole, changed in memory, replaced whole at each step that must not be forgotten."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Callable
from pathlib import Path

from batchctl.recorded import codec, durable
from batchctl.recorded.records import BatchRecord, JobRecord, Recorded
from batchctl.words.errors import StateError

_MAX_BYTES = 256 << 20


def read(path: Path, shown: str) -> Recorded:
    """The recorded values, or empty ones where there is no file. Raises StateError."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise StateError(f"{shown} is larger than a lockfile can be ({_MAX_BYTES >> 20} MiB)")
        data = path.read_bytes()
    except FileNotFoundError:
        return Recorded()
    except OSError as error:
        raise StateError(f"{shown} cannot be read: {error.strerror or error}") from error
    return codec.decode(data, shown)


class Lockfile:
    """A lockfile that is held open for writing, under the run lock.

    `recorded` is always what the file on disk says: a change is written before it is believed.
    """

    def __init__(self, path: Path, shown: str, guard: Callable[[], None] = lambda: None) -> None:
        """`guard` is called before each write; it raises when the run lock was lost."""
        self.path = path
        self.shown = shown
        self._guard = guard
        self.recorded = read(path, shown)

    def job(self, name: str) -> JobRecord:
        return self.recorded.job(name)

    def set_job(self, name: str, record: JobRecord | None) -> None:
        """Records a job's new state durably. Raises StateError, with the old state still on disk."""
        self._write(self.recorded.with_job(name, record))

    def rename_job(self, old: str, new: str) -> None:
        """Moves a job's record to another name in one write. Raises StateError."""
        self._write(self.recorded.with_job(old, None).with_job(new, self.job(old)))

    def add(self, name: str, record: BatchRecord) -> None:
        self.set_job(name, self.job(name).with_batch(record))

    def change(self, name: str, old: BatchRecord, new: BatchRecord | None) -> None:
        """Replaces one batch's block, or removes it. A new batch id that cannot be written is never lost: it goes
        to a rescue file, and the message says how to import it."""
        try:
            self.set_job(name, self.job(name).with_replaced(old, new))
        except StateError as error:
            if new is None or new.batch_id is None or old.batch_id is not None:
                raise
            raise self._rescued(name, new, error) from error

    def _write(self, recorded: Recorded) -> None:
        if recorded == self.recorded:
            return
        self._guard()
        try:
            durable.write(self.path, codec.encode(recorded))
        except OSError as error:
            raise StateError(f"{self.shown} cannot be written: {error.strerror or error}") from error
        self.recorded = recorded

    def _rescued(self, name: str, record: BatchRecord, error: StateError) -> StateError:
        command = f"batchctl import -f MANIFEST {shlex.quote(name)} {shlex.quote(record.batch_id or '')}"
        notes = [f"The batch {record.batch_id} was created. Once the file can be written: {command}"]
        rescue = Path(tempfile.gettempdir()) / f"batchctl-rescue-{record.shard[:16]}-{record.attempt}.json"
        try:
            durable.write(rescue, codec.encode(Recorded().with_job(name, JobRecord((record,)))), private=True)
            notes.append(f"Its block was saved to {rescue}.")
        except OSError:
            notes.append("Its block could not be saved elsewhere either; the next apply finds it by its tag.")
        return StateError(error.message, notes=notes)
