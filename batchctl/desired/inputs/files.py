"""Which files a job reads: globs expanded, paths confined, formats told from suffixes."""

from __future__ import annotations

import contextlib
import glob
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from batchctl.desired.inputs.extras import missing_extra
from batchctl.desired.inputs.formats import COMPRESSIBLE, Compression, SourceKind, advice_on_format, told_by_name
from batchctl.desired.inputs.row import AT_WORK, split_place
from batchctl.desired.job import Input, Job
from batchctl.desired.paths import PathRefused, confine
from batchctl.words.diagnostics import Diagnostic

_PATHS = "check the path; it starts at the folder of the manifest"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file to read, or the inline rows of an input (`path` None). `shown` is how messages name it;
    `index` its place in the job's list; `size` in bytes as stored."""

    index: int
    input_index: int
    shown: str
    path: Path | None
    format: SourceKind
    compression: Compression | None = None
    size: int = 0


def files_of(job: Job) -> tuple[tuple[SourceFile, ...], tuple[Diagnostic, ...]]:
    """Everything that the job reads, in order, and the mistakes in naming it."""
    found: list[SourceFile] = []
    findings: list[Diagnostic] = []
    for input_index, entry in enumerate(job.inputs):
        if entry.rows is not None:
            found.append(SourceFile(len(found), input_index, entry.span.file or job.manifest.name, None, "rows"))
            continue
        try:
            paths = _expand(entry.path or "", job)
        except PathRefused as refused:
            findings.append(Diagnostic("input-refused", str(refused), entry.span, _PATHS))
            continue
        for path in paths:
            described = _describe(path, entry, job, len(found), input_index)
            if isinstance(described, Diagnostic):
                findings.append(described)
            else:
                found.append(described)
    for input_index, kind in dict.fromkeys((file.input_index, file.format) for file in found):
        if (missing := missing_extra(kind, job.inputs[input_index])) is not None:
            findings.append(missing)
    return tuple(found), tuple(findings)


def locate(job: Job, place: int) -> str:
    """The row that a worker was at, in words; `place` as in `Row.place`."""
    index, row = split_place(place)
    files, _ = files_of(job)
    if index >= len(files):
        return "an unknown row"
    if row >= AT_WORK:
        return files[index].shown
    return f"row {row} of {files[index].shown}" if row else f"the start of {files[index].shown}"


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


def _describe(path: Path, entry: Input, job: Job, index: int, input_index: int) -> SourceFile | Diagnostic:
    shown = _shown(path, entry.path or "", job.folder)
    try:
        status = path.stat()
    except OSError as error:
        return Diagnostic("input-missing", f"cannot read {shown}: {error.strerror}", entry.span, _likely(path))
    if not stat.S_ISREG(status.st_mode):
        kind = "a directory" if stat.S_ISDIR(status.st_mode) else "no regular file"
        label = f'for all in it write "{shown}/*"' if stat.S_ISDIR(status.st_mode) else "name a file"
        return Diagnostic("input-refused", f"{shown} is {kind}; inputs are files", entry.span, label)
    told, compression = told_by_name(path.name)
    file_format = entry.format or told
    if file_format is None:
        message = f"cannot tell the format of {shown} from its name"
        return Diagnostic("input-format", message, entry.span, notes=(advice_on_format(path.name),))
    if compression and file_format not in COMPRESSIBLE:
        if file_format != "file":
            message = f"{shown} is compressed, and {file_format} is not read so"
            return Diagnostic("input-compressed", message, entry.span, "decompress it")
        compression = None
    return SourceFile(index, input_index, shown, path, file_format, compression, status.st_size)


def _likely(path: Path) -> str:
    """The file beside a missing one that was probably meant."""
    with contextlib.suppress(OSError):
        close = get_close_matches(path.name, os.listdir(path.parent), n=1)
        if close:
            return f'did you mean "{close[0]}"?'
    return _PATHS


def _shown(path: Path, written: str, folder: Path) -> str:
    if os.path.isabs(written):
        return str(path)
    return Path(os.path.relpath(path, folder.resolve())).as_posix()
