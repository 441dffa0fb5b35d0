"""A provider that cannot be looked at: no command says that all is well, and none waits for what will not come."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from batchctl.act.waiting import Unasked
from batchctl.decide.plan import Action, JobPlan, Kind
from batchctl.shell.sight import Sight
from batchctl.words.errors import Refusal, RemoteError, Unavailable
from batchctl.words.outcomes import Tally
from tests.shell.conftest import Project
from tests.shell.serving import NOWHERE, at, provider

HIDDEN = JobPlan("job", 1, Tally(1, waiting=1), (Action(Kind.WAIT, "unreachable", 1, batch_id="a"),))
SEEN = JobPlan("job", 1, Tally(1, waiting=1), (
    Action(Kind.WAIT, "unreachable", 1, batch_id="a"), Action(Kind.WAIT, "live", 1, batch_id="b")))

ALL = [("job", "a"), ("job", "b")]


@pytest.fixture
def running(project: Project) -> Iterator[Project]:
    """A project with a batch that runs at a provider."""
    with provider(project.folder / "data", "--upstream", NOWHERE) as base:
        project.write("job.yaml", at(base))
        assert project.program("apply", "--auto-approve", SOME_KEY="a-key").code == 0
        yield project


@pytest.mark.parametrize("arguments", [
    ("plan",), ("status",), ("wait", "--poll-interval", "0.1"), ("apply", "--auto-approve"),
    ("apply", "--wait", "--poll-interval", "0.1"), ("destroy", "--auto-approve"),
])
def test_G10_without_the_key_of_a_live_batch_nothing_ends_with_0_or_without_end(
        running: Project, arguments: tuple[str, ...]) -> None:
    started = time.monotonic()
    ended = running.program(*arguments)
    assert ended.code == 5, ended.err
    assert "SOME_KEY" in ended.out
    assert time.monotonic() - started < 30
    if arguments[0] == "status":
        assert json.loads(running.program("status", "--format", "json").out)["jobs"][0]["exit_code"] == 5


def test_a_batch_that_the_provider_does_not_have_is_waited_for_only_as_long_as_a_list_may_lag(
        running: Project) -> None:
    lockfile, manifest = running.folder / "job.lock.json", running.folder / "job.yaml"
    before = json.loads(lockfile.read_text())["jobs"]["labels"]["batches"][0]["provider"]["base_url"]
    with provider(running.folder / "other") as base:
        for file in (lockfile, manifest):
            file.write_text(file.read_text().replace(before, base))
        ended = running.program("apply", "--wait", "--poll-interval", "0.2", "--settle", "1", "--timeout", "30",
                                SOME_KEY="a-key")
    assert ended.code == 5
    assert "Time ran out" not in ended.err


def test_what_a_refusing_provider_hides_is_given_up_at_once() -> None:
    sight = Sight(60.0, lambda: 0.0)
    assert not sight.failed(Unasked(Refusal("401", status=401), ALL), [SEEN])
    assert not sight.lost("job"), "something of it can be seen: a pass finds out"
    assert sight.failed(Unasked(RemoteError("no key"), ALL), [HIDDEN])
    assert sight.lost("job")


def test_a_job_is_not_given_up_while_another_provider_of_its_batches_may_answer() -> None:
    sight = Sight(60.0, lambda: 0.0)
    both = JobPlan("job", 2, Tally(2, waiting=2), (
        Action(Kind.WAIT, "unreachable", 1, batch_id="a"), Action(Kind.WAIT, "unreachable", 1, batch_id="b")))
    sight.failed(Unasked(RemoteError("no key"), [("job", "a")]), [both])
    assert not sight.lost("job")
    sight.failed(Unasked(RemoteError("no key"), [("another", "a"), ("another", "b")]), [HIDDEN])
    assert not sight.lost("job")


def test_what_an_answering_provider_hides_is_given_up_when_its_list_no_longer_lags() -> None:
    now = 0.0
    sight = Sight(60.0, lambda: now)
    sight.answered([HIDDEN])
    now = 59.0
    assert not sight.lost("job")
    sight.answered([SEEN])
    now = 100.0
    assert not sight.lost("job"), "it was seen in between"
    sight.answered([HIDDEN])
    now = 160.0
    assert sight.lost("job")


def test_a_provider_that_is_down_is_waited_for_without_end() -> None:
    now = 0.0
    sight = Sight(60.0, lambda: now)
    sight.answered([HIDDEN])
    now = 61.0
    sight.failed(Unasked(Unavailable("connection refused"), ALL), [HIDDEN])
    assert not sight.lost("job")
