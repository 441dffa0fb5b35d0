"""The `sinks` of a job: where results go, and what stands in each record."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from batchctl.desired.job import BodyNode, RecordChoice, Sink, SinkFormat
from batchctl.desired.manifest.context import Context, flag, is_text, items, section, text
from batchctl.desired.manifest.tree import Mapping, Node, Scalar
from batchctl.desired.manifest.values import body_value

_FORMATS: dict[str, SinkFormat] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl",
                                   ".parquet": "parquet"}


def sinks(document: Mapping, context: Context) -> tuple[Sink, ...]:
    """The usable sinks. Conflicts with other files are found once all manifests are read."""
    found = (_sink(node, context) for node in items(document, "sinks"))
    return tuple(sink for sink in found if sink is not None)


def _sink(node: Node, context: Context) -> Sink | None:
    options = node if isinstance(node, Mapping) else Mapping(node.start, node.end, {})
    path = node if is_text(node) else text(options, "path")
    if path is None:
        return None
    chosen = _format(path, options, context)
    target = context.path(path)
    fields = _fields(options, chosen, context)
    if target is None or chosen is None:
        return None
    records = text(options, "records")
    safe = flag(options, "formula_safe")
    return Sink(
        path.text, target, chosen, context.source.span(path.start, path.end), fields,
        cast(RecordChoice, records.text) if records else "all", flag(options, "partial") or False,
        chosen == "csv" if safe is None else safe,
    )  # fmt: skip


def _format(path: Scalar, options: Mapping, context: Context) -> SinkFormat | None:
    written = text(options, "format")
    if written is not None:
        return cast(SinkFormat, written.text)
    if "format" in options.entries:
        return None
    found = _FORMATS.get(Path(path.text).suffix.lower())
    if found is None:
        label = 'end it with .csv, .jsonl, .ndjson or .parquet, or add "format": csv, jsonl or parquet'
        context.findings.error("unknown-format", path, "the suffix does not say in which format to write", label)
    return found


def _fields(options: Mapping, chosen: SinkFormat | None, context: Context) -> tuple[tuple[str, BodyNode], ...] | None:
    written = section(options, "fields")
    if written is None:
        return None
    found = []
    for name, (key, node) in written.entries.items():
        if not name:
            context.findings.error("empty-value", key, "a field needs a name", "give it one")
        if chosen == "csv" and not isinstance(node, Scalar) and not node.broken:
            label = "write one template a column, or a jsonl sink"
            context.findings.error("nested-in-csv", key, f'the csv column "{name}" cannot hold a nested value', label)
        found.append((name, body_value(node, context.findings)))
    return tuple(found)
