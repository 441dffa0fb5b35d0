"""Finds and deletes what stores no longer need; never a result that a lockfile names."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from batchctl.recorded import durable
from batchctl.recorded.lockfile import read
from batchctl.recorded.records import BatchRecord
from batchctl.recorded.runlock import RunLock
from batchctl.recorded.store import Store
from batchctl.words.errors import Refused, StateError

#: How messages name a path.
Name = Callable[[Path], str]


@dataclass(frozen=True, slots=True)
class Garbage:
    """A file or folder of a store that nothing needs any more, and why that is so."""

    path: Path
    shown: str
    bytes: int
    why: str


def collect(stores: Mapping[Path, frozenset[Path]], name: Name, *, results: bool, dry_run: bool,
            run_lock_timeout_s: float) -> list[Garbage]:
    """What is (or would be) deleted. `stores` are folders, each with the lockfiles that were named for it; those beside
    it count too. Raises StateError when a lockfile cannot be read: then nothing is deleted there."""
    found: list[Garbage] = []
    for folder, named in stores.items():
        if not folder.is_dir():
            continue
        with nullcontext() if dry_run else RunLock(folder, "gc", timeout_s=run_lock_timeout_s):
            records = _records(folder, named, name, needed=results)
            for garbage in _garbage(Store(folder), records, name, results=results):
                if not dry_run:
                    _delete(garbage)
                found.append(garbage)
    return found


def _records(folder: Path, named: frozenset[Path], name: Name, *, needed: bool) -> list[BatchRecord]:
    """The batches of every lockfile that may use this store."""
    lockfiles = sorted({*named, *folder.parent.glob("*.lock.json")})
    if needed and not any(lockfile.exists() for lockfile in lockfiles):
        raise Refused(f"no lockfile is beside {name(folder)}, so nobody can tell which results are still needed",
                      notes=("`batchctl apply` makes it again from the provider's list",))
    return [batch for lockfile in lockfiles for record in read(lockfile, name(lockfile)).jobs.values()
            for batch in record.batches]


def _garbage(store: Store, records: Sequence[BatchRecord], name: Name, *, results: bool) -> Iterator[Garbage]:
    live = {batch.shard for batch in records if not batch.is_settled}
    known = {batch.shard for batch in records}
    kept = {store.results_folder(batch) for batch in records}
    for path in _entries(store.folder / "shards"):
        if durable.is_temporary(path):
            yield _of(path, name, "left behind by a killed run")
        elif path.suffix == ".jsonl" and path.stem not in live:
            why = "its batch has ended" if path.stem in known else "no batch was made of it"
            yield _of(path, name, f"{why}; it can be rendered again")
        elif results and path.suffix == ".ids" and path.stem not in known:
            # Without a lockfile beside it, a shard's ids may be all that tells what a batch holds.
            yield _of(path, name, "no batch was made of it")
    for path in _entries(store.folder / "surveys"):
        yield _of(path, name, "the job can be rendered again")
    if results:
        for path in _entries(store.folder / "quarantine"):
            yield _of(path, name, "damaged, and replaced since")
    awaited = {store.part_folder(batch) for batch in records if store.results(batch) is None}
    for path in _entries(store.folder / "results"):
        if path in awaited:
            continue
        if durable.is_temporary(path) or path.suffix == ".part":
            yield _of(path, name, "left behind by a killed run")
        elif results and path not in kept:
            yield _of(path, name, "results that no lockfile names")


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []


def _of(path: Path, name: Name, why: str) -> Garbage:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return Garbage(path, name(path), sum(file.stat().st_size for file in files), why)


def _delete(garbage: Garbage) -> None:
    path = garbage.path
    try:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    except OSError as error:
        raise StateError(f"{garbage.shown} cannot be deleted: {error.strerror or error}") from error
