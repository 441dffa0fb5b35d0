"""A batch that was made and cannot be recorded: its block goes to a rescue file, so that its id is never lost."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from batchctl.recorded import codec, durable
from batchctl.recorded.records import BatchRecord, JobRecord, Recorded

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


def save(lockfile: Path, job: str, record: BatchRecord) -> Path | None:
    """The file that has the block now, in the form of a lockfile and readable by its owner only: beside the lockfile,
    else in the folder for temporary files. None where neither can be written."""
    content = codec.encode(Recorded().with_job(job, JobRecord((record,))))
    for path in _places(lockfile, record.batch_id or ""):
        with contextlib.suppress(OSError):
            durable.write(path, content, private=True)
            return path
    return None


def drop(lockfile: Path, batch_id: str) -> None:
    """Removes the rescue files of a batch that is recorded by now."""
    for path in _places(lockfile, batch_id):
        with contextlib.suppress(OSError):
            path.unlink()


def _places(lockfile: Path, batch_id: str) -> Iterator[Path]:
    name = f"rescue-{_UNSAFE.sub('-', batch_id)[:80]}.json"
    stem = lockfile.name.removesuffix(".json").removesuffix(".lock")
    yield lockfile.with_name(f"{stem}.{name}")
    yield Path(tempfile.gettempdir()) / f"batchctl-{stem}.{name}"
