"""How an apply came out, as text: a line a job, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from batchctl.decide.plan import Kind
from batchctl.show import figures
from batchctl.show.colour import PLAIN, Palette
from batchctl.show.plan_text import remarks, title
from batchctl.show.reports import Shown


def outcome_text(jobs: Sequence[Shown], paint: Palette = PLAIN) -> str:
    return "".join("\n".join(_job(job, paint)) + "\n" for job in jobs)


def _job(job: Shown, paint: Palette) -> list[str]:
    plan = job.plan
    if plan is None:
        return [f"{title(job, paint)}  {paint('red', 'failed: see the error')}"]
    # A job that is destroyed, or that left the manifest, asks for no rows.
    tally = f"{paint('dim', ' · ')}{figures.tally(plan.tally)}" if plan.tally.rows else ""
    made = [f"{title(job, paint)}{tally}"]
    waiting, sends = plan.of(Kind.WAIT), plan.sending
    if waiting:
        made.append(f"  {figures.batches(len(waiting))} running; `batchctl apply` again fetches what is done, "
                    "and --wait waits for it")
    if sends:
        made.append(f"  {figures.count(sum(action.requests for action in sends), 'request')} not sent yet")
    made += [f"  {figures.count(held.requests, 'request')} held: {held.reason}" for held in plan.held]
    return made + remarks(plan, paint)
