"""The `inputs` of a job: paths, globs and inline rows."""

from __future__ import annotations

from typing import cast

from batchctl.desired.job import Input, InputFormat, Template
from batchctl.desired.manifest.context import Context, is_text, items, number, text
from batchctl.desired.manifest.tree import Mapping, Node, Scalar, Sequence
from batchctl.desired.manifest.values import data, template


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
    return Input(
        span, path=path.text, format=cast(InputFormat, chosen.text) if chosen else None,
        key=_template(node, "key", context), where=_template(node, "where", context), limit=number(node, "limit"),
    )  # fmt: skip


def _template(node: Mapping, key: str, context: Context) -> Template | None:
    found = text(node, key)
    return template(found, context.source) if found else None
