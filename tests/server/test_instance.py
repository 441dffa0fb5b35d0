"""The echo of a line that asks for a schema is a value that the schema takes."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from batchctl.server.echo import echo_body
from batchctl.server.instance import instance
from batchctl.server.upstream import LineRequest

TREE: dict[str, Any] = {
    "type": "object", "required": ["value", "children"], "additionalProperties": False,
    "properties": {"value": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#"}}},
}
LIST: dict[str, Any] = {
    "$defs": {"node": {"type": "object", "required": ["next"], "properties": {
        "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}}}},
    "$ref": "#/$defs/node",
}


@pytest.mark.parametrize("schema", [
    {}, True, {"type": "string"}, {"type": "string", "minLength": 50, "maxLength": 60},
    {"type": "string", "maxLength": 2},
    {"type": "string", "format": "date"}, {"type": ["null", "integer"]}, {"type": "null"}, {"type": "boolean"},
    {"type": "integer", "minimum": 3}, {"type": "integer", "exclusiveMinimum": 3, "multipleOf": 5},
    {"type": "number", "exclusiveMaximum": 0}, {"type": "integer", "maximum": -4}, {"enum": ["a", 1]}, {"const": None},
    {"type": "number", "minimum": 0.5, "maximum": 0.75},
    {"type": "array", "items": {"type": "integer"}, "minItems": 3}, {"type": "array", "maxItems": 0},
    {"type": "object", "required": ["x"]}, {"type": "object", "properties": {"a": {"enum": ["y"]}}, "required": ["a"]},
    {"anyOf": [{"type": "integer"}, {"type": "null"}]}, {"oneOf": [{"const": 1}, {"const": 2}]},
    {"allOf": [{"type": "object", "required": ["a"]}, {"properties": {"a": {"type": "boolean"}}}]}, TREE, LIST,
], ids=range(25))
def test_the_value_matches(schema: Any) -> None:
    made = instance(schema, "echo: what was asked")
    assert jsonschema_rs.is_valid(schema, made), made
    assert made == instance(schema, "echo: what was asked")


def test_a_list_has_an_item_so_that_templates_have_something_to_show() -> None:
    assert instance({"type": "array", "items": {"type": "string"}}, "x") == ["x"]


@pytest.mark.parametrize("schema", [None, 5, {"$ref": "#/nowhere"}, {"anyOf": []}, {"type": "array", "minItems": 10**9},
                                    {"enum": []}, {"properties": [], "required": "a", "type": "object"},
                                    {"type": "integer", "minimum": "x", "multipleOf": 0}], ids=range(8))
def test_what_is_no_schema_is_answered_with_something_small(schema: Any) -> None:
    assert len(json.dumps(instance(schema, "x"))) < 10_000


def ask(url: str, body: dict[str, Any]) -> dict[str, Any]:
    return echo_body(LineRequest("id", url, body), body.get("input", "hello"))


def test_chat_and_responses_answer_in_their_own_form() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    chat = ask("/v1/chat/completions", {"response_format": {
        "type": "json_schema", "json_schema": {"name": "n", "schema": schema}}})
    assert json.loads(chat["choices"][0]["message"]["content"]) == {"a": "echo: hello"}
    response = ask("/v1/responses", {"input": "hello", "text": {"format": {
        "type": "json_schema", "name": "n", "schema": schema}}})
    assert json.loads(response["output"][0]["content"][0]["text"]) == {"a": "echo: hello"}


@pytest.mark.parametrize("body", [
    {"input": "hello [[echo:plain]]", "text": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
    {"text": {"format": {"type": "text"}}}, {"text": None}, {"text": {"format": "x"}},
    {"response_format": {"type": "json_schema", "json_schema": 5}}, {"response_format": "x"}], ids=range(6))
def test_everything_else_is_answered_with_the_plain_echo(body: dict[str, Any]) -> None:
    assert ask("/v1/responses", body)["output"][0]["content"][0]["text"].startswith("echo: hello")
