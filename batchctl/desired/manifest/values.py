"""Free data of a manifest: values as JSON has them, and strings that may be templates."""

from __future__ import annotations

from typing import Any

from batchctl.desired.job import BodyNode, Template
from batchctl.desired.manifest.findings import Findings
from batchctl.desired.manifest.scalars import trap
from batchctl.desired.manifest.source import Source
from batchctl.desired.manifest.tree import Mapping, Node, Scalar, Sequence, plain, scalars
from batchctl.words.diagnostics import Span

_MARKERS = ("{{", "{%", "{#")


def is_dynamic(text: str) -> bool:
    """Whether a text holds anything that a template engine would act on."""
    return any(marker in text for marker in _MARKERS)


def data(node: Node, findings: Findings) -> Any:
    """The value as JSON types; plain scalars that would surprise somebody are reported."""
    report_traps(node, findings)
    return plain(node)


def report_traps(node: Node, findings: Findings) -> None:
    """Reports plain scalars that YAML 1.1 and 1.2 read differently, where no schema says what is wanted."""
    for scalar in scalars(node):
        if scalar.style or scalar.broken or not isinstance(scalar.value, str):
            continue
        advice = trap(scalar.text)
        if advice:
            findings.error("ambiguous-scalar", scalar, f'"{scalar.text}" can be read in two ways', advice)


def body_value(node: Node, findings: Findings) -> BodyNode:
    """The value as a part of a request body: every string that a template engine would change is a Template."""
    report_traps(node, findings)
    return _body_value(node, findings.source)


def _body_value(node: Node, source: Source) -> BodyNode:
    if isinstance(node, Mapping):
        return {key: _body_value(value, source) for key, (_, value) in node.entries.items()}
    if isinstance(node, Sequence):
        return tuple(_body_value(item, source) for item in node.items)
    if not isinstance(node, Scalar):
        return None
    return text_value(node, source) if isinstance(node.value, str) else node.value


def text_value(node: Scalar, source: Source) -> str | Template:
    """A string as it is, or a Template where Jinja makes something else of it: it also drops one line break at the
    end, with or without braces in the text."""
    if is_dynamic(node.text) or node.text.endswith("\n") or "\r" in node.text:
        return template(node, source)
    return node.text


def template(node: Scalar, source: Source) -> Template:
    """The scalar as a template that knows its first line."""
    if node.style in ("|", ">") and node.text.strip("\n"):
        return _block(node, source)
    start, end = node.start, node.end
    if node.style in ("'", '"') and source.text[start : start + 1] == node.style:
        start, end = start + 1, end - 1
    return Template(node.text, source.span(start, end))


def _block(node: Scalar, source: Source) -> Template:
    """Line n of a literal block scalar is the n-th line after its indicator; a folded one has no such lines."""
    first = source.line_of(node.start) + 1
    blank = len(node.text) - len(node.text.lstrip("\n"))
    content = node.text[blank:].split("\n", 1)[0]
    written = source.line_text(first + blank)
    column = _indent(written) - _indent(content) + 1
    literal = node.style == "|"
    length = len(content) if literal else len(written.rstrip()) - column + 1
    line = first if literal else first + blank
    span = Span(source.name, line, max(column, 1), max(length, 1), source.shown_line(line))
    return Template(node.text, span, line_offsets=literal)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
