"""The GitHub Action, its steps run in order on fresh clones: what it does to comments, branch and provider."""

from __future__ import annotations

import json
import re

import pytest

from tests.gitops.conftest import CANARY, Ledger, Machines
from tests.gitops.forge import BOT, Forge
from tests.gitops.repository import ROWS, Repository, git
from tests.gitops.runner import Job, Runner

pytestmark = pytest.mark.slow

MARKER = "<!-- batchctl batchctl -->"


def plan(machine: Runner, **inputs: str) -> Job:
    return machine.run(command="plan", files="jobs/job.yaml", version="installed", **inputs)


def apply(machine: Runner, **inputs: str) -> Job:
    return machine.run(command="apply", files="jobs/", version="installed", **inputs)


def test_a_pull_request_gets_one_comment_that_is_kept_up_to_date(machines: Machines, forge: Forge,
                                                                 ledger: Ledger) -> None:
    first = machines.pull_request()
    job = plan(first)
    assert job.succeeded, job.log
    (comment,) = forge.comments
    assert comment["body"].startswith(f"{MARKER}\n")
    assert "\n### batchctl plan\n\n**Plan: 1 create. New requests: 3" in comment["body"]
    assert comment["body"].endswith(
        "<sub>Of 0123456789ab, [run 77](https://github.test/owner/jobs/actions/runs/77).</sub>\n")
    (first.checkout / "jobs" / "rows.csv").write_text(ROWS + "d,four\n")
    assert plan(machines.pull_request(first.checkout)).succeeded
    (comment,) = forge.comments
    assert "New requests: 4" in comment["body"]
    assert forge.writes == ["POST", "PATCH"]
    assert forge.tokens == {"Bearer token-of-the-run"}
    assert ledger.batches() == [], "a plan changes nothing"


def test_the_plan_is_in_the_summary_and_kept_and_its_changes_are_an_output(machines: Machines) -> None:
    job = plan(machines.pull_request())
    assert "### batchctl plan\n" in job.summary
    (name,) = job.artifacts
    assert name == "batchctl-plan"
    document = json.loads(job.artifacts[name]["plan.json"])
    assert document["actionable"]
    assert (job.outputs["exit-code"], job.outputs["changes"]) == ("2", "true")


def test_a_plan_that_was_saved_is_what_apply_does_on_another_machine(machines: Machines, repository: Repository,
                                                                     ledger: Ledger) -> None:
    planned = plan(machines.branch(repository.clone("one/work"), temp="one/temp"))
    assert planned.succeeded, planned.log
    for name in ("two", "three"):
        machine = machines.branch(repository.clone(f"{name}/work"), temp=f"{name}/temp")
        saved = machine.temp / "batchctl-batchctl" / "plan.json"  # as the artifact is downloaded
        saved.parent.mkdir()
        saved.write_bytes(planned.artifacts["batchctl-plan"]["plan.json"])
        done = machine.run(command="apply", plan_file=str(saved), version="installed")
        assert len(ledger.batches()) == 1
        assert done.outputs["exit-code"] == ("0" if name == "two" else "5"), done.log
        assert done.succeeded is (name == "two")


def test_a_mistake_is_annotated_at_its_line_said_in_the_comment_and_fails_the_job(machines: Machines,
                                                                                  forge: Forge) -> None:
    machine = machines.pull_request()
    assert plan(machine).succeeded
    manifest = machine.checkout / "jobs" / "job.yaml"
    manifest.write_text(manifest.read_text().replace("model:", "modle:"))
    job = plan(machines.pull_request(machine.checkout))
    assert not job.succeeded
    assert job.outputs["exit-code"] == "1"
    assert ("::error title=batchctl%3A unknown-key,file=jobs/job.yaml,line=4,endLine=4,col=1,endColumn=6::"
            'unknown key "modle"%0Adid you mean "model"?') in job.commands
    (comment,) = forge.comments
    assert "**Failed: 1 error.**" in comment["body"]
    assert "`jobs/job.yaml:4:1`" in job.summary


def test_a_comment_with_the_marker_that_somebody_else_wrote_is_left_alone(machines: Machines, forge: Forge) -> None:
    theirs = forge.add({"id": 66, "login": "mallory", "type": "User"}, f"{MARKER}\nlies")
    for at in range(100):
        forge.add({"id": 1, "type": "User"}, f"comment {at}")
    assert plan(machines.pull_request()).succeeded
    assert plan(machines.pull_request()).succeeded
    assert theirs["body"] == f"{MARKER}\nlies"
    assert len([one for one in forge.comments if one["user"] == BOT]) == 1, "found on the last page"
    assert forge.writes == ["POST", "PATCH"]


def test_a_token_of_a_user_updates_that_users_comment(machines: Machines, forge: Forge) -> None:
    forge.me = {"id": 9, "login": "robot", "type": "User"}
    forge.add(BOT, f"{MARKER}\nof another workflow")
    for _ in range(2):
        assert plan(machines.pull_request(), github_token="a-users-token").succeeded
    assert [one["user"]["id"] for one in forge.comments] == [BOT["id"], 9]
    assert forge.tokens == {"Bearer a-users-token"}


@pytest.mark.parametrize("carried_out", [True, False])
def test_an_answer_that_was_lost_makes_no_second_comment(machines: Machines, forge: Forge, carried_out: bool) -> None:
    forge.answers = [("POST", 502, carried_out)]
    assert plan(machines.pull_request()).succeeded
    assert len(forge.comments) == 1
    assert forge.writes == (["POST", "PATCH"] if carried_out else ["POST", "POST"])


def test_a_token_that_may_not_comment_fails_the_job_and_says_what_it_needs(machines: Machines, forge: Forge) -> None:
    forge.answers = [("POST", 403, False)]
    job = plan(machines.pull_request())
    assert not job.succeeded
    (said,) = [line for line in job.commands if "comment" in line]
    assert "permissions: {pull-requests: write}" in said
    assert "batchctl-plan" in job.artifacts


def test_two_uses_in_a_workflow_have_a_comment_each(machines: Machines, forge: Forge) -> None:
    for name in ("labels", "scores", "labels"):
        assert plan(machines.pull_request(), name=name).succeeded
    assert [one["body"].partition("\n")[0] for one in forge.comments] == [
        "<!-- batchctl labels -->", "<!-- batchctl scores -->"]


@pytest.mark.parametrize(("head", "actor"), [
    ("mallory/jobs", "mallory"), (None, "gone"), ("owner/jobs", "dependabot[bot]")])
def test_without_secrets_a_plan_is_made_offline_and_no_comment(machines: Machines, forge: Forge, head: str | None,
                                                               actor: str) -> None:
    job = plan(machines.pull_request(head=head, actor=actor, secrets={}))
    assert job.succeeded, job.log
    assert "Offline: what the provider has was not looked at." in job.summary
    assert forge.calls == []


def test_a_merge_sends_once_and_pushes_the_lockfile_alone(machines: Machines, repository: Repository,
                                                          ledger: Ledger) -> None:
    job = apply(machines.branch())
    assert job.succeeded, job.log
    assert len(ledger.batches()) == 1
    assert job.outputs["lockfile"] == "pushed"
    assert repository.log() == ["batchctl: record what was sent and fetched [skip ci]", "start"]
    assert repository.files_of_last_commit() == ["jobs/job.lock.json"]
    assert ledger.batches()[0]["id"] in repository.show("jobs/job.lock.json")
    assert job.artifacts == {}
    author = git(repository.remote, "log", "-1", "--format=%an <%ae>", "main").strip()
    assert author == "github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>"


def test_the_schedule_fetches_once_and_then_sends_nothing_and_commits_nothing(
        machines: Machines, repository: Repository, ledger: Ledger) -> None:
    assert apply(machines.branch()).succeeded
    fetched = machines.branch()
    job = apply(fetched, args="--wait")
    assert job.succeeded, job.log
    assert len((fetched.checkout / "jobs" / "out" / "labels.jsonl").read_text().splitlines()) == 3
    commits = repository.log()
    assert len(commits) == 3
    assert repository.files_of_last_commit() == ["jobs/job.lock.json"], "not the results"
    for _ in range(2):
        job = apply(machines.branch())
        assert job.succeeded, job.log
        assert job.outputs["lockfile"] == "unchanged"
    assert repository.log() == commits
    assert len(ledger.batches()) == 1


def test_a_push_that_somebody_was_faster_with_is_made_anew_on_top_of_theirs(machines: Machines, repository: Repository,
                                                                            ledger: Ledger) -> None:
    machine = machines.branch()
    other = repository.clone("other")
    (other / "README.md").write_text("hello\n")
    repository.push(other, "of somebody else")
    (machine.checkout / "jobs" / "rows.csv").chmod(0o755)  # what else is changed here is not pushed
    job = apply(machine)
    assert job.succeeded, job.log
    assert repository.log()[:2] == ["batchctl: record what was sent and fetched [skip ci]", "of somebody else"]
    assert repository.files_of_last_commit() == ["jobs/job.lock.json"]
    assert repository.show("README.md") == "hello\n"
    assert git(machine.checkout, "rev-list", "--count", "HEAD").strip() == "1", "the checkout stays where it was"


def test_a_push_is_tried_again(machines: Machines, repository: Repository) -> None:
    repository.refuse(times=2)
    job = apply(machines.branch())
    assert job.succeeded, job.log
    assert repository.files_of_last_commit() == ["jobs/job.lock.json"]


def test_g1_a_push_that_never_works_fails_loudly_and_nothing_is_lost_or_sent_twice(
        machines: Machines, repository: Repository, ledger: Ledger) -> None:
    repository.refuse()
    job = apply(machines.branch())
    assert not job.succeeded
    assert job.outputs["lockfile"] == "kept"
    (said,) = [line for line in job.commands if line.startswith("::error title=batchctl lockfile::")]
    assert "What was sent is safe" in said
    (kept,) = job.artifacts.values()
    (batch,) = ledger.batches()
    assert batch["id"].encode() in kept["jobs/job.lock.json"]
    assert repository.log() == ["start"]
    # The next run knows nothing of it but what the provider has.
    repository.refuse(times=0)
    job = apply(machines.branch())
    assert job.succeeded, job.log
    assert [one["id"] for one in ledger.batches()] == [batch["id"]]
    assert batch["id"] in repository.show("jobs/job.lock.json")


def test_a_lockfile_that_was_changed_on_both_sides_is_not_overwritten(machines: Machines, repository: Repository,
                                                                      ledger: Ledger) -> None:
    machine = machines.branch()
    other = repository.clone("other")
    (other / "jobs" / "job.lock.json").write_text('{\n  "of": "somebody"\n}\n')
    repository.push(other, "another lockfile")
    job = apply(machine)
    assert not job.succeeded
    assert [line for line in job.commands if "changed on main at the same time" in line]
    assert "jobs/job.lock.json" in job.artifacts["batchctl-lockfiles-1"]
    assert repository.show("jobs/job.lock.json") == '{\n  "of": "somebody"\n}\n'


def test_what_was_sent_before_a_failure_is_pushed_all_the_same(machines: Machines, repository: Repository,
                                                               ledger: Ledger) -> None:
    machine = machines.branch()
    manifest = machine.checkout / "jobs" / "job.yaml"
    manifest.with_name("other.yaml").write_text(
        manifest.read_text().replace("name: labels", "name: other").replace("SOME_KEY", "NO_KEY")
        .replace("out/labels", "out/other"))
    job = apply(machine)
    assert not job.succeeded
    assert f"::error title=batchctl::batchctl apply ended with exit code {job.outputs['exit-code']}" in job.commands
    assert len(ledger.batches()) == 1
    assert "jobs/job.lock.json" in repository.files_of_last_commit()


def test_a_lockfile_that_git_ignores_is_not_lost_in_silence(machines: Machines) -> None:
    machine = machines.branch()
    (machine.checkout / ".gitignore").write_text("*.lock.json\n")
    job = apply(machine)
    assert not job.succeeded
    assert [line for line in job.commands if "is it ignored?" in line]
    assert "jobs/job.lock.json" in job.artifacts["batchctl-lockfiles-1"]


def test_a_lockfile_may_be_kept_as_an_artifact_or_left(machines: Machines, repository: Repository) -> None:
    job = apply(machines.branch(), lockfile="artifact")
    assert job.succeeded, job.log
    assert list(job.artifacts["batchctl-lockfiles-1"]) == ["jobs/job.lock.json"]
    assert job.outputs["lockfile"] == "kept"
    job = apply(machines.branch(), lockfile="leave")
    assert job.succeeded, job.log
    assert job.artifacts == {}
    assert repository.log() == ["start"]


def test_a_run_of_a_tag_pushes_no_branch_by_its_name(machines: Machines, repository: Repository) -> None:
    job = apply(machines.branch(ref="refs/tags/v1"))
    assert not job.succeeded
    assert [line for line in job.commands if "this run is of no branch" in line]
    assert git(repository.remote, "for-each-ref", "--format=%(refname)").split() == ["refs/heads/main"]
    assert apply(machines.branch(ref="refs/tags/v1"), branch="main").succeeded


@pytest.mark.parametrize("value", ["$(touch pwned)", "`touch pwned`", "; touch pwned;", "' ; touch pwned; '",
                                   '" ; touch pwned; "', "x\ntouch pwned", "../../x"])
def test_an_input_is_no_script(machines: Machines, value: str) -> None:
    texts = dict.fromkeys(("files", "args", "branch", "commit_message", "success_codes"), value)
    for inputs in ({"command": "plan", "files": "jobs/job.yaml", "args": value, "success_codes": value},
                   {"command": "plan", **texts}, {"command": "apply", **texts},
                   {"command": "apply", **texts, "files": "jobs/", "args": ""},
                   {"command": "apply", "plan_file": value}, {"command": value}, {"command": "plan", "name": value},
                   {"command": "plan", "offline": value}, {"command": "apply", "lockfile": value}):
        machines.branch().run(version="installed", **inputs)
        assert not list(machines.repository.folder.rglob("pwned*"))


def test_each_line_of_files_and_args_is_one_value(machines: Machines) -> None:
    machine = machines.branch()
    manifest = machine.checkout / "jobs" / "job.yaml"
    (machine.checkout / "more jobs").mkdir()
    (machine.checkout / "more jobs" / "second.yaml").write_text(
        manifest.read_text().replace("name: labels", "name: second\nvars: {word: a}")
        .replace("rows.csv", "../jobs/rows.csv"))
    job = machine.run(command="plan", files="jobs/job.yaml\r\n\n  \nmore jobs/second.yaml\n", version="installed",
                      args="--var\nword=two words", offline="true")
    assert job.succeeded, job.log
    assert "`second`" in job.summary
    document = json.loads(job.artifacts["batchctl-plan"]["plan.json"])
    assert document["variables"] == {"word": "two words"}


def test_a_working_directory_is_where_batchctl_runs(machines: Machines, repository: Repository) -> None:
    job = machines.branch().run(command="apply", working_directory="jobs", version="installed")
    assert job.succeeded, job.log
    assert repository.files_of_last_commit() == ["jobs/job.lock.json"]


@pytest.mark.parametrize("inputs", [{"command": "destroy"}, {"command": "plan", "offline": "perhaps"},
                                    {"command": "plan", "name": "a/b"},
                                    {"command": "apply", "plan_file": "p.json", "files": "jobs"}])
def test_an_input_that_is_none_fails_the_job_before_anything_is_done(machines: Machines, ledger: Ledger,
                                                                     inputs: dict[str, str]) -> None:
    job = machines.branch().run(version="installed", **inputs)
    assert not job.succeeded
    assert [line for line in job.commands if line.startswith("::error title=batchctl::")]
    assert ledger.batches() == []


def test_exit_codes_that_are_named_let_the_job_succeed(machines: Machines) -> None:
    assert not plan(machines.branch(), success_codes="0").succeeded, "2 is none of them"
    assert plan(machines.branch(), success_codes="0 1 2").succeeded


def test_g8_no_secret_is_in_a_log_a_summary_a_comment_or_an_artifact(machines: Machines, forge: Forge,
                                                                     repository: Repository) -> None:
    jobs = [plan(machines.pull_request()), apply(machines.branch(), lockfile="artifact"), apply(machines.branch())]
    seen = "\n".join((*(f"{job.log}{job.summary}{job.outputs}{job.artifacts}" for job in jobs),
                      *(one["body"] for one in forge.comments), git(repository.remote, "log", "-p", "main")))
    assert CANARY not in seen
    assert "token-of-the-run" not in seen


def test_g9_what_a_plan_says_is_no_command_to_the_runner(machines: Machines) -> None:
    machine = machines.pull_request()
    manifest = machine.checkout / "jobs" / "job.yaml"
    evil = manifest.rename(manifest.with_name("##[error]x.yaml"))
    evil.write_text(manifest_text := evil.read_text() + "::error::injected: 1\n")
    job = machine.run(command="plan", files="jobs/##[error]x.yaml", version="installed")
    assert not job.succeeded
    assert "##[error]x.yaml" in job.log, "it is said, where commands are stopped"
    assert manifest_text.splitlines()[-1] in job.log
    assert {re.split("[ :]", line[2:], maxsplit=1)[0] for line in job.commands} == {"error"}
    assert not [line for line in job.commands if "title=batchctl" not in line]
