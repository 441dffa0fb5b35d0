"""Turns a row and how it ended into one record: the manifest's `fields`, or the columns and the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from jinja2.runtime import Context, Undefined

from batchctl.act.sinks.answers import ANSWER_NAMES, END_NAMES, NOTHING, Nothing
from batchctl.act.sinks.columns import answer_keys
from batchctl.desired.inputs.row import Row, RowError
from batchctl.desired.job import BodyNode, Job, Sink, Template
from batchctl.desired.render.requests import RequestRenderer
from batchctl.desired.render.shared import shared_names
from batchctl.desired.render.values import Rules
from batchctl.desired.templates.compiling import Compiled, TemplateFailed, Templates
from batchctl.desired.templates.records import RowRecord
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.errors import InvalidInput

#: What the templates of `fields` may see.
NAMES = frozenset({"row", "vars", "job", "request", *ANSWER_NAMES, *END_NAMES})

#: What Jinja's tags that read files begin with.
_READS_FILES = ("include", "import", "extends")

Node = Compiled | Sequence["Node"] | Mapping[str, "Node"] | None | bool | int | float | str


class RecordRenderer:
    """Compiled once per process for one sink. `columns` are those of all rows, for sinks without `fields`.

    Raises InvalidInput with every mistake that can be told without a row.
    """

    def __init__(self, job: Job, sink: Sink, rules: Rules, columns: Sequence[str] = ()) -> None:
        self._templates = Templates(job.folder, NAMES, undefined=Nothing)
        self._shared = shared_names(job)
        self._fields = [(name, self._compiled(node)) for name, node in sink.fields or ()]
        self._needs_request = any(_mentions(node, "request") for _, node in sink.fields or ())
        #: Whether a record may need an answer's `json`.
        self.wants_json = any(_mentions(node, "json") for _, node in sink.fields or ())
        self._whole = sink.fields is None
        self._answer_keys = answer_keys(columns)
        if self._templates.findings:
            raise InvalidInput(self._templates.findings)
        self.requests = RequestRenderer(job, rules)

    def record(self, row: Row, end: Mapping[str, Any]) -> dict[str, Any]:
        """Raises RowError, naming the template and the row."""
        if self._whole:
            return {**row.data, **{key: end[name] for name, key in self._answer_keys}}
        values = {name: NOTHING[name] if value is None else value for name, value in end.items()}
        values["row"] = RowRecord(row.data)
        if self._needs_request:
            values["request"] = orjson.loads(self.requests.render(row).line)
        context = self._templates.context({**values, **self._shared})
        empty = frozenset() if end["status"] == "ok" else frozenset(
            name for name in ANSWER_NAMES if end[name] is None)
        try:
            return {name: self._value(node, context, empty) for name, node in self._fields}
        except TemplateFailed as failed:
            raise RowError(_about(row, failed.finding)) from None

    def _value(self, node: Node, context: Context, empty: frozenset[str]) -> Any:
        """`empty` are the names of what a failed record has nothing of: what is made of them alone is nothing too."""
        if isinstance(node, Compiled):
            if node.names <= ANSWER_NAMES and not node.names.isdisjoint(empty):
                return None
            value = node.evaluate(context)
            return None if isinstance(value, Undefined) else value
        if isinstance(node, Mapping):
            return {key: self._value(entry, context, empty) for key, entry in node.items()}
        if isinstance(node, Sequence) and not isinstance(node, str):
            return [self._value(entry, context, empty) for entry in node]
        return node

    def _compiled(self, node: BodyNode) -> Node:
        if isinstance(node, Template):
            return self._templates.compile(node, keep_type=True)
        if isinstance(node, Mapping):
            return {key: self._compiled(entry) for key, entry in node.items()}
        if isinstance(node, tuple):
            return [self._compiled(entry) for entry in node]
        return node


def _mentions(node: BodyNode, name: str) -> bool:
    """Whether a template may use this name, or a file that it reads."""
    if isinstance(node, Template):
        return any(word in node.source for word in (name, *_READS_FILES))
    if isinstance(node, Mapping):
        return any(_mentions(entry, name) for entry in node.values())
    return isinstance(node, tuple) and any(_mentions(entry, name) for entry in node)


def _about(row: Row, finding: Diagnostic) -> Diagnostic:
    return Diagnostic(finding.code, finding.message, finding.span, finding.label, finding.source,
                      (*finding.notes, f"while writing the record of {row}"))
