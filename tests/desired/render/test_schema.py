"""The schema of request bodies, and the rules that spare most lines its use."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from batchctl.desired.inputs.row import Row, RowError
from batchctl.desired.render import schema
from batchctl.desired.render.requests import RequestRenderer
from batchctl.desired.render.rules import rules_of
from batchctl.desired.render.values import kind_of
from batchctl.words.dialects import BodyKind
from tests.desired.jobs import chat, job, rows_input

DOCUMENT = json.loads((Path(__file__).parents[3] / "schemas" / "requests.v1.schema.json").read_bytes())

VALUES = (None, True, False, 0, 1, -1, 10**20, 0.5, -2.5, 1e9, "", "x", "user", "{{", "\x00", "image_url", "text")

GAPS: list[tuple[BodyKind, Any]] = [
    ("chat", chat("{{ a }}", "> {{ a }}", temperature="{{ a }}", seed="{{ a }}", stop="{{ a }}", user="{{ a }}")),
    ("chat", {"model": "{{ a }}", "messages": [{"role": "{{ a }}", "content": [{"type": "text", "text": "{{ a }}"}]}]}),
    ("chat", chat("x", metadata={"k": "{{ a }}"}, response_format={"type": "{{ a }}"}, unknown="{{ a }}", n="{{ a }}")),
    ("chat", {"model": "m", "messages": [{"role": "user", "content": [{"type": "{{ a }}", "text": "{{ a }}"}]}]}),
    ("responses", {"model": "m", "input": "{{ a }}", "instructions": "{{ a }}", "max_output_tokens": "{{ a }}"}),
    ("embeddings", {"model": "m", "input": "{{ a }}", "dimensions": "{{ a }}", "encoding_format": "{{ a }}"}),
    ("embeddings", {"model": "m", "input": ["x", "{{ a }}"]}),
    ("completions", {"model": "m", "prompt": "{{ a }}", "echo": "{{ a }}", "suffix": "{{ a }}"}),
    ("audio", {"model": "m", "url": "{{ a }}", "temperature": "{{ a }}"}),
    ("images", {"prompt": "{{ a }}", "n": "{{ a }}", "size": "{{ a }}"}),
    ("moderations", {"input": "{{ a }}"}),
    ("other", {"anything": {"at": ["{{ a }}"]}}),
]


def test_the_schema_is_draft_7_and_has_every_kind_of_body() -> None:
    jsonschema.Draft7Validator.check_schema(DOCUMENT)
    assert set(get_args(BodyKind)) <= set(DOCUMENT["definitions"])


@pytest.mark.parametrize(("kind", "body"), GAPS)
def test_what_the_rules_let_through_the_whole_schema_accepts(tmp_path: Path, kind: BodyKind, body: Any) -> None:
    made = job(
        tmp_path, rows_input(), kind=kind if kind not in ("audio", "images", "moderations") else "other", body=body
    )
    from dataclasses import replace

    rules, findings = rules_of(replace(made, body_kind=kind))
    assert not findings
    for path, kinds in rules.items():
        for value in VALUES:
            if kind_of(value) in kinds:
                assert schema.complaint(kind, _with(body, path, value)) is None, (path, value)


def test_the_usual_gaps_need_no_look_at_any_row(tmp_path: Path) -> None:
    rules, _ = rules_of(job(tmp_path, rows_input(), body=chat("> {{ row.a }}", user="{{ row.b }}", seed="{{ row.c }}")))
    assert rules["messages", 0, "content"] >= {"text", "empty"}
    assert rules["user",] == {"text", "empty"}
    assert rules["seed",] >= {"integer", "null"}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("chat", {**chat("x"), "brand_new": [1], "top_k": 5, "temperature": None, "stop": None}),
        (
            "chat",
            chat("x", tools=[{"type": "function", "function": {"name": "f", "parameters": {}}}], tool_choice="auto"),
        ),
        ("chat", {"model": "m", "messages": [{"role": "assistant", "content": None, "tool_calls": []}]}),
        (
            "chat",
            {
                "model": "m",
                "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "u"}}]}],
            },
        ),
        (
            "responses",
            {"model": "m", "input": [{"role": "user", "content": "x"}], "text": {"format": {"type": "text"}}},
        ),
        ("responses", {"model": "m", "prompt": {"id": "p"}}),
        ("embeddings", {"model": "m", "input": [[1, 2], [3]]}),
        ("embeddings", {"model": "m", "input": [1, 2]}),
        ("audio", {"model": "whisper", "url": "https://e.test/a.mp3", "language": "en"}),
        ("images", {"model": "m", "prompt": "a cat", "n": 1, "size": "1024x1024"}),
        ("moderations", {"input": ["a", "b"]}),
        ("other", {"prompt": 1}),
    ],
)
def test_bodies_of_the_api_reference_and_keys_of_providers_are_accepted(kind: BodyKind, body: Any) -> None:
    assert schema.complaint(kind, body) is None


PARTS = "messages[0].content[0]: "


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("chat", {"content": [{"type": "text"}]}, PARTS + "'text' is a required property"),
        ("chat", {"content": [{"type": "image_url"}]}, PARTS + "'image_url' is a required property"),
        ("chat", {"content": [{"type": "image_url", "image_url": {}}]}, "'url' is a required property"),
        ("chat", {"content": [{"type": "input_audio"}]}, PARTS + "'input_audio' is a required property"),
        ("chat", {"content": [{"text": "x"}]}, PARTS + "'type' is a required property"),
        ("chat", {"content": []}, "messages[0].content: [] "),
        ("chat", {"content": None}, "messages[0].content: None is not of type 'string', 'array'"),
        ("chat", {}, "messages[0]: 'content' is a required property"),
        ("responses", {"content": [{"type": "input_text"}]}, "input[0].content[0]: 'text' is a required property"),
        ("responses", {"content": None}, "input[0].content: None is not of type 'string', 'array'"),
    ],
)
def test_a_message_without_what_its_role_and_its_parts_need_is_refused(kind: BodyKind, body: Any, words: str) -> None:
    messages = [{"role": "user", **body}]
    found = schema.complaint(kind, {"model": "m", ("input" if kind == "responses" else "messages"): messages})
    assert found is not None
    assert words in found


def test_a_part_whose_type_comes_from_the_row_is_checked_row_by_row(tmp_path: Path) -> None:
    part = {"type": "{{ row.kind }}", "text": "{{ row.text }}"}
    made = job(tmp_path, rows_input(), body={"model": "m", "messages": [{"role": "user", "content": [part]}]})
    renderer = RequestRenderer(made)
    renderer.render(Row(0, "a.csv", 2, {"kind": "text", "text": "x"}, 0, 1, 1))
    with pytest.raises(RowError, match="'image_url' is a required property"):
        renderer.render(Row(0, "a.csv", 2, {"kind": "image_url", "text": "x"}, 0, 1, 1))


def _with(node: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """The body with a value at a path, and other gaps filled with what is valid anywhere."""
    if not path:
        return value
    copy = dict(node) if isinstance(node, dict) else list(node)
    for key in list(copy) if isinstance(copy, dict) else range(len(copy)):
        if key != path[0]:
            copy[key] = _unknown(copy[key])  # type: ignore[index, call-overload]
    copy[path[0]] = _with(node[path[0]], path[1:], value)  # type: ignore[index, call-overload]
    return copy


def _unknown(node: Any) -> Any:
    if isinstance(node, str):
        return schema.UNKNOWN if "{" in node else node
    if isinstance(node, dict):
        return {key: _unknown(inner) for key, inner in node.items()}
    return [_unknown(inner) for inner in node] if isinstance(node, (list, tuple)) else node


def test_four_hundred_templates_are_probed_in_no_time(tmp_path: Path) -> None:
    messages = [{"role": "user", "content": [{"type": "text", "text": f"{{{{ row.a{n} }}}}"}]} for n in range(400)]
    made = job(tmp_path, rows_input(), body={"model": "m", "messages": messages})
    start = time.process_time()
    rules, findings = rules_of(made)
    assert time.process_time() - start < 3
    assert not findings
    assert len(rules) == 400
    assert set(rules.values()) == {frozenset(("text", "empty"))}
