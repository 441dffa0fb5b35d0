"""The budget holds over every attempt, on a fresh runner too, and what was spent is what the answers say."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from batchctl.desired.job import Budget, Job
from batchctl.recorded.lockfile import read
from batchctl.words.errors import OverBudget
from batchctl.words.prices import Price, Rates
from batchctl.words.usage import Usage
from tests.faultlab import provider as lab
from tests.faultlab.rig import Rig

#: A dollar for a thousand tokens, so that what a row costs is dollars.
RATES = Rates(Decimal(1000), Decimal(1000))


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider's answers use 400 tokens in and 100 out each."""
    made = lab._line

    def line(custom: str, code: int | None, text: str) -> str:
        document: dict[str, Any] = json.loads(made(custom, code, text))
        if code is None:
            document["response"]["body"]["usage"] = {"prompt_tokens": 400, "completion_tokens": 100}
        return json.dumps(document)

    monkeypatch.setattr(lab, "_line", line)


@pytest.fixture
def poor(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """A job with two dollars, whose answers have at most 100 tokens."""
    made = Rig.job

    def job(rig: Rig) -> Job:
        job = made(rig)
        return replace(job, prices={job.model: Price(RATES, RATES)}, budget=Budget(max_cost=Decimal(2)),
                       body={**job.body, "max_tokens": 100})

    monkeypatch.setattr(Rig, "job", job)
    return rig


def answered(rig: Rig) -> None:
    rig.apply()
    rig.finish_all()
    rig.apply()


def refused(rig: Rig) -> str:
    (report,) = rig.apply().jobs
    (failure,) = report.failures
    assert isinstance(failure, OverBudget)
    assert failure.exit_code == 5
    return failure.message


def test_what_the_answers_used_is_spent_and_the_next_request_over_the_budget_is_refused(poor: Rig) -> None:
    answered(poor)
    assert poor.plan().spent.usage == Usage(1200, 300)
    poor.rows |= {"d": "four"}
    poor.rows |= {"e": "five " * 800}
    before = poor.provider.creates
    assert refused(poor).startswith("budget.max_cost is $2: $1.50 is spent so far, and about $")
    assert poor.provider.creates == before, "nothing was sent"
    del poor.rows["e"]
    poor.apply()
    assert poor.provider.creates == before + 1


def test_a_fresh_runner_with_the_lockfile_alone_knows_what_was_spent(poor: Rig) -> None:
    answered(poor)
    poor.lose_store()
    for name in list(poor.provider.files):
        if "output" in poor.provider.files[name][0]:
            del poor.provider.files[name]
    plan = poor.plan()
    assert (plan.spent.usage, plan.spent.cost, plan.spent.estimated) == (Usage(1200, 300), Decimal("1.5"), False)


def test_a_lost_lockfile_is_rebuilt_with_what_was_spent(poor: Rig) -> None:
    answered(poor)
    before = read(poor.lockfile, "job.lock.json").job("labels").batches
    poor.lose_lockfile()
    poor.lose_store()
    poor.apply()
    (now,) = read(poor.lockfile, "job.lock.json").job("labels").batches
    assert now.usage == before[0].usage == Usage(1200, 300)
    assert now.model == before[0].model == poor.job().model


def test_what_runs_is_spent_as_estimated_so_that_two_passes_do_not_each_spend_it_all(poor: Rig) -> None:
    poor.max_requests = 2
    poor.rows = dict.fromkeys("ab", "word " * 400)
    poor.apply()
    assert len(poor.provider.live()) == 1
    poor.rows |= dict.fromkeys("cd", "word " * 400)
    assert "about $1.2" in refused(poor)
    assert len(poor.provider.batches) == 1


def test_an_older_lockfile_learns_what_was_used_when_its_answers_come_back_to_the_store(poor: Rig) -> None:
    answered(poor)
    document = json.loads(poor.lockfile.read_text())
    for batch in document["jobs"]["labels"]["batches"]:
        del batch["input_tokens"], batch["output_tokens"], batch["model"]
    poor.lockfile.write_text(json.dumps(document))
    assert poor.plan().spent.estimated
    poor.lose_store()
    poor.sink.unlink()
    poor.apply()
    assert poor.plan().spent.usage == Usage(1200, 300)
    assert not poor.plan().spent.estimated


def test_g6_an_apply_that_changes_nothing_leaves_the_lockfile_byte_for_byte(poor: Rig) -> None:
    answered(poor)
    before = poor.lockfile.read_bytes()
    poor.apply()
    poor.lose_store()
    poor.apply()
    assert poor.lockfile.read_bytes() == before


def test_a_retry_counts_too(poor: Rig) -> None:
    poor.apply()
    poor.provider.finish(poor.provider.live()[0], fail=lambda at: 500 if at == 0 else None)
    poor.apply()
    assert poor.plan().spent.cost > 1
    assert len(poor.provider.batches) == 2, "the retry was within the budget"
    poor.finish_all()
    poor.apply()
    assert poor.plan().spent.usage == Usage(1200, 300)
