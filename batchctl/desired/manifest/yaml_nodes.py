"""Builds trees from YAML events without recursion, and refuses what JSON cannot say."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from batchctl.desired.manifest.findings import Findings
from batchctl.desired.manifest.scalars import resolve
from batchctl.desired.manifest.tree import Mapping, Node, Scalar, Sequence
from batchctl.desired.manifest.yaml_events import Refused, end_of, events, start_of, unquoted_template


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come; `key` waits for its value."""

    node: Mapping | Sequence
    key: Node | None = None


def documents(findings: Findings) -> list[Node]:
    """The documents of a source up to the first place that cannot be read; all mistakes go to `findings`."""
    found: list[Node] = []
    builder = _Builder(findings)
    try:
        for event in events(findings.source):
            if isinstance(event, yaml.DocumentEndEvent) and builder.root is not None:
                found.append(builder.root)
                builder.root = None
            elif isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
                builder.take(event)
    except Refused as refused:
        findings.error(refused.code, refused.place, refused.message, refused.label)
    return found


class _Builder:
    def __init__(self, findings: Findings) -> None:
        self.root: Node | None = None
        self._findings = findings
        self._open: list[_Open] = []

    def take(self, event: yaml.Event) -> None:
        """Adds one event to the tree; after the last of a document `root` is its value."""
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_tag(event)
            self._place(_scalar(event))
        elif isinstance(event, yaml.CollectionStartEvent):
            self._refuse_tag(event)
            start, end = start_of(event), end_of(event)
            mapping = isinstance(event, yaml.MappingStartEvent)
            self._open.append(_Open(Mapping(start, end, {}) if mapping else Sequence(start, end, [])))
        elif isinstance(event, yaml.CollectionEndEvent):
            closed = self._open.pop().node
            closed.end = end_of(event)
            self._place(closed)
        else:
            self._place(self._alias(event))

    def _place(self, node: Node) -> None:
        """Puts a complete value where it belongs."""
        if not self._open:
            self.root = node
            return
        top = self._open[-1]
        if isinstance(top.node, Sequence):
            top.node.items.append(node)
        elif top.key is None:
            top.key = node
        else:
            key, top.key = top.key, None
            self._enter(top.node, key, node)

    def _enter(self, mapping: Mapping, key: Node, value: Node) -> None:
        if not isinstance(key, Scalar):
            self._refuse_key(key)
            return
        if key.text == "<<" and not key.style:
            label = "write the keys out; merge keys are not part of YAML 1.2"
            self._findings.error("merge-key", key, "merge keys (<<) are not read", label)
            return
        if not isinstance(key.value, str):
            label = f'write "{key.text}" in quotes' if key.text else "write a key before the colon"
            self._findings.error("key-not-text", key, "a key must be a text", label)
        first = mapping.key(key.text)
        if first is not None:
            span = self._findings.source.span(first.start, first.end)
            where = f"first written at {span.file}:{span.line}:{span.column}"
            self._findings.error("duplicate-key", key, f'the key "{key.text}" is there twice', f"remove one; {where}")
            return
        mapping.entries[key.text] = (key, value)

    def _refuse_key(self, key: Node) -> None:
        if key.broken:
            return
        text = self._findings.source.text
        if text[key.start : key.start + 1] == "{" and text[key.start - 1 : key.start + 1] == "{{":
            refused = unquoted_template((key.start - 1, key.start + 1))
            self._findings.error(refused.code, refused.place, refused.message, refused.label)
            self._open[-1].node.broken = True
        else:
            self._findings.error("key-not-text", key, "a key must be a text", "use a plain text as the key")

    def _refuse_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.tag is not None:
            place = start_of(event), start_of(event) + 1
            label = 'remove it; a text that starts with "!" must stand in quotes'
            self._findings.error("yaml-tag", place, "tags are not read", label)

    def _alias(self, event: yaml.Event) -> Node:
        node = Node(start_of(event), end_of(event))
        node.broken = True
        if not self._is_merged():
            label = "write the value out, or put it under vars and use it in templates; a text with * needs quotes"
            self._findings.error("yaml-alias", node, "aliases are not read", label)
        return node

    def _is_merged(self) -> bool:
        key = self._open[-1].key if self._open else None
        return isinstance(key, Scalar) and key.text == "<<" and not key.style


def _scalar(event: yaml.ScalarEvent) -> Scalar:
    style = event.style or ""
    text = event.value
    value = text if style else resolve(text)
    return Scalar(start_of(event), end_of(event), text, style, value)
