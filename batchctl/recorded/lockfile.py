"""The lockfile on disk: read whole, changed in memory, replaced whole at each step that must not be forgotten."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from batchctl.recorded import codec, durable, rescue
from batchctl.recorded.records import BatchRecord, JobRecord, Recorded
from batchctl.words.errors import BatchctlError, Refused, StateError

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

    def __init__(self, path: Path, shown: str, guard: Callable[[], None] = lambda: None,
                 chosen: Sequence[str] = ()) -> None:
        """`guard` is called before each write; it raises when the run lock was lost. `chosen` are the options by which
        a command means this lockfile, as in `-f job.yaml`."""
        self.path = path
        self.shown = shown
        self._guard = guard
        self._chosen = tuple(chosen)
        self.recorded = read(path, shown)

    def check(self) -> None:
        """Raises what the guard raises: to be asked before what a write could not undo."""
        self._guard()

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
        if record.batch_id is not None:
            rescue.drop(self.path, record.batch_id)

    def change(self, name: str, old: BatchRecord, new: BatchRecord | None) -> None:
        """Replaces one batch's block, or removes it. A new batch id that cannot be written is never lost: its block
        goes to a rescue file, and the message says how to import it."""
        made = new is not None and new.batch_id is not None and old.batch_id is None
        try:
            self.set_job(name, self.job(name).with_replaced(old, new))
        except (StateError, Refused) as error:
            if new is None or not made:
                raise
            raise self._unrecorded(name, new, error) from error
        if new is not None and new.batch_id is not None:
            rescue.drop(self.path, new.batch_id)

    def _write(self, recorded: Recorded) -> None:
        if recorded == self.recorded:
            return
        self._guard()
        try:
            durable.write(self.path, codec.encode(recorded))
        except OSError as error:
            raise StateError(f"{self.shown} cannot be written: {error.strerror or error}") from error
        self.recorded = recorded

    def _unrecorded(self, name: str, record: BatchRecord, error: StateError | Refused) -> BatchctlError:
        command = shlex.join(["batchctl", "import", name, record.batch_id or "", *self._chosen])
        saved = rescue.save(self.path, name, record)
        return type(error)(f"{record.batch_id} was made, and is not recorded: {error.message}", notes=(
            f"to record it: {command}",
            f"its block was saved to {saved}" if saved else "its block could not be saved elsewhere either",
            "the next `batchctl apply` finds it at the provider, too, and does not make it again"))
