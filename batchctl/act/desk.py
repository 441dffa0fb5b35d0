"""What one pass over one manifest works with: its jobs, its lockfile and store, and one look at each provider."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from batchctl.act.observe import look, unread
from batchctl.act.trust import Trust
from batchctl.desired.job import Job
from batchctl.desired.job import Provider as DeclaredProvider
from batchctl.desired.render.survey import Desired
from batchctl.recorded.lockfile import Lockfile
from batchctl.recorded.records import JobRecord, Recorded
from batchctl.recorded.store import Store
from batchctl.remote.connect import Headers, Providers, local_data
from batchctl.remote.provider import Provider
from batchctl.words.errors import RemoteError
from batchctl.words.events import Emit, silent
from batchctl.words.remote import Coordinates, Observation, RemoteBatch

SETTLE_S = 60.0

#: One account of a provider.
Account = tuple[Coordinates, Headers]
#: A file by the provider that has it, and by the job, shard and attempt that it was uploaded for.
Spare = tuple[Coordinates, str, str, int]


@dataclass(frozen=True, slots=True)
class Options:
    """How a pass goes about its work. `settle_s` is how long the list must be silent before a create whose outcome is
    unknown is believed not to have happened."""

    settle_s: float = SETTLE_S
    resend_lost: bool = False
    prune: bool = False
    destroy: bool = False
    whole_file: bool = True


@dataclass(slots=True)
class Desk:
    """One manifest's jobs in one pass. `lockfile` is None for commands that only look.

    `jobs` are those acted on; `declared` the names of all that the manifest has; `spare` files were uploaded by this
    command for creates that found no room; `trust` says which addresses of the lockfile may be asked, and `shown` is
    its path as messages name it.
    """

    jobs: Mapping[str, Job]
    surveys: Mapping[str, Desired]
    store: Store
    recorded: Recorded
    providers: Providers | None
    declared: frozenset[str]
    lockfile: Lockfile | None = None
    options: Options = Options()
    emit: Emit = silent
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    spare: dict[Spare, str] = field(default_factory=dict)
    trust: Trust = field(default_factory=Trust)
    shown: str = "the lockfile"
    _looks: dict[Account, Observation] = field(default_factory=dict)
    _seen: dict[Account, dict[str, RemoteBatch]] = field(default_factory=dict)

    def record(self, name: str) -> JobRecord:
        return (self.lockfile.recorded if self.lockfile else self.recorded).job(name)

    def all_records(self) -> Mapping[str, JobRecord]:
        return (self.lockfile.recorded if self.lockfile else self.recorded).jobs

    def book(self) -> Lockfile:
        """The lockfile for writing."""
        if self.lockfile is None:
            raise AssertionError("a command that only looks tried to write")
        return self.lockfile

    def provider(self, where: Coordinates, job: str) -> Provider:
        """The provider at these coordinates, for a job, with what the manifest says of it where it still names it.
        Raises RemoteError (no key, offline), LocalServerError, or UntrustedAddress where only the lockfile knows it."""
        if self.providers is None:
            raise RemoteError("this is offline")
        found = self._declared(where, job)
        if found is None:
            self.trust.check(where, self.shown)
            return self.providers.get(where, store=self.store.folder)
        return self.providers.get(
            where, found.dialect, found.headers, store=self.store.folder,
            upstream_api_key_env=found.upstream_api_key_env, concurrency=found.concurrency,
        )

    def look(self, where: Coordinates, job: str, *, anew: bool = False) -> Observation:
        """What the provider shows: read once a pass for all jobs of the account, and again where `anew`."""
        if self.lockfile is None and self.never_ran(where):
            # Starting a server to learn that it has nothing would write its folder.
            return Observation()
        account = self.account(where, job)
        if anew or account not in self._looks:
            try:
                self._looks[account] = look(self.provider(where, job))
            except RemoteError as error:
                self._looks[account] = unread(error)
            self._seen.pop(account, None)
        return self._looks[account]

    def never_ran(self, where: Coordinates) -> bool:
        """Whether this is the local server, and has no data."""
        return where.dialect == "local" and not local_data(self.store.folder, where.upstream).exists()

    def seen(self, where: Coordinates, job: str, batch_id: str) -> RemoteBatch | None:
        """A batch as the last look at its provider showed it."""
        look, account = self.look(where, job), self.account(where, job)
        if account not in self._seen:
            self._seen[account] = {batch.id: batch for batch in look.batches}
        return self._seen[account].get(batch_id)

    def known_ids(self, where: Coordinates) -> frozenset[str]:
        """The batches of one server that any job of this lockfile has: another server may use the same ids."""
        return frozenset(batch.batch_id for record in self.all_records().values() for batch in record.batches
                         if batch.batch_id is not None and batch.provider.is_same_server(where))

    def account(self, where: Coordinates, job: str) -> Account:
        """Whom a job asks there. Headers choose the account too: behind a gateway they name whom it asks, and with
        which key."""
        found = self._declared(where, job)
        return where, found.headers if found is not None else ()

    def _declared(self, where: Coordinates, job: str) -> DeclaredProvider | None:
        """The job's own provider where it is still there; else one of another job: a former provider may be."""
        own = self.jobs.get(job)
        if own is not None and own.provider.where == where:
            return own.provider
        return next((other.provider for other in self.jobs.values() if other.provider.where == where), None)
