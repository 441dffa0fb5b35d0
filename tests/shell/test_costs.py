"""What commands say of tokens and money, and what the budget keeps them from, on a real project."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.shell.conftest import MANIFEST, Project
from tests.shell.serving import at, provider

#: A dollar a thousand tokens; answers of at most eight.
PRICED = MANIFEST.replace("prompt:", """\
body: {max_completion_tokens: 8}
prices: {echo-1: {input: 1000, output: 1000}}
prompt:""")


def jobs(project: Project, command: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(project(command, "--format", "json").out)["jobs"]
    return found


def test_what_the_local_server_answers_is_free_unless_it_is_priced(project: Project) -> None:
    assert "~21 tokens, $0)." in project("plan").out
    project.write("job.yaml", PRICED)
    assert "~21 tokens, up to ~$0.05)." in project("plan").out


def test_an_apply_over_the_budget_is_refused_and_says_what_it_would_cost(project: Project) -> None:
    project.write("job.yaml", PRICED + "budget: {max_cost: 0.04}\n")
    planned = project("plan")
    assert planned.code == 0
    assert "! apply will refuse: budget.max_cost is $0.04: $0 is spent so far, and up to $0.05 more is planned" in (
        planned.out)
    ended = project("apply", "--auto-approve")
    assert ended.code == 5
    assert "error[over-budget]: budget.max_cost is $0.04: $0 is spent so far, and up to $0.05 more is" in ended.err
    assert not (project.folder / "job.lock.json").exists()


def test_a_saved_plan_is_held_against_the_budget_as_any_other(project: Project) -> None:
    project.write("job.yaml", PRICED)
    assert project("plan", "--out", "p.json").code == 0
    project.write("job.yaml", PRICED + "budget: {max_cost: 0.04}\n")
    ended = project("apply", "p.json")
    assert ended.code == 5
    assert "over-budget" in ended.err


def test_the_end_of_an_apply_says_what_was_used_and_written(project: Project) -> None:
    project.write("job.yaml", PRICED)
    ended = project("apply", "--auto-approve", "--wait")
    assert ended.code == 0
    assert "  wrote     out/labels.jsonl, 3 records\n  used " in ended.out
    used = re.search(r"used      (\d+) tokens in, (\d+) out, \$(\S+)\n", ended.out)
    assert used is not None
    assert int(used[1]) + int(used[2]) == round(float(used[3]) * 1000) > 0
    (job,) = jobs(project, "status")
    assert job["spent"] == {
        "input_tokens": int(used[1]), "output_tokens": int(used[2]), "cached_tokens": 0, "cost": used[3].rstrip("0"),
        "estimated": False, "at_most": False, "unpriced": [], "open_ended": False}
    assert job["batches"][0]["input_tokens"] == int(used[1])
    assert job["batches"][0]["model"] == "echo-1"
    assert f"used      {used[1]} tokens in" in project("status").out
    assert f"3 records; {used[1]} tokens in" in project("results").err
    assert f"3 records to so-far.csv; {used[1]} tokens in" in project("results", "-o", "so-far.csv").err
    written = json.loads(project("apply", "--format", "json").out)["jobs"][0]["written"]
    assert written == [], "nothing is written twice"


def test_the_next_request_is_priced_by_the_answers_that_are_there(project: Project) -> None:
    project.write("job.yaml", PRICED)
    assert jobs(project, "plan")[0]["estimate"]["at_most"] is True
    project("apply", "--auto-approve")
    project.write("rows.csv", "id,text\na,one\nb,two\nc,three\nd,four\n")
    (job,) = jobs(project, "plan")
    assert job["estimate"]["at_most"] is False
    assert job["spent"]["estimated"] is False


def test_a_provider_without_a_known_price_is_never_shown_as_free(
        project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "k")
    with provider(tmp_path / "server", "--dialect", "openai") as url:
        project.write("job.yaml", at(url))
        planned = project("plan")
        assert "cost unknown" in planned.out
        assert '! no price is known for "echo-1" in a batch: add prices to the manifest' in planned.out
        ended = project("apply", "--auto-approve", "--wait")
        assert ended.code == 0
        assert re.search(r"used      \d+ tokens in, \d+ out, cost unknown\n", ended.out)
        assert json.loads(project("plan", "--format", "json").out)["jobs"][0]["spent"]["cost"] is None
        (batch,) = json.loads(project("status", "--format", "json").out)["jobs"][0]["batches"]
        assert batch["input_tokens"] > 0


def test_several_jobs_are_summed_up_at_the_end(project: Project) -> None:
    project.write("job.yaml", PRICED + "---\n" + MANIFEST.replace("labels", "second"))
    ended = project("apply", "--auto-approve")
    assert re.search(r"\n2 jobs, rows 6: 6 ok; \d+ tokens in, \d+ out, \$0\.\d+\n\Z", ended.out)


@pytest.mark.parametrize("arguments", [("plan",), ("plan", "--format", "markdown"), ("plan", "--format", "json")])
def test_g7_a_plan_has_the_same_bytes_every_time(project: Project, arguments: tuple[str, ...]) -> None:
    project.write("job.yaml", PRICED)
    assert project(*arguments).out == project(*arguments).out
