"""Queries through DuckDB: over the files that the manifest names and nothing else, with every mistake at its line."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from batchctl.desired.inputs import duckdb_session
from batchctl.desired.inputs.files import files_of
from batchctl.desired.inputs.reading import JobReader
from batchctl.desired.job import Input, Job, QueryTable, Sql
from batchctl.words.diagnostics import Diagnostic, Span
from tests.desired.jobs import file_input, job


def query(source: str, **tables: str) -> Input:
    """A query at line 20 of job.yaml over tables that stand at line 30."""
    named = tuple(QueryTable(name, path, Span("job.yaml", 30, 9)) for name, path in tables.items())
    return Input(Span("job.yaml", 20, 5), sql=Sql(source, Span("job.yaml", 20, 5), line_offsets=True), tables=named)


def read(made: Job, **more: Any) -> tuple[list[dict[str, Any]], list[Diagnostic]]:
    blocks = list(JobReader(made, 0, 1, lambda place: None, **more).blocks())
    return ([row.data for block in blocks for row in block.rows], [one for block in blocks for one in block.findings])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    for part, ids in enumerate(([1, 2], [3])):
        table = pa.table({"id": ids, "text": [f"text {{{{ {n} }}}}" for n in ids]})
        pq.write_table(table, project / f"r{part}.parquet")
    (project / "names.csv").write_text('id,name\n001,"a, b"\n2,\n')
    (project / "more.jsonl.gz").write_bytes(gzip.compress(
        b'{"id": 1, "day": "2024-01-02", "at": "2024-01-02T03:04:05Z", "tags": ["x", null]}\n'
        b'{"id": 2, "odd": {"a": 1}}\n'))
    (project / "list.json").write_text('[{"id": 1}, {"id": 2}]')
    (tmp_path / "secret.csv").write_text("id\n1\n")
    return project


def test_files_of_several_formats_are_joined_by_a_query(folder: Path) -> None:
    rows, problems = read(job(folder, query(
        "select r.id, r.text, n.name, m.day from r left join n on n.id::int = r.id left join m on m.id = r.id "
        "order by r.id",
        r="r*.parquet", n="names.csv", m="more.jsonl.gz")))
    assert problems == []
    assert rows == [
        {"id": 1, "text": "text {{ 1 }}", "name": "a, b", "day": "2024-01-02"},
        {"id": 2, "text": "text {{ 2 }}", "name": "", "day": None},
        {"id": 3, "text": "text {{ 3 }}", "name": None, "day": None}]


@pytest.mark.parametrize(("path", "rows"), [
    ("names.csv", [{"id": "001", "name": "a, b"}, {"id": "2", "name": ""}]),
    ("list.json", [{"id": 1}, {"id": 2}]),
    ("more.jsonl.gz", [
        {"id": 1, "day": "2024-01-02", "at": "2024-01-02T03:04:05Z", "tags": ["x", None], "odd": None},
        {"id": 2, "day": None, "at": None, "tags": None, "odd": {"a": 1}}])])
def test_the_values_of_a_table_are_those_that_the_file_has(
    folder: Path, path: str, rows: list[dict[str, Any]]
) -> None:
    assert read(job(folder, query("from t order by id", t=path))) == (rows, [])


def test_duckdbs_own_types_become_json_by_the_rules(folder: Path) -> None:
    (row,), problems = read(job(folder, query(
        "select sum(id) as total, 1.50 as price, timestamptz '2024-01-02 03:04:05+02' as at, date '2024-01-02' as day, "
        "'\\xAA'::blob as raw, 'nan'::double as nothing, map {'k': 1} as m, interval '1 month' as every, "
        "uuid '6ba7b810-9dad-11d1-80b4-00c04fd430c8' as u from t order by 1", t="list.json")))
    assert problems == []
    assert row == {
        "total": 3, "price": "1.50", "at": "2024-01-02T01:04:05Z", "day": "2024-01-02", "raw": "qg==", "nothing": None,
        "m": {"k": 1}, "every": {"months": 1, "days": 0, "nanoseconds": 0}, "u": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}


def test_a_query_names_the_vars_of_the_job_as_values_and_never_as_sql(folder: Path) -> None:
    made = job(folder, query("select $word as word from t where id < $most order by id", t="list.json"),
               vars={"word": "'; select 1 --", "most": 2, "unused": 1, "many": [1]})
    assert read(made) == ([{"word": "'; select 1 --"}], [])


@pytest.mark.parametrize(("source", "words", "line"), [
    ("select\n  nosuch\nfrom t", 'Referenced column "nosuch" not found', 21),
    ("select *\nfrom tt", "Table with name tt does not exist", 21),
    ("select 1 as x,\n id\n from t, t as u", "Ambiguous reference", 21),
    ("selec\n1", "syntax error", 20),
    ("select 1; select 2", "a query is one select, and this is select and select", 20),
    ("", "this is nothing", 20),
    ("copy t to 'out.csv'", "this is copy", 20),
    ("create table x as from t", "this is create", 20),
    ("attach 'x.duckdb'", "this is attach", 20),
    ("install httpfs", "this is load", 20),
    ("set threads = 9", "this is set", 20),
    ("select $day as day", "the query names $day, which is not declared", 20),
    ("select id, id as id from t", 'two columns are named "id"', 20),
    ("select random() as x from t", "calls random(), which gives other rows at every run", 20),
    ("select uuid() as x from t", "calls uuid()", 20),
    ("from t using sample 1 rows", "calls a sample without a seed", 20),
    ("select 'x'::int as x\nfrom t", "Could not convert string 'x'", 20),
    ("select id / 0.0 as x from t", 'column "x" is infinite', 20),
    ("select error('boom ' || id) as x from t", "boom", 20),
])  # fmt: skip
def test_a_query_that_cannot_be_used_is_told_at_its_line(folder: Path, source: str, words: str, line: int) -> None:
    _, problems = read(job(folder, query(source, t="list.json")))
    assert problems
    assert words in problems[0].message
    assert problems[0].span is not None
    assert (problems[0].span.file, problems[0].span.line) == ("job.yaml", line)


def test_a_sample_with_a_seed_is_the_same_at_every_run(folder: Path) -> None:
    made = job(folder, query("from t using sample reservoir(1 rows) repeatable (7) order by id", t="list.json"))
    assert read(made) == read(made)
    assert len(read(made)[0]) == 1


@pytest.mark.parametrize("source", [
    "from '{out}'", "from read_csv('{out}')", "from read_text('/etc/passwd')", "from glob('*')",
    "from read_csv('../secret.csv')", "from read_csv('secret*.csv')", "from 'names.csv'",
    "from parquet_metadata('{out}')", "from sniff_csv('{out}')", "from read_blob('{out}')"])
def test_g9_a_query_opens_no_file_but_those_that_the_manifest_names(folder: Path, source: str) -> None:
    made = job(folder, query(source.format(out=folder.parent / "secret.csv") + " order by 1", t="list.json"))
    rows, (problem,) = read(made)
    assert (rows, problem.code) == ([], "input-query")
    assert 'under "tables"' in problem.notes[0]


@contextmanager
def web_server() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *args: object) -> None:
            """Kept in `asked`."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_g9_a_query_reaches_no_network_and_downloads_nothing(folder: Path) -> None:
    with web_server() as (url, asked):
        for source in (f"from read_csv('{url}/x.csv')", f"from '{url}/x.parquet'", "from read_parquet('s3://b/x.parquet')",
                       "from sqlite_scan('x', 'y')"):
            rows, problems = read(job(folder, query(source, t="list.json")))
            assert (rows, [problem.code for problem in problems]) == ([], ["input-query"])
    assert asked == []


def test_g5_nothing_is_written_by_reading(folder: Path) -> None:
    with duckdb.connect(folder / "app.duckdb") as database:
        database.execute("create table t as select range as id from range(2000)")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert len(read(job(folder, file_input("app.duckdb", table="t")))[0]) == 2000
    assert len(read(job(folder, query("from t order by id desc", t="r*.parquet")))[0]) == 3
    for source in ("with x as (insert into t values (1) returning *) from x", "create table u (x int)"):
        made = job(folder, Input(Span("job.yaml", 5), path="app.duckdb", sql=Sql(source, Span("job.yaml", 6))))
        assert [problem.code for problem in read(made)[1]] == ["input-query"]
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(("path", "code"), [
    ("../secret.csv", "input-refused"), ("link.csv", "input-refused"), ("nothing.csv", "input-missing"),
    ("*.xlsx", "input-refused"), ("r*", None), ("[rn]*", "input-format"), ("app.txt", "input-format")])
def test_the_files_of_tables_are_held_to_the_rules_of_all_inputs(folder: Path, path: str, code: str | None) -> None:
    (folder / "link.csv").symlink_to(folder.parent / "secret.csv")
    (folder / "app.txt").write_text("x")
    _, problems = files_of(job(folder, query("from t", t=path)))
    assert [problem.code for problem in problems] == ([code] if code else [])
    assert all(problem.span == Span("job.yaml", 30, 9) for problem in problems)


def test_an_absolute_path_names_what_lies_outside(folder: Path) -> None:
    assert read(job(folder, query("from t order by id", t=str(folder.parent / "secret.csv")))) == ([{"id": "1"}], [])


@pytest.mark.parametrize(("name", "content"), [
    ("bad.parquet", b"PAR1 and no more"), ("bad.json", b'[{"a": 1}'), ("bad.jsonl", b'{"a": 1}\n{"a":\n'),
    ("bad.csv", b"")])
def test_a_damaged_file_of_a_table_is_told(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    rows, problems = read(job(folder, query("from t", t=name)))
    assert rows == [] or name == "bad.json"  # of which the first row is whole
    assert problems
    assert {problem.code for problem in problems} <= {"input-table", "input-query", "csv-header"}
    assert f"bad.{name.partition('.')[2]}" in problems[0].message


def test_a_query_that_needs_too_much_memory_says_what_to_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(duckdb_session._SETTINGS, "memory_limit", "60MB")
    source = "select range, repeat(range::text, 100) as x from range(1000000) order by x"
    _, problems = read(job(folder, query(source, t="list.json")))
    assert "of memory" in problems[-1].message
    assert "Parquet file" in problems[-1].notes[0]


def test_a_query_that_takes_long_is_no_stuck_worker_and_a_stuck_row_no_query(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batchctl.desired.inputs.pulse.Pulse.__init__.__defaults__", (0.01,))
    seen: list[int] = []
    source = "select count(*) as n from range(4000) a, range(20000) b where hash(a.range, b.range) % 7 = 1"
    made = job(folder, query(source, t="list.json"))
    blocks = JobReader(made, 0, 1, seen.append).blocks()
    next(blocks)
    beats = len(set(seen))
    assert beats > 3
    threading.Event().wait(0.1)
    assert len(set(seen)) == beats


@pytest.mark.parametrize(("table", "label"), [
    ("reviewz", 'did you mean "Reviews"?'), (None, 'name one with "table", or write a query as "sql"')])
def test_a_table_of_a_database_is_read_in_its_own_order(folder: Path, table: str | None, label: str) -> None:
    with duckdb.connect(folder / "app.duckdb") as database:
        database.execute('create table "Reviews" as select 9 - range as id from range(3)')
    assert read(job(folder, file_input("app.duckdb", table="reviews"))) == ([{"id": 9}, {"id": 8}, {"id": 7}], [])
    _, (problem,) = read(job(folder, file_input("app.duckdb", table=table)))
    assert (problem.code, problem.label, problem.notes) == ("input-table", label, ("its tables are: Reviews",))


@pytest.mark.parametrize(("content", "code"), [
    (b"", "input-format"), (b"PAR1", "input-format"),
    (b"\0" * 8 + b"DUCK" + b"\x40" + b"\0" * 7 + b"x" * 5000, "input-damaged")])
def test_what_is_no_database_is_told(folder: Path, content: bytes, code: str) -> None:
    (folder / "app.duckdb").write_bytes(content)
    _, (problem,) = read(job(folder, file_input("app.duckdb", table="t")))
    assert problem.code == code


def test_the_digest_is_that_of_the_rows(folder: Path) -> None:
    def digest(source: str) -> str:
        reader = JobReader(job(folder, query(source, t="r*.parquet")), 0, 1, lambda place: None, digested=True)
        list(reader.blocks())
        return reader.digest()

    first = digest("from t order by id")
    assert digest("select * from t where true order by id") == first
    assert len({first, digest("from t order by id desc"), digest("from t order by id limit 2"),
                digest("select id, text as t from t order by id")}) == 4
