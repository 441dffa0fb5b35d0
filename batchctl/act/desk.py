"""What one pass over one manifest works with: its jobs, its lockfile and store, and one look at each provider."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from batchctl.act.observe import look
from batchctl.desired.job import Job
from batchctl.desired.render.survey import Desired
from batchctl.recorded.lockfile import Lockfile
from batchctl.recorded.records import JobRecord, Recorded
from batchctl.recorded.store import Store
from batchctl.remote.connect import Providers, local_data
from batchctl.remote.provider import Provider
from batchctl.words.errors import RemoteError
from batchctl.words.events import Emit, silent
from batchctl.words.remote import Coordinates, Observation, RemoteBatch

SETTLE_S = 60.0


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

    `jobs` are those acted on; `declared` the names of all that the manifest has.
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
    _looks: dict[Coordinates, Observation] = field(default_factory=dict)
    _seen: dict[Coordinates, dict[str, RemoteBatch]] = field(default_factory=dict)

    def record(self, name: str) -> JobRecord:
        return (self.lockfile.recorded if self.lockfile else self.recorded).job(name)

    def all_records(self) -> Mapping[str, JobRecord]:
        return (self.lockfile.recorded if self.lockfile else self.recorded).jobs

    def book(self) -> Lockfile:
        """The lockfile for writing."""
        if self.lockfile is None:
            raise AssertionError("a command that only looks tried to write")
        return self.lockfile

    def provider(self, where: Coordinates) -> Provider:
        """The provider at these coordinates, with what the manifest says of it where it still names it. Raises
        RemoteError (no key, offline) or LocalServerError."""
        if self.providers is None:
            raise RemoteError("this is offline")
        declared = next((job.provider for job in self.jobs.values() if job.provider.where == where), None)
        if declared is None:
            return self.providers.get(where, store=self.store.folder)
        return self.providers.get(
            where, declared.dialect, declared.headers, store=self.store.folder,
            upstream_api_key_env=declared.upstream_api_key_env, concurrency=declared.concurrency,
        )

    def look(self, where: Coordinates, *, anew: bool = False) -> Observation:
        """What the provider shows: read once a pass, and again where `anew`."""
        if self.lockfile is None and _never_ran(where, self.store):
            # Starting a server to learn that it has nothing would write its folder.
            return Observation()
        if anew or where not in self._looks:
            try:
                self._looks[where] = look(self.provider(where))
            except RemoteError as error:
                self._looks[where] = Observation(listed=False, why=error.message)
            self._seen.pop(where, None)
        return self._looks[where]

    def seen(self, where: Coordinates, batch_id: str) -> RemoteBatch | None:
        """A batch as the last look at its provider showed it."""
        look = self.look(where)
        if where not in self._seen:
            self._seen[where] = {batch.id: batch for batch in look.batches}
        return self._seen[where].get(batch_id)

    def known_ids(self) -> frozenset[str]:
        """The batches that any job of this lockfile has."""
        return frozenset(batch.batch_id for record in self.all_records().values() for batch in record.batches
                         if batch.batch_id is not None)


def _never_ran(where: Coordinates, store: Store) -> bool:
    return where.dialect == "local" and not local_data(store.folder, where.upstream).exists()
