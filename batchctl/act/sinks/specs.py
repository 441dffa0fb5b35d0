"""What decides what a sink's bytes are, for the planner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchctl.decide.wanted import SinkWish
from batchctl.desired.job import BodyNode, Job, Sink, Template
from batchctl.desired.render.shared import shared_names
from batchctl.words.digest import canonical_json, text_digest

#: Changes when the same sink, rows and answers come to give other bytes.
_FORMAT_VERSION = 1


def wishes(job: Job, sinks: tuple[Sink, ...]) -> tuple[SinkWish, ...]:
    """What the planner needs to know of them."""
    implied = len(job.sinks)
    return tuple(
        SinkWish(path=sink.path, shape=_shape(job, sink), partial=sink.partial, only_when_failed=number >= implied)
        for number, sink in enumerate(sinks))


def _shape(job: Job, sink: Sink) -> str:
    """The digest of all in the manifest that decides what a sink's bytes are."""
    fields = None if sink.fields is None else [[name, _plain(node)] for name, node in sink.fields]
    shape = [_FORMAT_VERSION, sink.format, fields, sink.records, sink.formula_safe, shared_names(job)]
    return text_digest(canonical_json(shape))


def _plain(node: BodyNode) -> Any:
    if isinstance(node, Template):
        return {"template": node.source}
    if isinstance(node, tuple):
        return [_plain(entry) for entry in node]
    if isinstance(node, Mapping):
        return {key: _plain(entry) for key, entry in node.items()}
    return node
