"""The keys of inputs: which fit together, and where it is told that they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchctl.desired.job import QueryTable
from batchctl.desired.manifest import load, parse_text
from batchctl.words.errors import InvalidInput
from tests.desired.manifest.manifests import PROMPT, job, mistakes

HEAD = "version: 1\nname: demo\nmodel: small\n"


def manifest(inputs: str) -> str:
    return f"{HEAD}inputs:\n{inputs}{PROMPT}"


def test_a_query_knows_its_lines_and_its_tables() -> None:
    (entry,) = job(manifest(
        "  - tables: {reviews: a/*.parquet, names: n.csv}\n    sql: |\n      select *\n      from reviews\n"
        "      order by id\n    limit: 3\n")).inputs
    assert entry.sql is not None
    places = [entry.sql.place(line) for line in (1, 2, 3)]
    assert [(place.line, place.column) for place in places] == [(7, 7), (8, 7), (9, 7)]
    assert [(table.name, table.path, table.span.line, table.span.column) for table in entry.tables] == [
        ("reviews", "a/*.parquet", 5, 23), ("names", "n.csv", 5, 43)]
    assert (entry.paths, entry.limit, entry.path) == (("a/*.parquet", "n.csv"), 3, None)
    assert isinstance(entry.tables[0], QueryTable)


def test_a_table_and_a_sheet_are_part_of_their_input() -> None:
    database, by_name, by_number = job(manifest(
        "  - {path: a.db, table: t}\n  - {path: a.xlsx, sheet: S}\n  - {path: b.x, format: excel, sheet: 2}\n")).inputs
    assert (database.table, by_name.sheet, by_number.sheet) == ("t", "S", 2)


@pytest.mark.parametrize(("entry", "code", "words", "label"), [
    ("{path: a.csv, table: t}", "unfitting-key", '"table" is for duckdb and sqlite, and a.csv is csv', "remove it"),
    ("{path: a.db, sheet: t}", "unfitting-key", '"sheet" is for excel, and a.db is sqlite', "remove it"),
    ("{path: 'r/*.parquet', sql: select 1 order by 1}", "unfitting-key", '"sql" is for duckdb and sqlite',
     'for a query over files write "tables: {data: r/*.parquet}"'),
    ("{path: a.db, table: t, sql: select 1 order by 1}", "unfitting-key", '"table" stands beside "sql"', "write one"),
    ("{path: a.db, sql: 'select {{ vars.x }} order by 1'}", "not-a-template", "a query is not a template", "as $name"),
    ("{path: a.db, sql: select 1}", "unordered-query", "in which order its rows come", 'end it with "order by …"'),
    ("{sql: select 1 order by 1, tables: {a-b: x.csv}}", "wrong-form", '"a-b" is no name for a table', "letters"),
    ("{sql: select 1 order by 1, tables: {a: ../x.csv}}", "path-refused", "leads out of the project", ""),
    ("{sql: select 1 order by 1, tables: {}}", "empty-value", "inputs[0].tables must not be empty", ""),
    ("{sql: select 1 order by 1}", "missing-key", '"tables" is missing in inputs[0]', 'add "tables"'),
    ("{tables: {a: x.csv}}", "missing-key", '"sql" is missing in inputs[0]', 'add "sql"'),
    ("{path: a.xlsx, sheet: 0}", "out-of-range", "inputs[0].sheet must be at least 1", "write 1 or more"),
    ("{path: a.xlsx, sheet: true}", "wrong-type", "inputs[0].sheet must be a name or a number", ""),
    ("{path: a.csv, format: xml}", "unknown-value", 'inputs[0].format cannot be "xml"', ""),
    ("{path: a.db, tabel: t}", "unknown-key", 'unknown key "tabel"', 'did you mean "table"?'),
])  # fmt: skip
def test_keys_that_do_not_fit_are_told_at_their_place(entry: str, code: str, words: str, label: str) -> None:
    text = manifest(f"  - {entry}\n")
    found = mistakes(text) or parse_text(text, "job.yaml").warnings
    (problem,) = (one for one in found if one.code == code)
    assert words in problem.message
    assert label in problem.label
    assert problem.span is not None
    assert problem.span.line == 5


@pytest.mark.parametrize("sink", ["names.csv", "reviews/new.parquet.csv"])
def test_no_sink_is_a_file_that_a_query_reads(tmp_path: Path, sink: str) -> None:
    (tmp_path / "job.yaml").write_text(manifest(
        "  - {sql: select 1 order by 1, tables: {names: names.csv, reviews: reviews/*.csv}}\n") + f"sinks: [{sink}]\n")
    with pytest.raises(InvalidInput) as caught:
        load([tmp_path / "job.yaml"])
    assert [problem.code for problem in caught.value.findings] == ["sink-conflict"]
