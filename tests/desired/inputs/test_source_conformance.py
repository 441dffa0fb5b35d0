"""What every row source promises, whatever it reads: the same rows in the same order for whoever reads them, and words
for what cannot be read. `cases.py` has the kinds."""

from __future__ import annotations

import json
import sys
from array import array
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batchctl.desired.inputs.files import files_of
from batchctl.desired.inputs.reading import JobReader
from batchctl.desired.inputs.row import Row
from batchctl.desired.job import Input
from batchctl.desired.render.lines import lines
from batchctl.desired.render.survey import survey
from batchctl.words.diagnostics import Diagnostic, Span
from batchctl.words.errors import InvalidInput
from tests.desired.inputs.cases import CASES, ROWS, Case, Rows
from tests.desired.jobs import chat, job, template

each = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def only(**wanted: Any) -> pytest.MarkDecorator:
    found = {name: case for name, case in CASES.items()
             if all(bool(getattr(case, key)) == value for key, value in wanted.items())}
    return pytest.mark.parametrize("case", found.values(), ids=found)


def read(folder: Path, entry: Input, worker: int = 0, workers: int = 1, **more: Any
         ) -> tuple[list[Row], list[Diagnostic]]:
    blocks = list(JobReader(job(folder, entry), worker, workers, lambda place: None, **more).blocks())
    return ([row for block in blocks for row in block.rows], [one for block in blocks for one in block.findings])


def expected(case: Case, rows: Rows) -> list[dict[str, Any]]:
    return [dict(row) if case.text else {"id": row["id"]} for row in rows]


@each
def test_every_row_comes_back_as_it_was_written(tmp_path: Path, case: Case) -> None:
    rows, problems = read(tmp_path, case.write(tmp_path, "a", ROWS))
    assert problems == []
    assert [case.seen(row.data) for row in rows] == expected(case, ROWS)
    assert [row.number for row in rows] == list(range(len(ROWS)))
    assert all(type(value) in (str, int) for row in rows[:20] for value in row.data.values())


@each
@pytest.mark.parametrize("workers", [2, 3])
def test_whoever_reads_each_row_has_the_same_number_and_one_reader(tmp_path: Path, case: Case, workers: int) -> None:
    entry = case.write(tmp_path, "a", ROWS)
    whole, _ = read(tmp_path, entry)
    shared = [row for worker in range(workers) for row in read(tmp_path, entry, worker, workers)[0]]
    assert sorted(shared) == whole


@each
def test_rows_that_are_passed_over_do_not_change_the_others(tmp_path: Path, case: Case) -> None:
    entry = case.write(tmp_path, "a", ROWS)
    whole, _ = read(tmp_path, entry)
    some, problems = read(tmp_path, entry, wanted=lambda first, count: first >= 1024)
    assert problems == []
    assert some == whole[-len(some):]
    assert len(some) >= len(ROWS) - 1024 - 16


@each
def test_where_and_limit_choose_the_same_rows_of_every_kind(tmp_path: Path, case: Case) -> None:
    entry = replace(case.write(tmp_path, "a", ROWS), where=template("{{ … }}"), limit=600)
    for worker, workers in ((0, 1), (1, 2)):
        rows, problems = read(tmp_path, entry, worker, workers, accept=even)
        assert problems == []
        chosen = [row for row in ROWS if int(str(row["id"])) % 2 == 0][:600]
        mine = [row for at, row in enumerate(chosen) if at * 2 // 1024 % workers == worker]
        assert [case.seen(row.data) for row in rows] == expected(case, mine)


def even(row: Row) -> bool:
    return int(str(row.data.get("id", row.data.get("stem")))) % 2 == 0


@each
def test_the_digest_is_the_same_for_the_same_rows_and_another_for_others(tmp_path: Path, case: Case) -> None:
    def digest(name: str, rows: Rows) -> str:
        folder = tmp_path / name
        folder.mkdir()
        reader = JobReader(job(folder, case.write(folder, "a", rows)), 0, 1, lambda place: None, digested=True)
        list(reader.blocks())
        return reader.digest()

    first = digest("one", ROWS[:50])
    if case.suffix not in ("xlsx", "duckdb"):  # of which writing the same rows twice makes other bytes
        assert digest("again", ROWS[:50]) == first
    assert digest("fewer", ROWS[:49]) != first
    assert digest("other", [*ROWS[:49], {"id": "00049", "text": "something else"}]) != first


@each
@pytest.mark.parametrize("workers", [1, 2])
def test_requests_are_the_same_bytes_whatever_the_kind(tmp_path: Path, case: Case, workers: int) -> None:
    """Through the worker processes, with their limits on memory."""
    rows = ROWS[:1500]
    column = "text" if case.text else "stem"
    plain = tuple({column: row["text" if case.text else "id"]} for row in rows)
    body = chat("say: {{ row." + column + " }}")
    wanted = survey(job(tmp_path, Input(Span("job.yaml", 5), rows=plain), body=body))
    made = job(tmp_path, case.write(tmp_path, "a", rows), body=body)
    desired = survey(made, workers=workers)
    assert (desired.ids.blob, desired.rows) == (wanted.ids.blob, 1500)
    every = array("I", range(len(desired.ids)))
    contents = [json.loads(line)["body"]["messages"][0]["content"] for _, line in lines(made, desired, every)]
    assert contents == list(dict.fromkeys(f"say: {row[column]}" for row in plain))


@each
def test_a_column_that_is_not_there_is_told_with_its_row(tmp_path: Path, case: Case) -> None:
    made = job(tmp_path, case.write(tmp_path, "a", ROWS[:3]), body=chat("{{ row.txet }}"))
    with pytest.raises(InvalidInput) as caught:
        survey(made)
    (problem,) = caught.value.findings
    assert problem.code == "template-undefined"
    assert problem.notes[0].startswith("while rendering row 1 of ")


@each
def test_an_input_without_rows_is_none(tmp_path: Path, case: Case) -> None:
    entry = case.write(tmp_path, "a", [])
    rows, problems = read(tmp_path, entry)
    assert rows == []
    assert [problem.code for problem in problems] == ([case.empty] if case.empty else [])


@each
def test_nulls_are_null_or_the_empty_text_where_there_are_none(tmp_path: Path, case: Case) -> None:
    if case.seen is not dict:
        return
    rows, problems = read(tmp_path, case.write(tmp_path, "a", [{"id": "1", "text": None}, {"id": "2", "text": "x"}]))
    assert problems == []
    assert [row.data["text"] for row in rows] == [case.null, "x"]


@only(suffix=True)
def test_a_glob_reads_its_files_one_after_another(tmp_path: Path, case: Case) -> None:
    entry = case.write(tmp_path, "b", ROWS[1000:1500])
    case.write(tmp_path, "a", ROWS[:1000])
    case.write(tmp_path, "c", ROWS[1500:])
    rows, problems = read(tmp_path, replace(entry, path=f"*.{case.suffix}"))
    assert problems == []
    assert [case.seen(row.data) for row in rows] == expected(case, ROWS)
    assert [(row.file, row.row) for row in (rows[999], rows[1000])] == [
        (f"a.{case.suffix}", 1000), (f"b.{case.suffix}", 1)]


@only(binary=True)
@pytest.mark.parametrize("keep", [0.05, 0.5, 0.95])
def test_a_file_that_was_cut_off_is_a_finding_and_no_shorter_input(tmp_path: Path, case: Case, keep: float) -> None:
    entry = case.write(tmp_path, "a", ROWS)
    path = tmp_path / f"a.{case.suffix}"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    _, problems = read(tmp_path, entry)
    assert problems
    assert all(path.name in problem.message and problem.span for problem in problems)


@only(suffix=True)
@pytest.mark.parametrize("other", ["parquet", "excel", "sqlite", "duckdb"])
def test_a_file_of_another_kind_is_told_as_what_it_looks_like(tmp_path: Path, case: Case, other: str) -> None:
    if case.suffix == CASES[other].suffix:
        return
    entry = case.write(tmp_path, "a", ROWS[:10])
    CASES[other].write(tmp_path, "other", ROWS[:10])
    (tmp_path / f"other.{CASES[other].suffix}").replace(tmp_path / f"a.{case.suffix}")
    _, (problem,) = read(tmp_path, entry)
    assert problem.code == "input-format"
    assert f"a.{case.suffix}: looks like " in problem.message
    assert problem.notes == (f'write "format: {other}"',)


@only(extra=True)
def test_an_extra_that_is_not_installed_is_named_with_what_to_type(
    tmp_path: Path, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = job(tmp_path, case.write(tmp_path, "a", ROWS[:10]))
    for module in ("pyarrow", "duckdb", "python_calamine"):
        monkeypatch.setitem(sys.modules, module, None)  # as if it were not there
    (problem,) = files_of(made)[1]
    assert problem.code == "input-extra"
    assert problem.notes == (f"pip install 'batchctl[{case.extra}]'",)
    assert problem.span is not None


@only(extra=False)
def test_no_other_kind_needs_an_extra(tmp_path: Path, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = case.write(tmp_path, "a", ROWS[:10])
    for module in ("pyarrow", "duckdb", "python_calamine"):
        monkeypatch.setitem(sys.modules, module, None)
    assert len(read(tmp_path, entry)[0]) == 10
