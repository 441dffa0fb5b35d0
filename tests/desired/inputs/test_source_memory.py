"""A million rows of each kind that streams: what reading takes does not grow with them."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.slow

ROWS = 1_000_000
STEP = 100_000

MANIFEST = """\
version: 1
name: large
model: echo-1
inputs: [{entry}]
prompt: {{user: "{{{{ row.text }}}}"}}
body: {{max_completion_tokens: 8}}
"""

#: The largest of all processes, in MiB. What a worker without any input takes is about 45.
PROGRAM = """\
import json, resource, sys
from pathlib import Path
from batchctl.desired.manifest import load
from batchctl.desired.render.survey import survey
(job,) = load([Path(sys.argv[1])]).jobs
desired = survey(job)
print(json.dumps([desired.rows, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024]))
"""


def pieces() -> Iterator[dict[str, list[Any]]]:
    for start in range(0, ROWS, STEP):
        ids = list(range(start, start + STEP))
        yield {"id": ids, "text": [f"review {n}: {'quiet and quick, boils a litre in minutes; ' * 6}" for n in ids]}


def parquet(folder: Path) -> str:
    """One row group, as pyarrow writes a table of this size by default, without what makes it small."""
    table = pa.concat_tables([pa.table(piece) for piece in pieces()])
    pq.write_table(table, folder / "a.parquet", compression="none", use_dictionary=False, row_group_size=ROWS)
    return "a.parquet"


def sqlite(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "a.sqlite")) as database:
        database.execute("create table t (id integer primary key, text)")
        for piece in pieces():
            database.executemany("insert into t values (?, ?)", zip(piece["id"], piece["text"], strict=True))
        database.commit()
    return "{path: a.sqlite, table: t}"


def in_duckdb(folder: Path) -> str:
    parquet(folder)
    with duckdb.connect(folder / "a.duckdb") as database:
        database.execute(f"create table t as from read_parquet('{folder}/a.parquet')")
    return "{path: a.duckdb, table: t}"


def query(folder: Path) -> str:
    parquet(folder)
    return '{tables: {t: a.parquet}, sql: "select id, text from t where id >= 0 /* order by file */"}'


def sorted_query(folder: Path) -> str:
    parquet(folder)
    return '{tables: {t: a.parquet}, sql: "select id, text from t order by id desc"}'


@pytest.mark.parametrize(("write", "most"), [
    (parquet, 140), (sqlite, 70), (in_duckdb, 250), (query, 190), (sorted_query, 700)],
    ids=["parquet", "sqlite", "duckdb", "query", "sorted query"])
def test_a_million_rows_are_read_in_bounded_memory(tmp_path: Path, write: Callable[[Path], str], most: int) -> None:
    (tmp_path / "job.yaml").write_text(MANIFEST.format(entry=write(tmp_path)))
    done = subprocess.run([sys.executable, "-c", PROGRAM, "job.yaml"], cwd=tmp_path, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    rows, mebibytes = json.loads(done.stdout)
    print(f"{write.__name__}: {mebibytes:.0f} MiB")
    assert rows == ROWS
    assert mebibytes < most
