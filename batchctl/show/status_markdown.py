"""Where jobs and batches stand, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from batchctl.show import balance, figures
from batchctl.show.colour import PLAIN
from batchctl.show.markdown import Section, code, fitted, table, words
from batchctl.show.plan_text import budget, held_words, remarks
from batchctl.show.reports import Shown
from batchctl.show.status_text import done_of, standing


def status_markdown(jobs: Sequence[Shown]) -> str:
    """A line a job, and a table of all batches."""
    made = ["### batchctl status", ""]
    for job in jobs:
        if job.plan is None:
            made += [f"- {code(job.job)}: {words(failure.message.partition(chr(10))[0])}"
                     for failure in job.report.failures]
            continue
        made.append(f"- {code(job.job)}: {figures.tally(job.plan.tally)}")
        made += [f"  - {figures.count(held.requests, 'request')} held: {words(held_words(held))}"
                 for held in job.plan.held]
        made += [f"  - {words(' '.join(line.split()))}" for line in (
            *balance.not_ok(job.plan), *balance.used(job.plan), *budget(job.plan, PLAIN))]
        made += [f"  - {words(text.strip().removeprefix('! '))}" for text in remarks(job.plan, PLAIN)]
    rows = [[code(job.job), code(batch.record.batch_id or "-"), words(standing(batch)), words(done_of(batch)),
             figures.moment(batch.record.created_at)]
            for job in jobs if job.plan is not None for batch in job.plan.standing.batches]
    if rows:
        made += ["", *table(["job", "batch", "status", "answered", "created"], rows)]
    return fitted([Section(made)], "`batchctl status` shows them all.")
