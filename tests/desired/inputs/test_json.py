"""JSON and JSON Lines: exact numbers, clear mistakes, and arrays larger than the buffer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchctl.desired.inputs import json_rows

from .conftest import Reader


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
@pytest.mark.parametrize("number", [2**63, 2**64, -(2**64), 10**40, 9007199254740993])
def test_integers_of_any_size_arrive_exactly(reader: Reader, suffix: str, number: int) -> None:
    content = json.dumps({"n": number})
    content = f"[{content}]" if suffix == "json" else content
    (record,) = reader.all(f"a.{suffix}", content.encode()).records
    assert record.data == {"n": number}
    assert isinstance(record.data["n"], int)


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(reader: Reader, suffix: str, word: str) -> None:
    content = f'{{"n": {word}}}'
    chunk = reader.all(f"a.{suffix}", (f"[{content}]" if suffix == "json" else content).encode())
    assert [finding.code for finding in chunk.findings] == ["json-syntax"]
    assert f"{word} is no JSON" in chunk.findings[0].message


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
@pytest.mark.parametrize(
    ("number", "words"),
    [("1e400", "the number 1e400 is too large"), ("-1E309", "too large"), ("1" * 400 + ".0", "too large"),
     ("9" * 5000, "the number 9999999999999999999… has 5,000 digits")],
)  # fmt: skip
def test_a_number_that_cannot_be_kept_is_refused(reader: Reader, suffix: str, number: str, words: str) -> None:
    content = f'{{"n": [{number}]}}'
    chunk = reader.all(f"a.{suffix}", (f"[{content}]" if suffix == "json" else content).encode())
    (finding,) = chunk.findings
    assert finding.code == "json-syntax"
    assert words in finding.message


def test_blank_lines_are_passed_over_and_still_counted_as_lines(reader: Reader) -> None:
    records = reader.all("a.jsonl", b'{"a":1}\n\n  \n{"a":2}\n\n').records
    assert [(record.row, record.line, record.data["a"]) for record in records] == [(1, 1, 1), (2, 4, 2)]


def test_bad_lines_are_findings_and_good_ones_are_read(reader: Reader) -> None:
    chunk = reader.all("a.jsonl", b'{"a":1}\n{"a":\n[1]\n"x"\n{"a":2}')
    assert [finding.code for finding in chunk.findings] == ["json-syntax", "json-not-object", "json-not-object"]
    assert [finding.span.line for finding in chunk.findings if finding.span] == [2, 3, 4]
    assert [record.data["a"] for record in chunk.records] == [1, 2]
    assert chunk.consumed == 5


def test_an_array_in_a_jsonl_file_is_told_how_to_be_read(reader: Reader) -> None:
    (finding,) = reader.all("a.jsonl", b'[{"a":1},').findings
    assert finding.notes == ('for one JSON array in a file write "format: json"',)


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_absurd_nesting_is_a_finding_and_no_crash(reader: Reader, suffix: str) -> None:
    content = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    chunk = reader.all(f"a.{suffix}", b"[" + content + b"]" if suffix == "json" else content)
    assert [finding.code for finding in chunk.findings] == ["json-syntax"]


@pytest.mark.parametrize(
    ("content", "words", "line"),
    [
        (b"", "one JSON array", 1),
        (b'{"a":1}', "one JSON array", 1),
        (b'[{"a":1}', "expected", 1),
        (b'[{"a":1},\n', "ends inside", 2),
        (b'[{"a":1},]', "missing after a comma", 1),
        (b'[{"a":1} {"a":2}]', "expected", 1),
        (b'[{"a":1}]\nx', "more after the end", 2),
        (b"[,]", "row 1", 1),
        (b'[\n{"a":1},\n{"a" 2}]', "row 2", 3),
        (b'[{"a":"\n"}]', "row 1", 1),
        (b'[{"a":1}, {"b', "row 2", 1),
    ],
)
def test_a_broken_array_names_row_and_line(reader: Reader, content: bytes, words: str, line: int) -> None:
    (finding,) = reader.problems("a.json", content)
    assert words in finding.message
    assert finding.span is not None
    assert (finding.code, finding.span.line) == ("json-syntax", line)


def test_elements_that_are_no_objects_are_told_one_by_one(reader: Reader) -> None:
    chunk = reader.all("a.json", b'[1, {"a":1}, "x", null, 12345]')
    assert [finding.code for finding in chunk.findings] == ["json-not-object"] * 4
    assert len(chunk.records) == 1


def test_elements_that_are_cut_by_the_end_of_the_buffer_are_still_whole(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_rows, "CHUNK", 1)
    chunk = reader.all("a.json", b'[1, 12345, {"a":1.25e3}, true, -1.5]')
    assert (len(chunk.findings), [record.data for record in chunk.records]) == (4, [{"a": 1250.0}])


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.dictionaries(st.text(max_size=5), _VALUES, max_size=3), max_size=6),
    piece=st.integers(1, 9),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
)
def test_streaming_an_array_in_tiny_pieces_equals_json_loads(
    tmp_path: Path, rows: list[Any], piece: int, indent: int | None, ascii_only: bool
) -> None:
    content = json.dumps(rows, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    before = json_rows.CHUNK
    json_rows.CHUNK = piece
    try:
        read = [record.data for record in Reader(tmp_path).all("a.json", content).records]
    finally:
        json_rows.CHUNK = before
    assert read == json.loads(content)
