"""DuckDB with its doors shut: it reads the files that the manifest names, and nothing else of the disk or the network.

What is set here holds for the query: no other file can be opened, no extension loaded or downloaded, and no setting
changed (https://duckdb.org/docs/stable/operations_manual/securing_duckdb/overview). It runs on one thread, so that the
same query over the same files gives its rows in the same order.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb

from batchctl.desired.inputs.opening import Opening, unusable
from batchctl.desired.inputs.queries import by_chance, missing_value, named_values, wrong_query
from batchctl.desired.inputs.query_tables import TableFiles
from batchctl.desired.inputs.row import SourceFailed
from batchctl.words.diagnostics import Diagnostic

#: What a query may use; nothing is written to disk where that is not enough. Sorting a million rows of 300 bytes takes
#: half of it.
_MEMORY = "1GB"

#: Bytes that are added to what a worker may use, as its own limit is meant for templates: DuckDB's memory, and what
#: allocators reserve beside it.
_ROOM_BYTES = 1536 * 2**20

_SETTINGS = {
    "threads": "1", "memory_limit": _MEMORY, "temp_directory": "", "preserve_insertion_order": "true",
    "autoinstall_known_extensions": "false", "autoload_known_extensions": "false",
    "allow_community_extensions": "false", "python_enable_replacements": "false",
    "enable_external_file_cache": "false",
}  # fmt: skip

#: CSV as it is read elsewhere: cells are text, and an empty one is an empty text.
_CSV = "all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"', strict_mode = true"

#: A format for dates that no text has: texts of JSON stay texts.
_NO_DATES = "\x01"

_LINE = re.compile(r"\n\s*LINE (\d+): ")
_KIND = re.compile(r"^[A-Z][A-Za-z -]+ Error: ")


def over_files(opening: Opening) -> Any:
    """A connection that has the tables of an input, and can open their files only. Raises SourceFailed."""
    database = _new()
    files = [str(path) for table in opening.file.tables for path in table.files]
    _shut(database, files)
    for table in opening.file.tables:
        try:
            database.execute(f"CREATE TEMP VIEW {_name(table.name)} AS FROM {_reader(table, database)}")
        except duckdb.OutOfMemoryException as error:
            raise wrong(opening, error) from None
        except duckdb.Error as error:
            message = f'the table "{table.name}" cannot be read: {said(error)[0]}'
            raise SourceFailed(Diagnostic("input-table", message, table.span)) from None
    return database


def over_database(opening: Opening) -> Any:
    """A connection to a DuckDB file that cannot change it. Raises SourceFailed."""
    database = _new()
    try:
        database.execute(f"ATTACH {_text(str(opening.file.path))} AS db (READ_ONLY)")
        database.execute("USE db")
    except duckdb.Error as error:
        text = said(error)[0]
        note = "end the program that writes it" if "lock" in text else "was it written by a newer DuckDB, or cut off?"
        raise unusable(opening, "input-damaged", f"cannot be opened: {text}", note) from None
    _shut(database, [])
    return database


def checked(database: Any, opening: Opening, query: str) -> dict[str, Any]:
    """The values that a query names, once it is known to be a fit one. Raises SourceFailed and duckdb.Error."""
    statements = database.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        kinds = " and ".join(str(statement.type).rpartition(".")[2].lower() for statement in statements) or "nothing"
        raise wrong_query(opening, f"a query is one select, and this is {kinds}")
    (text,) = database.execute("SELECT json_serialize_sql(?)", [query]).fetchone()
    called = set(_chances(json.loads(text)))
    volatile = {name for (name,) in database.execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability = 'VOLATILE'").fetchall()}
    for what in sorted(called & (volatile - {"error"} | {_SAMPLE})):
        raise by_chance(opening, what if what == _SAMPLE else f"{what}()")
    values, named = named_values(opening), sorted(statements[0].named_parameters)
    for name in named:
        if name not in values:
            raise missing_value(opening, name)
    given = {name: values[name] for name in named}
    database.execute(f"EXPLAIN {query}", given)  # its errors name the line, which those of a relation do not
    return given


def wrong(opening: Opening, error: Exception) -> SourceFailed:
    """DuckDB's own message with what to do, at the line of the query."""
    text, line = said(error)
    if isinstance(error, duckdb.OutOfMemoryException | MemoryError) or "Out of Memory" in str(error):
        return wrong_query(opening, f"the query needs more than {_MEMORY} of memory",
                           "choose fewer columns or rows, or write what it gives to a Parquet file, and name that")
    if isinstance(error, duckdb.PermissionException):
        return wrong_query(opening, f"a query opens no files and changes no settings: {text}",
                           'name files under "tables", and use their names', line=line)
    if isinstance(error, duckdb.IOException | duckdb.InternalException | duckdb.SerializationException):
        return unusable(opening, "input-damaged", f"cannot be read: {text}", "write the file again")
    return wrong_query(opening, f"DuckDB says: {text}", line=line)


def said(error: Exception) -> tuple[str, int]:
    """The message without the query that DuckDB repeats in it, and the line that it is about."""
    text = str(error)
    line = _LINE.search(text)
    text = (text[: line.start()] if line else text).strip()
    return _KIND.sub("", " ".join(text.split()))[:400], int(line[1]) if line else 1


def _new() -> Any:
    _make_room()
    database = duckdb.connect(":memory:", config=dict(_SETTINGS))
    database.execute("SET TimeZone = 'UTC'")
    database.execute("SET disable_parquet_prefetching = true")  # a row group may be most of a file
    return database


def _make_room() -> None:
    """Raises this process's limit of memory, where it has one."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        if soft != resource.RLIM_INFINITY:
            wanted = soft + _ROOM_BYTES
            limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _shut(database: Any, files: list[str]) -> None:
    database.execute(f"SET allowed_paths = [{', '.join(map(_text, files))}]")
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")


def _reader(table: TableFiles, database: Any) -> str:
    """What reads the files of a table: CSV as texts, as it is elsewhere, and JSON as it is written."""
    files = f"[{', '.join(_text(str(path)) for path in table.files)}]"
    if table.format == "parquet":
        return f"read_parquet({files}, hive_partitioning = false)"
    if table.format == "csv":
        options = f"{_CSV}, hive_partitioning = false"
        columns = [name for (name, *_) in database.execute(f"DESCRIBE FROM read_csv({files}, {options})").fetchall()]
        return f"read_csv({files}, {options}, force_not_null = [{', '.join(map(_text, columns))}])"
    form = "newline_delimited" if table.format == "jsonl" else "array"
    return (f"read_json({files}, format = '{form}', sample_size = -1, hive_partitioning = false, "
            f"dateformat = '{_NO_DATES}', timestampformat = '{_NO_DATES}')")


_SAMPLE = "a sample without a seed"


def _chances(node: Any) -> Iterator[str]:
    """The functions that a parsed query calls, and `_SAMPLE` where it takes one."""
    if isinstance(node, dict):
        sample = node.get("sample")
        if isinstance(sample, dict) and not sample.get("repeatable", sample.get("seed", -1) != -1):
            yield _SAMPLE
        name = node.get("function_name")
        if isinstance(name, str):
            yield name.lower()
        for inner in node.values():
            yield from _chances(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _chances(inner)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'
