"""SQLite: only ever read, in a stated order, and every mistake said at the query."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from batchctl.desired.inputs.reading import JobReader
from batchctl.desired.job import Input, Job, Sql
from batchctl.words.diagnostics import Diagnostic, Span
from tests.desired.jobs import file_input, job

Read = Callable[..., tuple[list[dict[str, Any]], list[Diagnostic]]]


def sql(source: str) -> Sql:
    """A query as a block scalar that starts at line 20 of job.yaml."""
    return Sql(source, Span("job.yaml", 20, 5), line_offsets=True)


def read(made: Job, **more: Any) -> tuple[list[dict[str, Any]], list[Diagnostic]]:
    blocks = list(JobReader(made, 0, 1, lambda place: None, **more).blocks())
    return ([row.data for block in blocks for row in block.rows], [one for block in blocks for one in block.findings])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "app.sqlite")) as database:
        database.execute("create table reviews (id integer primary key, text, more)")
        database.executemany("insert into reviews values (?, ?, ?)", [
            (3, "{{ 7*7 }} \x1b[31m", 1.5), (1, "Zürich", None), (2, "x" * 5000, b"\xff\x00"), (4, "", 2**63 - 1)])
        database.execute("create table pairs (a, b, primary key (a, b)) without rowid")
        database.execute("insert into pairs values (2, 1), (1, 2)")
        database.execute("create view loud as select upper(text) as text from reviews order by id desc")
        database.execute('create table "a ""b""" (x)')
        database.commit()
    return tmp_path / "app.sqlite"


def asked(path: Path, query: str, **variables: Any) -> tuple[list[dict[str, Any]], list[Diagnostic]]:
    return read(job(path.parent, file_input(path.name, sql=sql(query)), vars=variables))


def test_a_table_gives_its_rows_in_the_order_of_their_ids_as_json(path: Path) -> None:
    rows, problems = read(job(path.parent, file_input("app.sqlite", table="reviews")))
    assert problems == []
    assert rows == [
        {"id": 1, "text": "Zürich", "more": None}, {"id": 2, "text": "x" * 5000, "more": "/wA="},
        {"id": 3, "text": "{{ 7*7 }} \x1b[31m", "more": 1.5}, {"id": 4, "text": "", "more": 2**63 - 1}]


@pytest.mark.parametrize(("table", "rows"), [
    ("pairs", [{"a": 1, "b": 2}, {"a": 2, "b": 1}]), ("Pairs", [{"a": 1, "b": 2}, {"a": 2, "b": 1}]), ('a "b"', []),
    ("loud", [{"text": text} for text in ("", "{{ 7*7 }} \x1b[31M", "X" * 5000, "ZüRICH")])])
def test_tables_without_rowids_views_and_odd_names_are_read_too(
    path: Path, table: str, rows: list[dict[str, Any]]
) -> None:
    assert read(job(path.parent, file_input("app.sqlite", table=table))) == (rows, [])


def test_a_query_names_the_vars_of_the_job_as_values_and_never_as_sql(path: Path) -> None:
    rows, _ = asked(path, "select $word as word, id from reviews where id < $most order by id",
                    word="'; drop table reviews --", most=3, other=[1])
    assert rows == [{"word": "'; drop table reviews --", "id": 1}, {"word": "'; drop table reviews --", "id": 2}]


@pytest.mark.parametrize(("query", "code", "words"), [
    ("select nosuch from reviews", "input-query", "no such column: nosuch"),
    ("select 1 as x; select 2", "input-query", "one statement"),
    ("select id, text as id from reviews", "input-query", 'two columns are named "id"'),
    ("-- nothing", "input-query", "no query that gives rows"),
    ("select $day as day", "input-query", "the query names $day, which is not declared"),
    ("select $many as day", "input-query", "the query names $many, which is a list or a mapping"),
    ("delete from reviews", "input-query", "asks for a write"),
    ("create table x (y)", "input-query", "asks for a write"),
    ("attach 'other.sqlite' as other", "input-query", "asks for another file"),
    ("pragma journal_mode = wal", "input-query", "asks for pragma journal_mode"),
    ("select load_extension('x') as x", "input-query", "load_extension"),
    ("select id from reviews order by random() limit 2", "input-query", "calls random(), which gives other rows"),
    ("select writefile('x', 'y') as x", "input-query", "no such function: writefile"),
])  # fmt: skip
def test_a_query_that_cannot_be_used_is_told_at_its_line_and_changes_nothing(
    path: Path, query: str, code: str, words: str
) -> None:
    before = {file: file.read_bytes() for file in path.parent.iterdir()}
    rows, (problem,) = asked(path, query, many=[1])
    assert (rows, problem.code) == ([], code)
    assert words in problem.message
    assert problem.span is not None
    assert (problem.span.file, problem.span.line) == ("job.yaml", 20)
    assert {file: file.read_bytes() for file in path.parent.iterdir()} == before


@pytest.mark.parametrize(("table", "label", "note"), [
    ("review", 'did you mean "reviews"?', 'its tables are: a "b", loud, pairs, reviews'),
    (None, 'name one with "table", or write a query as "sql"', 'its tables are: a "b", loud, pairs, reviews')])
def test_a_missing_table_is_told_with_those_that_there_are(
    path: Path, table: str | None, label: str, note: str
) -> None:
    _, (problem,) = read(job(path.parent, file_input("app.sqlite", table=table)))
    assert (problem.code, problem.label, problem.notes) == ("input-table", label, (note,))


def test_cells_that_json_has_nothing_for_are_told_with_column_and_row(path: Path) -> None:
    rows, problems = asked(path, "select id, case id when 2 then 9e999 when 3 then cast(x'ff' as text) end as x "
                                 "from reviews order by id")
    assert [row["id"] for row in rows] == [1, 4]
    assert [(problem.message, problem.notes[-1]) for problem in problems] == [
        ('app.sqlite: column "x" is infinite, which no JSON number is', "in row 2"),
        ('app.sqlite: column "x" holds text that is not UTF-8', "in row 3")]


@pytest.fixture
def written(path: Path) -> Iterator[sqlite3.Connection]:
    """A program that has the database open in WAL mode, with a change that is in the log only."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("pragma journal_mode = wal")
        database.execute("insert into reviews values (9, 'late', null)")
        database.commit()
        yield database


def test_a_database_that_is_being_written_is_read_with_what_is_committed(
    path: Path, written: sqlite3.Connection
) -> None:
    written.execute("begin immediate")
    written.execute("insert into reviews values (10, 'not yet', null)")
    rows, problems = asked(path, "select text from reviews where id > 4 order by id")
    assert (rows, problems) == ([{"text": "late"}], [])


def test_g5_reading_leaves_no_file_beside_the_database(path: Path, written: sqlite3.Connection) -> None:
    written.close()
    before = sorted(file.name for file in path.parent.iterdir())
    assert len(asked(path, "select id from reviews order by text")[0]) == 5
    assert sorted(file.name for file in path.parent.iterdir()) == before == ["app.sqlite"]


def test_a_log_that_was_never_merged_is_told_and_not_left_out(path: Path, written: sqlite3.Connection) -> None:
    content, log = path.read_bytes(), path.with_name("app.sqlite-wal").read_bytes()
    written.close()
    path.write_bytes(content)
    path.with_name("app.sqlite-wal").write_bytes(log)
    _, (problem,) = asked(path, "select id from reviews order by id")
    assert (problem.code, "never merged" in problem.message) == ("input-damaged", True)
    assert "wal_checkpoint" in problem.notes[0]


def test_a_locked_database_is_told_after_a_while(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from batchctl.desired.inputs import sqlite_access

    monkeypatch.setattr(sqlite_access, "_BUSY_S", 0.1)
    with closing(sqlite3.connect(path)) as other:
        other.execute("begin exclusive")
        _, (problem,) = asked(path, "select id from reviews order by id")
    assert (problem.code, "locked" in problem.message) == ("input-damaged", True)


@pytest.mark.parametrize(("content", "words"), [
    (b"", "is empty, not like an SQLite database"), (b"PAR1", "looks like Parquet"),
    (b"id,text\n", "nothing that is known")])
def test_what_is_no_database_is_told(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "app.db").write_bytes(content)
    _, (problem,) = read(job(tmp_path, file_input("app.db", table="reviews")))
    assert (problem.code, words in problem.message) == ("input-format", True)


def test_a_truncated_database_is_a_finding(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])
    _, (problem,) = read(job(path.parent, file_input("app.sqlite", table="reviews")))
    assert problem.code == "input-damaged"


def test_a_query_that_takes_long_is_no_stuck_worker(path: Path) -> None:
    seen: list[int] = []
    made = job(path.parent, Input(Span("job.yaml", 5), path="app.sqlite", sql=sql(
        "with recursive c(x) as (select 1 union all select x + 1 from c where x < 300000) select max(x) as x from c")))
    list(JobReader(made, 0, 1, seen.append).blocks())
    assert len(set(seen)) > 10


def test_the_digest_is_that_of_the_rows_and_not_of_the_file(path: Path) -> None:
    def digest(query: str) -> str:
        reader = JobReader(job(path.parent, file_input("app.sqlite", sql=sql(query))), 0, 1, lambda place: None,
                           digested=True)
        list(reader.blocks())
        return reader.digest()

    first = digest("select id, text from reviews order by id")
    with closing(sqlite3.connect(path)) as database:
        database.execute("insert into pairs values (5, 5)")
        database.commit()
    assert digest("select id, text from reviews where true order by id") == first
    assert digest("select id, text as t from reviews order by id") != first
    assert digest("select id, text from reviews order by id desc") != first
    assert digest("select id, text from reviews where id < 4 order by id") != first
