"""The planner is total and pure, and no plan of it pays twice, loses a row, or cancels what is not ours."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from batchctl.decide.finding import NOBODY
from batchctl.decide.known import Phase, SinkFile
from batchctl.decide.plan import JobPlan, Kind
from batchctl.decide.planner import Situation, plan_job
from batchctl.decide.standing import answers_count, hides_requests, is_unchecked, standing
from batchctl.decide.wanted import Bounds, Wanted
from batchctl.desired.job import Retry
from batchctl.recorded.records import GONE
from batchctl.words.ids import IdList
from batchctl.words.outcomes import Outcome, State, Tally
from tests.decide.worlds import (
    HERE,
    LOCAL,
    OTHER_LOCAL,
    candidate,
    identity,
    ids,
    job,
    known,
    settled,
    situations,
    wants,
)

EXAMPLES = settings(max_examples=250)


def sent(plan: JobPlan) -> list[int]:
    return [at for action in plan.sending for at in action.positions or ()]


def kinds(plan: JobPlan) -> list[tuple[str, str]]:
    return [(action.kind.value, action.reason) for action in plan.actions]


def planned(wanted: Wanted, *batches: Any, **more: Any) -> JobPlan:
    return plan_job(wanted, Situation(known=batches, **more))


# What holds in every world.


@EXAMPLES
@given(wants(), situations())
def test_g1_nothing_is_sent_that_may_be_live_answered_or_still_to_be_fetched(
    wanted: Wanted, situation: Situation
) -> None:
    plan = plan_job(wanted, situation)
    going = sent(plan)
    assert len(going) == len(set(going))
    adopted = {action.batch_id for action in plan.of(Kind.ADOPT)}
    everything = [*situation.known, *(one.adopted() for one in situation.candidates if one.remote.id in adopted)]
    for batch in everything:
        if not answers_count(batch, wanted.scope) or batch.phase is Phase.INTENT or not going:
            continue
        assert not hides_requests(batch) or (batch.phase is Phase.SETTLED and situation.resend_lost)
        held = {one: at for at, one in enumerate(batch.ids or ())}
        for at in going:
            place = held.get(wanted.ids[at])
            if place is None:
                continue
            assert batch.phase is Phase.SETTLED
            assert batch.outcomes is not None
            assert batch.outcomes[place] != Outcome.OK


@EXAMPLES
@given(wants(), situations())
def test_g4_the_tally_adds_up_to_the_rows_and_says_what_the_states_say(wanted: Wanted, situation: Situation) -> None:
    plan = plan_job(wanted, situation)
    tally = plan.tally
    parts = (tally.ok, tally.failed, tally.expired, tally.cancelled, tally.waiting, tally.held, tally.lost)
    assert sum(parts) == tally.rows == wanted.rows
    assert all(value in set(State) for value in plan.state)
    waits = Counter(plan.state)[State.HELD]
    assert sum(held.requests for held in plan.held) == waits
    assert all(plan.state[at] == State.WAITING for at in sent(plan))


@EXAMPLES
@given(wants(), situations())
def test_retries_stay_within_attempts_and_reasons_and_lost_ones_are_sent_only_when_asked(
    wanted: Wanted, situation: Situation
) -> None:
    plan = plan_job(wanted, situation)
    for action in plan.sending:
        for at in action.positions or ():
            outcome = Outcome(plan.standing.outcome[at]) if plan.standing.outcome[at] else None
            tries = plan.standing.attempts[at] + 1
            # Requests at several attempts share a batch where one of the groups alone would be too small.
            assert action.attempt == tries or (action.attempt > tries and wanted.bounds.min_requests > 1)
            if outcome is Outcome.LOST:
                assert situation.resend_lost
            elif outcome is not None:
                assert tries <= wanted.retry.max_attempts
                assert outcome is Outcome.UNSENT or outcome.reason in wanted.retry.reasons
                assert outcome is not Outcome.CANCELLED or "cancelled" in wanted.retry.reasons
                assert outcome is not Outcome.REJECTED


@EXAMPLES
@given(wants(), situations())
def test_only_our_own_live_batches_are_cancelled_and_only_when_useless(wanted: Wanted, situation: Situation) -> None:
    plan = plan_job(wanted, situation)
    useful = {plan.standing.holder[at] for at in range(len(wanted.ids)) if plan.state[at] != State.OK} - {NOBODY}
    for action in plan.of(Kind.CANCEL):
        (place,) = [at for at, batch in enumerate(plan.standing.batches) if batch.record.batch_id == action.batch_id]
        batch = plan.standing.batches[place]
        assert batch.phase is Phase.LIVE
        assert batch.record.is_ours
        assert action.status != "cancelling"
        assert place not in useful
        assert situation.declared or situation.prune
        assert batch.ids is not None or not len(wanted.ids) or not answers_count(batch, wanted.scope)


@EXAMPLES
@given(wants(), situations())
def test_g1_answers_that_are_not_checked_yet_are_neither_believed_nor_asked_for_again(
    wanted: Wanted, situation: Situation
) -> None:
    plan = plan_job(wanted, situation)
    sent = {at for action in plan.sending for at in action.positions or ()}
    for batch in situation.known:
        said = dict(zip(batch.ids or (), batch.outcomes or b"", strict=False))
        if not (is_unchecked(batch, wanted) and answers_count(batch, wanted.scope)):
            continue
        open_ones = {at for at, one in enumerate(wanted.ids) if said.get(one) in (Outcome.OK, Outcome.INVALID_OUTPUT)}
        assert open_ones.isdisjoint(sent)
        if open_ones:
            assert any(action.record == batch.record and action.reason == "unchecked" and action.change
                       for action in plan.of(Kind.FETCH))


@EXAMPLES
@given(wants(), situations())
def test_every_batch_to_be_made_fits_the_bounds_and_is_named_by_what_it_holds(
    wanted: Wanted, situation: Situation
) -> None:
    plan = plan_job(wanted, situation)
    bounds, names = wanted.bounds, set()
    for action in plan.sending:
        run = list(action.positions or ())
        size = sum(wanted.lengths[at] for at in run)
        assert run == sorted(run)
        assert bounds.min_requests <= len(run) == action.requests <= bounds.max_requests
        assert size == action.bytes
        assert size <= bounds.max_bytes or len(run) == 1
        assert (action.kind is Kind.CREATE) == (action.attempt == 1)
        names.add((action.shard, action.attempt))
    assert len(names) == len(plan.sending)
    if bounds.max_enqueued_tokens is not None and plan.sending:
        live = sum(wanted.lengths[at] for at, holder in enumerate(plan.standing.holder) if holder != NOBODY)
        assert sum(action.tokens for action in plan.sending) <= bounds.max_enqueued_tokens - live // 4


@EXAMPLES
@given(wants(), situations())
def test_g7_the_same_world_gives_the_same_plan(wanted: Wanted, situation: Situation) -> None:
    first = plan_job(wanted, situation)
    assert plan_job(wanted, situation) == first
    turned = replace(situation, known=situation.known[::-1], sinks=dict(sorted(situation.sinks.items(), reverse=True)))
    ages = [batch.age for batch in situation.known if batch.phase is not Phase.INTENT]
    if len(ages) == len(situation.known):
        assert plan_job(wanted, turned) == first


@EXAMPLES
@given(wants(), situations())
def test_g4_no_sink_is_replaced_by_one_with_lost_answers_nor_written_too_early(
    wanted: Wanted, situation: Situation
) -> None:
    plan = plan_job(wanted, situation)
    partial = {wish.path for wish in wanted.sinks if wish.partial}
    for action in plan.of(Kind.WRITE):
        there = situation.sinks.get(action.sink or "", SinkFile()).on_disk is not None
        assert not (there and plan.tally.lost)
        assert action.sink in partial or (not plan.tally.waiting and not plan.sending and not plan.of(Kind.ADOPT))


@EXAMPLES
@given(wants(), situations())
def test_g2_no_job_is_forgotten_while_anything_of_it_is_live_or_unfetched(wanted: Wanted, situation: Situation) -> None:
    plan = plan_job(wanted, situation)
    if plan.of(Kind.FORGET):
        assert not situation.declared
        assert all(batch.phase is Phase.SETTLED for batch in plan.standing.batches)
    if plan.sending:
        assert bool(plan.blocked) == bool(situation.blocked)


# Single cases, told one by one.


def test_what_is_new_is_created_and_what_is_live_is_waited_for() -> None:
    assert kinds(planned(job(3))) == [("create", "new")]
    live = planned(job(3), known([0, 1, 2]))
    assert kinds(live) == [("wait", "live")]
    assert not live.changes
    assert not live.settled


def test_one_changed_row_in_a_batch_is_one_request() -> None:
    plan = planned(job(4), settled([0, 1, 3], Outcome.OK))
    assert sent(plan) == [2]
    assert kinds(plan)[-1] == ("create", "changed")


def test_a_moved_row_costs_nothing() -> None:
    assert not sent(planned(job(3), settled([2, 0, 1], Outcome.OK)))


def test_g1_the_earliest_success_counts_and_later_failures_do_not() -> None:
    plan = planned(job(1), settled([0], Outcome.OK, at=1), settled([0], Outcome.REJECTED, at=2, attempt=2),
                   settled([0], Outcome.OK, at=3, attempt=3))
    assert plan.tally == Tally(rows=1, ok=1)
    assert plan.standing.answer[0] == 0


def test_what_failed_is_retried_alone_and_shards_of_one_attempt_stay_together() -> None:
    plan = planned(job(4), settled(range(4), Outcome.OK, Outcome.RATE_LIMIT, Outcome.EXPIRED, Outcome.REJECTED))
    assert kinds(plan)[-1] == ("retry", "expired+rate_limit")
    assert sent(plan) == [1, 2]
    assert plan.sending[0].attempt == 2
    assert plan.tally == Tally(rows=4, ok=1, waiting=2, failed=1)


def test_attempts_end() -> None:
    batches = [settled([0], Outcome.SERVER_ERROR, at=at, attempt=at) for at in (1, 2)]
    assert sent(planned(job(1), *batches)) == [0]
    assert not sent(planned(job(1, retry=Retry(max_attempts=2)), *batches))


def test_g1_a_batch_that_nobody_can_look_into_holds_everything_back_retries_too() -> None:
    failed = settled([0], Outcome.RATE_LIMIT)
    for fog in (known(None, at=2), known(None, Phase.UNREACHABLE, at=2), known(None, Phase.ENDED, at=2)):
        plan = planned(job(2), failed, fog)
        assert not sent(plan)
        assert plan.tally == Tally(rows=2, waiting=2)
    lost = known(None, Phase.SETTLED, at=2)
    assert planned(job(2), failed, lost).tally == Tally(rows=2, lost=2)
    assert sent(planned(job(2), failed, lost, resend_lost=True)) == [1, 0]


def test_g1_a_batch_known_in_part_holds_back_what_it_may_have_held() -> None:
    half = settled([0], Outcome.OK, whole=False)
    assert planned(job(2), half).tally == Tally(rows=2, ok=1, lost=1)
    assert sent(planned(job(2), half, resend_lost=True)) == [1]


def test_lost_is_said_and_sent_again_only_when_asked() -> None:
    gone = settled([0, 1], Outcome.LOST, results=GONE)
    plan = planned(job(2), gone)
    assert plan.tally == Tally(rows=2, lost=2)
    assert any("--resend-lost" in note for note in plan.notes)
    assert sent(planned(job(2), gone, resend_lost=True)) == [0, 1]


def test_cancelled_is_an_end_unless_the_manifest_says_otherwise() -> None:
    ended = settled([0], Outcome.CANCELLED, status="cancelled")
    assert planned(job(1), ended).tally == Tally(rows=1, cancelled=1)
    assert sent(planned(job(1, retry=Retry(reasons=("cancelled",))), ended)) == [0]


def test_what_was_turned_away_for_capacity_is_sent_again_without_counting() -> None:
    away = [settled([0], Outcome.UNSENT, at=at, status="failed", error_code="token_limit_exceeded") for at in (1, 2, 3)]
    plan = planned(job(1), *away)
    assert kinds(plan)[-1] == ("create", "capacity")
    assert plan.sending[0].attempt == 1


def test_what_failed_validation_is_not_sent_again() -> None:
    assert planned(job(1), settled([0], Outcome.REJECTED, status="failed")).tally == Tally(rows=1, failed=1)


def test_what_failed_validation_with_a_request_that_was_mended_is_sent_without_counting() -> None:
    plan = planned(job(2), settled([0, 1, 9], Outcome.REJECTED, status="failed"))
    assert [(action.attempt, list(action.positions or ())) for action in plan.sending] == [(1, [0, 1])]
    partly = settled([0, 1, 9], Outcome.OK, Outcome.REJECTED, Outcome.REJECTED, status="failed", ok=1)
    assert planned(job(2), partly).tally == Tally(rows=2, ok=1, failed=1)


def test_a_failed_batch_whose_answers_are_all_invalid_was_tried_and_counts_for_attempts_and_budget() -> None:
    asked = job(2, retry=Retry(max_attempts=2, reasons=("invalid_output",)))
    tries = [settled([0, 1], Outcome.INVALID_OUTPUT, at=at, attempt=at, status="failed", output_file_id="file-out")
             for at in (1, 2)]
    assert [action.attempt for action in planned(asked, tries[0]).sending] == [2]
    assert planned(asked, *tries).tally == Tally(rows=2, failed=2)
    assert standing(asked, tries).spent == 4


def test_of_a_superseded_batch_only_the_answers_count() -> None:
    plan = planned(job(2), settled([0, 1], Outcome.CANCELLED, Outcome.OK, superseded=True, status="cancelled"))
    assert plan.tally == Tally(rows=2, ok=1, waiting=1)
    assert [(action.attempt, list(action.positions or ())) for action in plan.sending] == [(1, [0])]


def test_of_a_batch_that_another_clone_cancelled_in_favour_of_an_older_one_only_the_answers_count() -> None:
    older = settled([0, 1, 2], Outcome.RATE_LIMIT, Outcome.RATE_LIMIT, Outcome.OK)
    younger = settled([0, 1, 2], Outcome.CANCELLED, Outcome.OK, Outcome.CANCELLED, at=2, origin="adopted")
    plan = planned(job(3), older, younger)
    assert plan.tally == Tally(rows=3, ok=2, waiting=1)
    assert [(action.attempt, list(action.positions or ())) for action in plan.sending] == [(2, [0])]


def test_what_gave_way_with_a_younger_batch_and_is_held_by_no_older_one_is_sent_again_by_every_clone() -> None:
    oldest = settled([0], Outcome.OK)
    middle = settled([0, 1], Outcome.CANCELLED, Outcome.CANCELLED, at=2, origin="adopted")
    youngest = settled([1, 2], Outcome.CANCELLED, Outcome.CANCELLED, at=3, origin="adopted")
    for gave_way in (middle, replace(middle, record=replace(middle.record, superseded=True))):
        plan = planned(job(3), oldest, gave_way, youngest)
        assert plan.tally == Tally(rows=3, ok=1, waiting=2)
        assert [(action.attempt, list(action.positions or ())) for action in plan.sending] == [(1, [1, 2])]
    again = settled([1, 2], Outcome.CANCELLED, Outcome.CANCELLED, at=9)
    ended = [replace(one, record=replace(one.record, ended_at=1_700_000_005)) for one in (oldest, middle, youngest)]
    assert planned(job(3), *ended, again).tally == Tally(rows=3, ok=1, cancelled=2)


def test_a_retry_that_was_cancelled_is_an_end_too() -> None:
    retried = settled([0], Outcome.CANCELLED, at=2, attempt=2)
    assert planned(job(1), settled([0], Outcome.RATE_LIMIT), retried).tally == Tally(rows=1, cancelled=1)
    together = [settled([0], Outcome.RATE_LIMIT, attempt=2, ended_at=1_700_000_001),
                settled([0], Outcome.CANCELLED, at=2, attempt=2)]
    assert planned(job(1), *together).tally == Tally(rows=1, cancelled=1)
    refused = settled([0], Outcome.UNSENT, status="failed", error_code="token_limit_exceeded")
    assert planned(job(1), refused, settled([0], Outcome.CANCELLED, at=2)).tally == Tally(rows=1, cancelled=1)


@pytest.mark.parametrize(("scope", "where", "counts"), [
    ("", HERE, True), ("local:echo", HERE, True), ("", LOCAL, False), ("local:echo", LOCAL, True),
    ("local:echo", OTHER_LOCAL, False), ("local:http://127.0.0.1:9/v1", OTHER_LOCAL, True),
])
def test_local_answers_count_only_for_the_local_provider_with_the_same_upstream(
    scope: str, where: Any, counts: bool
) -> None:
    assert bool(planned(job(1, scope=scope), settled([0], Outcome.OK, where=where)).tally.ok) is counts


def test_g2_a_tagged_batch_is_adopted_if_it_is_wanted_and_else_it_is_foreign() -> None:
    for candidates, adopted in (
        ([candidate([0])], "batch_50"), ([candidate([7])], None), ([candidate(None)], "batch_50"),
    ):
        plan = planned(job(2), candidates=tuple(candidates))
        assert [action.batch_id for action in plan.of(Kind.ADOPT)] == ([adopted] if adopted else [])
        assert plan.foreign == (() if adopted else ("batch_50",))
    assert sent(planned(job(2), candidates=(candidate([0]),))) == [1]


def test_g2_a_tagged_batch_that_answers_an_intent_is_adopted_whatever_it_holds() -> None:
    intent = known([7], Phase.INTENT, at=50)
    assert kinds(planned(job(0), intent, candidates=(candidate([7]),)))[0] == ("adopt", "intent")


def test_live_batches_that_nobody_wants_are_cancelled_but_never_somebody_elses() -> None:
    mine, adopted = known([8, 9], at=1), known([8, 9], at=2, origin="adopted")
    plan = planned(job(2), mine, adopted)
    assert [action.batch_id for action in plan.of(Kind.CANCEL)] == ["batch_1"]
    assert not planned(job(2), known([9], remote_status="cancelling")).of(Kind.CANCEL)
    assert not planned(job(2), known([1, 9])).of(Kind.CANCEL)
    assert not planned(job(2), known(None)).of(Kind.CANCEL)


def test_a_newer_batch_that_only_repeats_an_older_one_is_cancelled() -> None:
    plan = planned(job(2), known([0, 1], at=1), known([0, 1], at=2))
    assert [action.batch_id for action in plan.of(Kind.CANCEL)] == ["batch_2"]


def test_a_job_that_left_the_manifest_keeps_its_live_batches_until_pruned() -> None:
    gone = Wanted(job="j")
    assert kinds(planned(gone, known([0]), declared=False)) == [("wait", "live")]
    assert ("cancel", "pruned") in kinds(planned(gone, known([0]), declared=False, prune=True))
    assert kinds(planned(gone, settled([0], Outcome.OK), declared=False)) == [("forget", "removed-from-manifest")]


def test_what_cannot_be_sent_now_is_held_with_its_reason() -> None:
    few = planned(job(3, bounds=Bounds(max_requests=2, min_requests=2)))
    assert [(held.reason, held.requests) for held in few.held] == [("below-minimum", 1)]
    assert few.tally == Tally(rows=3, waiting=2, held=1)
    full = planned(job(3, bounds=Bounds(max_requests=1, max_enqueued_tokens=60)), known([0]))
    assert [(held.reason, held.requests) for held in full.held] == [("enqueued-tokens", 1)]
    assert sent(full) == [1]


def test_a_budget_counts_every_attempt_ever_made_and_what_is_live() -> None:
    batches = (settled([0, 1], Outcome.RATE_LIMIT, Outcome.OK), known([2], at=2))
    assert "3 requests were sent so far, and 2 more" in planned(job(4, max_requests=4), *batches).over_budget
    assert not planned(job(4, max_requests=5), *batches).over_budget
    assert not planned(job(2, max_requests=1), known([0, 1])).over_budget


def test_g1_an_unreadable_list_blocks_what_would_be_sent_and_nothing_else() -> None:
    assert planned(job(1), blocked="no list").blocked == "no list"
    assert not planned(job(1), known([0]), blocked="no list").blocked


def test_a_batch_that_the_key_cannot_see_is_waited_for_and_named() -> None:
    plan = planned(job(1), known([0], Phase.UNREACHABLE))
    assert not sent(plan)
    assert "OPENAI_API_KEY" in plan.notes[0]
    assert "batch_1" in plan.notes[0]


def test_rows_that_share_a_request_are_all_counted() -> None:
    plan = planned(job(2, weights=array("I", [3, 1]), rows=4), settled([0], Outcome.OK))
    assert plan.tally == Tally(rows=4, ok=3, waiting=1)


def test_what_the_store_lost_is_fetched_again_before_anything_is_judged() -> None:
    plan = planned(job(2), known([0, 1], Phase.SETTLED, stored=False))
    assert kinds(plan) == [("fetch", "refill")]
    assert not plan.changes
    assert plan.tally == Tally(rows=2, waiting=2)


def test_g1_ids_are_compared_whole_and_not_where_two_of_them_meet() -> None:
    straddling = identity(0)[5:] + identity(1)[:5]
    batch = replace(settled([0], Outcome.OK), ids=IdList(straddling))
    assert sent(planned(job(2), batch)) == [0, 1]


def test_an_empty_job_is_settled() -> None:
    plan = planned(job(0))
    assert (plan.actions, plan.settled, plan.tally) == ((), True, Tally())
    assert ids([]) == job(0).ids
