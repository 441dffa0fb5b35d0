"""A plan as text: a line a job, a line an action, and what it all comes to."""

from __future__ import annotations

from collections.abc import Sequence

from batchctl.decide.known import Phase
from batchctl.decide.plan import Held, JobPlan
from batchctl.show import figures
from batchctl.show.actions import STYLES, Line, lines
from batchctl.show.colour import PLAIN, Palette
from batchctl.show.difference import difference_text
from batchctl.show.reports import Shown, plans_of
from batchctl.show.safe import safe, width
from batchctl.show.totals import Totals
from batchctl.words.prices import dollars

_HELD = {
    "below-minimum": "fewer than the provider takes in one batch",
    "capacity": "the provider had no room; sent when a batch that runs there has ended",
    "enqueued-tokens": "over the ceiling of enqueued tokens; sent when there is room",
}


def plan_text(jobs: Sequence[Shown], paint: Palette = PLAIN, *, each: bool = False, offline: bool = False,
              diff: bool = False) -> str:
    """The whole plan. `each` names every batch, `diff` shows a changed request of each job."""
    blocks = ["\n".join([*_job(job, found, paint, offline), *(difference_text(job, paint) if diff else [])]) + "\n"
              for job, found in zip(jobs, lines(jobs, each=each), strict=True)]
    totals = Totals.of(plans_of(jobs))
    failed = sum(job.plan is None for job in jobs)
    line = totals.line if len(jobs) > failed or not failed else ""
    if failed:
        line += f" {figures.count(failed, 'job')} could not be planned."
    if offline:
        line += "\nOffline: what the provider has was not looked at."
    return "".join(blocks) + "\n" + paint("bold", line.strip()) + "\n"


def title(job: Shown, paint: Palette, *more: str) -> str:
    """A job's name, and where it runs."""
    about = [safe(job.where.name), safe(job.model), *more] if job.where is not None else ["not in the manifest"]
    return paint("bold", safe(job.job)) + paint("dim", f"  {' · '.join(about)}")


def _job(job: Shown, found: Sequence[Line], paint: Palette, offline: bool) -> list[str]:
    plan = job.plan
    if plan is None:
        return [f"{title(job, paint)}  {paint('red', 'no plan: see the error')}"]
    # A job that is destroyed, or that left the manifest, asks for no rows.
    rows = f"{paint('dim', ' · ')}{_rows(plan)}" if plan.tally.rows or not plan.actions else ""
    made = [f"{title(job, paint, *filter(None, (safe(plan.window),)))}{rows}"]
    wide = max((width(line.what) for line in found), default=0)
    for line in found:
        head = paint(STYLES[line.kind], f"{line.symbol} {line.kind:<6}")
        made.append(f"  {head}  {line.what}{' ' * (wide - width(line.what))}  {paint('dim', line.why)}".rstrip())
    made += [f"  {paint('yellow', '! held')}    {figures.count(held.requests, 'request')}: "
             f"{held_words(held)}" for held in plan.held]
    made += budget(plan, paint)
    made += remarks(plan, paint, offline=offline)
    return made


def budget(plan: JobPlan, paint: Palette) -> list[str]:
    """How much of the budget is used, where there is one."""
    parts = []
    if plan.max_cost is not None:
        about = "~" if plan.spent.estimated and plan.spent.cost else ""
        parts.append(f"{about}{dollars(plan.spent.cost)} of {dollars(plan.max_cost)} spent")
    if plan.max_requests is not None:
        parts.append(f"{plan.standing.spent:,} of {figures.count(plan.max_requests, 'request')} sent")
    return [f"  {paint('dim', 'budget')}    {', '.join(parts)}"] if parts else []


def held_words(held: Held) -> str:
    """Why requests are held, for people."""
    return _HELD.get(held.reason, safe(held.reason))


def remarks(plan: JobPlan, paint: Palette, *, offline: bool = False) -> list[str]:
    """What a reader of a plan or a status must know besides the actions."""
    found = []
    if plan.blocked and not offline:
        found.append(f"nothing can be sent: {plan.blocked}")
    if plan.over_budget:
        found.append(f"apply will refuse: {plan.over_budget}")
    if plan.estimate.by_token and plan.bill(*plan.sending).unpriced and plan.max_cost is None:
        found.append(f'no price is known for "{plan.estimate.model}" in a batch: add prices to the manifest')
    if plan.foreign:
        found.append(f"left alone, as they hold nothing that is wanted: {', '.join(plan.foreign)}")
    found += [text for batch in plan.standing.batches if batch.phase is Phase.LIVE and batch.remote is not None
              for text in batch.remote.complaints()]
    found += plan.notes
    return [f"  {paint('yellow', '!')} {safe(text)}" for text in found]


def _rows(plan: JobPlan) -> str:
    """The tally once something has come of the rows; before, their number."""
    if plan.tally.waiting == plan.tally.rows:
        return figures.count(plan.tally.rows, "row")
    return figures.tally(plan.tally)
