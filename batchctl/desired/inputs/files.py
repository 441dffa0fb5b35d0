"""Which sources a job reads: its files with their formats, its queries, and its own rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from batchctl.desired.inputs.extras import missing_extra
from batchctl.desired.inputs.formats import COMPRESSIBLE, Compression, SourceKind, advice_on_format, told_by_name
from batchctl.desired.inputs.named import NamedFile, named_files
from batchctl.desired.inputs.query_tables import TableFiles, tables_of
from batchctl.desired.inputs.row import AT_WORK, split_place
from batchctl.desired.job import Input, Job
from batchctl.words.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file to read; or, with `path` None, the inline rows of an input, or its query over `tables`. `shown` is how
    messages name it; `index` its place in the job's list; `size` in bytes as stored."""

    index: int
    input_index: int
    shown: str
    path: Path | None
    format: SourceKind
    compression: Compression | None = None
    size: int = 0
    tables: tuple[TableFiles, ...] = ()


def files_of(job: Job) -> tuple[tuple[SourceFile, ...], tuple[Diagnostic, ...]]:
    """Everything that the job reads, in order, and the mistakes in naming it."""
    found: list[SourceFile] = []
    findings: list[Diagnostic] = []
    for input_index, entry in enumerate(job.inputs):
        first = len(found)
        for one in _of_input(entry, job):
            if isinstance(one, Diagnostic):
                findings.append(one)
            else:
                found.append(replace(one, index=len(found), input_index=input_index))
        for kind in dict.fromkeys(file.format for file in found[first:]):
            if (missing := missing_extra(kind, entry)) is not None:
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


def _of_input(entry: Input, job: Job) -> Iterator[SourceFile | Diagnostic]:
    """The sources of one input, not yet numbered."""
    shown = entry.span.file or job.manifest.name
    if entry.rows is not None:
        yield SourceFile(0, 0, shown, None, "rows")
    elif entry.tables:
        tables, findings = tables_of(entry, job)
        yield from findings
        yield SourceFile(0, 0, shown, None, "query", size=sum(table.size for table in tables), tables=tables)
    else:
        for file in named_files(entry.path or "", entry.span, job):
            yield file if isinstance(file, Diagnostic) else _described(file, entry)


def _described(file: NamedFile, entry: Input) -> SourceFile | Diagnostic:
    told, compression = told_by_name(file.path.name)
    file_format = entry.format or told
    if file_format is None:
        message = f"cannot tell the format of {file.shown} from its name"
        return Diagnostic("input-format", message, entry.span, notes=(advice_on_format(file.path.name),))
    if compression and file_format not in COMPRESSIBLE:
        if file_format != "file":
            message = f"{file.shown} is compressed, and {file_format} is not read so"
            return Diagnostic("input-compressed", message, entry.span, "decompress it")
        compression = None
    return SourceFile(0, 0, file.shown, file.path, file_format, compression, file.size)
