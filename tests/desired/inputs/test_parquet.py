"""Parquet: every type as the JSON value that the README promises, and what cannot be read said in words."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from batchctl.desired.inputs.reading import JobReader
from batchctl.desired.inputs.row import Row
from batchctl.desired.render.survey import survey
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.errors import InvalidInput
from tests.desired.jobs import chat, file_input, job


def read(path: Path) -> tuple[list[Row], list[Diagnostic]]:
    blocks = list(JobReader(job(path.parent, file_input(path.name)), 0, 1, lambda place: None).blocks())
    return ([row for block in blocks for row in block.rows], [one for block in blocks for one in block.findings])


def value_of(folder: Path, array: pa.Array, **more: Any) -> Any:
    pq.write_table(pa.table({"x": array}), folder / "a.parquet", **more)
    (row,), problems = read(folder / "a.parquet")
    assert problems == []
    return row.data["x"]


BERLIN = pa.timestamp("us", "Europe/Berlin")
INSTANT = 1_704_164_645_123_456
NANOSECONDS = pa.array([INSTANT * 1000 + 789], pa.timestamp("ns", "Asia/Tokyo"))


@pytest.mark.parametrize(("array", "value"), [
    (pa.array([None], pa.int32()), None),
    (pa.array([True]), True),
    (pa.array([2**64 - 1], pa.uint64()), 2**64 - 1),
    (pa.array([1.5]), 1.5),
    (pa.array([float("nan")]), None),
    (pa.array([0.1], pa.float32()), 0.1),
    (pa.array([16777216.0], pa.float32()), 16777216.0),
    (pa.array([Decimal("12.50")], pa.decimal128(5, 2)), "12.50"),
    (pa.array([Decimal("-0.0000000001")], pa.decimal128(20, 10)), "-0.0000000001"),
    (pa.array([Decimal(10**37)], pa.decimal128(38, 0)), 10**37),
    (pa.array(["Zürich ✓ {{ 7*7 }}"]), "Zürich ✓ {{ 7*7 }}"),
    (pa.array(["\x00\x1b[31m"], pa.large_string()), "\x00\x1b[31m"),
    (pa.array(["x"]).dictionary_encode(), "x"),
    (pa.array([b"\xff\x00"]), "/wA="),
    (pa.array([b"ab"], pa.binary(2)), "YWI="),
    (pa.array([dt.date(2024, 1, 2)]), "2024-01-02"),
    (pa.array([dt.date(1, 1, 1)], pa.date64()), "0001-01-01"),
    (pa.array([0], pa.timestamp("s")), "1970-01-01T00:00:00"),
    (pa.array([INSTANT], pa.timestamp("us")), "2024-01-02T03:04:05.123456"),
    (pa.array([INSTANT], BERLIN), "2024-01-02T03:04:05.123456Z"),
    (NANOSECONDS, "2024-01-02T03:04:05.123456Z"),
    (pa.array([dt.time(3, 4)]), "03:04:00"),
    (pa.array([3_000_000_000_999], pa.time64("ns")), "00:50:00"),
    (pa.array([dt.timedelta(days=1, seconds=1)]), 86401),
    (pa.array([dt.timedelta(milliseconds=1500)]), 1.5),
    (pa.array([[1, None]]), [1, None]),
    (pa.array([[1.5, float("nan")]], pa.list_(pa.float64(), 2)), [1.5, None]),
    (pa.array([[0.1]], pa.large_list(pa.float32())), [0.1]),
    (pa.array([{"a": Decimal("1.0"), "b": None}], pa.struct([("a", pa.decimal128(2, 1)), ("b", pa.date32())])),
     {"a": "1.0", "b": None}),
    (pa.array([[{"at": 0}, None]], pa.list_(pa.struct([("at", pa.timestamp("ns", "UTC"))]))),
     [{"at": "1970-01-01T00:00:00Z"}, None]),
    (pa.array([[("k", b"v")]], pa.map_(pa.string(), pa.binary())), {"k": "dg=="}),
    (pa.array([[(1, dt.date(2024, 1, 2))]], pa.map_(pa.int64(), pa.date32())), [{"key": 1, "value": "2024-01-02"}]),
    (pa.array([uuid.UUID(int=1).bytes], pa.uuid()), "00000000-0000-0000-0000-000000000001"),
], ids=str)  # fmt: skip
def test_each_type_has_one_json_value(tmp_path: Path, array: pa.Array, value: Any) -> None:
    found = value_of(tmp_path, array)
    assert found == value
    assert type(found) is type(value)


def test_rows_with_a_value_that_json_lacks_are_told_and_the_others_are_read(tmp_path: Path) -> None:
    table = pa.table({"id": [1, 2, 3, 4], "x": pa.array([1.0, float("inf"), 2.0, 3.0]),
                      "at": pa.array([0, 0, 0, 2**62], pa.timestamp("us"))})
    pq.write_table(table, tmp_path / "a.parquet")
    rows, problems = read(tmp_path / "a.parquet")
    assert [(row.row, row.data["id"]) for row in rows] == [(1, 1), (3, 3)]
    assert [problem.code for problem in problems] == ["input-value", "input-value"]
    assert problems[0].message == 'a.parquet: column "x" is infinite, which no JSON number is'
    assert problems[0].notes[-1] == "in row 2"
    assert 'column "at" holds a value out of range' in problems[1].message
    assert all(problem.span and (problem.span.file, problem.span.line) == ("job.yaml", 5) for problem in problems)


def test_text_that_is_no_utf8_is_told_with_its_row_and_column(tmp_path: Path) -> None:
    offsets = pa.py_buffer(b"\0\0\0\0\1\0\0\0\3\0\0\0")
    bad = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"a\xff\xfe")])
    pq.write_table(pa.table({"x": bad}), tmp_path / "a.parquet")
    (row,), (problem,) = read(tmp_path / "a.parquet")
    assert row.data == {"x": "a"}
    assert (problem.message, problem.notes[-1]) == (
        'a.parquet: column "x" holds text that is not UTF-8 (byte 0xff)', "in row 2")


def test_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"]), tmp_path / "a.parquet")
    assert [problem.code for problem in read(tmp_path / "a.parquet")[1]] == ["input-columns"]


@pytest.mark.parametrize("group", [1, 7, 100, 10_000])
def test_any_row_is_found_whatever_the_row_groups_are(tmp_path: Path, group: int) -> None:
    pq.write_table(pa.table({"n": range(2500)}), tmp_path / "a.parquet", row_group_size=group)
    made = job(tmp_path, file_input("a.parquet"))
    for worker in range(3):
        rows = [row for block in JobReader(made, worker, 3, lambda place: None).blocks() for row in block.rows]
        assert [row.data["n"] for row in rows] == [n for n in range(2500) if n // 1024 == worker]
        assert [row.row for row in rows] == [row.data["n"] + 1 for row in rows]


def test_row_groups_from_which_nothing_is_wanted_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"n": range(5000)}), path, row_group_size=1024, compression="none", use_dictionary=False)
    content = bytearray(path.read_bytes())
    with pq.ParquetFile(path) as file:
        damaged = file.metadata.row_group(0).column(0)
    length = damaged.total_compressed_size
    content[damaged.data_page_offset : damaged.data_page_offset + length] = b"\xff" * length
    path.write_bytes(content)
    reader = JobReader(job(tmp_path, file_input("a.parquet")), 0, 1, lambda place: None,
                       wanted=lambda first, count: first >= 1024)
    blocks = list(reader.blocks())
    assert not any(block.findings for block in blocks)
    assert sum(len(block.rows) for block in blocks) == 5000 - 1024
    (problem,) = read(tmp_path / "a.parquet")[1]
    assert (problem.code, "from row 1 on" in problem.message) == ("input-damaged", True)


@pytest.mark.parametrize(("content", "code", "words"), [
    (b"", "input-format", "is empty"),
    (b"id,text\n1,x\n", "input-format", "looks like nothing that is known, not like Parquet"),
    (b"SQLite format 3\0" + b"\0" * 100, "input-format", "looks like an SQLite database"),
    (b"PAR1", "input-damaged", "cut off"), (b"PAR1" + b"\xff" * 100 + b"PAR1", "input-damaged", "cut off")])
def test_what_is_no_parquet_is_told(tmp_path: Path, content: bytes, code: str, words: str) -> None:
    (tmp_path / "a.parquet").write_bytes(content)
    (problem,) = read(tmp_path / "a.parquet")[1]
    assert (problem.code, words in problem.message) == (code, True)
    assert problem.notes


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9])
def test_a_truncated_file_is_a_finding(tmp_path: Path, keep: float) -> None:
    pq.write_table(pa.table({"text": [f"review {n}" for n in range(5000)]}), tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(content[: int(len(content) * keep)])
    assert [problem.code for problem in read(tmp_path / "a.parquet")[1]] == ["input-damaged"]


@pytest.mark.slow
def test_a_row_group_that_does_not_fit_is_told_with_what_to_do(tmp_path: Path) -> None:
    """As wide values in one dictionary make it: a worker has a gigabyte."""
    values = [str(n) * 100_000 for n in range(100_000, 101_024)]
    pq.write_table(pa.table({"text": values}), tmp_path / "a.parquet", compression="zstd")
    with pytest.raises(InvalidInput) as caught:
        survey(job(tmp_path, file_input("a.parquet"), body=chat("{{ row.text | length }}")))
    problem = caught.value.findings[0]
    assert problem.code == "worker-memory"
    assert problem.message == "a.parquet: from row 1 on its row group needs more memory than a worker may use"
    assert problem.notes == ("write the file with smaller row groups",)
