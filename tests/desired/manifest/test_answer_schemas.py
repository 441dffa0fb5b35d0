"""The schema of the answers: in place or in a file, checked where it is written; strict mode's demands are warnings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from batchctl.desired.inputs.row import Row
from batchctl.desired.job import Job
from batchctl.desired.manifest import load
from batchctl.desired.render.requests import RequestRenderer
from batchctl.words.diagnostics import Diagnostic

from .manifests import load_mistakes

SCHEMA: dict[str, Any] = {
    "type": "object", "additionalProperties": False, "required": ["b", "a"],
    "properties": {"b": {"type": "string", "description": "{{ not a template }}\n"}, "a": {"type": ["null", "number"]}},
}
PLAIN: dict[str, Any] = {**SCHEMA, "properties": {"b": {"type": "string"}, "a": {"type": "number"}}}

CHAT = """\
version: 1
name: demo
model: small
inputs: [{rows: [{t: x}]}]
prompt: {user: "{{ row.t }}"}
body:
  response_format:
    type: json_schema
    json_schema: {name: n, strict: true, schema: SCHEMA}
"""
RESPONSES = """\
version: 1
name: demo
model: small
endpoint: /v1/responses
inputs: [{rows: [{t: x}]}]
prompt: {user: "{{ row.t }}"}
body:
  text: {format: {type: json_schema, name: n, strict: true, schema: SCHEMA}}
"""
each_endpoint = pytest.mark.parametrize("manifest", [CHAT, RESPONSES], ids=["chat", "responses"])


def written(folder: Path, manifest: str, schema: Any) -> Path:
    text = schema if isinstance(schema, str) else json.dumps(schema)
    (folder / "job.yaml").write_text(manifest.replace("SCHEMA", text))
    return folder / "job.yaml"


def the_job(path: Path) -> tuple[Job, tuple[Diagnostic, ...]]:
    loaded = load([path])
    (job,) = loaded.jobs
    return job, loaded.warnings


def line(job: Job) -> bytes:
    return RequestRenderer(job).render(Row(0, "rows", 1, {"t": "x"}, 0, 1, 0)).line


@each_endpoint
def test_a_schema_in_place_is_what_answers_must_match(tmp_path: Path, manifest: str) -> None:
    job, warnings = the_job(written(tmp_path, manifest, PLAIN))
    assert job.answer_schema == PLAIN
    assert warnings == ()


@each_endpoint
@pytest.mark.parametrize("name", ["s.json", "s.yaml", "below/s.json"])
def test_g7_a_file_counts_as_if_it_stood_in_place(tmp_path: Path, manifest: str, name: str) -> None:
    (tmp_path / "below").mkdir()
    inline, _ = the_job(written(tmp_path, manifest, PLAIN))
    # JSON is YAML as well; tabs are JSON's alone.
    (tmp_path / name).write_text(json.dumps(PLAIN, indent="\t" if name.endswith("json") else 2))
    job, warnings = the_job(written(tmp_path, manifest, f"{{file: {name}}}"))
    assert job.answer_schema == PLAIN
    assert line(job) == line(inline)
    assert warnings == ()


@pytest.mark.parametrize(("manifest", "content"), [
    (CHAT.partition("body:")[0] + "body: {response_format: {file: s.json}}\n",
     {"type": "json_schema", "json_schema": {"name": "n", "strict": True, "schema": PLAIN}}),
    (CHAT.replace("{name: n, strict: true, schema: SCHEMA}", "{file: s.json}"),
     {"name": "n", "strict": True, "schema": PLAIN}),
    (RESPONSES.partition("body:")[0] + "body: {text: {format: {file: s.json}}}\n",
     {"type": "json_schema", "name": "n", "strict": True, "schema": PLAIN}),
], ids=["format", "json_schema", "text-format"])
def test_a_whole_format_may_stand_in_a_file(tmp_path: Path, manifest: str, content: Any) -> None:
    (tmp_path / "s.json").write_text(json.dumps(content))
    job, _ = the_job(written(tmp_path, manifest, ""))
    assert job.answer_schema == PLAIN
    inline, _ = the_job(written(tmp_path, CHAT if "response_format" in manifest else RESPONSES, PLAIN))
    assert line(job) == line(inline)


def test_nothing_in_a_schema_file_is_a_template(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps(SCHEMA))
    job, _ = the_job(written(tmp_path, CHAT, "{file: s.json}"))
    body = json.loads(line(job))["body"]
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert job.answer_schema == SCHEMA


def test_a_json_file_means_what_json_says(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"\U0001f600": {"const": 10**30}, "k" * 2000: {"const": 1e3}}}
    (tmp_path / "s.json").write_text(json.dumps(schema))  # with escapes in pairs, which YAML reads otherwise
    job, _ = the_job(written(tmp_path, CHAT, "{file: s.json}"))
    assert job.answer_schema == schema


def test_a_template_in_what_only_people_read_leaves_the_check_as_it_is(tmp_path: Path) -> None:
    schema = '{type: object, description: "about {{ row.t }}", properties: {a: {type: number}}}'
    job, warnings = the_job(written(tmp_path, CHAT.replace("strict: true", "strict: false"), schema))
    assert job.answer_schema is not None
    assert warnings == ()
    assert b"about x" in line(job)


@pytest.mark.parametrize("schema", [
    '{type: object, properties: {a: {enum: "{{ vars.labels }}"}}}', '"{{ vars.schema }}"',
    '{properties: {description: "{{ vars.a }}"}}'], ids=range(3))
def test_a_schema_that_templates_make_is_sent_and_not_checked_which_is_said(tmp_path: Path, schema: str) -> None:
    manifest = CHAT.replace("strict: true", "strict: false") + "vars: {labels: [a, b], schema: {}, a: {}}\n"
    job, (warning,) = the_job(written(tmp_path, manifest, schema))
    assert job.answer_schema is None
    assert warning.code == "unchecked-answers"
    assert warning.span is not None
    assert warning.span.line == 9
    line(job)


@pytest.mark.parametrize("body", [
    "{response_format: {type: json_object}}", "{response_format: {type: json_schema, json_schema: {name: n}}}",
    '{response_format: "{{ vars.f }}"}', "{temperature: 0}", "{text: {format: {type: json_schema, schema: {type: x}}}}",
], ids=range(5))
def test_without_a_declared_schema_nothing_is_checked(tmp_path: Path, body: str) -> None:
    manifest = CHAT.partition("body:")[0] + f"body: {body}\nvars: {{f: {{type: text}}}}\n"
    job, warnings = the_job(written(tmp_path, manifest, ""))
    assert job.answer_schema is None
    assert warnings == ()


@pytest.mark.parametrize(("content", "code", "places"), [
    ('{\n "type": "objct",\n "properties": {"a": {"type": "strng"}}\n}', "invalid-schema", [(2, 10), (3, 31)]),
    ('{\n\t"type": "object",\n\t"required": "a"\n}', "invalid-schema", [(3, 14)]),
    ('{\n "properties": {\n  "a": {"$ref": "#/$defs/b"}\n }\n}', "invalid-schema", [(3, 17)]),
    ('{\n "properties": {\n  "a": {"pattern": "("}\n }\n}', "invalid-schema", [(3, 20)]),
    ('{\n "type": "object",\n}', "schema-file", [(3, 1)]),
    ('["a"]', "schema-file", [(1, 1)]),
    ("", "schema-file", [(1, 1)]),
    ('{"not":' * 900 + "{}" + "}" * 900, "too-deep", [(1, 1)]),
    ("[" * 100_000, "schema-file", [(1, 1)]),
], ids=range(9))
def test_a_mistake_in_a_file_is_shown_in_that_file(tmp_path: Path, content: str, code: str, places: Any) -> None:
    (tmp_path / "s.json").write_text(content)
    found = load_mistakes(written(tmp_path, CHAT, "{file: s.json}"))
    assert {finding.code for finding in found} == {code}
    spans = [finding.span for finding in found if finding.span is not None]
    assert sorted((span.line, span.column) for span in spans) == places
    assert {span.file for span in spans} == {str(tmp_path / "s.json")}


def test_a_mistake_in_place_is_shown_there(tmp_path: Path) -> None:
    (found,) = load_mistakes(written(tmp_path, CHAT, "{type: object, properties: {a: {type: strng}}}"))
    assert found.span is not None
    assert (found.code, found.span.line) == ("invalid-schema", 9)
    assert (found.span.text or "")[found.span.column - 1 :].startswith("strng")


@pytest.mark.parametrize(("schema", "code"), [
    ("{file: missing.json}", "schema-file"), ("{file: ../outside.json}", "path-refused"), ("{file: 5}", "wrong-type"),
    ('{file: "{{ row.t }}.json"}', "not-a-template"), ("5", "invalid-request"), ("{file: tab.yaml}", "tab-indentation"),
], ids=range(6))
def test_what_is_no_schema_at_all_is_an_error(tmp_path: Path, schema: str, code: str) -> None:
    (tmp_path / "tab.yaml").write_text("type: object\nproperties:\n\ta: {}\n")
    assert [finding.code for finding in load_mistakes(written(tmp_path, CHAT, schema))] == [code]


@each_endpoint
def test_what_strict_mode_refuses_is_a_warning_with_its_line(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "s.yaml").write_text("""\
type: object
additionalProperties: false
required: [a]
properties:
  a: {type: object, properties: {}}
  b:
    anyOf:
      - type: object
        additionalProperties: true
      - {not: {type: string}}
      - enum: [a]
""")
    path = written(tmp_path, manifest, "{file: s.yaml}")
    _, warnings = the_job(path)
    assert {warning.code for warning in warnings} == {"strict-schema"}
    words = ["b", "false", "false", "not", "a type"]
    assert [(warning.span.line, word) for warning, word in zip(warnings, words, strict=True)
            if warning.span is not None and word in warning.message] == list(zip([3, 5, 9, 10, 11], words, strict=True))
    path.write_text(path.read_text().replace("strict: true", "strict: false"))
    assert the_job(path)[1] == ()


@pytest.mark.parametrize("schema", ["{type: array, items: {type: string}}", "{anyOf: [{type: integer}]}"], ids=range(2))
def test_strict_mode_wants_an_object_at_the_top(tmp_path: Path, schema: str) -> None:
    _, (warning,) = the_job(written(tmp_path, CHAT, schema))
    assert "object at the top" in warning.message


def test_a_list_of_types_is_none_for_cerebras(tmp_path: Path) -> None:
    schema = "{type: object, additionalProperties: false, required: [a], properties: {a: {type: [string, 'null']}}}"
    assert the_job(written(tmp_path, CHAT, schema))[1] == ()
    _, (warning,) = the_job(written(tmp_path, CHAT + "provider: cerebras\n", schema))
    assert "list of types" in warning.message


def test_no_sink_takes_the_place_of_a_schema(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps(PLAIN))
    (found,) = load_mistakes(written(tmp_path, CHAT + "sinks: [{path: s.json, format: jsonl}]\n", "{file: s.json}"))
    assert found.code == "sink-conflict"
    assert "a schema file" in found.message
