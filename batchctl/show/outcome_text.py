"""How an apply came out, as text: a line a job, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batchctl.decide.known import Phase
from batchctl.decide.plan import JobPlan, Kind
from batchctl.show import balance, figures
from batchctl.show.colour import PLAIN, Palette
from batchctl.show.plan_text import held_words, remarks, title
from batchctl.show.reports import Shown
from batchctl.show.safe import safe


def outcome_text(jobs: Sequence[Shown], paint: Palette = PLAIN) -> str:
    """A block a job, and what they come to where there are several."""
    text = "".join("\n".join(_job(job, paint)) + "\n" for job in jobs)
    total = balance.total(jobs)
    return f"{text}\n{paint('bold', total)}\n" if total else text


def _job(job: Shown, paint: Palette) -> list[str]:
    plan = job.plan
    if plan is None:
        return [f"{title(job, paint)}  {paint('red', 'failed: see the error')}"]
    # A job that is destroyed, or that left the manifest, asks for no rows.
    tally = f"{paint('dim', ' · ')}{figures.tally(plan.tally)}" if plan.tally.rows else ""
    made = [f"{title(job, paint)}{tally}"]
    wrote = [f"wrote     {safe(path)}, {figures.count(records, 'record')}" for path, records in job.report.written]
    made += [f"  {line}" for line in (*balance.not_ok(plan), *wrote, *balance.used(plan), *_left(plan))]
    made += [f"  {figures.count(held.requests, 'request')} held: {held_words(held)}" for held in plan.held]
    return made + remarks(plan, paint)


def _left(plan: JobPlan) -> Iterator[str]:
    """What is not at its end, and how to go on."""
    waits = plan.of(Kind.WAIT)
    # The look that the plan was made from may be older than the cancels.
    cancelled = {action.batch_id for action in plan.of(Kind.CANCEL)}
    stopping = sum(action.status == "cancelling" or action.batch_id in cancelled for action in waits)
    hidden = sum(action.reason == Phase.UNREACHABLE.value for action in waits)
    if running := len(waits) - stopping - hidden:
        yield (f"{figures.batches(running)} running; `batchctl apply` again fetches what is done, and --wait waits "
               "for it")
    if stopping:
        yield f"{figures.batches(stopping)} cancelling; `batchctl apply` fetches what was answered"
    if plan.of(Kind.ADOPT, Kind.FETCH, Kind.WRITE):
        yield "results to be fetched or written: run `batchctl apply` again"
    if sends := plan.sending:
        yield f"{figures.count(sum(action.requests for action in sends), 'request')} not sent yet"
    if not plan.actions and not plan.requests:
        yield "nothing is running"
