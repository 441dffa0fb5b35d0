"""The JSON Schema that a job's answers must match: compiled once, and asked about each answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchctl.words.digest import canonical_json, text_digest

_DRAFT = "https://json-schema.org/draft/2020-12/schema"

#: Characters of a complaint: it may quote the answer.
_SHOWN = 300


class SchemaRefused(ValueError):
    """Something that is no JSON Schema. `path` leads to the part that is wrong."""

    def __init__(self, message: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


class AnswerSchema:
    """Quick, and safe with hostile answers: no pattern makes it hang, no depth ends it, no reference is fetched.

    Formats are not checked, as JSON Schema leaves them. Raises SchemaRefused for the first thing that is wrong.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        import jsonschema_rs  # jobs without a schema need not load it

        try:
            self._validator = jsonschema_rs.validator_for(dict(schema), retriever=_nothing_is_fetched)
        except jsonschema_rs.ValidationError as error:
            raise SchemaRefused(error.message.rpartition("ValueError: ")[2], tuple(error.instance_path)) from None
        except (jsonschema_rs.ReferencingError, ValueError) as error:
            raise SchemaRefused(str(error)) from None

    def complaint(self, value: Any) -> str | None:
        """What is wrong with an answer, in a sentence that names the place; None when it matches."""
        try:
            if self._validator.is_valid(value):
                return None
            errors = sorted((list(map(str, error.instance_path)), error.message)
                            for error in self._validator.iter_errors(value))
        except ValueError as error:  # half of a surrogate pair
            return f"it cannot be checked: {error}"[:_SHOWN]
        path, message = errors[0]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        return (f"{'.'.join(path)}: " if path else "") + message[:_SHOWN] + more


def schema_errors(schema: Mapping[str, Any]) -> list[SchemaRefused]:
    """All that keeps it from being a JSON Schema."""
    try:
        AnswerSchema(schema)
    except SchemaRefused as refused:
        return _by_its_own_schema(schema) or [refused]
    return []


def _by_its_own_schema(schema: Mapping[str, Any]) -> list[SchemaRefused]:
    """What the schema of schemas says of it, which is nothing about references and patterns."""
    import jsonschema_rs

    try:
        own = jsonschema_rs.validator_for({"$ref": schema.get("$schema", _DRAFT)}, retriever=_nothing_is_fetched)
        return [SchemaRefused(_in_words(error), tuple(error.instance_path)) for error in own.iter_errors(dict(schema))]
    except (jsonschema_rs.ReferencingError, ValueError):  # of a draft that nobody knows
        return []


def _in_words(error: Any) -> str:
    path = list(error.instance_path)
    if path[-1:] == ["type"] and path[-2:-1] not in (["properties"], ["$defs"], ["definitions"]):
        return "a type is one of array, boolean, integer, null, number, object, string, or a list of these"
    return str(error.message)


def schema_digest(schema: Mapping[str, Any] | None) -> str:
    """What the lockfile records of the schema that answers were checked against; "" where there is none."""
    return "" if schema is None else text_digest(b"answer schema 1", canonical_json(schema))


def _nothing_is_fetched(uri: str) -> Any:
    raise ValueError(f"{uri} is not part of the schema, and nothing is fetched")
