"""Variables that a command gives over those of a manifest: which there are, and of which kind they must be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from batchctl.desired.job import Job
from batchctl.desired.manifest.scalars import resolve
from batchctl.words.diagnostics import Diagnostic


def mistakes(jobs: Iterable[Job], given: Mapping[str, Any]) -> list[Diagnostic]:
    """Variables that no job declares, and texts for one that is declared as a number or a boolean."""
    declaring = list(jobs)
    declared = sorted({name for job in declaring for name in job.vars})
    found = []
    for name in given:
        if name not in declared:
            close = get_close_matches(name, declared, n=1)
            note = f'did you mean "{close[0]}"?' if close else "declare it under vars in the manifest"
            message = f'no job declares a variable "{name}"'
            found.append(Diagnostic("unknown-variable", message, notes=(note,)))
    for job in declaring:
        for name in (name for name in job.vars if name in given):
            kind = _kind(job.vars[name])
            if kind and isinstance(_as_declared(job.vars[name], given[name]), str):
                message = f'the variable "{name}" of the job "{job.name}" is {kind}, and what was given is not'
                note = f"give {kind}, or declare the variable as a text, in quotes"
                found.append(Diagnostic("wrong-variable", message, notes=(note,)))
    return found


def applied(job: Job, given: Mapping[str, Any]) -> Job:
    """The job with what was given for the variables that it declares."""
    values = {name: _as_declared(job.vars[name], given[name]) for name in job.vars if name in given}
    return replace(job, vars={**job.vars, **values}) if values else job


def _as_declared(declared: Any, given: Any) -> Any:
    """A command line knows only texts: "0.5" is a number and "false" is false where such a one is declared."""
    kind = _kind(declared)
    if not kind or not isinstance(given, str):
        return given
    value = resolve(given)
    return value if _kind(value) == kind else given


def _kind(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true or false"
    return "a number" if isinstance(value, int | float) else None
