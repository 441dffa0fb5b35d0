"""Every kind of input with a writer that makes it of given rows: a new kind adds a case, and is held to the suite."""

from __future__ import annotations

import csv
import json
import sqlite3
import struct
import zlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from batchctl.desired.job import Input, QueryTable, Sql
from batchctl.words.diagnostics import Span
from tests.desired.jobs import file_input

Rows = Sequence[dict[str, str | None]]

#: A row is an id of digits and a text; texts are what users have, and what would harm if anything ran it.
TEXTS = [
    "plain", 'a "quoted" word', "two\nlines", "a, comma", '5" pipe', "", " spaced ", "Zürich ✓ 𝄞", "{{ 7*7 }}",
    "{% include 'x' %}", "a\u2028b", "\ttab", "'=1+1", "\x1b[31mred", "null", "NaN", "2024-01-02", "007", "x" * 3000,
]  # fmt: skip
ROWS: Rows = [{"id": f"{number:05}", "text": TEXTS[number % len(TEXTS)]} for number in range(2100)]


@dataclass(frozen=True)
class Case:
    """`write` puts rows into a folder as `name` (a file, or a folder of files) and gives the input that reads them.
    `seen` is what of a row's columns is compared, None where the kind has no place for a text. `suffix` is that of its
    file where it is one, and `binary` whether the file is anything but text. `null` is how a null comes back, and
    `empty` the mistake that an input without rows is, if it is one."""

    write: Callable[[Path, str, Rows], Input]
    seen: Callable[[dict[str, Any]], dict[str, Any]] = dict
    suffix: str | None = None
    binary: bool = False
    null: Any = None
    empty: str | None = None
    extra: str | None = None
    text: bool = True


def as_csv(folder: Path, name: str, rows: Rows) -> Input:
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["id", "text"])
        writer.writeheader()
        writer.writerows(rows)
    return file_input(f"{name}.csv")


def as_jsonl(folder: Path, name: str, rows: Rows) -> Input:
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file_input(f"{name}.jsonl")


def as_json(folder: Path, name: str, rows: Rows) -> Input:
    (folder / f"{name}.json").write_text(json.dumps(list(rows)))
    return file_input(f"{name}.json")


def inline(folder: Path, name: str, rows: Rows) -> Input:
    return Input(Span("job.yaml", 5), rows=tuple(rows))


def as_parquet(folder: Path, name: str, rows: Rows) -> Input:
    schema = pa.schema([("id", pa.string()), ("text", pa.string())])
    pq.write_table(pa.Table.from_pylist(list(rows), schema), folder / f"{name}.parquet", row_group_size=700)
    return file_input(f"{name}.parquet")


def as_excel(folder: Path, name: str, rows: Rows) -> Input:
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet()
    sheet.append(["id", "text"])
    for row in rows:
        # Excel has no escape character; what stands for it here comes back as it.
        sheet.append([row["id"], None if row["text"] is None else row["text"].replace("\x1b", "_x001B_")])
    workbook.save(folder / f"{name}.xlsx")
    return file_input(f"{name}.xlsx")


def as_sqlite(folder: Path, name: str, rows: Rows, **more: Any) -> Input:
    with closing(sqlite3.connect(folder / f"{name}.sqlite")) as database:
        database.execute("create table rows (id, text)")
        database.executemany("insert into rows values (:id, :text)", rows)
        database.commit()
    return file_input(f"{name}.sqlite", **(more or {"table": "rows"}))


def as_duckdb(folder: Path, name: str, rows: Rows, **more: Any) -> Input:
    with duckdb.connect(folder / f"{name}.duckdb") as database:
        database.execute("create table rows (id text, text text)")
        if rows:
            columns = [[row[column] for row in rows] for column in ("id", "text")]
            database.execute("insert into rows select unnest(?::text[]), unnest(?::text[])", columns)
    return file_input(f"{name}.duckdb", **(more or {"table": "rows"}))


def query(source: str) -> Sql:
    return Sql(source, Span("job.yaml", 20, 5), line_offsets=True)


def over(write: Callable[[Path, str, Rows], Input]) -> Callable[[Path, str, Rows], Input]:
    def written(folder: Path, name: str, rows: Rows) -> Input:
        path = write(folder, name, rows).path
        assert path is not None
        tables = (QueryTable("rows", path, Span("job.yaml", 30, 9)),)
        return Input(Span("job.yaml", 20, 5), sql=query("select id, text from rows order by id"), tables=tables)

    return written


def of_files(kind: str, content: Callable[[dict[str, str | None]], bytes]) -> Callable[[Path, str, Rows], Input]:
    def written(folder: Path, name: str, rows: Rows) -> Input:
        (folder / name).mkdir()
        for row in rows:
            (folder / name / f"{row['id']}.file").write_bytes(content(row))
        return file_input(f"{name}/*", format=kind)

    return written


def png(row: dict[str, str | None]) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"tEXt", b"id\0" + str(row["text"]).encode())
            + chunk(b"IEND", b""))


def stem_alone(data: dict[str, Any]) -> dict[str, Any]:
    return {"id": data["stem"]}


CASES: dict[str, Case] = {
    "csv": Case(as_csv, suffix="csv", null=""),
    "jsonl": Case(as_jsonl, suffix="jsonl"),
    "json": Case(as_json, suffix="json"),
    "inline": Case(inline),
    "parquet": Case(as_parquet, suffix="parquet", binary=True, extra="parquet"),
    "excel": Case(as_excel, suffix="xlsx", binary=True, null="", extra="excel"),
    "sqlite": Case(as_sqlite, suffix="sqlite", binary=True),
    "sqlite-query": Case(lambda folder, name, rows: as_sqlite(
        folder, name, rows, sql=query("select id, text from rows order by id")), suffix="sqlite", binary=True),
    "duckdb": Case(as_duckdb, suffix="duckdb", binary=True, extra="duckdb"),
    "duckdb-query": Case(lambda folder, name, rows: as_duckdb(
        folder, name, rows, sql=query("select id, text from rows order by id")), suffix="duckdb", binary=True,
        extra="duckdb"),
    "query-parquet": Case(over(as_parquet), extra="duckdb"),
    "query-csv": Case(over(as_csv), null="", extra="duckdb"),
    "query-jsonl": Case(over(as_jsonl), empty="input-query", extra="duckdb"),  # without rows there is no column to name
    "text": Case(of_files("text", lambda row: str(row["text"]).encode()),
                 lambda data: {"id": data["stem"], "text": data["text"]}, empty="input-refused"),
    "image": Case(of_files("image", png), stem_alone, empty="input-refused", text=False),
    "file": Case(of_files("file", lambda row: str(row["text"]).encode()), stem_alone, empty="input-refused",
                 text=False),
}
