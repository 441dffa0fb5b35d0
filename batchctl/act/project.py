"""One manifest with all that belongs to it: its jobs, its lockfile, its store, and its surveyed requests."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from batchctl.act.desk import Desk, Options, Spare
from batchctl.act.surveying import drop, keep, surveyed
from batchctl.act.trust import Trust, trust
from batchctl.desired.effective_sinks import effective_sinks
from batchctl.desired.job import Job
from batchctl.desired.render.survey import Desired
from batchctl.recorded import durable
from batchctl.recorded.lockfile import Lockfile, read
from batchctl.recorded.records import Recorded
from batchctl.recorded.runlock import RunLock
from batchctl.recorded.store import Store
from batchctl.remote.connect import Providers
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.errors import InvalidInput
from batchctl.words.events import Emit, silent


@dataclass(slots=True)
class Project:
    """A manifest file. `declared` are all its job names, `jobs` those that this command acts on; `trust` says which
    addresses of the lockfile may be asked. `chosen` are the options that mean it on a command line, beside -f: another
    lockfile, variables."""

    manifest: Path
    lockfile: Path
    store: Store
    jobs: dict[str, Job]
    declared: frozenset[str]
    trust: Trust = field(default_factory=Trust)
    surveys: dict[str, Desired] = field(default_factory=dict)
    spare: dict[Spare, str] = field(default_factory=dict)
    chosen: tuple[str, ...] = ()
    #: The fingerprints of surveys that are worth keeping.
    _marks: dict[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The lockfile's path as messages name it."""
        return _shown(self.lockfile)

    def survey(self, workers: int | None, emit: Emit, *, anew: bool = False) -> tuple[Diagnostic, ...]:
        """Renders and checks every request; a large job that nothing has changed since its last apply is known without
        that, unless `anew`. Raises InvalidInput with the mistakes of all jobs; returns warnings."""
        findings: list[Diagnostic] = []
        for name, job in self.jobs.items():
            try:
                self.surveys[name], mark = surveyed(job, self.store, workers, emit, anew=anew)
                if mark is not None:
                    self._marks[name] = mark
            except InvalidInput as invalid:
                findings.extend(invalid.findings)
        if findings:
            raise InvalidInput(findings)
        return tuple(warning for made in self.surveys.values() for warning in made.warnings)

    def keep_surveys(self) -> None:
        """Remembers what large jobs ask for. Only under the run lock."""
        for name, mark in self._marks.items():
            keep(self.jobs[name], self.store, self.surveys[name], mark)
        self._marks.clear()

    def drop_survey(self, name: str) -> None:
        """Forgets what was remembered of a job whose inputs gave something else. Only under the run lock."""
        if name in self.jobs:
            drop(self.jobs[name], self.store)

    def sweep(self) -> None:
        """Removes what killed runs have left behind, in the store and beside the files. Only under the run lock."""
        self.store.sweep()
        durable.sweep(self.lockfile)
        for job in self.jobs.values():
            for sink in effective_sinks(job):
                durable.sweep(sink.target)

    def recorded(self) -> Recorded:
        """What the lockfile says now. Raises StateError."""
        return read(self.lockfile, self.shown)

    def looking(self, providers: Providers | None, options: Options, emit: Emit = silent) -> Desk:
        """A desk that changes nothing."""
        return self._desk(self.recorded(), None, providers, options, emit)

    def locked(self, lock: RunLock) -> Lockfile:
        """The lockfile for writing, under the run lock. Raises StateError."""
        return Lockfile(self.lockfile, self.shown, lock.check, ("-f", _shown(self.manifest), *self.chosen))

    def working(self, lockfile: Lockfile, providers: Providers, options: Options, emit: Emit) -> Desk:
        """A desk that may change things, under the run lock."""
        return self._desk(lockfile.recorded, lockfile, providers, options, emit)

    def names(self, recorded: Recorded, options: Options) -> Sequence[str]:
        """The jobs of one pass: those declared, then those that only the lockfile has, unless a selection was made."""
        forgotten = () if not options.whole_file else sorted(set(recorded.jobs) - self.declared)
        return (*self.jobs, *forgotten)

    def _desk(self, recorded: Recorded, lockfile: Lockfile | None, providers: Providers | None, options: Options,
              emit: Emit) -> Desk:
        return Desk(jobs=self.jobs, surveys=self.surveys, store=self.store, recorded=recorded, providers=providers,
                    declared=self.declared, lockfile=lockfile, options=options, emit=emit, spare=self.spare,
                    trust=self.trust, shown=self.shown)


def projects(jobs: Iterable[Job], selected: Mapping[str, Job], lockfile: Path | None = None,
             trusted: Iterable[str] = ()) -> list[Project]:
    """Groups jobs by manifest, in the order given. `selected` are those to act on; `lockfile` replaces the one beside
    the manifest, where there is one manifest; `trusted` are base URLs that the user vouches for."""
    made: dict[Path, Project] = {}
    urls = tuple(trusted)
    all_jobs: dict[Path, list[Job]] = {}
    for job in jobs:
        project = made.setdefault(job.manifest, Project(
            manifest=job.manifest, lockfile=lockfile or job.lockfile, store=Store(job.store), jobs={},
            declared=frozenset()))
        all_jobs.setdefault(job.manifest, []).append(job)
        if job.name in selected:
            project.jobs[job.name] = job
    for manifest, project in made.items():
        project.declared = frozenset(job.name for job in all_jobs[manifest])
        project.trust = trust((job.provider.where for job in all_jobs[manifest]), urls)
    return [project for project in made.values() if project.jobs]


def _shown(path: Path) -> str:
    try:
        relative = os.path.relpath(path)
    except ValueError:
        return str(path)
    return str(path) if relative.startswith("..") else relative
