"""Where jobs and batches stand, as text."""

from __future__ import annotations

from collections.abc import Sequence

from batchctl.decide.known import KnownBatch, Phase
from batchctl.decide.plan import Kind
from batchctl.show import balance, figures
from batchctl.show.colour import PLAIN, Palette
from batchctl.show.plan_text import budget, held_words, remarks, title
from batchctl.show.reports import Shown
from batchctl.show.safe import safe
from batchctl.show.tables import fitting

_STYLES = {Phase.LIVE: "cyan", Phase.ENDED: "green", Phase.SETTLED: "dim", Phase.INTENT: "yellow",
           Phase.UNREACHABLE: "red"}


def status_text(jobs: Sequence[Shown], paint: Palette = PLAIN, columns: int | None = None) -> str:
    """A line a job, a line a batch, what is left to do, and what it all comes to. Lines about batches fit into so many
    columns (None: any) as far as their ids do."""
    text = "\n".join("\n".join(_job(job, paint, columns)) + "\n" for job in jobs)
    total = balance.total(jobs)
    return f"{text}\n{paint('bold', total)}\n" if total else text


def standing(batch: KnownBatch) -> str:
    """Where a batch stands, in the provider's word where it has one."""
    if batch.phase is Phase.INTENT:
        return "unfinished create"
    if batch.phase is Phase.UNREACHABLE:
        return "cannot be seen"
    status = batch.remote.status if batch.remote is not None else batch.record.status
    if status is None:
        return "gone" if batch.phase is Phase.ENDED else "live"
    return status


def done_of(batch: KnownBatch) -> str:
    """How many of its requests were answered: as recorded, else as the provider counts."""
    total = batch.record.requests
    if batch.record.ok is not None:
        return f"{batch.record.ok:,}/{total:,} ok"
    counts = batch.remote.counts if batch.remote is not None else None
    if counts is None:
        return f"{total:,}"
    return f"{counts.completed + counts.failed:,}/{total:,}" + (f", {counts.failed:,} failed" if counts.failed else "")


def _rows(batches: Sequence[KnownBatch], columns: int | None) -> list[str]:
    """A line a batch. A narrow screen lacks when it was made, and then which attempt it is."""
    rows = [[safe(batch.record.batch_id or "-"), f"attempt {batch.record.attempt}", safe(standing(batch)),
             done_of(batch), figures.moment(batch.record.created_at)] for batch in batches]
    return fitting((rows, [row[:-1] for row in rows], [[row[0], *row[2:-1]] for row in rows]), columns, indent=2)


def _job(job: Shown, paint: Palette, columns: int | None) -> list[str]:
    plan = job.plan
    if plan is None:
        return [f"{title(job, paint)}  {paint('red', 'unknown: see the error')}"]
    made = [f"{title(job, paint)}{paint('dim', ' · ')}{figures.tally(plan.tally)}"]
    styles = [_STYLES[batch.phase] for batch in plan.standing.batches]
    made += [f"  {paint(style, row)}" for style, row in zip(styles, _rows(plan.standing.batches, columns), strict=True)]
    unsent = sum(action.requests for action in plan.sending)
    if unsent:
        made.append(f"  {figures.count(unsent, 'request')} to be sent: run `batchctl apply`")
    elif plan.of(Kind.FETCH, Kind.WRITE, Kind.ADOPT):
        made.append("  results to be fetched or written: run `batchctl apply`")
    made += [f"  {figures.count(held.requests, 'request')} held: {held_words(held)}" for held in plan.held]
    made += [f"  {line}" for line in (*balance.not_ok(plan), *balance.used(plan))]
    return made + budget(plan, paint) + remarks(plan, paint)
