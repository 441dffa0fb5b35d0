"""What jobs have come to so far, in lines that several views share: what was used, what is not ok, and in all."""

from __future__ import annotations

from collections.abc import Sequence

from batchctl.decide.costs import Bill
from batchctl.decide.plan import JobPlan
from batchctl.show import figures, money
from batchctl.show.reports import Shown, plans_of
from batchctl.words.outcomes import Tally


def used(plan: JobPlan) -> list[str]:
    """What the revision has used and cost, once anything was sent."""
    bill = plan.spent
    return [f"used      {money.used_for(bill)}"] if plan.standing.spent and bill.usage else []


def not_ok(plan: JobPlan) -> list[str]:
    """How many rows have ended without an answer that counts, by reason: some were answered, and not as they should
    be."""
    tally = plan.tally
    ended = tally.failed + tally.expired + tally.cancelled
    if not ended:
        return []
    reasons = [(rows, reason.replace("_", " ")) for reason, rows in plan.unanswered.items()]
    told = ", ".join(reason if rows == ended else f"{rows:,} {reason}" for rows, reason in reasons)
    return [f"not ok    {figures.count(ended, 'row')}{f': {told}' if told else ''}; `batchctl results` shows why"]


def total(jobs: Sequence[Shown]) -> str:
    """What several jobs come to; nothing for one, or where nothing was used."""
    plans = plans_of(jobs)
    bill = sum((plan.spent for plan in plans), Bill())
    if len(plans) < 2 or not bill.usage:
        return ""
    tally = Tally(**{name: sum(getattr(plan.tally, name) for plan in plans) for name in Tally.__slots__})
    return f"{len(plans)} jobs, {figures.tally(tally)}; {money.used_for(bill)}"
