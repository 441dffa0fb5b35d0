"""The digest of plans: it moves with what would be sent or cancelled, and with nothing else."""

from __future__ import annotations

from dataclasses import replace

from batchctl.decide.known import Phase
from batchctl.decide.plan import JobPlan
from batchctl.decide.plan_digest import plans_digest
from batchctl.decide.planner import Situation, plan_job
from batchctl.words.outcomes import Outcome
from tests.decide.worlds import job, known, settled


def planned(count: int, *batches: object, name: str = "j", **more: object) -> JobPlan:
    return plan_job(replace(job(count, **more), job=name), Situation(known=batches))  # type: ignore[arg-type]


def test_g7_a_digest_is_the_same_for_the_same_plan_wherever_it_is_made() -> None:
    assert plans_digest([planned(3)]) == "e19103ffc6ac"
    one, other = planned(3), planned(2, name="k")
    assert plans_digest([one, other]) == plans_digest([other, one])


def test_a_digest_moves_with_what_would_be_sent_or_cancelled() -> None:
    plans = [planned(3), planned(4), planned(3, terms="elsewhere"), planned(3, inputs_digest="other"),
             planned(3, name="k"), planned(3, settled([0], Outcome.OK)), planned(3, settled([0], Outcome.EXPIRED)),
             planned(3, known([7]))]
    assert len({plans_digest([plan]) for plan in plans}) == len(plans)


def test_a_digest_does_not_move_with_progress() -> None:
    running, ended = planned(3, known([0])), planned(3, known([0], Phase.ENDED))
    assert plans_digest([running]) == plans_digest([ended]) == plans_digest([planned(3, settled([0], Outcome.OK))])


def test_where_nothing_would_be_sent_or_cancelled_there_is_no_digest() -> None:
    assert plans_digest([planned(1, known([0]))]) == plans_digest([]) == ""
