"""A provider that has no room: what it turned away is sent when there may be room, and not over and over."""

from __future__ import annotations

import pytest

from batchctl.act.desk import Options
from batchctl.shell.running import How, Runner
from batchctl.shell.session import Session
from batchctl.words.errors import ExitCode
from tests.faultlab.rig import SETTLE_S, Rig
from tests.faultlab.test_saved_plans import save
from tests.faultlab.test_waiting import HOUR_S, Clock, comes_back, goes, wait

FULL = "token_limit_exceeded"


def turn_away_all_but_the_first(rig: Rig) -> None:
    for batch in rig.provider.live()[1:]:
        rig.provider.reject(batch, FULL)


def test_what_was_turned_away_is_held_until_a_batch_that_filled_the_queue_has_ended(rig: Rig) -> None:
    rig.max_requests = 1
    rig.apply()
    turn_away_all_but_the_first(rig)
    for _ in range(5):
        rig.apply()
    assert len(rig.provider.batches) == 3
    plan = rig.plan()
    assert [(held.reason, held.requests) for held in plan.held] == [("capacity", 2)]
    assert (plan.tally.waiting, plan.tally.held) == (1, 2)
    rig.provider.finish(rig.provider.live()[0])
    rig.apply()
    assert len(rig.provider.batches) == 5
    rig.finish_all()
    rig.apply()
    assert rig.plan().tally.ok == 3
    assert set(rig.provider.paid().values()) == {1}


def test_new_rows_are_sent_while_others_are_held(rig: Rig) -> None:
    rig.max_requests = 1
    rig.apply()
    turn_away_all_but_the_first(rig)
    rig.apply()
    rig.rows["d"] = "four"
    rig.apply()
    assert len(rig.provider.batches) == 4


def test_where_nothing_of_ours_fills_the_queue_it_is_tried_again_at_every_pass(rig: Rig) -> None:
    for _ in range(3):
        rig.apply()
        rig.provider.reject(rig.provider.live()[0], FULL)
    rig.apply()
    assert len(rig.provider.batches) == 4


def test_an_outage_is_sat_out_while_requests_are_held(rig: Rig) -> None:
    rig.max_requests = 1
    rig.apply()
    turn_away_all_but_the_first(rig)
    outcome = wait(rig, {100.0: goes(rig, "/"), HOUR_S: lambda: comes_back(rig), 2 * HOUR_S: rig.finish_all,
                         3 * HOUR_S: rig.finish_all})
    assert outcome.exit_code(detailed=True) == ExitCode.DONE
    assert len(rig.provider.batches) == 5


def test_an_outage_is_sat_out_while_creates_are_refused_for_want_of_room(rig: Rig) -> None:
    rig.provider.refuse = dict.fromkeys(range(1, 8), (FULL, 400))
    outcome = wait(rig, {60.0: goes(rig, "/batches"), HOUR_S: lambda: comes_back(rig), 2 * HOUR_S: rig.finish_all})
    assert outcome.exit_code(detailed=True) == ExitCode.DONE
    assert len(rig.provider.batches) == 1


@pytest.mark.parametrize("first", [1, 2], ids=["nothing", "a part"])
def test_g10_a_saved_plan_that_found_no_room_is_not_done(rig: Rig, first: int) -> None:
    rig.max_requests = 2
    plan = save(rig)
    rig.provider.refuse = {first: (FULL, 400)}
    session = Session(projects=(rig.project(),), files=(), variables={}, warnings=(), selection=False)
    how = How("apply", Options(settle_s=SETTLE_S), wait=True, saved=True)
    with rig.providers() as providers:
        outcome = Runner(session, how, rig.events.append, lambda plans: True, plan.choose,
                         sleep=Clock(rig, {HOUR_S: rig.finish_all}).sleep, monotonic=lambda: rig.now).run(providers)
    assert outcome.exit_code(detailed=False) == ExitCode.REFUSED
    assert "no room" in outcome.failures[0].message
    assert [batch.status for batch in rig.provider.batches.values()] == ["completed"] * (first - 1)


def test_held_requests_are_waited_for_though_nobody_wants_what_runs(rig: Rig) -> None:
    rig.max_requests = 1
    rig.apply()
    turn_away_all_but_the_first(rig)
    rig.apply()
    del rig.rows["a"]
    outcome = wait(rig, {HOUR_S: rig.finish_all, 2 * HOUR_S: rig.finish_all})
    assert outcome.exit_code(detailed=True) == ExitCode.DONE
    assert next(iter(rig.provider.batches.values())).status == "cancelled"
    assert len(rig.sink.read_text().splitlines()) == 2


def test_held_requests_for_which_time_runs_out_are_still_running(rig: Rig) -> None:
    rig.max_requests = 1
    rig.apply()
    turn_away_all_but_the_first(rig)
    rig.apply()
    del rig.rows["a"]
    outcome = wait(rig, {}, timeout_s=HOUR_S)
    assert outcome.timed_out
    assert outcome.exit_code(detailed=False) == ExitCode.RUNNING


def test_a_file_is_uploaded_once_however_often_its_create_is_refused_for_want_of_room(rig: Rig) -> None:
    rig.provider.refuse = dict.fromkeys(range(1, 8), (FULL, 400))
    outcome = wait(rig, {HOUR_S: rig.finish_all})
    assert outcome.exit_code(detailed=True) == ExitCode.DONE
    assert rig.provider.creates == 8
    assert rig.provider.calls.count(("POST", "/files")) == 1


def test_a_full_queue_is_asked_again_at_a_growing_pace(rig: Rig) -> None:
    rig.provider.refuse = dict.fromkeys(range(1, 1000), (FULL, 400))
    outcome = wait(rig, {}, timeout_s=HOUR_S)
    assert outcome.timed_out
    assert 50 < rig.provider.creates < 80
