"""A sheet of a spreadsheet as rows: the first row that is not blank names the columns, and blank rows are passed over.

A whole number is an integer, as a spreadsheet knows no difference. Dates and times are ISO 8601, durations seconds. An
empty cell is an empty text, as in CSV. Of a formula there is the value that was saved with it.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import python_calamine as calamine

from batchctl.desired.inputs.durations import seconds
from batchctl.desired.inputs.looks import START, look_of
from batchctl.desired.inputs.opening import Opened, Opening, mistaken, unusable
from batchctl.desired.inputs.pulse import Pulse
from batchctl.desired.inputs.row import Chunk, Record
from batchctl.desired.inputs.streams import Stored, open_regular
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.digest import text_digest

#: Bytes of a file, and of what it unpacks to: all of a sheet is in memory, at about twice its size.
MAX_FILE = 128 * 2**20
MAX_UNPACKED = 384 * 2**20

#: Whole numbers up to here are exact in a spreadsheet.
_EXACT = 2**53

_DAMAGES = (calamine.CalamineError, OSError, ValueError, zipfile.BadZipFile, RuntimeError)


@contextmanager
def open_excel(opening: Opening) -> Iterator[Opened]:
    """The rows of one sheet. Raises SourceFailed."""
    with open_regular(opening.file) as opened, closing(Pulse(opening.alive)) as pulse:
        start = opened.read(START)
        look = look_of(start)
        if look is None or look.format != "excel":
            raise mistaken(opening, start, "a spreadsheet")
        try:
            _check_size(opened, opening, packed=start.startswith(b"PK"))
            opened.seek(0)
            with pulse.busy():
                sheet = _sheet(calamine.CalamineWorkbook.from_filelike(opened), opening)
        except calamine.PasswordError:
            raise unusable(opening, "input-damaged", "has a password", "save it without one") from None
        except _DAMAGES as error:
            raise unusable(opening, "input-damaged", f"cannot be read: {str(error)[:300]}", "save it again") from None
        rows = SheetRows(sheet, opening)

        def digest() -> bytes:
            opened.seek(0)
            return text_digest(sheet.name.encode(), Stored(opened, digested=True).digest(opening.alive)).encode()

        yield Opened(rows, lambda: rows.size, digest)


class SheetRows:
    """The rows below the header. A row's line is its row in the sheet. Raises SourceFailed for a header that cannot be
    used."""

    def __init__(self, sheet: Any, opening: Opening) -> None:
        self._opening = opening
        self._left = (sheet.start or (0, 0))[1]
        # Without a start there is no cell, and older readers cannot say so in rows.
        every = enumerate(sheet.iter_rows() if sheet.start else (), 1)
        self._lines = ((line, cells) for line, cells in every if any(cell != "" for cell in cells))
        self._row = 0
        self.size = 0
        self._names = self._header()

    def read(self, count: int) -> Chunk:
        """The next `count` rows, or those that are left."""
        chunk = Chunk()
        for line, cells in self._next(count):
            self._row += 1
            chunk.consumed += 1
            stray = next((at for at, cell in enumerate(cells) if cell != "" and not self._names[at]), None)
            if stray is not None:
                chunk.findings.append(self._stray(line, stray))
                continue
            values = zip(self._names, cells, strict=True)
            data = {name: _json(cell) for name, cell in values if name}
            self.size += sum(len(value) if isinstance(value, str) else 8 for value in data.values())
            chunk.records.append(Record(self._row, line, data))
        return chunk

    def skip(self, count: int) -> int:
        """Pass over `count` rows, or those that are left; the number passed."""
        skipped = sum(1 for _ in self._next(count))
        self._row += skipped
        return skipped

    def _next(self, count: int) -> Iterator[tuple[int, list[Any]]]:
        for _ in range(count):
            found = next(self._lines, None)
            if found is None:
                return
            yield found

    def _header(self) -> list[str]:
        """The names of the columns, empty where there is none."""
        line, cells = next(self._lines, (0, []))
        if not line:
            raise unusable(self._opening, "input-columns", "the sheet is empty; its first row must name the columns",
                           'name another with "sheet"')
        names = [str(_json(cell)) for cell in cells]
        twice = next((name for name in names if name and names.count(name) > 1), None)
        if twice is not None:
            message = f'two columns are named "{twice}" in row {line} of the sheet'
            raise unusable(self._opening, "input-columns", message, "give one another name")
        return names

    def _stray(self, line: int, at: int) -> Diagnostic:
        column = _letters(self._left + at)
        message = f"{self._opening.file.shown}: column {column} has values, and no name in the header"
        return Diagnostic("input-columns", message, self._opening.entry.span,
                          notes=("name it, or empty its cells", f"in row {line} of the sheet"))


def _check_size(opened: io.FileIO, opening: Opening, *, packed: bool) -> None:
    """Raises SourceFailed for what would not fit into memory, before it is unpacked."""
    size = opened.seek(0, io.SEEK_END)
    if packed:
        with zipfile.ZipFile(opened) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    else:
        unpacked = size
    if size > MAX_FILE or unpacked > MAX_UNPACKED:
        message = f"a spreadsheet of {unpacked >> 20:,} MiB, unpacked, is more than is read"
        raise unusable(opening, "input-too-large", message, "save the sheet as CSV")


def _sheet(workbook: Any, opening: Opening) -> Any:
    """The sheet that is named, or the first one that is to be seen."""
    wanted = opening.entry.sheet
    known = [sheet.name for sheet in workbook.sheets_metadata if sheet.typ == calamine.SheetTypeEnum.WorkSheet]
    if isinstance(wanted, int):
        found = known[wanted - 1] if wanted <= len(known) else None
    elif wanted is not None:
        found = wanted if wanted in known else None
    else:
        found = next((sheet.name for sheet in workbook.sheets_metadata
                      if sheet.name in known and sheet.visible == calamine.SheetVisibleEnum.Visible), None)
    if found is None:
        what = "it has no sheet to be seen" if wanted is None else f"there is no sheet {wanted!r}"
        note = f"its sheets are: {', '.join(known[:20])}" if known else "is it a spreadsheet?"
        raise unusable(opening, "input-table", what, note)
    return workbook.get_sheet_by_name(found)


def _json(cell: Any) -> Any:
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) <= _EXACT else cell
    if isinstance(cell, dt.timedelta):
        return seconds(cell)
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return cell


def _letters(at: int) -> str:
    """The column as a spreadsheet names it: A is 0, and AA 26."""
    letters = ""
    at += 1
    while at:
        at, letter = divmod(at - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters
