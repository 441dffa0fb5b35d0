"""What strict mode does not take of a JSON Schema, though it is valid: a provider refuses every request for it.

Sources: OpenAI's guide to structured outputs, "Supported schemas", and its message "schema must have a 'type' key"
(openclaw/clawpatch#60); Groq's and Cerebras's pages on structured outputs, which share the rules on objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

#: Keywords that OpenAI lists as not supported.
_UNSUPPORTED = ("allOf", "not", "dependentRequired", "dependentSchemas", "if", "then", "else")
#: Keywords that say what a value is.
_TYPED = frozenset({"type", "$ref", "anyOf", "allOf", "oneOf", "not"})
#: Keywords whose value is a schema, a list of schemas, or schemas by name.
_ONE, _LIST, _NAMED = ("items", "not", "if", "then", "else"), ("anyOf", "allOf", "oneOf", "prefixItems"), (
    "properties", "$defs", "definitions")


@dataclass(frozen=True, slots=True)
class Pitfall:
    """Something that strict mode does not take, where it is in the schema, and what to write instead."""

    path: tuple[str | int, ...]
    message: str
    advice: str


def pitfalls(schema: dict[str, Any], dialect: str) -> Iterator[Pitfall]:
    """All of a valid schema that is sent to a provider of this dialect."""
    if "anyOf" in schema or ("$ref" not in schema and schema.get("type") != "object"):
        yield Pitfall((), "strict mode needs an object at the top of the schema",
                      'write "type: object", and put the rest under a property')
    for path, part in _parts(schema, ()):
        yield from _of(part, path)
        if path and not _TYPED.intersection(part):
            yield Pitfall(path, "strict mode needs a type in every part of the schema (OpenAI)",
                          "add type, beside enum and const too")
        if dialect == "cerebras" and isinstance(part.get("type"), list):
            yield Pitfall((*path, "type"), "Cerebras takes no list of types", "use anyOf")


def _parts(schema: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """The schema and all within it that are mappings, and where they are."""
    if not isinstance(schema, dict):
        return
    yield path, schema
    for keyword in _ONE:
        yield from _parts(schema.get(keyword), (*path, keyword))
    for keyword in _LIST:
        for at, inner in enumerate(schema.get(keyword, ())):
            yield from _parts(inner, (*path, keyword, at))
    for keyword in _NAMED:
        for name, inner in schema.get(keyword, {}).items():
            yield from _parts(inner, (*path, keyword, name))


def _of(schema: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[Pitfall]:
    if schema.get("type") == "object" or "properties" in schema:
        yield from _of_object(schema, path)
    for keyword in _UNSUPPORTED:
        if keyword in schema:
            yield Pitfall((*path, keyword), f'strict mode does not take "{keyword}" (OpenAI)',
                          "use anyOf, or set strict: false")


def _of_object(schema: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[Pitfall]:
    if schema.get("additionalProperties") is not False:
        yield Pitfall((*path, "additionalProperties") if "additionalProperties" in schema else path,
                      "strict mode needs additionalProperties: false in every object",
                      "add additionalProperties: false")
    required = schema.get("required", ())
    missing = [name for name in schema.get("properties", {}) if name not in required]
    if missing:
        names = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        yield Pitfall((*path, "required") if "required" in schema else path,
                      f"strict mode needs every property in required; not there: {names}",
                      "add them; what may be absent is a union with null")
