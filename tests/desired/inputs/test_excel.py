"""Spreadsheets: one sheet, its header, and cells as JSON; what cannot be read is told with sheet and row."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from batchctl.desired.inputs import excel_rows
from batchctl.desired.inputs.reading import JobReader
from batchctl.desired.inputs.row import Row
from batchctl.words.diagnostics import Diagnostic
from tests.desired.jobs import file_input, job


def read(folder: Path, **more: Any) -> tuple[list[Row], list[Diagnostic]]:
    blocks = list(JobReader(job(folder, file_input("a.xlsx", **more)), 0, 1, lambda place: None).blocks())
    return ([row for block in blocks for row in block.rows], [one for block in blocks for one in block.findings])


def saved(folder: Path, *rows: list[Any], name: str = "First") -> None:
    workbook = openpyxl.Workbook()
    workbook.active.title = name
    for row in rows:
        workbook.active.append(row)
    workbook.save(folder / "a.xlsx")


@pytest.mark.parametrize(("cell", "value"), [
    ("Zürich {{ 7*7 }}", "Zürich {{ 7*7 }}"), ("two\nlines", "two\nlines"), ("007", "007"), (7, 7), (-7.0, -7),
    (0.5, 0.5),
    (2**53, 2**53), (True, True), (dt.datetime(2024, 1, 2, 3, 4, 5), "2024-01-02T03:04:05"),
    (dt.date(2024, 1, 2), "2024-01-02"), (dt.time(3, 4), "03:04:00"), (dt.timedelta(hours=30), 108000), (None, "")])
def test_each_kind_of_cell_has_one_json_value(tmp_path: Path, cell: Any, value: Any) -> None:
    saved(tmp_path, ["id", "x"], [1, cell])
    (row,), problems = read(tmp_path)
    assert (row.data, problems) == ({"id": 1, "x": value}, [])
    assert type(row.data["x"]) is type(value)


def test_blank_rows_are_passed_over_and_lines_are_those_of_the_sheet(tmp_path: Path) -> None:
    saved(tmp_path, [], ["id", None, 2024], [1, None, "x"], [None, None, None], ["", "", ""], [2])
    rows, problems = read(tmp_path)
    assert problems == []
    assert [(row.row, row.line, row.data) for row in rows] == [
        (1, 3, {"id": 1, "2024": "x"}), (2, 6, {"id": 2, "2024": ""})]
    assert str(rows[1]) == "row 2 of a.xlsx (line 6)"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    workbook = openpyxl.Workbook()
    workbook.active.title = "Hidden"
    workbook.active.sheet_state = "hidden"
    for name in ("Reviews", "2023"):
        sheet = workbook.create_sheet(name)
        sheet["C3"], sheet["C4"] = "from", name
    workbook.create_sheet("Empty")
    workbook.active = 1
    workbook.save(tmp_path / "a.xlsx")
    return tmp_path


@pytest.mark.parametrize(("sheet", "found"), [(None, "Reviews"), ("2023", "2023"), (2, "Reviews"), (3, "2023")])
def test_a_sheet_is_named_or_counted_and_else_the_first_to_be_seen(
    book: Path, sheet: str | int | None, found: str
) -> None:
    rows, problems = read(book, sheet=sheet)
    assert ([row.data for row in rows], problems) == ([{"from": found}], [])


@pytest.mark.parametrize(("sheet", "code", "words"), [
    ("reviews", "input-table", "there is no sheet 'reviews'"), (9, "input-table", "there is no sheet 9"),
    ("Empty", "input-columns", "the sheet is empty")])
def test_a_sheet_that_cannot_be_used_is_told(book: Path, sheet: str | int, code: str, words: str) -> None:
    _, (problem,) = read(book, sheet=sheet)
    assert (problem.code, words in problem.message) == (code, True)
    assert problem.notes
    if code == "input-table":
        assert problem.notes == ("its sheets are: Hidden, Reviews, 2023, Empty",)


def test_a_header_with_a_name_twice_is_refused(tmp_path: Path) -> None:
    saved(tmp_path, ["id", "x", "x"], [1, 2, 3])
    _, (problem,) = read(tmp_path)
    assert problem.message == 'a.xlsx: two columns are named "x" in row 1 of the sheet'


def test_a_value_in_a_column_without_a_name_is_told_with_its_place(tmp_path: Path) -> None:
    saved(tmp_path, ["id", None, "x"], [1, None, 2], [2, "stray", 3])
    rows, (problem,) = read(tmp_path)
    assert [row.data["id"] for row in rows] == [1]
    assert problem.message == "a.xlsx: column B has values, and no name in the header"
    assert problem.notes[-1] == "in row 3 of the sheet"


@pytest.mark.parametrize(("at", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_are_named_as_a_spreadsheet_names_them(at: int, letters: str) -> None:
    assert excel_rows._letters(at) == letters


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def without(member: str) -> Callable[[bytes], bytes]:
    def made(content: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
            for name in old.namelist():
                if name != member:
                    new.writestr(name, old.read(name))
        return out.getvalue()

    return made


@pytest.mark.parametrize(("damage", "code"), [
    (cut, "input-damaged"), (without("xl/workbook.xml"), "input-table"),
    (without("xl/worksheets/sheet1.xml"), "input-damaged"), (lambda _: b"", "input-format"),
    (lambda _: b"id,x\n1,2\n", "input-format"), (lambda _: b"PAR1", "input-format")])
def test_what_is_no_whole_spreadsheet_is_told(
    tmp_path: Path, damage: Callable[[bytes], bytes], code: str
) -> None:
    saved(tmp_path, ["id"], *([n] for n in range(500)))
    (tmp_path / "a.xlsx").write_bytes(damage((tmp_path / "a.xlsx").read_bytes()))
    _, (problem,) = read(tmp_path)
    assert (problem.code, problem.message.startswith("a.xlsx: ")) == (code, True)


def test_what_unpacks_to_too_much_is_refused_unread(tmp_path: Path) -> None:
    with (zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive,
          archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as member):
        for _ in range(400):
            member.write(b" " * 2**20)
    assert (tmp_path / "a.xlsx").stat().st_size < 2**20
    _, (problem,) = read(tmp_path)
    assert (problem.code, problem.notes) == ("input-too-large", ("save the sheet as CSV",))


def test_another_sheet_of_the_same_file_gives_another_digest(book: Path) -> None:
    def digest(sheet: str) -> str:
        reader = JobReader(job(book, file_input("a.xlsx", sheet=sheet)), 0, 1, lambda place: None, digested=True)
        list(reader.blocks())
        return reader.digest()

    assert digest("2023") == digest("2023") != digest("Reviews")
