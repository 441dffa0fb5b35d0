"""How an apply came out, as text: a line a job, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from batchctl.decide.known import Phase
from batchctl.decide.plan import JobPlan, Kind
from batchctl.show import balance, figures
from batchctl.show.colour import PLAIN, Palette
from batchctl.show.plan_text import held_words, remarks, title
from batchctl.show.reports import Shown
from batchctl.show.safe import safe

#: Fewer jobs are shown one by one.
_WORTH_FOLDING = 3


def outcome_text(jobs: Sequence[Shown], paint: Palette = PLAIN, lines: int | None = None) -> str:
    """A block a job, and what they come to where there are several. Where these are more than so many lines (None: as
    many as there are), the jobs with which all is well are one line."""
    blocks = {job.job: "\n".join(_job(job, paint)) + "\n" for job in jobs}
    total = balance.total(jobs)
    folded = "" if lines is None or _height(blocks, total) <= lines else _folded(jobs, blocks)
    text = "".join(blocks.values()) + folded
    return f"{text}\n{paint('bold', total)}\n" if total else text


def _height(blocks: Mapping[str, str], total: str) -> int:
    return sum(block.count("\n") for block in blocks.values()) + (2 if total else 0)


def _folded(jobs: Sequence[Shown], blocks: dict[str, str]) -> str:
    """Takes the jobs with which all is well out of the blocks, and says how many they are."""
    well = [job for job in jobs if _is_well(job)]
    if len(well) < _WORTH_FOLDING:
        return ""
    for job in well:
        del blocks[job.job]
    written = [records for job in well for _, records in job.report.written]
    files = f"{figures.count(len(written), 'file')} with {figures.count(sum(written), 'record')}"
    wrote = f", wrote {files}" if written else ""
    rows = sum(job.plan.tally.rows for job in well if job.plan is not None)
    return f"{len(well):,} jobs are done: {figures.count(rows, 'row')} ok{wrote}; `batchctl status` shows each\n"


def _is_well(job: Shown) -> bool:
    """Whether nothing is left to do or to say."""
    plan = job.plan
    return (plan is not None and not job.report.failures and plan.tally.ok == plan.tally.rows and not plan.actions
            and not plan.held and not remarks(plan, PLAIN))


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
