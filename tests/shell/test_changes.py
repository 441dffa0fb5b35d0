"""Why a plan creates requests, on a job that was applied for real: what it says, and what --diff shows."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from batchctl.act import explaining
from tests.hostile import CONTROL, EVIL
from tests.shell.conftest import MANIFEST, Ended, Project
from tests.shell.test_commands import files
from tests.shell.test_json import check

Edit = Callable[[str, str], None]
ROWS = "id,text\na,one\nb,two\nc,three\n"


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("applied")
    made = Project(folder)
    made.write("job.yaml", MANIFEST)
    made.write("rows.csv", ROWS)
    assert made.program("apply", "--auto-approve").code == 0
    return folder


@pytest.fixture
def job(project: Project, applied: Path) -> Project:
    """Three rows with answers."""
    shutil.copytree(applied, project.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("server"))
    return project


def edit(job: Project, old: str, new: str, name: str = "job.yaml") -> None:
    text = (job.folder / name).read_text()
    assert old in text
    job.write(name, text.replace(old, new))


def planned(job: Project, *arguments: str) -> Ended:
    ended = job("plan", "--offline", *arguments)
    assert ended.code == 0, ended.err
    return ended


def changed(job: Project) -> dict[str, Any]:
    (one,) = check("plan", planned(job, "--format", "json").out)["jobs"]
    found: dict[str, Any] = one["changed"]
    return found


def kinds(found: dict[str, Any]) -> list[tuple[list[str], int]]:
    return [(kind["parts"], kind["requests"]) for kind in found["replaced"]]


def test_a_changed_row_is_one_request_whose_text_changed(job: Project) -> None:
    edit(job, "two", "TWO", "rows.csv")
    assert "  1 of 3: text changed\n" in planned(job).out
    found = changed(job)
    assert (found["requests"], found["looked_at"], found["new"], found["unknown"], found["gone"]) == (1, 1, 0, 0, 1)
    assert kinds(found) == [(["text"], 1)]


@pytest.mark.parametrize(("old", "new", "said"), [
    ("{{ row.text }}", "Say {{ row.text }}", "all: template changed"),
    ("model: echo-1", "model: echo-2", "all: model changed"),
    ("version: 1", "version: 1\nrevision: 2", "all: revision changed"),
    ("prompt:", "body: {temperature: 1, seed: 3}\nprompt:", "all: seed and temperature changed"),
    ("prompt:", "body: {response_format: {type: json_object}}\nprompt:", "all: answer schema changed"),
    ('{user: "{{ row.text }}"}', '{system: Hello., user: "{{ row.text }}!"}', "all: template changed"),
    ("{{ row.text }}", "{{ row.id }}", "all: text changed"),
])
def test_what_all_requests_have_in_common_is_told_once(job: Project, old: str, new: str, said: str) -> None:
    edit(job, old, new)
    assert f"  {said}\n" in planned(job).out
    assert f"| {said} |" in planned(job, "--format", "markdown").out


def test_a_template_that_changed_is_seen_though_a_row_changed_too(job: Project) -> None:
    edit(job, "prompt: {", "prompt: {system: Hello., ")
    edit(job, "two", "TWO", "rows.csv")
    assert "all: template changed" in planned(job).out


def test_new_rows_are_told_apart_from_changed_ones_and_from_rows_that_left(job: Project) -> None:
    job.write("rows.csv", "id,text\na,ONE\nc,three\nd,four\ne,five\n")
    assert "  1 of 4: text changed; 2: new rows\n" in planned(job).out
    assert changed(job)["gone"] == 2


def test_rows_that_were_only_added_need_no_store_and_no_rendering(
        job: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explaining, "lines", None)
    (shard,) = (job.folder / ".batchctl" / "shards").glob("*.jsonl")
    shard.unlink()
    job.write("rows.csv", ROWS + "d,four\n")
    assert "  1 of 4: new row\n" in planned(job).out


def test_nothing_is_looked_into_where_nothing_is_created(job: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explaining, "_explained", None)
    assert changed(job) is None
    assert "No changes." in planned(job).out


def test_without_keys_nothing_is_said_of_which_request_became_which(job: Project) -> None:
    edit(job, '    key: "{{ row.id }}"\n', "")
    assert "  not asked before; 3 earlier ones are not asked any more\n" in planned(job).out
    found = changed(job)
    assert (found["keyed"], found["new"], found["gone"], kinds(found)) == (False, 3, 3, [])


def test_what_the_store_has_lost_is_said_to_be_unknown(job: Project) -> None:
    (shard,) = (job.folder / ".batchctl" / "shards").glob("*.jsonl")
    edit(job, "model: echo-1", "model: echo-2")
    lines = shard.read_text().splitlines(keepends=True)
    shard.write_text("".join([lines[0], "{\n", '{"custom_id":"' + json.loads(lines[2])["custom_id"] + '"}\n']))
    assert "  1 of 3: model changed; 2: unknown\n" in planned(job).out
    shard.unlink()
    assert "not asked before: by the lockfile, model changed; what was asked is not in the store any more" in (
        planned(job).out)
    found = changed(job)
    assert (found["unknown"], found["new"], found["recorded"]) == (3, 0, ["model"])


def test_keys_that_look_alike_in_a_custom_id_are_not_mistaken_for_each_other(project: Project) -> None:
    project.write("rows.csv", "id,text\na b,one\na/b,two\nc,three\n")
    assert project.program("apply", "--auto-approve").code == 0
    edit(project, "two", "TWO", "rows.csv")
    diff = planned(project, "--diff").out
    assert "  1 of 3: text changed\n" in diff
    assert "    -  two\n    +  TWO\n" in diff
    edit(project, "one", "ONE", "rows.csv")
    found = changed(project)
    assert (found["looked_at"], found["unknown"], kinds(found)) == (2, 2, [])


def test_the_newest_of_several_earlier_requests_is_the_one_that_counts(project: Project) -> None:
    for text in ("one", "second", "third"):
        project.write("rows.csv", ROWS.replace("one", text))
        assert project.program("apply", "--auto-approve").code == 0
    edit(project, "third", "fourth", "rows.csv")
    assert "    -  third\n    +  fourth\n" in planned(project, "--diff").out
    assert changed(project)["gone"] == 3


def test_of_very_many_requests_the_first_are_looked_at_and_that_is_said(
        job: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(job, "model: echo-1", "model: echo-2")
    monkeypatch.setattr(explaining, "_LOOKED_AT", 2)
    assert "  the first 2: model changed\n" in planned(job).out
    monkeypatch.setattr(explaining, "_MOST_BYTES", 1)
    assert "  the first 1: model changed\n" in planned(job).out
    assert changed(job)["requests"] == 3


def test_a_diff_shows_the_words_that_changed(job: Project) -> None:
    edit(job, "{{ row.text }}", "Say {{ row.text }}")
    edit(job, "prompt:", "body: {temperature: 1}\nprompt:")
    screen = planned(job, "--diff").out
    ids = [line.split()[1] for line in screen.splitlines() if line.startswith(("    ---", "    +++"))]
    assert [name[:2] for name in ids] == ["a-", "a-"]
    assert screen.partition(" now\n")[2].partition("\n\n")[0] == """\
    @@ -1,4 +1,5 @@
     endpoint /v1/chat/completions
     messages[0] user
    -  one
    +  Say one
     model "echo-1"
    +temperature 1"""
    (one,) = check("plan", planned(job, "--diff", "--format", "json").out)["jobs"]
    assert [one["diff"]["earlier"], one["diff"]["now"]] == ids
    assert "-  one" in one["diff"]["lines"]
    assert "```diff\n--- a-" in planned(job, "--diff", "--format", "markdown").out
    painted = job("plan", "--offline", "--diff", "--color", "always").out
    assert "\x1b[31m-  one\x1b[0m" in painted
    assert "\x1b[32m+  Say one\x1b[0m" in painted


def test_without_keys_a_diff_shows_the_earlier_request_that_is_most_alike(job: Project) -> None:
    edit(job, '    key: "{{ row.id }}"\n', "")
    edit(job, "{{ row.text }}", "{{ row.text }} more")
    screen = planned(job, "--diff").out
    assert " asked before, the most alike\n" in screen
    assert "    -  one\n    +  one more\n" in screen
    assert '"by_key": false' in planned(job, "--diff", "--format", "json").out


@pytest.mark.parametrize(("change", "why"), [
    (lambda job: None, "nothing is to be sent"),
    (lambda job: (job.folder / "job.lock.json").unlink(), "nothing was asked before"),
    (lambda job: job.write("rows.csv", ROWS + "d,four\n"), "no earlier request is of the same rows"),
    (lambda job: (edit(job, "echo-1", "echo-2"), shutil.rmtree(job.folder / ".batchctl" / "shards")),
     "what was asked is not in the store any more"),
])
def test_a_diff_with_nothing_to_compare_says_so(job: Project, change: Callable[[Project], Any], why: str) -> None:
    change(job)
    assert f"    no diff: {why}\n" in planned(job, "--diff").out
    assert f"no diff: {why}\n" in planned(job, "--diff", "--format", "markdown").out
    (one,) = check("plan", planned(job, "--diff", "--format", "json").out)["jobs"]
    assert (one["diff"]["lines"], one["diff"]["why"]) == ([], why)


def test_G5_a_plan_that_looks_into_changes_writes_nothing(job: Project) -> None:
    edit(job, "two", "TWO", "rows.csv")
    before = files(job.folder)
    planned(job, "--diff")
    assert files(job.folder) == before


def test_a_saved_plan_holds_no_prompt_though_a_diff_was_shown(job: Project) -> None:
    edit(job, "two", "TWICE", "rows.csv")
    assert "TWICE" in planned(job, "--diff", "--out", "p.json").out
    saved = (job.folder / "p.json").read_text()
    assert "TWICE" not in saved
    assert "diff" not in check("plan", saved)["jobs"][0]


@pytest.mark.parametrize("evil", [text for text in EVIL if text != "\ud800"], ids=ascii)
def test_G9_a_row_that_is_shown_in_a_diff_drives_no_terminal(job: Project, evil: str) -> None:
    job.write("rows.csv", f'id,text\na,"{evil}"\nb,two\nc,three\n')
    for arguments in (("--diff",), ("--diff", "--format", "markdown"), ("--diff", "--format", "json")):
        assert not CONTROL.search(planned(job, *arguments).out)


def test_g7_reasons_and_diffs_have_the_same_bytes_with_any_number_of_workers(job: Project) -> None:
    edit(job, "{{ row.text }}", "Say {{ row.text }}")
    edit(job, "two", "TWO", "rows.csv")
    shown = {job.program("plan", "--offline", "--diff", "--workers", workers, PYTHONHASHSEED=workers).out
             for workers in ("1", "3")}
    assert len(shown) == 1


def test_what_is_applied_unasked_is_told_with_the_digest_of_its_plan(job: Project) -> None:
    edit(job, "two", "TWO", "rows.csv")
    line = planned(job).out.rstrip().splitlines()[-2]
    assert " Digest " in line
    assert line in job.program("apply", "--auto-approve").err.splitlines()


@pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals")
def test_who_is_asked_sees_why(job: Project) -> None:
    from tests.shell.typing_at import typing_at

    edit(job, "two", "TWO", "rows.csv")
    with typing_at(job.folder, "apply") as person:
        person.sees("Only yes is accepted: ")
        assert "1 of 3: text changed" in person.screen
        person.types("no\n")
        assert person.ends() == 1
