"""Finds sinks that would overwrite something: a manifest, a lockfile, an input, a template, or each other."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path

from batchctl.desired.effective_sinks import effective_sinks
from batchctl.desired.job import Job
from batchctl.desired.manifest.findings import Findings

#: Files of inputs that are compared with the sinks by inode, to see through links.
_MAX_MATCHES = 10_000
_PRIVATE = frozenset({".batchctl", ".git"})

Identity = tuple[int, int] | str


def report(jobs: Iterable[tuple[Job, Findings]], protected: Mapping[Path, str]) -> None:
    """Reports every sink that may not be written; `protected` are files by what they are ("a manifest")."""
    known = list(jobs)
    if not any(job.sinks for job, _ in known):
        return
    occupied = Occupied((job for job, _ in known), protected)
    for job, findings in known:
        for sink in effective_sinks(job):
            problem = occupied.problem(sink.path, sink.target, job.root)
            if problem:
                findings.error("sink-conflict", sink.span, f'the sink "{sink.path}" {problem}', "write elsewhere")
            occupied.add(sink.target, _of("a sink", job))


def problem_of_another(written: str, target: Path, root: Path, jobs: Iterable[Job], protected: Mapping[Path, str]
                       ) -> str | None:
    """What forbids writing one more file beside all that these jobs name; None where nothing does."""
    known = list(jobs)
    occupied = Occupied(known, protected)
    for job in known:
        for sink in effective_sinks(job):
            occupied.add(sink.target, _of("a sink", job))
    return occupied.problem(written, target, root)


class Occupied:
    """The files that a run names, which nothing may be written over."""

    def __init__(self, jobs: Iterable[Job], protected: Mapping[Path, str]) -> None:
        known = list(jobs)
        self._taken: dict[Identity, str] = {key: what for path, what in protected.items() for key in _identities(path)}
        globs = ((job, path) for job in known for entry in job.inputs for path in entry.paths)
        self._patterns = [_Pattern(job, path) for job, path in globs if glob.has_magic(path)]
        for job, path in islice(_read_files(known), _MAX_MATCHES):
            self.add(path, _of("an input", job))

    def add(self, target: Path, what: str) -> None:
        """One more file."""
        self._taken |= dict.fromkeys(_identities(target), what)

    def problem(self, written: str, target: Path, root: Path) -> str | None:
        """What forbids writing `target`, in words that follow its name; `written` is the path as it was given."""
        return _unwritable(written, target, root) or self._overwritten(target)

    def _overwritten(self, target: Path) -> str | None:
        what = next((self._taken[key] for key in _identities(target) if key in self._taken), None)
        if what is None:
            what = next((pattern.what for pattern in self._patterns if pattern.names(target)), None)
        return f"is also {what}" if what else None


def _unwritable(written: str, target: Path, root: Path) -> str | None:
    """What forbids writing this file whatever else the run names."""
    if written.endswith(("/", os.sep)) or target.is_dir():
        return "is a folder"
    if target.exists() and not target.is_file():
        return "is not a regular file"
    inner = target.relative_to(root) if target.is_relative_to(root) else target
    private = next((part for part in inner.parts if part.lower() in _PRIVATE), None)
    if private:
        return f"lies in {private}, which is not for results"
    if target.name.endswith(".lock.json"):
        return "has the name of a lockfile"
    blocking = next((above for above in target.parents if above.exists()), None)
    if blocking is not None and not blocking.is_dir():
        return f"lies below {blocking.name}, which is not a folder"
    return None


def _of(what: str, job: Job) -> str:
    """A file of a job; the name is missing where it was refused."""
    return f'{what} of the job "{job.name}"' if job.name else f"{what} of a job"


def _identities(path: Path) -> Iterator[Identity]:
    """What tells that two paths are one file: the path, and the inode where the file is there."""
    yield os.path.normcase(path)
    try:
        status = path.stat()
    except (OSError, ValueError):
        return
    if status.st_ino:
        yield status.st_dev, status.st_ino


def _read_files(known: Iterable[Job]) -> Iterator[tuple[Job, Path]]:
    """Files that the inputs name now. A recursive glob may be a whole disk: of that only the pattern counts."""
    for job in known:
        for path in (path for entry in job.inputs for path in entry.paths):
            literal = job.folder / path
            if not glob.has_magic(path) or literal.exists():
                yield job, literal.resolve()
            elif "**" not in path:
                for match in glob.iglob(path, root_dir=job.folder):
                    yield job, job.folder / match


class _Pattern:
    """All files that an input names now or later."""

    def __init__(self, job: Job, path: str) -> None:
        self.what = _of("an input", job)
        parts = Path(path).parts
        fixed = next((n for n, part in enumerate(parts) if glob.has_magic(part)), len(parts))
        self._base = (job.folder / Path(*parts[:fixed])).resolve().parts
        self._rest = parts[fixed:]

    def names(self, target: Path) -> bool:
        """Whether the glob would find this resolved path; `**` stands for any number of folders."""
        length = len(self._base)
        if target.parts[:length] != self._base:
            return False
        reached = self._skipping({0})
        for part in target.parts[length:]:
            moved = {n + 1 for n in reached if n < len(self._rest) and fnmatchcase(part, self._rest[n])}
            stayed = {n for n in reached if n < len(self._rest) and self._rest[n] == "**"}
            reached = self._skipping(moved | stayed)
        return len(self._rest) in reached

    def _skipping(self, reached: set[int]) -> set[int]:
        """The positions that are reached too because `**` may stand for no folder at all."""
        for n, part in enumerate(self._rest):
            if part == "**" and n in reached:
                reached = reached | {n + 1}
        return reached
