"""The `inputs` of a job: paths, globs, databases, queries over files, and inline rows."""

from __future__ import annotations

import re
from typing import cast

from batchctl.desired.inputs.formats import DATABASES, SHEETS, told_by_name
from batchctl.desired.job import Input, InputFormat, QueryTable, Sql, Template
from batchctl.desired.manifest.context import Context, is_text, items, number, section, text
from batchctl.desired.manifest.tree import Mapping, Node, Scalar, Sequence
from batchctl.desired.manifest.values import data, is_dynamic, template

#: Whether a query says anywhere in which order its rows come.
_ORDERED = re.compile(r"\border\s+by\b", re.IGNORECASE)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def inputs(document: Mapping, context: Context) -> tuple[Input, ...]:
    """The usable inputs; whether their files exist is not looked at here."""
    found = (_input(node, context) for node in items(document, "inputs"))
    return tuple(entry for entry in found if entry is not None)


def _input(node: Node, context: Context) -> Input | None:
    if is_text(node):
        return _from_path(node, None, context)
    if not isinstance(node, Mapping):
        return None
    path = text(node, "path")
    if path is not None:
        return _from_path(path, node, context)
    tables = section(node, "tables")
    if tables is not None:
        return _from_tables(tables, node, context)
    rows = node.get("rows")
    if not isinstance(rows, Sequence) or rows.broken:
        return None
    key = node.key("rows")
    span = context.source.span(key.start, key.end) if key else context.source.span(node.start, node.end)
    return Input(
        span, rows=tuple(data(rows, context.findings)), key=_template(node, "key", context),
        where=_template(node, "where", context), limit=number(node, "limit"),
    )  # fmt: skip


def _from_path(path: Scalar, node: Mapping | None, context: Context) -> Input | None:
    if context.path(path) is None:
        return None
    span = context.source.span(path.start, path.end)
    if node is None:
        return Input(span, path=path.text)
    chosen = text(node, "format")
    file_format = cast(InputFormat, chosen.text) if chosen else None
    _check_fit(node, file_format or told_by_name(path.text)[0], path.text, context)
    table, sheet = text(node, "table"), text(node, "sheet")
    return Input(
        span, path=path.text, format=file_format,
        key=_template(node, "key", context), where=_template(node, "where", context), limit=number(node, "limit"),
        table=table.text if table else None, sql=_sql(node, context),
        sheet=sheet.text if sheet else number(node, "sheet"),
    )  # fmt: skip


def _from_tables(tables: Mapping, node: Mapping, context: Context) -> Input | None:
    sql, found = _sql(node, context), []
    for name, (key, path) in tables.entries.items():
        if _NAME.fullmatch(name) is None:
            label = "letters, digits and underscores, not starting with a digit"
            context.findings.error("wrong-form", key, f'"{name}" is no name for a table', label)
        elif is_text(path) and context.path(path) is not None:
            found.append(QueryTable(name, path.text, context.source.span(path.start, path.end)))
    if sql is None or not found:
        return None
    return Input(
        sql.origin, sql=sql, tables=tuple(found), key=_template(node, "key", context),
        where=_template(node, "where", context), limit=number(node, "limit"),
    )  # fmt: skip


def _check_fit(node: Mapping, file_format: InputFormat | None, path: str, context: Context) -> None:
    """Reports keys that the format has no use for. A format that is not known yet is told when files are looked at."""
    if text(node, "table") and text(node, "sql"):
        label = 'write one of them; a query can say "select * from …"'
        context.findings.error("unfitting-key", node.key("table"), '"table" stands beside "sql"', label)
    for key, formats in (("table", DATABASES), ("sql", DATABASES), ("sheet", SHEETS)):
        found = node.key(key)
        if found is not None and file_format is not None and file_format not in formats:
            message = f'"{key}" is for {" and ".join(sorted(formats))}, and {path} is {file_format}'
            label = f'for a query over files write "tables: {{data: {path}}}"' if key == "sql" else "remove it"
            context.findings.error("unfitting-key", found, message, label)


def _sql(node: Mapping, context: Context) -> Sql | None:
    written = text(node, "sql")
    if written is None:
        return None
    if is_dynamic(written.text):
        label = 'a query names the values of "vars" as $name'
        context.findings.error("not-a-template", written, "a query is not a template", label)
        return None
    found = template(written, context.source)
    if _ORDERED.search(written.text) is None:
        message = "the query does not say in which order its rows come: sinks and batches may change theirs"
        context.findings.warning("unordered-query", found.origin, message, 'end it with "order by …"')
    return Sql(found.source, found.origin, found.line_offsets)


def _template(node: Mapping, key: str, context: Context) -> Template | None:
    found = text(node, key)
    return template(found, context.source) if found else None
