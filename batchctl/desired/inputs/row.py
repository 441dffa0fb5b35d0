"""A row, where it came from, and the mistakes that stand in its way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from batchctl.words.diagnostics import Diagnostic

_ROW_BITS = 40

#: From here on, what stands for a row in a place is none: the file as a whole is being worked on.
AT_WORK = 1 << (_ROW_BITS - 1)


class Row(NamedTuple):
    """One accepted record of a job. A named tuple, as it is made a million times.

    `number` counts from 0 over the job's accepted rows; `row` from 1 within its file, header and blank lines not
    counted; `line` is where it starts, or 0 where there are no lines. `place` is file and row in one integer, for
    `locate`.
    """

    number: int
    file: str
    line: int
    data: dict[str, Any]
    input_index: int
    row: int
    place: int

    def __str__(self) -> str:
        return f"row {self.row} of {self.file}" + (f" (line {self.line})" if self.line else "")


class RowError(Exception):
    """A row that cannot be used; carries the finding."""

    def __init__(self, finding: Diagnostic) -> None:
        super().__init__(str(finding))
        self.finding = finding


class SourceFailed(Exception):
    """A source that cannot be read any further; carries the finding."""

    def __init__(self, finding: Diagnostic) -> None:
        super().__init__(str(finding))
        self.finding = finding


class Record(NamedTuple):
    """What a source makes of one record: row number and line from 1 (line 0: no lines), and the columns."""

    row: int
    line: int
    data: dict[str, Any]


@dataclass(slots=True)
class Chunk:
    """A run of records. `consumed` counts those that were unusable too."""

    records: list[Record] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)
    consumed: int = 0


def place_of(file_index: int, row: int) -> int:
    """File and row as one integer."""
    return file_index << _ROW_BITS | row


def split_place(place: int) -> tuple[int, int]:
    """The file's index in the job's list of files, and the row in it (0: before the first)."""
    return place >> _ROW_BITS, place & ((1 << _ROW_BITS) - 1)
