"""The schema of answers: what is one, what is not, and that nothing is fetched for it."""

from __future__ import annotations

from typing import Any

import pytest

from batchctl.desired.answer_schema import AnswerSchema, SchemaRefused, schema_digest, schema_errors


@pytest.mark.parametrize("schema", [
    {}, {"type": "object"}, {"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}},
    {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {}},
     "items": {"$ref": "#/definitions/a"}},
    {"type": "object", "properties": {"type": {"type": "string"}}},
], ids=range(5))
def test_a_json_schema_of_any_draft_is_taken(schema: dict[str, Any]) -> None:
    assert schema_errors(schema) == []


@pytest.mark.parametrize(("schema", "paths"), [
    ({"type": "objct", "required": "a"}, [("type",), ("required",)]),
    ({"properties": {"a": {"type": "strin"}}}, [("properties", "a", "type")]),
    ({"properties": {"a": {"pattern": "("}}}, [("properties", "a", "pattern")]),
    ({"$ref": "#/$defs/a"}, [()]),
    ({"$schema": "urn:nobody"}, [()]),
], ids=range(5))
def test_what_is_no_schema_is_told_with_its_place(schema: dict[str, Any], paths: list[Any]) -> None:
    assert [refused.path for refused in schema_errors(schema)] == paths


def test_nothing_is_fetched_for_a_reference() -> None:
    with pytest.raises(SchemaRefused, match=r"127\.0\.0\.1:9/x.*nothing is fetched"):
        AnswerSchema({"$ref": "http://127.0.0.1:9/x"})
    with pytest.raises(SchemaRefused, match="nothing is fetched"):
        AnswerSchema({"$ref": "file:///etc/passwd"})


def test_the_digest_is_that_of_the_schema_and_not_of_how_it_is_written() -> None:
    assert schema_digest({"a": 1, "b": 2}) == schema_digest({"b": 2, "a": 1}) != schema_digest({"a": 1})
    assert schema_digest(None) == ""
    # Recorded in lockfiles: another digest would have every answer checked again.
    assert schema_digest({"type": "object"}) == (
        "sha256:d6b7d4750569aa7021be3d1bef81502ecdd05d0d44615de69e58988809790726")
