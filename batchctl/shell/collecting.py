"""Finds and deletes what stores no longer need; never a result that a lockfile names."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

from batchctl.act.provider_files import Unneeded, collect_remote
from batchctl.recorded import durable
from batchctl.recorded.lockfile import read
from batchctl.recorded.records import BatchRecord
from batchctl.recorded.runlock import RunLock
from batchctl.recorded.store import Store
from batchctl.remote.connect import Providers
from batchctl.shell.options import Chosen
from batchctl.shell.places import Place
from batchctl.shell.session import open_session
from batchctl.shell.views import near
from batchctl.show.garbage import Garbage
from batchctl.show.progress import progress
from batchctl.show.terminal import Terminal
from batchctl.words.errors import Refused, StateError


def collect(places: Sequence[Place], *, results: bool, dry_run: bool, run_lock_timeout_s: float) -> list[Garbage]:
    """What is (or would be) deleted. Raises StateError when a lockfile cannot be read: then nothing is deleted there.
    """
    found: list[Garbage] = []
    lockfiles: dict[Path, set[Path]] = {}
    for place in places:
        lockfiles.setdefault(place.store.folder, set()).add(place.lockfile)
    for folder, named in lockfiles.items():
        if not folder.is_dir():
            continue
        with nullcontext() if dry_run else RunLock(folder, "gc", timeout_s=run_lock_timeout_s):
            records = _records(folder, named, needed=results)
            for garbage in _garbage(Store(folder), records, results=results):
                if not dry_run:
                    _delete(garbage.path)
                found.append(garbage)
    return found


def collect_at_providers(chosen: Chosen, terminal: Terminal, *, results: bool, dry_run: bool,
                         run_lock_timeout_s: float) -> list[Unneeded]:
    """The same at the providers of the manifests' jobs."""
    with progress(terminal) as emit, Providers(runs=False) as providers:
        return [unneeded for project in open_session(chosen).projects for unneeded in collect_remote(
            project, providers, emit, results=results, dry_run=dry_run, now=time.time(),
            run_lock_timeout_s=run_lock_timeout_s)]


def _records(folder: Path, named: set[Path], *, needed: bool) -> list[BatchRecord]:
    """The batches of every lockfile that may use this store."""
    lockfiles = sorted({*named, *folder.parent.glob("*.lock.json")})
    if needed and not any(lockfile.exists() for lockfile in lockfiles):
        raise Refused(f"no lockfile is beside {near(folder)}, so nobody can tell which results are still needed",
                      notes=("`batchctl apply` makes it again from the provider's list",))
    return [batch for lockfile in lockfiles for record in read(lockfile, near(lockfile)).jobs.values()
            for batch in record.batches]


def _garbage(store: Store, records: Sequence[BatchRecord], *, results: bool) -> Iterator[Garbage]:
    live = {batch.shard for batch in records if not batch.is_settled}
    known = {batch.shard for batch in records}
    kept = {store.results_folder(batch) for batch in records}
    for path in _entries(store.folder / "shards"):
        if durable.is_temporary(path):
            yield _of(path, "left behind by a killed run")
        elif path.suffix == ".jsonl" and path.stem not in live:
            why = "its batch has ended" if path.stem in known else "no batch was made of it"
            yield _of(path, f"{why}; it can be rendered again")
        elif results and path.suffix == ".ids" and path.stem not in known:
            # Without a lockfile beside it, a shard's ids may be all that tells what a batch holds.
            yield _of(path, "no batch was made of it")
    for path in _entries(store.folder / "results"):
        if durable.is_temporary(path):
            yield _of(path, "left behind by a killed run")
        elif results and path not in kept:
            yield _of(path, "results that no lockfile names")


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []


def _of(path: Path, why: str) -> Garbage:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return Garbage(path, near(path), sum(file.stat().st_size for file in files), why)


def _delete(path: Path) -> None:
    try:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    except OSError as error:
        raise StateError(f"{near(path)} cannot be deleted: {error.strerror or error}") from error
