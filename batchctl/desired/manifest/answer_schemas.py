"""The JSON Schema of the answers, where a body declares one: read from a file or in place, and checked.

Chat has it at `response_format.json_schema.schema`, responses at `text.format.schema` (OpenAI's API reference; Groq and
Cerebras take the former). A part on the way there may be `{file: PATH}`, which stands for the file's content.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Any

from batchctl.desired.job import BodyNode, Template
from batchctl.desired.manifest.context import Context, section, text
from batchctl.desired.manifest.schema_files import read_schema_file
from batchctl.desired.manifest.source import Source
from batchctl.desired.manifest.strict_schema import pitfalls
from batchctl.desired.manifest.tree import Mapping, Node, Scalar, below
from batchctl.words.diagnostics import Span
from batchctl.words.dialects import BodyKind, Dialect

#: By kind of body, the way to the answers' format, and from there to what holds the schema.
_FORMATS: dict[BodyKind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "chat": (("response_format",), ("json_schema",)), "responses": (("text", "format"), ()),
}  # fmt: skip
#: What a schema says to people and models alone.
_ANNOTATIONS = frozenset({"title", "description", "examples", "default", "$comment"})
#: Keywords that hold schemas by names of the author's.
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the body: its value, and where it was written, in the manifest or in a file (None: unknown)."""

    value: BodyNode
    node: Node | None
    source: Source

    def span(self, path: tuple[str | int, ...], otherwise: Span) -> Span:
        if self.node is None:
            return otherwise
        found = below(self.node, path)
        return self.source.span(found.start, found.end)


def resolved(document: Mapping, body: Map[str, BodyNode], kind: BodyKind | None, dialect: Dialect | None,
             context: Context) -> tuple[dict[str, BodyNode], dict[str, Any] | None]:
    """The body with the content of its schema files, and the schema that answers are checked against, or None."""
    written = section(document, "body")
    if written is None or kind not in _FORMATS:
        return dict(body), None
    to_format, to_holder = _FORMATS[kind]
    before = context.findings.errors
    part = _Part(dict(body), written, context.source)
    value, parts = _followed(part, (*to_format, *to_holder, "schema"), context)
    assert isinstance(value, dict)
    if context.findings.errors > before or len(parts) <= len(to_format) + len(to_holder) + 1:
        return value, None
    chosen, holder, schema = parts[len(to_format)], parts[-2], parts[-1]
    if not isinstance(chosen.value, Map) or chosen.value.get("type") != "json_schema":
        return value, None
    assert isinstance(holder.value, Map)
    checked = _checked(schema, written, context)
    if checked is not None and holder.value.get("strict") is True:
        here = context.source.span(written.start, written.end)
        for pitfall in pitfalls(checked, dialect.name if dialect else ""):
            context.findings.warning("strict-schema", schema.span(pitfall.path, here), pitfall.message, pitfall.advice)
    return value, checked


def _followed(part: _Part, way: tuple[str, ...], context: Context) -> tuple[BodyNode, list[_Part]]:
    """The value of a part with the files on the way through it, and the parts on that way as far as it goes."""
    if not way or not isinstance(part.value, Map) or way[0] not in part.value:
        return part.value, [part]
    inner = part.node.get(way[0]) if isinstance(part.node, Mapping) else None
    inside = _from_file(_Part(part.value[way[0]], inner, part.source), context)
    value, parts = _followed(inside, way[1:], context)
    whole = {**part.value, way[0]: value}
    return whole, [_Part(whole, part.node, part.source), *parts]


def _from_file(part: _Part, context: Context) -> _Part:
    """What a part that is `{file: PATH}` of the manifest stands for."""
    if not isinstance(part.node, Mapping) or part.source is not context.source or part.node.entries.keys() != {"file"}:
        return part
    written = text(part.node, "file")
    if written is None:
        context.findings.error("wrong-type", part.node.get("file"), "file must be a text", "write the schema's path")
        return part
    found = read_schema_file(written, context)
    return part if found is None else _Part(*found)


def _checked(schema: _Part, written: Mapping, context: Context) -> dict[str, Any] | None:
    """The schema without what templates make of it; reports what is wrong with it."""
    here = context.source.span(written.start, written.end)
    for path, template in _templates(schema.value, ()):
        if path[-1:] and path[-1] in _ANNOTATIONS and path[-2:-1] not in [(name,) for name in _NAMED]:
            continue
        context.findings.warning("unchecked-answers", template.origin,
                                 "the answers are not checked, as a template makes their schema",
                                 "write the schema without templates to have them checked")
        return None
    plain = _plain(schema.value)
    if not isinstance(plain, dict):
        return None  # the body's own schema says so
    from batchctl.desired.answer_schema import schema_errors

    wrong = schema_errors(plain)
    for refused in wrong:
        at = schema.span(_reference(schema.node, str(refused)) or refused.path, here)
        context.findings.error("invalid-schema", at, f"the answers' schema is no JSON Schema: {refused}",
                               "answers could not be checked against it")
    return None if wrong else plain


def _reference(node: Node | None, message: str) -> tuple[str | int, ...]:
    """The way to the reference that a message is about, as the compiler does not tell it."""
    for path, scalar in _references(node, ()):
        if (target := scalar.text.lstrip("#")) and target in message:
            return path
    return ()


def _references(node: Node | None, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Scalar]]:
    if isinstance(node, Mapping):
        for key, (_, value) in node.entries.items():
            if key == "$ref" and isinstance(value, Scalar):
                yield (*path, key), value
            yield from _references(value, (*path, key))
    for at, item in enumerate(getattr(node, "items", ()) if not isinstance(node, Mapping) else ()):
        yield from _references(item, (*path, at))


def _templates(value: BodyNode, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Template]]:
    if isinstance(value, Template):
        yield path, value
    elif isinstance(value, Map):
        for key, inner in value.items():
            yield from _templates(inner, (*path, key))
    elif isinstance(value, (tuple, list)):
        for at, inner in enumerate(value):
            yield from _templates(inner, (*path, at))


def _plain(value: BodyNode) -> Any:
    """As JSON. A template that is left says nothing that an answer is checked for."""
    if isinstance(value, Template):
        return value.source
    if isinstance(value, Map):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, (tuple, list)) else value
