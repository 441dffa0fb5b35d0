"""What the commands promise, on a real project with the local server."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from tests.shell.conftest import MANIFEST, ROOT, Project


def valid(name: str, text: str) -> dict[str, object]:
    """The document, after a check against its published schema."""
    schema = json.loads((ROOT / "schemas" / f"{name}.v1.schema.json").read_text())
    Draft7Validator.check_schema(schema)
    document: dict[str, object] = json.loads(text)
    Draft7Validator(schema).validate(document)
    assert document["version"] == 1
    return document


def files(folder: Path) -> dict[str, bytes]:
    """Every file with its content, but for the local server's, which is about to end."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and "server" not in path.parts}


def test_G5_a_plan_of_a_new_project_writes_nothing_at_all(project: Project) -> None:
    before = files(project.folder)
    assert project("plan").code == 0
    assert project("status").code == 0
    assert files(project.folder) == before
    assert not (project.folder / ".batchctl").exists()


def test_a_second_apply_sends_nothing_and_leaves_the_lockfile_byte_for_byte(project: Project) -> None:
    assert project("apply", "--auto-approve").code == 0
    lockfile = (project.folder / "job.lock.json").read_bytes()
    ended = project("apply")
    assert (ended.code, ended.err) == (0, "")
    assert (project.folder / "job.lock.json").read_bytes() == lockfile
    valid("lock", lockfile.decode())


def test_a_saved_plan_is_done_without_a_question_and_only_once(project: Project) -> None:
    assert project("plan", "--out", "p.json").code == 0
    path = project.folder / "p.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    document = valid("plan", path.read_text())
    assert document["actionable"] is True
    assert "three" not in path.read_text(), "no prompts in a plan"
    assert project("apply", "p.json").code == 0
    assert len((project.folder / "out" / "labels.jsonl").read_text().splitlines()) == 3
    ended = project("apply", "p.json")
    assert ended.code == 5
    assert "the lockfile's entry has other batches" in ended.err


def test_a_saved_plan_makes_no_more_than_it_says(project: Project) -> None:
    project.write("job.yaml", MANIFEST + "---\n" + MANIFEST.replace("labels", "second"))
    assert project("plan", "--target", "second", "--out", "p.json").code == 0
    assert project("apply", "p.json").code == 0
    assert (project.folder / "out" / "second.jsonl").exists()
    assert not (project.folder / "out" / "labels.jsonl").exists()


def test_a_saved_plan_of_elsewhere_finds_its_manifests(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.folder / "plans").mkdir()
    assert project("plan", "--out", "plans/p.json").code == 0
    monkeypatch.chdir("/")
    assert project("apply", str(project.folder / "plans" / "p.json")).code == 0


def test_a_saved_plan_with_nothing_to_do_says_so(project: Project) -> None:
    project("apply", "--auto-approve")
    project("plan", "--out", "p.json")
    assert valid("plan", (project.folder / "p.json").read_text())["actionable"] is False
    assert project("apply", "p.json").code == 0


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 1}', "version: 1\n", '{"version": 99}', "\x00"])
def test_a_file_that_is_no_saved_plan_is_refused_with_a_reason(project: Project, content: str) -> None:
    project.write("p.json", content)
    ended = project("apply", "p.json")
    assert ended.code == 1
    assert ended.err.startswith("error[saved-plan]: p.json ")


def test_an_offline_plan_needs_no_key_and_cannot_be_applied(project: Project) -> None:
    project.write("job.yaml", MANIFEST.replace("provider: local", "provider: openai"))
    ended = project("plan", "--offline", "--out", "p.json")
    assert ended.code == 0
    assert "not looked at" in ended.out
    assert "apply takes only a plan that was made without --offline" in ended.err
    assert "without --offline" in project("apply", "p.json").err


def test_json_views_are_valid_against_their_schemas(project: Project) -> None:
    valid("plan", project("plan", "--format", "json").out)
    valid("status", project("status", "--format", "json").out)
    valid("status", project("apply", "--auto-approve", "--format", "json").out)
    valid("plan", project("plan", "--format", "json").out)
    valid("status", project("status", "--format", "json").out)
    valid("status", project("wait", "--format", "json").out)
    valid("lock", project("lock", "list", "--format", "json").out)
    valid("lock", project("lock", "show", "labels", "--format", "json").out)
    for arguments in (("validate",), ("batches",), ("providers",), ("lock", "verify"), ("gc", "--dry-run")):
        valid(arguments[1] if arguments[0] == "lock" else arguments[0], project(*arguments, "--format", "json").out)
    project.write("job.yaml", MANIFEST.replace("model:", "modle:"))
    assert valid("validate", project("validate", "--format", "json").out)["valid"] is False


def test_the_schema_of_every_document_is_printed(project: Project) -> None:
    published = {path.name.removesuffix(".v1.schema.json") for path in (ROOT / "schemas").iterdir()}
    for name in published - {"requests"}:
        assert project("schema", name).out == (ROOT / "schemas" / f"{name}.v1.schema.json").read_text()


def test_results_are_the_rows_joined_with_what_is_there(project: Project) -> None:
    before = project("results")
    assert (before.out, "No row has ended yet" in before.err) == ("", True)
    project("apply", "--auto-approve")
    rows = [json.loads(line) for line in project("results").out.splitlines()]
    assert [(row["id"], row["status"]) for row in rows] == [("a", "ok"), ("b", "ok"), ("c", "ok")]
    assert project("results", "-o", "all.csv").code == 0
    assert (project.folder / "all.csv").read_text().startswith("id,text,")


def test_render_writes_what_is_sent(project: Project) -> None:
    lines = project("render").out.splitlines()
    assert [json.loads(line)["body"]["messages"][0]["content"] for line in lines] == ["one", "two", "three"]
    assert project("render", "-o", "rendered").code == 0
    assert (project.folder / "rendered" / "labels-001.jsonl").read_text().splitlines() == lines


def test_render_writes_each_shard_of_a_job_that_has_several(project: Project) -> None:
    project.write("job.yaml", (project.folder / "job.yaml").read_text() + "batch: {max_requests: 2}\n")
    lines = project("render").out.splitlines()
    assert project("render", "-o", "rendered").code == 0
    shards = [path.read_text().splitlines() for path in sorted((project.folder / "rendered").iterdir())]
    assert shards == [lines[:2], lines[2:]]


def test_init_makes_a_job_that_runs_and_overwrites_nothing(project: Project) -> None:
    assert project("init", "new").code == 0
    before = files(project.folder / "new")
    assert project("validate", "-f", "new/job.yaml").code == 0
    ended = project("init", "new")
    assert ended.code == 1
    assert "is not overwritten" in ended.err
    assert files(project.folder / "new") == before
    assert project("apply", "-f", "new", "--auto-approve").code == 0
    assert (project.folder / "new" / "out" / "sentiment.csv").read_text().startswith("id,label,error\nr-001,")


def test_init_names_all_that_is_there_already_and_then_writes_nothing(project: Project) -> None:
    project.write("reviews.csv", "mine\n")
    before = files(project.folder)
    ended = project("init")
    assert ended.code == 1
    assert ended.err.count("is not overwritten") == 2
    assert files(project.folder) == before


def test_init_from_a_batch_file_makes_a_job_with_the_same_requests(project: Project) -> None:
    lines = [{"custom_id": f"r-{number}", "method": "POST", "url": "/v1/chat/completions", "body": {
        "model": "m", "messages": [{"role": "user", "content": f"Say {number}"}], "temperature": 0.5}}
        for number in range(3)]
    project.write("requests.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    ended = project("init", "--from", "requests.jsonl", "new")
    assert ended.code == 0
    assert "3 requests of requests.jsonl" in ended.err
    assert "Next: batchctl plan -f new/job.yaml" in ended.err
    rendered = [json.loads(line) for line in project("render", "-f", "new").out.splitlines()]
    assert [line["body"] for line in rendered] == [line["body"] for line in lines]
    assert [line["custom_id"].rpartition("-")[0] for line in rendered] == ["r-0", "r-1", "r-2"]
    assert project("apply", "-f", "new", "--auto-approve").code == 0
    assert (project.folder / "new" / ".gitignore").read_text() == ".batchctl/\n"


def test_init_from_what_is_no_batch_file_writes_nothing(project: Project) -> None:
    project.write("requests.jsonl", '{"custom_id": 1}\n{"a"\n')
    ended = project("init", "--from", "requests.jsonl", "new")
    assert ended.code == 1
    assert "requests.jsonl:1:1" in ended.err
    assert "requests.jsonl:2:1" in ended.err
    assert not (project.folder / "new").exists()
    assert project("init", "--from", "missing.jsonl", "new").code == 1
    assert project("init", "--from", "requests.jsonl", "--template", "embed").code == 64
    assert project("init", "--template", "embedd").code == 64


def test_variables_come_from_files_and_flags_and_a_space_is_told(project: Project) -> None:
    project.write("job.yaml", MANIFEST.replace("{{ row.text }}", "{{ vars.tone }}{{ row.text }}") + "vars: {tone: a}\n")
    project.write("v.yaml", "tone: file\n")
    assert "fileone" in project("render", "--var-file", "v.yaml").out
    assert "flagone" in project("render", "--var-file", "v.yaml", "--var", "tone=flag").out
    ended = project("render", "--var", "tone = flag")
    assert ended.code == 64
    assert "--var tone=flag" in ended.err


def test_a_file_of_variables_is_read_as_a_manifest_is(project: Project) -> None:
    project.write("job.yaml", MANIFEST + "vars: {country: se}\n")
    project.write("v.yaml", "country: no\n")
    ended = project("render", "--var-file", "v.yaml")
    assert ended.code == 1
    assert "error[ambiguous-scalar]" in ended.err
    assert "v.yaml:1:10" in ended.err


def test_an_option_can_come_from_the_environment(project: Project) -> None:
    assert project.program("plan", BATCHCTL_DETAILED_EXITCODE="1").code == 2


def test_lock_verify_names_what_is_missing_and_what_is_corrupt(project: Project) -> None:
    project("apply", "--auto-approve")
    assert project("lock", "verify").out.startswith("ok ")
    (output,) = (project.folder / ".batchctl" / "results").glob("*/output.jsonl")
    whole = output.read_bytes()
    output.write_bytes(whole.replace(b"echo: two", b'echo: "wo'))
    damaged = project("lock", "verify")
    assert (damaged.code, damaged.out.split()[0]) == (1, "corrupt")
    output.write_bytes(whole[:-5])
    assert project("lock", "verify").code == 1
    for file in output.parent.iterdir():
        file.unlink()
    output.parent.rmdir()
    gone = project("lock", "verify")
    assert (gone.code, gone.out.split()[0]) == (0, "missing")


@pytest.mark.parametrize("arguments", [("list",), ("verify", "--offline"), ("show", "labels")])
def test_a_lockfile_is_looked_into_without_its_manifest_but_not_where_neither_is(
        project: Project, arguments: tuple[str, ...]) -> None:
    project("apply", "--auto-approve")
    (project.folder / "job.yaml").unlink()
    assert project("lock", *arguments, "-f", "job.yaml").code == 0
    assert project("lock", *arguments, "--lockfile", "job.lock.json").code == 0
    for wrong in (("-f", "jbo.yaml"), ("--lockfile", "jbo.lock.json"), ("-f", "nowhere")):
        ended = project("lock", *arguments, *wrong)
        assert (ended.code, "check the path" in ended.err) == (64, True), ended


def test_a_renamed_job_is_not_paid_for_again(project: Project) -> None:
    project("apply", "--auto-approve")
    assert project("lock", "mv", "labels", "words").code == 0
    project.write("job.yaml", MANIFEST.replace("name: labels", "name: words"))
    assert "New requests" not in project("plan").out
    assert project("apply").code == 0
    assert project("plan", "--detailed-exitcode").code == 0


def test_what_was_removed_from_the_lockfile_can_be_imported_again(project: Project) -> None:
    project("apply", "--auto-approve")
    lockfile = project.folder / "job.lock.json"
    batch = json.loads(lockfile.read_text())["jobs"]["labels"]["batches"][0]["batch_id"]
    assert "is in job.lock.json already" in project("import", "labels", batch).err
    assert project("lock", "rm", "labels", batch).code == 0
    assert project("import", "labels", batch).code == 0
    assert json.loads(lockfile.read_text())["jobs"]["labels"]["batches"][0]["origin"] == "imported"
    project("lock", "rm", "labels")
    project.write("rows.csv", "id,text\nz,other\n")
    refused = project("import", "labels", batch)
    assert (refused.code, "--force" in refused.err) == (5, True)
    assert project("import", "labels", batch, "--force").code == 0


def test_gc_keeps_results_and_shows_before_it_deletes(project: Project) -> None:
    project("apply", "--auto-approve")
    before = files(project.folder)
    assert "Would delete" in project("gc", "--dry-run").out
    assert files(project.folder) == before
    assert "Deleted" in project("gc", "--results").out
    kept = files(project.folder / ".batchctl" / "results")
    assert kept
    assert not list((project.folder / ".batchctl" / "shards").glob("*.jsonl"))
    (project.folder / "job.lock.json").unlink()
    assert project("gc", "--results").code == 5
    assert files(project.folder / ".batchctl" / "results") == kept


def test_cancel_touches_only_what_is_recorded(project: Project) -> None:
    assert project("cancel", "batch_of_somebody").code == 5
    assert project("cancel", "labels").code == 0


def test_destroy_cancels_what_is_live_after_approval(project: Project) -> None:
    slow = MANIFEST.replace("provider: local", "provider: {dialect: local, upstream: \"http://127.0.0.1:9/v1\"}")
    project.write("job.yaml", slow)
    assert project("apply", "--auto-approve", "--timeout", "0.3").code == 4
    refused = project("destroy")
    assert (refused.code, "cancelling 1 batch" in refused.err) == (64, True)
    assert "--out" not in refused.err, "no saved plan destroys"
    assert "1 batch cancelling" in project("destroy", "--auto-approve").out
    states = {entry["status"] for entry in json.loads(project("batches", "--format", "json").out)["batches"]}
    assert states <= {"cancelling", "cancelled"}


def test_unlock_wants_the_id_of_a_lock_that_is_there(project: Project) -> None:
    (project.folder / ".batchctl").mkdir()
    assert "there is no run lock here" in project("unlock", "abc").err


def test_a_log_file_has_all_that_happened_and_no_secret(project: Project) -> None:
    project.program("apply", "--auto-approve", "--log-file", "log.txt", MY_API_KEY="canary-key-123")
    log = (project.folder / "log.txt").read_text()
    assert "verb=<Kind.CREATE: 'create'>" in log
    assert "canary" not in log


def test_a_mistake_is_shown_where_it_is(project: Project) -> None:
    project.write("bad.yaml", MANIFEST.replace("model: echo-1", "modle: echo-1"))
    ended = project("validate", "-f", "bad.yaml")
    assert ended.out == ""
    assert ended.err == """\
error[unknown-key]: unknown key "modle"
  --> bad.yaml:4:1
   |
 4 | modle: echo-1
   | ^^^^^ did you mean "model"?
"""


def test_mistakes_of_inputs_prompts_and_sinks_are_told_at_once(project: Project) -> None:
    rows = '  - {path: rows.csv, where: "{{ row. }}"}\n  - row.csv\n'
    text = MANIFEST.replace('  - path: rows.csv\n    key: "{{ row.id }}"\n', rows)
    text = text.replace("{{ row.text }}", "{{ rwo.text }}").replace("{{ text }}", "{{ txt }}")
    project.write("bad.yaml", text)
    ended = project("validate", "-f", "bad.yaml")
    assert ended.code == 1
    heads = [line for line in ended.err.splitlines() if line.startswith("error")]
    assert [head.partition(":")[0] for head in heads] == [
        "error[input-missing]", "error[template-syntax]", "error[template-undefined]", "error[template-undefined]",
    ]
    assert 'did you mean "rows.csv"?' in ended.err
    assert 'unknown name "rwo"' in ended.err
    assert 'unknown name "txt"' in ended.err


def test_one_mistake_of_a_row_is_told_once_though_a_sink_mentions_the_request(project: Project) -> None:
    text = MANIFEST.replace("{{ row.text }}", "{{ row.txt }}").replace("{{ text }}", "{{ request.url }}")
    project.write("bad.yaml", text)
    ended = project("validate", "-f", "bad.yaml")
    assert ended.err.count("row has no column") == 1
