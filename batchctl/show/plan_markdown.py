"""A plan as Markdown, for pull requests and step summaries."""

from __future__ import annotations

from collections.abc import Sequence

from batchctl.show import figures
from batchctl.show.actions import lines
from batchctl.show.colour import PLAIN
from batchctl.show.markdown import code, fitted, table, words
from batchctl.show.plan_text import budget, held_words, remarks
from batchctl.show.reports import Shown, plans_of
from batchctl.show.totals import Totals


def plan_markdown(jobs: Sequence[Shown], *, offline: bool = False) -> str:
    """The totals first, then a table of what would be done, then what must be known."""
    made = ["### batchctl plan", "", f"**{Totals.of(plans_of(jobs)).line}**", ""]
    if offline:
        made += ["Offline: what the provider has was not looked at.", ""]
    rows = [[code(job.job), f"{line.symbol} {line.kind}", code(line.what), words(line.why)]
            for job in jobs if job.plan is not None for line in lines(job.plan, window=True)]
    if rows:
        made += [*table(["job", "action", "what", "why"], rows), ""]
    for job in jobs:
        made += _remarks(job, offline)
    return fitted(made, "`batchctl plan` shows them all.")


def _remarks(job: Shown, offline: bool) -> list[str]:
    if job.plan is None:
        return [f"- {code(job.job)}: no plan could be made: {words(failure.message.partition(chr(10))[0])}"
                for failure in job.report.failures]
    found = [f"- {code(job.job)}: {words(text.strip().removeprefix('! '))}"
             for text in remarks(job.plan, PLAIN, offline=offline)]
    found += [f"- {code(job.job)}: {words(' '.join(line.split()))}" for line in budget(job.plan, PLAIN)]
    found += [f"- {code(job.job)}: {figures.count(held.requests, 'request')} held: {words(held_words(held))}"
              for held in job.plan.held]
    return found
