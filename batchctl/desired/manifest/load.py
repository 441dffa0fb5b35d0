"""Loads manifests: files to jobs, with every mistake of every file told at once."""

from __future__ import annotations

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from batchctl.desired.job import Job
from batchctl.desired.manifest import given_variables, sink_conflicts
from batchctl.desired.manifest.build import job
from batchctl.desired.manifest.context import Context
from batchctl.desired.manifest.files import ManifestFile, from_text, manifest_files
from batchctl.desired.manifest.findings import Findings
from batchctl.desired.manifest.schema_check import check
from batchctl.desired.manifest.tree import Mapping
from batchctl.desired.paths import project_root
from batchctl.words.diagnostics import Diagnostic, errors_in
from batchctl.words.errors import InvalidInput

_NO_VARIABLES: Map[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Loaded:
    """The jobs of a run in the order of the manifests, and what should be told of them. `read` are the files that they
    were read from, by what they are."""

    jobs: tuple[Job, ...]
    warnings: tuple[Diagnostic, ...] = ()
    read: Map[Path, str] = field(default_factory=dict)


def load(paths: Sequence[Path], *, variables: Map[str, Any] = _NO_VARIABLES) -> Loaded:
    """The jobs of files and folders. `variables` override `vars` of the jobs that declare them.

    Raises InvalidInput with all findings of all files, sorted by file and place.
    """
    files, troubles = manifest_files(paths)
    return _loaded(files, troubles, variables)


def parse_text(text: str, name: str, *, variables: Map[str, Any] = _NO_VARIABLES) -> Loaded:
    """The jobs of a manifest that is not read from disk but stands at `name`. Raises InvalidInput."""
    return _loaded([from_text(name, text, Path(name).resolve())], [], variables)


def _loaded(files: Sequence[ManifestFile], troubles: list[Diagnostic], variables: Map[str, Any]) -> Loaded:
    built: list[tuple[Job, Findings]] = []
    protected = {file.path: "a manifest" for file in files}
    for file in files:
        context = Context(file.findings, file.path, project_root(file.path.parent))
        for document in file.documents:
            if file.findings.full:
                break
            if isinstance(document, Mapping):
                if check(document, file.findings):
                    built.append((job(document, context), file.findings))
            else:
                label = "write keys and values, such as version: 1"
                file.findings.error("not-a-mapping", document, "a manifest is a mapping", label)
        protected = context.read | protected
    _check_names(built)
    _check_lockfiles(files)
    sink_conflicts.report(built, protected)
    troubles = [*troubles, *given_variables.mistakes((made for made, _ in built), variables)]
    found = sorted([*troubles, *(one for file in files for one in file.findings.diagnostics())], key=_place)
    if errors_in(found):
        raise InvalidInput(found)
    return Loaded(tuple(given_variables.applied(made, variables) for made, _ in built), tuple(found), protected)


def _check_names(built: Sequence[tuple[Job, Findings]]) -> None:
    first: dict[str, Job] = {}
    for made, findings in built:
        if not made.name:
            continue
        other = first.setdefault(made.name, made)
        if other is not made:
            where = f"{other.span.file}:{other.span.line}:{other.span.column}"
            message = f'two jobs have the name "{made.name}"'
            findings.error("duplicate-job", made.span, message, f"give it another; the first is at {where}")


def _check_lockfiles(files: Sequence[ManifestFile]) -> None:
    """`job.yaml` and `job.yml` would both have `job.lock.json`, and each would forget the jobs of the other."""
    first: dict[Path, ManifestFile] = {}
    for file in files:
        other = first.setdefault(file.path.with_suffix(""), file)
        if other is not file:
            message = f"{file.findings.source.name} and {other.findings.source.name} would have the same lockfile"
            file.findings.error("shared-lockfile", (0, 1), message, "rename one of them")


def _place(finding: Diagnostic) -> tuple[str, int, int]:
    span = finding.span
    return (span.file, span.line, span.column) if span else ("", 0, 0)
