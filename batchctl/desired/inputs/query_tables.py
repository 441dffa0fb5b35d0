"""The files behind the names that a query uses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from batchctl.desired.inputs.formats import SourceKind, told_by_name
from batchctl.desired.inputs.named import named_files
from batchctl.desired.job import Input, Job, QueryTable
from batchctl.words.diagnostics import Diagnostic, Span

#: Formats that a query can read, and compressions of those that are text.
_QUERIED: frozenset[SourceKind] = frozenset(("parquet", "csv", "jsonl", "json"))
_COMPRESSED = (None, "gzip", "zstd")


@dataclass(frozen=True, slots=True)
class TableFiles:
    """A table of a query: files of one format, in the order of their paths. `size` in bytes as stored."""

    name: str
    format: SourceKind
    files: tuple[Path, ...]
    size: int
    span: Span


def tables_of(entry: Input, job: Job) -> tuple[tuple[TableFiles, ...], list[Diagnostic]]:
    """The tables of an input, and the mistakes in naming their files."""
    found: list[TableFiles] = []
    findings: list[Diagnostic] = []
    for table in entry.tables:
        made = _table(table, job, findings)
        if made is not None:
            found.append(made)
    return tuple(found), findings


def _table(table: QueryTable, job: Job, findings: list[Diagnostic]) -> TableFiles | None:
    kinds: dict[SourceKind, str] = {}
    paths: list[Path] = []
    size, before = 0, len(findings)
    for file in named_files(table.path, table.span, job):
        if isinstance(file, Diagnostic):
            findings.append(file)
            continue
        kind, compression = told_by_name(file.path.name)
        if kind not in _QUERIED or compression not in _COMPRESSED or (compression and kind == "parquet"):
            message = f"{file.shown} is nothing that a query reads"
            note = "tables are .parquet, .csv, .jsonl and .json, and text compressed as .gz or .zst"
            findings.append(Diagnostic("input-format", message, table.span, notes=(note,)))
            return None
        if kind == "csv" and not file.size:  # which DuckDB takes for a table without rows
            message = f"{file.shown}: the file is empty; its first line must name the columns"
            findings.append(Diagnostic("csv-header", message, table.span))
            continue
        kinds.setdefault(kind, file.shown)
        paths.append(file.path)
        size += file.size
    if len(kinds) > 1:
        message = f'the files of the table "{table.name}" have several formats: {", ".join(kinds.values())}'
        findings.append(Diagnostic("input-format", message, table.span, "make a table of each format"))
    if len(findings) > before or not kinds:
        return None
    return TableFiles(table.name, next(iter(kinds)), tuple(paths), size, table.span)
