"""What most commands begin with: manifests loaded, jobs chosen, every request surveyed, every sink checked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from batchctl.act.project import Project, projects
from batchctl.act.sinks.write import check_sinks
from batchctl.desired.job import Job
from batchctl.desired.manifest.load import load
from batchctl.shell.options import Chosen
from batchctl.shell.variables import variables
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.errors import InvalidInput, UsageError
from batchctl.words.events import Emit, silent

#: Warnings about how answers are asked for: true of a manifest before anything is sent, and not of one command.
_TOLD_BEFORE = frozenset({"strict-schema", "unchecked-answers"})

DEFAULT_MANIFEST = Path("job.yaml")


@dataclass(frozen=True, slots=True)
class Session:
    """The manifests of one command. `selection` says whether only some of their jobs were chosen; `declared` are all,
    and `read` the files that they were read from, by what they are."""

    projects: tuple[Project, ...]
    files: tuple[Path, ...]
    variables: Mapping[str, Any]
    warnings: tuple[Diagnostic, ...]
    selection: bool
    declared: tuple[Job, ...] = ()
    read: Mapping[Path, str] = field(default_factory=dict)

    @property
    def warnings_again(self) -> tuple[Diagnostic, ...]:
        """Those that every command tells; what strict mode does not take of a schema is for `validate` and `plan`."""
        return tuple(warning for warning in self.warnings if warning.code not in _TOLD_BEFORE)

    @property
    def jobs(self) -> dict[str, Job]:
        return {name: job for project in self.projects for name, job in project.jobs.items()}

    def survey(self, workers: int | None = None, emit: Emit = silent, *, anew: bool = False) -> tuple[Diagnostic, ...]:
        """Renders and checks every request and every sink; `anew`: those too of which that is known. Raises
        InvalidInput with the mistakes of all jobs; returns warnings."""
        findings: list[Diagnostic] = []
        warnings: list[Diagnostic] = []
        for project in self.projects:
            try:
                warnings += project.survey(workers, emit, anew=anew)
            except InvalidInput as invalid:
                findings += invalid.findings
            for job in project.jobs.values():
                findings += _sink_mistakes(job)
        if findings:
            # What is wrong with a request is found again where a sink's fields mention it.
            once: dict[tuple[object, ...], Diagnostic] = {}
            for finding in findings:
                once.setdefault((finding.code, finding.message, finding.span), finding)
            raise InvalidInput(once.values())
        return tuple(warnings)


def open_session(chosen: Chosen, *, values: Mapping[str, Any] | None = None) -> Session:
    """Loads the chosen manifests. `values` are variables that were read before, as those of a saved plan. Raises
    InvalidInput or UsageError."""
    files = manifest_files(chosen.files)
    given = variables(chosen.var, chosen.var_file) if values is None else values
    loaded = load(files, variables=given)
    manifests = {job.manifest for job in loaded.jobs}
    if chosen.lockfile is not None and len(manifests) > 1:
        raise UsageError(f"--lockfile is for one manifest, and here are {len(manifests)}")
    selected = select(loaded.jobs, chosen.target, chosen.exclude)
    lockfile = chosen.lockfile.absolute() if chosen.lockfile is not None else None
    made = projects(loaded.jobs, selected, lockfile, chosen.trusted)
    for project in made:
        project.chosen = _again(chosen, given if values is not None else {})
    return Session(
        projects=tuple(made), files=files, variables=given,
        warnings=loaded.warnings, selection=bool(chosen.target or chosen.exclude), declared=loaded.jobs,
        read=loaded.read)


def _again(chosen: Chosen, values: Mapping[str, Any]) -> tuple[str, ...]:
    """The options, beside -f, with which another command reads a manifest as this one did."""
    made = [] if chosen.lockfile is None else ["--lockfile", str(chosen.lockfile)]
    for path in chosen.var_file:
        made += ["--var-file", str(path)]
    for pair in (*chosen.var, *(f"{name}={_text(value)}" for name, value in values.items())):
        made += ["--var", pair]
    return tuple(made)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def manifest_files(files: Sequence[Path]) -> tuple[Path, ...]:
    """Those named, or the usual one. Raises UsageError when there is neither."""
    if files:
        return tuple(files)
    if DEFAULT_MANIFEST.exists():
        return (DEFAULT_MANIFEST,)
    raise UsageError("no manifest was named, and there is no job.yaml here",
                     notes=("name one with -f FILE, or write one with `batchctl init`",))


def select(jobs: Iterable[Job], target: Sequence[str], exclude: Sequence[str]) -> dict[str, Job]:
    """The jobs to act on. Raises UsageError for a name that no job has, and when none is left."""
    by_name = {job.name: job for job in jobs}
    for name in (*target, *exclude):
        if name not in by_name:
            raise UsageError(f'there is no job "{name}"', notes=(f"there is {', '.join(by_name)}",))
    chosen = {name: job for name, job in by_name.items() if (not target or name in target) and name not in exclude}
    if not chosen:
        raise UsageError("--exclude leaves no job")
    return chosen


def _sink_mistakes(job: Job) -> tuple[Diagnostic, ...]:
    try:
        check_sinks(job)
    except InvalidInput as invalid:
        return invalid.findings
    return ()
