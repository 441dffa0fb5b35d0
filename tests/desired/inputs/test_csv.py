"""CSV: strict shapes, exact lines, and a fast path that never disagrees with csv.reader."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchctl.desired.inputs.row import SourceFailed

from .conftest import Reader


def test_the_line_of_a_row_is_where_its_record_starts(reader: Reader) -> None:
    records = reader.all("a.csv", b'id,t\r\n1,"a\r\nb\r\nc"\r\n\r\n2,x\r\n').records
    assert [(record.row, record.line) for record in records] == [(1, 2), (2, 6)]


@pytest.mark.parametrize(("row", "cells"), [(b"1", 1), (b"1,2,3", 3)])
def test_a_ragged_row_is_told_with_its_line_and_reading_goes_on(reader: Reader, row: bytes, cells: int) -> None:
    chunk = reader.all("a.csv", b"a,b\n1,2\n" + row + b"\n3,4\n")
    (finding,) = chunk.findings
    assert f"row 2 has {cells} cells, the header 2" in finding.message
    assert finding.span is not None
    assert (finding.code, finding.span.line) == ("csv-ragged", 3)
    assert [record.row for record in chunk.records] == [1, 3]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"a,,b\n", "column 2 has no name"),
        (b"a,b,a\n", 'two columns are named "a"'),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(reader: Reader, content: bytes, words: str) -> None:
    with pytest.raises(SourceFailed, match=words):
        reader.all("a.csv", content)


@pytest.mark.parametrize(
    ("row", "words"), [(b'"a"b,c\n1,2\n', "expected after"), (b'"never closed,1\n2,3\n4,5\n', "not closed")]
)
def test_broken_quoting_is_told_where_its_row_starts_and_ends_the_file(
    reader: Reader, row: bytes, words: str
) -> None:
    chunk = reader.all("a.csv", b"x,y\n1,2\n\n" + row)
    (finding,) = chunk.findings
    assert finding.code == "csv-quoting"
    assert "row 2: " in finding.message
    assert words in finding.message
    assert finding.span is not None
    assert finding.span.line == 4
    assert [record.data for record in chunk.records] == [{"x": "1", "y": "2"}]


def test_a_quote_inside_an_unquoted_cell_is_just_a_character(reader: Reader) -> None:
    records = reader.all("a.csv", b'x,y\n5" pipe,1\n6" pipe,2\n').records
    assert [record.data["x"] for record in records] == ['5" pipe', '6" pipe']


def test_a_cell_beyond_the_limit_is_told(reader: Reader) -> None:
    chunk = reader.all("a.csv", b"x\n1\n" + b"a" * 10_000_001 + b"\n")
    (finding,) = chunk.findings
    assert finding.span is not None
    assert (finding.code, finding.span.line) == ("csv-cell", 3)


_TEXT = st.text(alphabet='ab,"\n\r; \x85\u2028', max_size=80)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=_TEXT, step=st.integers(1, 4))
def test_skipping_finds_the_same_records_as_csv_reader_in_any_text(tmp_path: Path, body: str, step: int) -> None:
    content = "h1,h2\n" + body
    expected: list[list[str]] = []
    broken = False
    try:
        expected.extend(cells for cells in list(csv.reader(io.StringIO(content, newline=""), strict=True))[1:] if cells)
    except csv.Error:
        broken = True
    reader = Reader(tmp_path)
    with reader.source("a.csv", content.encode()) as source:
        skipped = source.skip(step)
        rest = source.read(10**9)
    if not broken:
        assert skipped == min(step, len(expected))
        good = [cells for cells in expected[step:] if len(cells) == 2]
        assert [list(record.data.values()) for record in rest.records] == good
        assert skipped + rest.consumed == len(expected)
