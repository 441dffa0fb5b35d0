"""What was spent is what providers counted; what is not counted yet is estimated, and never taken for nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings

from batchctl.decide.costs import Bill, Estimate, took_s
from batchctl.decide.known import KnownBatch, Phase
from batchctl.decide.plan import JobPlan
from batchctl.decide.planner import Situation, plan_job
from batchctl.decide.wanted import Wanted
from batchctl.words.outcomes import Outcome
from batchctl.words.prices import Price, PriceList, Rates
from batchctl.words.usage import Usage
from tests.decide.worlds import HERE, candidate, job, known, settled, situations, wants

MILLION = 1_000_000
#: A dollar for a million tokens in, ten for a million out.
RATES = Rates(Decimal(1), Decimal(10))
PRICES = PriceList(own={"m": Price(RATES, RATES), "dear": Price(RATES, Rates(Decimal(100), Decimal(100)))}, here=HERE)


def priced(count: int, **more: Any) -> Wanted:
    """Requests of 25 prompt tokens each, whose answers have at most 10."""
    settings = {"model": "m", "rates": RATES, "prices": PRICES, "answer_limit": 10}
    return job(count, **{**settings, **more})


def counted(batch: KnownBatch, tokens_in: int, tokens_out: int, **more: Any) -> KnownBatch:
    record = replace(batch.record, revision=1, model="m", **more).with_usage(Usage(tokens_in, tokens_out))
    return replace(batch, record=record)


def planned(wanted: Wanted, *batches: KnownBatch, **more: Any) -> JobPlan:
    return plan_job(wanted, Situation(known=batches, **more))


def test_what_is_to_be_sent_costs_its_prompt_and_the_longest_answer() -> None:
    plan = planned(priced(4))
    assert plan.bill(*plan.sending) == Bill(Usage(100, 40), Decimal(500) / MILLION, estimated=True, at_most=True)


def test_what_is_around_the_prompt_is_not_counted() -> None:
    plan = planned(priced(4, envelope=60))
    assert plan.bill(*plan.sending).usage == Usage(40, 40)


def test_answers_that_are_there_tell_how_long_the_next_ones_get() -> None:
    plan = planned(priced(4), counted(settled([0, 1], Outcome.OK), 60, 6, ok=2))
    assert plan.estimate == Estimate("m", RATES, Fraction(3))
    assert plan.bill(*plan.sending) == Bill(Usage(50, 6), Decimal(110) / MILLION, estimated=True)


def test_answers_that_answer_nothing_of_today_tell_nothing() -> None:
    plan = planned(priced(4), counted(settled([7, 8], Outcome.OK), 60, 6, ok=2))
    assert plan.estimate == Estimate("m", RATES, Fraction(10), at_most=True)


def test_without_a_limit_the_answers_are_left_out_and_that_is_said() -> None:
    plan = planned(priced(4, answer_limit=None))
    assert plan.bill(*plan.sending) == Bill(Usage(100), Decimal(100) / MILLION, estimated=True, open_ended=True)
    assert not plan.bill(*plan.sending).known


def test_an_unknown_price_is_unknown_and_never_zero() -> None:
    plan = planned(priced(4, rates=None, model="who"))
    assert plan.bill(*plan.sending).unpriced == {"who"}
    assert not plan.bill(*plan.sending).known
    assert not (Bill(cost=Decimal(1)) + plan.bill(*plan.sending)).known


def test_what_was_counted_is_what_was_spent() -> None:
    plan = planned(priced(3), counted(settled([0, 1, 2], Outcome.OK), 70, 9, ok=3))
    assert plan.spent == Bill(Usage(70, 9), Decimal(160) / MILLION)


def test_a_batch_that_runs_is_spent_in_full_as_estimated() -> None:
    plan = planned(priced(3), replace(known([0, 1]), record=replace(known([0, 1]).record, revision=1)))
    assert plan.spent == Bill(Usage(50, 20), Decimal(250) / MILLION, estimated=True, at_most=True)


def test_a_batch_that_has_ended_is_spent_as_its_provider_adds_it_up() -> None:
    batch = known([0, 1], Phase.ENDED)
    assert batch.remote is not None
    shown = replace(batch, record=replace(batch.record, revision=1), remote=replace(batch.remote, usage=Usage(30, 3)))
    assert planned(priced(3), shown).spent == Bill(Usage(30, 3), Decimal(60) / MILLION)


def test_of_what_ended_without_answers_nothing_is_paid() -> None:
    assert planned(priced(2), settled([0, 1], Outcome.EXPIRED, ok=0, revision=1)).spent == Bill()


def test_answers_that_nobody_counted_are_estimated() -> None:
    plan = planned(priced(2), settled([0, 1], Outcome.OK, ok=2, revision=1))
    assert plan.spent == Bill(Usage(50, 20), Decimal(250) / MILLION, estimated=True, at_most=True)


def test_every_attempt_of_this_revision_is_spent_and_nothing_of_another() -> None:
    batches = (counted(settled([0], Outcome.RATE_LIMIT), 10, 1, ok=0), counted(settled([0], Outcome.OK, at=2), 20, 2),
               replace(counted(settled([0], Outcome.OK, at=3), 40, 4), record=replace(
                   counted(settled([0], Outcome.OK, at=3), 40, 4).record, revision=7)))
    assert planned(priced(1), *batches).spent.usage == Usage(30, 3)


def test_what_another_model_answered_costs_what_that_model_costs() -> None:
    plan = planned(priced(1), counted(settled([5], Outcome.OK), 10, 0, ok=1), counted(
        settled([6], Outcome.OK, at=2), 10, 0, ok=1))
    dear = replace(plan.standing.batches[0], record=replace(plan.standing.batches[0].record, model="dear"))
    assert planned(priced(1), dear).spent.cost == Decimal(1000) / MILLION
    gone = replace(dear, record=replace(dear.record, model="gone"))
    assert planned(priced(1), gone).spent.unpriced == {"gone"}


def test_a_batch_that_is_adopted_has_the_model_of_what_it_is_wanted_for() -> None:
    (adoption,) = [action for action in planned(priced(1), candidates=(candidate([0]),)).actions
                   if action.kind == "adopt"]
    assert adoption.record is not None
    assert adoption.record.model == "m"


def test_a_ceiling_of_cost_counts_what_was_spent_and_what_is_planned() -> None:
    batch = counted(settled([0, 1], Outcome.OK), 60, 6, ok=2)
    plan = planned(priced(4, max_cost=Decimal("0.000229")), batch)
    assert plan.over_budget == ("budget.max_cost is $0.000229: $0.00012 is spent so far, and about $0.00011 more is "
                                "planned")
    assert not planned(priced(4, max_cost=Decimal("0.000230")), batch).over_budget
    assert not planned(priced(2, max_cost=Decimal(0)), batch).over_budget, "nothing is to be sent"


def test_a_ceiling_that_cannot_be_held_against_a_cost_is_a_refusal() -> None:
    gone = replace(counted(settled([9], Outcome.OK), 1, 1, ok=1))
    gone = replace(gone, record=replace(gone.record, model="gone"))
    assert "no price is known for gone; add prices" in planned(priced(1, max_cost=Decimal(5)), gone).over_budget
    assert "add max_completion_tokens" in planned(priced(1, max_cost=Decimal(5), answer_limit=None)).over_budget


def test_both_ceilings_are_told() -> None:
    told = planned(priced(4, max_cost=Decimal(0), max_requests=1)).over_budget
    assert "max_requests" in told
    assert "max_cost" in told


def test_why_rows_have_no_answer_is_counted_by_reason() -> None:
    plan = planned(priced(4), settled([0, 1, 2], Outcome.OK, Outcome.REJECTED, Outcome.CANCELLED))
    assert plan.unanswered == {"rejected": 1, "cancelled": 1}


@pytest.mark.parametrize(("took", "middle"), [([], None), ([60], 60), ([10, 300, 20], 20)])
def test_how_long_batches_took_is_told_by_the_one_in_the_middle(took: list[int], middle: int | None) -> None:
    batches = [settled([0], Outcome.OK, created_at=1000, ended_at=1000 + one, at=at) for at, one in enumerate(took, 1)]
    odd = [settled([0], Outcome.OK, created_at=1000, ended_at=900), settled([0], Outcome.OK, created_at=None)]
    assert took_s([*batches, *odd, known([0])]) == middle


@settings(max_examples=250)
@given(wants(), situations())
def test_in_every_world_what_is_known_to_be_spent_is_no_less_than_nothing(
        wanted: Wanted, situation: Situation) -> None:
    plan = plan_job(replace(wanted, model="m", rates=RATES, prices=PRICES, answer_limit=10), situation)
    assert plan.spent.cost >= 0
    assert plan.bill(*plan.sending).cost >= 0
    assert sum(plan.unanswered.values()) <= plan.tally.failed + plan.tally.expired + plan.tally.cancelled
    assert bool(plan.standing.charged) == bool(plan.standing.spent)
