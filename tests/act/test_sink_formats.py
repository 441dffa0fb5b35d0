"""G9: what rows and models say stays data in a spreadsheet, and every record is one record."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchctl.act.sinks.choice import lines_of

SAFE = lines_of("csv", formula_safe=True)
PLAIN = lines_of("csv", formula_safe=False)
JSONL = lines_of("jsonl", formula_safe=True)


def cell(value: Any, made: Any = SAFE) -> str:
    data = made.line({"a": value}, ["a"]).decode()
    (row,) = csv.reader(io.StringIO(data, newline=""))
    return row[0] if row else ""


@pytest.mark.parametrize("text", [
    "=1+1", "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "=", "+", "-", "-x", "+49 30 123", "--1",
    "-1-1", "1=2"[1:], "=\n1", "-\n1", "-1\n", "+1\r\n=2", "-.", "+e5", "-1e", "-0x10", "-1,5", "-\u0661+cmd",
])
def test_g9_text_that_a_spreadsheet_would_run_is_made_text(text: str) -> None:
    assert cell(text) == "'" + text
    assert cell(text, PLAIN) == text


@pytest.mark.parametrize("text", ["-1", "+1.5", "-0.5e-7", "-.5", "1", "0", "-12345678901234567890", "+1.",
                                  "a=1", "'=1", "", " -"])
def test_numbers_and_harmless_text_are_left_alone(text: str) -> None:
    assert cell(text) == text


def test_g9_headers_are_made_text_too() -> None:
    assert SAFE.header(["id", "=cmd()", "-1", "a,b"]) == b"id,'=cmd(),-1,\"a,b\"\n"
    assert PLAIN.header(["=cmd()"]) == b"=cmd()\n"
    assert JSONL.header(["a"]) == b""


@pytest.mark.parametrize(("value", "expected"), [
    (None, ""), (-1, "-1"), (-1.5, "-1.5"), (True, "true"), (2**80, str(2**80)), (-(2**80), str(-(2**80))),
    ({"a": [1, None]}, '{"a":[1,null]}'), ([-1], "[-1]"), (float("nan"), "null"), (0, "0"), (1e22, "1e+22"), ([], "[]"),
])
def test_values_that_are_no_text_are_numbers_or_json(value: Any, expected: str) -> None:
    assert cell(value) == expected


@pytest.mark.parametrize("text", ['a "quoted" b', "a,b", "a\nb", "a\r\nb",
                                  "a\rb", "x\r=1+1", "\n", "a\r", '"', "\x00", "\u2028", "\ufeff", "\x1b[2J", " a "])
def test_every_text_comes_back_as_it_was(text: str) -> None:
    assert cell(text) == text


def test_lone_surrogates_do_not_break_the_file() -> None:
    assert cell("a\ud83db") == "a\ufffdb"
    assert json.loads(JSONL.line({"a": "\ud83d"}, ["a"])) == {"a": "\ud83d"}


def test_missing_fields_are_empty_and_extra_ones_are_not_written() -> None:
    assert SAFE.line({"b": 1, "x": 2}, ["a", "b"]) == b",1\n"


@given(st.lists(st.text(max_size=8), min_size=2, max_size=4))
def test_g9_one_record_is_one_row_and_no_cell_starts_a_formula(texts: list[str]) -> None:
    names = [str(at) for at in range(len(texts))]
    data = SAFE.line(dict(zip(names, texts, strict=True)), names).decode()
    (row,) = csv.reader(io.StringIO(data, newline=""))
    assert len(row) == len(texts)
    for written, text in zip(row, texts, strict=True):
        assert written in (text, "'" + text)
        if written[:1] in ("=", "+", "-", "@", "\t", "\r"):
            float(written)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=6)


@given(st.dictionaries(st.text(max_size=4), VALUES, max_size=3))
def test_g9_one_record_is_one_line_of_json_that_comes_back_as_it_was(record: dict[str, Any]) -> None:
    data = JSONL.line(record, list(record))
    assert data.endswith(b"\n")
    assert data.count(b"\n") == 1
    assert json.loads(data) == record


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": float("-inf")}])
def test_what_json_has_no_word_for_is_null(value: Any) -> None:
    assert b"NaN" not in JSONL.line({"a": value}, ["a"])
    assert b"Infinity" not in JSONL.line({"a": value}, ["a"])


def test_g7_the_order_of_entries_is_that_of_the_record() -> None:
    assert JSONL.line({"b": 1, "a": 2}, ["a", "b"]) == b'{"b":1,"a":2}\n'
