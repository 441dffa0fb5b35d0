"""A job with a schema on the local server, as a user runs it."""

from __future__ import annotations

import csv
import json

from tests.shell.conftest import Project

MANIFEST = """\
version: 1
name: invoices
model: echo-1
inputs:
  - path: rows.csv
    key: "{{ row.id }}"
prompt: {user: "{{ row.text }}"}
body:
  response_format:
    type: json_schema
    json_schema: {name: invoice, strict: true, schema: {file: invoice.json}}
sinks:
  - path: out/good.csv
    records: ok
    fields: {id: "{{ row.id }}", vendor: "{{ json.vendor }}", total: "{{ json.total }}"}
  - path: out/bad.jsonl
    records: failed
    fields: {id: "{{ row.id }}", why: "{{ error.message }}", code: "{{ error.code }}", text: "{{ text }}",
             tokens: "{{ usage.total_tokens }}", vendor: "{{ json.vendor | upper }}"}
"""
SCHEMA = {"type": "object", "additionalProperties": False, "required": ["vendor", "total"],
          "properties": {"vendor": {"type": "string"}, "total": {"type": "number", "minimum": 1}}}
ROWS = "id,text\na,Acme\nb,nothing [[echo:plain]]\n"


def invoices(project: Project, more: str = "") -> None:
    project.write("job.yaml", MANIFEST + more)
    project.write("rows.csv", ROWS)
    project.write("invoice.json", json.dumps(SCHEMA))


def test_answers_that_match_are_read_by_sinks_and_others_go_to_the_failed_with_the_text(project: Project) -> None:
    invoices(project)
    ended = project.program("apply", "--auto-approve")
    assert ended.code == 3, ended.err
    assert list(csv.DictReader((project.folder / "out/good.csv").read_text().splitlines())) == [
        {"id": "a", "vendor": "echo: Acme", "total": "1"}]
    (bad,) = map(json.loads, (project.folder / "out/bad.jsonl").read_text().splitlines())
    assert (bad["id"], bad["code"], bad["text"]) == ("b", "invalid_output", "echo: nothing [[echo:plain]]")
    assert "not JSON" in bad["why"]
    assert bad["tokens"] > 0
    assert bad["vendor"] is None
    assert "No changes" in project.program("plan", "--detailed-exitcode").out
    status = json.loads(project.program("status", "--format", "json").out)
    assert status["jobs"][0]["tally"] | {"ok": 1, "failed": 1} == status["jobs"][0]["tally"]
    assert project.program("lock", "verify").code == 0


def test_what_is_invalid_is_asked_again_as_often_as_the_manifest_says(project: Project) -> None:
    invoices(project, "retry: {max_attempts: 2, reasons: [invalid_output]}\n")
    ended = project.program("apply", "--auto-approve")
    assert ended.code == 3, ended.err
    assert [batch["requests"] for batch in _batches(project)] == [2, 1]


def test_another_schema_is_another_question(project: Project) -> None:
    invoices(project)
    project.program("apply", "--auto-approve")
    project.write("invoice.json", json.dumps({**SCHEMA, "title": "Invoice"}))
    assert "create  2 requests" in project.program("plan").out


def test_an_invalid_answer_is_named_so_and_not_called_unanswered(project: Project) -> None:
    invoices(project)
    ended = project.program("apply", "--auto-approve")
    assert ": 1 of 2 ok, completed\n" in ended.err
    assert "write 1 record to out/good.csv\n" in ended.err
    assert "not ok    1 row: invalid output; `batchctl results` shows why\n" in ended.out
    assert "answered" not in ended.err + ended.out


def test_what_strict_mode_does_not_take_is_told_before_anything_is_sent_and_not_again(project: Project) -> None:
    invoices(project)
    project.write("invoice.json", json.dumps({**SCHEMA, "required": ["vendor"]}))
    for command, told in (("validate", True), ("plan", True), ("render", False), ("status", False), ("wait", False),
                          ("results", False)):
        assert ("warning[strict-schema]" in project(command).err) is told, command
    assert "warning" not in project.program("apply", "--auto-approve").err
    assert "warning" not in project("report", "-o", "report.html").err


def test_a_schema_that_is_none_is_shown_before_anything_is_sent(project: Project) -> None:
    invoices(project)
    project.write("invoice.json", '{\n "type": "objct"\n}')
    ended = project.program("plan")
    assert ended.code == 1
    assert "invoice.json:2:10" in ended.err
    assert not (project.folder / ".batchctl").exists()


def _batches(project: Project) -> list[dict[str, int]]:
    lockfile = json.loads((project.folder / "job.lock.json").read_text())
    batches: list[dict[str, int]] = lockfile["jobs"]["invoices"]["batches"]
    return batches
