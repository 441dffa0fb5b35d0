"""The schemas of answers that stand in files of their own: `{file: invoice.schema.json}`, JSON or YAML."""

from __future__ import annotations

from typing import Any

from batchctl.desired.inputs.json_values import NotJson, parse
from batchctl.desired.manifest.context import Context
from batchctl.desired.manifest.findings import Findings
from batchctl.desired.manifest.named_files import read_named
from batchctl.desired.manifest.source import Source
from batchctl.desired.manifest.tree import Mapping, Node, Scalar
from batchctl.desired.manifest.values import data
from batchctl.desired.manifest.yaml_events import MAX_DEPTH
from batchctl.desired.manifest.yaml_nodes import documents

#: Bytes of a schema file.
MAX_SCHEMA = 2**20


def read_schema_file(written: Scalar, context: Context) -> tuple[Any, Node | None, Source] | None:
    """Its value, its tree (None where that cannot be told), and its text; None after a mistake was reported.

    Nothing in it is a template: schemas are shared with other tools.
    """
    content = read_named(written, context, "schema", "schema-file", MAX_SCHEMA)
    if content is None:
        return None
    source = Source(context.shown(written), content)
    read = _json if written.text.lower().endswith(".json") else _yaml
    found = read(source, context)
    if found is not None and not isinstance(found[0], dict):
        context.findings.error("schema-file", source.span(0, 1), "a schema is a mapping",
                               'write keywords, such as "type": "object"')
        return None
    return found


def _json(source: Source, context: Context) -> tuple[Any, Node | None, Source] | None:
    try:
        value = parse(source.text.encode())
    except NotJson as error:
        at = min(error.offset, len(source.text))
        context.findings.error("schema-file", source.span(at, at + 1), f"the schema is not JSON: {error}",
                               "mend it here")
        return None
    if _is_deep(value):
        context.findings.error("too-deep", source.span(0, 1), f"more than {MAX_DEPTH} levels of nesting", "use $ref")
        return None
    # JSON is YAML but for tabs, which JSON has only between values. The tree only tells places: what YAML makes of
    # surrogate escapes and of very long keys is not what JSON says.
    tree = documents(Findings(Source(source.name, source.text.replace("\t", " "))))
    return value, tree[0] if len(tree) == 1 and isinstance(tree[0], Mapping) else None, source


def _is_deep(value: Any) -> bool:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            return True
        level = [inner for node in level if isinstance(node, (dict, list))
                 for inner in (node.values() if isinstance(node, dict) else node)]
    return False


def _yaml(source: Source, context: Context) -> tuple[Any, Node | None, Source] | None:
    findings = Findings(source)
    found = documents(findings)
    value = data(found[0], findings) if len(found) == 1 else None
    for finding in findings.diagnostics():
        context.findings.error(finding.code, finding.span, finding.message, finding.label)
    return None if findings.failed else (value, found[0] if found else None, source)
