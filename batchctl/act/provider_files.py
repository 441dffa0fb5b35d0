"""Finds the files at providers that nothing needs any more, and deletes them.

Three rules keep what was paid for. A file of results goes only where all of it is in the store, and was just read
through. An input file goes only when its batch is recorded as ended and what it held can be told without it, or when no
batch was made of it. And no input file goes that is younger than its completion window: another clone may be between
its upload and its create.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass

from batchctl.act.desk import Account, Desk, Options
from batchctl.act.project import Project
from batchctl.act.verifying import verified
from batchctl.recorded.records import BatchRecord
from batchctl.recorded.runlock import RunLock
from batchctl.remote import normalise
from batchctl.remote.connect import Providers
from batchctl.remote.provider import Provider
from batchctl.words.dialects import parse_window
from batchctl.words.errors import AmbiguousRemote, Refusal
from batchctl.words.events import Emit
from batchctl.words.remote import Coordinates, RemoteBatch, RemoteFile


@dataclass(frozen=True, slots=True)
class Unneeded:
    """A file at a provider that nothing needs any more, and why that is so."""

    provider: str
    file: RemoteFile
    why: str


def collect_remote(project: Project, providers: Providers, emit: Emit, *, results: bool, dry_run: bool,
                   now: float, run_lock_timeout_s: float) -> list[Unneeded]:
    """What is (or would be) deleted at the providers of a manifest's jobs. `results`: files of results too, where the
    store has them. `now` is Unix time, for providers that do not tell theirs. Raises AmbiguousRemote when a list cannot
    be read; RemoteError; StateError."""
    if not dry_run:
        project.store.prepare()
    with (nullcontext() if dry_run else
          RunLock(project.store.folder, "gc --remote", timeout_s=run_lock_timeout_s)) as lock:
        desk = (project.looking(providers, Options(), emit) if lock is None else project.working(
            project.locked(lock), providers, Options(), emit))
        # One list that cannot be read is told before anything is deleted elsewhere.
        accounts = [_Account(desk, where, job, now) for (where, _), job in _accounts(project, desk).items()]
        # Accounts that differ in a header of no weight, such as a trace id, have the same files.
        found = {(account.where, unneeded.file.id): unneeded for account in accounts
                 for unneeded in account.collect(results=results, dry_run=dry_run)}
    return list(found.values())


def _accounts(project: Project, desk: Desk) -> dict[Account, str]:
    """Each account where jobs have, or had, batches, with a job that leads there. A local server that never ran has no
    files, and is not started to learn that."""
    accounts: dict[Account, str] = {}
    for name, job in project.jobs.items():
        for where in (job.provider.where, *(batch.provider for batch in desk.record(name).batches)):
            if not desk.never_ran(where):
                accounts.setdefault(desk.account(where, name), name)
    return accounts


class _Account:
    """The files of one account, and what of them is needed."""

    def __init__(self, desk: Desk, where: Coordinates, job: str, now: float) -> None:
        self._desk = desk
        self.where = where
        look = desk.look(where, job)
        if not look.listed:
            raise AmbiguousRemote(f"no file of {where.name} is deleted while its batches cannot be listed: {look.why}")
        self._provider: Provider = desk.provider(where, job)
        self._now = self._provider.http.now_there(now)
        self._batches = {batch.id: batch for batch in look.batches}
        self._is_stored: dict[str, bool] = {}
        self._recorded = [(name, batch) for name in desk.jobs for batch in desk.record(name).batches]
        account = desk.account(where, job)
        self._mine = [(name, batch) for name, batch in self._recorded if desk.account(batch.provider, name) == account]

    def collect(self, *, results: bool, dry_run: bool) -> Iterator[Unneeded]:
        files = self._listed()
        needed = self._needed_inputs()
        chosen = [*self._inputs(files, needed), *self._left_behind(files, needed)]
        if results:
            chosen += self._results()
        for file, why in chosen:
            if not dry_run:
                self._provider.delete_file(file.id)
            yield Unneeded(self.where.name, file, why)

    def _listed(self) -> dict[str, RemoteFile] | None:
        """The files of requests; None where the provider does not list files."""
        try:
            return {file.id: file for file in self._provider.files()}
        except Refusal as refusal:
            if refusal.status not in (404, 405):
                raise
            return None

    def _needed_inputs(self) -> frozenset[str]:
        """The input files that a batch may still read: two may have been made of one file."""
        live = {batch.input_file_id for batch in self._batches.values() if not batch.ended}
        open_here = {batch.input_file_id for _, batch in self._recorded if not batch.is_settled}
        return frozenset(file_id for file_id in live | open_here if file_id is not None)

    def _inputs(self, files: dict[str, RemoteFile] | None, needed: frozenset[str]) -> Iterator[tuple[RemoteFile, str]]:
        """Input files of batches of ours that have ended."""
        seen: set[str] = set()
        for job, batch in self._mine:
            file_id = batch.input_file_id
            if file_id is None or file_id in needed or file_id in seen or not self._is_done_with(batch):
                continue
            seen.add(file_id)
            file = self._file(file_id) if files is None else files.get(file_id)
            if file is not None and self._is_old(file, batch.created_at, job, self._batches.get(batch.batch_id or "")):
                yield file, f"the requests of {batch.batch_id}, which has ended"

    def _left_behind(self, files: dict[str, RemoteFile] | None, needed: frozenset[str],
                     ) -> Iterator[tuple[RemoteFile, str]]:
        """Uploads for jobs of this manifest that no batch was made of."""
        used = {batch.input_file_id for batch in self._batches.values()} | needed
        used |= {batch.input_file_id for _, batch in self._recorded}
        for file in (files or {}).values():
            tag = normalise.tag_of_filename(file.filename)
            if tag is None or tag.job not in self._desk.jobs or file.id in used:
                continue
            if not self._is_begun(tag.job, tag.shard) and self._is_old(file, None, tag.job, None):
                yield file, "no batch was made of it"

    def _results(self) -> Iterator[tuple[RemoteFile, str]]:
        """Files of results that the store has too."""
        for _, batch in self._mine:
            if not batch.is_ours or not batch.is_settled or not self._stored(batch):
                continue
            for file_id in (batch.output_file_id, batch.error_file_id):
                file = self._file(file_id) if file_id else None
                if file is not None:
                    yield file, f"the results of {batch.batch_id}, which are in the store"

    def _is_done_with(self, batch: BatchRecord) -> bool:
        """Whether what it held, and what it answered, can be told without its input file."""
        if not batch.is_ours or not batch.is_settled or self._desk.store.ids(batch.shard) is None:
            return False
        if batch.status == "failed" and batch.error_code in self._provider.dialect.capacity_codes:
            # It found no room: the same file is sent again.
            return False
        return not (batch.output_file_id or batch.error_file_id) or self._stored(batch)

    def _stored(self, batch: BatchRecord) -> bool:
        """Whether the store has all that the batch answered; read through once."""
        key = batch.batch_id or ""
        if key not in self._is_stored:
            self._is_stored[key] = verified(self._desk.store, batch)
        return self._is_stored[key]

    def _is_begun(self, job: str, shard: str) -> bool:
        """Whether an unfinished create may still find the file by its name."""
        return any(batch.is_intent and batch.shard == shard for batch in self._desk.record(job).batches)

    def _is_old(self, file: RemoteFile, created_at: int | None, job: str, shown: RemoteBatch | None) -> bool:
        """Older than its window; what has no date is young."""
        begun = file.created_at if file.created_at is not None else created_at
        written = shown.completion_window if shown is not None else self._desk.jobs[job].completion_window
        window_s = parse_window(written or "") or self._provider.dialect.windows_s[1]
        return begun is not None and begun + window_s <= self._now

    def _file(self, file_id: str) -> RemoteFile | None:
        try:
            return self._provider.file(file_id)
        except Refusal as refusal:
            if refusal.status != 404:
                raise
            return None
