"""The files that a path or a glob of the manifest names: confined to the project, regular, and in a fixed order."""

from __future__ import annotations

import contextlib
import glob
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from batchctl.desired.job import Job
from batchctl.desired.paths import PathRefused, confine
from batchctl.words.diagnostics import Diagnostic, Span

_PATHS = "check the path; it starts at the folder of the manifest"


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that is there. `shown` is how messages name it; `size` in bytes as stored."""

    path: Path
    shown: str
    size: int


def named_files(written: str, span: Span, job: Job) -> Iterator[NamedFile | Diagnostic]:
    """The files in the order of their paths, and what is wrong with naming them, at `span`."""
    try:
        for path in _expand(written, job):
            yield _looked_at(path, written, span, job)
    except PathRefused as refused:
        yield Diagnostic("input-refused", str(refused), span, _PATHS)


def _expand(written: str, job: Job) -> list[Path]:
    """The files that a path or a glob names. A file whose name only looks like a glob is taken as it is."""
    literal = confine(written, folder=job.folder, root=job.root)
    if literal.exists() or not glob.has_magic(written):
        return [literal]
    matches = sorted(_matches(written, job))
    if not matches:
        raise PathRefused(f'no file matches "{written}"')
    return matches


def _matches(pattern: str, job: Job) -> Iterator[Path]:
    for match in glob.iglob(pattern, root_dir=job.folder, recursive=True):
        path = confine(match, folder=job.folder, root=job.root)
        if not path.is_dir():
            yield path


def _looked_at(path: Path, written: str, span: Span, job: Job) -> NamedFile | Diagnostic:
    shown = str(path) if os.path.isabs(written) else Path(os.path.relpath(path, job.folder.resolve())).as_posix()
    try:
        status = path.stat()
    except OSError as error:
        return Diagnostic("input-missing", f"cannot read {shown}: {error.strerror}", span, _likely(path))
    if stat.S_ISDIR(status.st_mode):
        label = f'for all in it write "{shown}/*"'
        return Diagnostic("input-refused", f"{shown} is a directory; inputs are files", span, label)
    if not stat.S_ISREG(status.st_mode):
        return Diagnostic("input-refused", f"{shown} is no regular file; inputs are files", span, "name a file")
    return NamedFile(path, shown, status.st_size)


def _likely(path: Path) -> str:
    """The file beside a missing one that was probably meant."""
    with contextlib.suppress(OSError):
        close = get_close_matches(path.name, os.listdir(path.parent), n=1)
        if close:
            return f'did you mean "{close[0]}"?'
    return _PATHS
