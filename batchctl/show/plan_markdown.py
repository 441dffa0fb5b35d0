"""A plan as Markdown, for pull requests and step summaries."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from batchctl.decide.plan import JobPlan
from batchctl.show import ending, figures, money
from batchctl.show.actions import SYMBOLS, Line, lines
from batchctl.show.colour import PLAIN
from batchctl.show.difference import difference, example_of
from batchctl.show.markdown import Section, code, comment, fenced, fitted, folded, table, words
from batchctl.show.plan_text import budget, held_words, remarks
from batchctl.show.reports import Shown, plans_of
from batchctl.show.totals import Totals


def plan_markdown(jobs: Sequence[Shown], *, offline: bool = False, diff: bool = False) -> str:
    """The totals first, then a line a job, then what must be known, then every action behind a click, and with `diff` a
    changed request of each job. The first line is a comment by which a bot finds what it wrote about the same manifests
    before."""
    totals = Totals.of(plans_of(jobs))
    made = [comment(f"batchctl:plan {','.join(dict.fromkeys(job.manifest for job in jobs))}"), "### batchctl plan", "",
            f"**{totals.line}**", ""]
    if offline:
        made += ["Offline: what the provider has was not looked at.", ""]
    done = list(zip(jobs, lines(jobs), strict=True))
    rows = [_row(job, about, totals.estimate.cost) for job, about in done]
    if rows:
        made += [*table(["job", "plan", "new requests", "why", "ends"], rows), ""]
    said = [line for job in jobs for line in _remarks(job, offline)]
    made += [*said, ""] if said else []
    diffs = [section for job in jobs for section in _difference(job)] if diff else []
    return fitted([Section(made), *_actions(done), *diffs], "`batchctl plan` shows them all.")


def _row(job: Shown, about: Sequence[Line], total: Decimal) -> list[str]:
    """One line about a job."""
    name = code(job.job)
    if job.where is not None:
        name += f" {words(' · '.join(filter(None, (job.where.name, job.model))))}"
    plan = job.plan
    if plan is None:
        return [name, "no plan", "", "", ""]
    kinds = {kind: number for kind in SYMBOLS if (number := len(plan.of(kind)))}
    sent = [line for line in about if line.bill is not None]
    return [name, ", ".join(f"{SYMBOLS[kind]} {number:,} {kind}" for kind, number in kinds.items()) or "no changes",
            words(_sent(plan, sent, total)), words("; ".join(dict.fromkeys(line.why for line in sent))),
            words(ending.ends(plan))]


def _sent(plan: JobPlan, sent: Sequence[Line], total: Decimal) -> str:
    """`1,204 (~301k tokens, ~$0.41)`."""
    if not sent:
        return ""
    bill = plan.bill(*plan.sending)
    amount = money.share(bill.cost, sum((line.amount for line in sent), Decimal(0)), total)
    tokens = figures.tokens(sum(action.tokens for action in plan.sending))
    return f"{sum(action.requests for action in plan.sending):,} ({tokens}, {money.cost(bill, amount)})"


def _actions(done: Sequence[tuple[Shown, Sequence[Line]]]) -> list[Section]:
    """Every action, behind a click."""
    rows = [[code(job.job), f"{line.symbol} {line.kind}", code(line.what), words(line.why)]
            for job, about in done for line in about]
    if not rows:
        return []
    head, rule, *body = table(["job", "action", "what", "why"], rows)
    return [folded(figures.count(len(rows), "line") + " of actions", Section(body, (head, rule)))]


def _difference(job: Shown) -> list[Section]:
    """A changed request behind a click, below the name of its job."""
    example = example_of(job)
    if isinstance(example, str):
        return [Section([f"- {code(job.job)}: no diff: {words(example)}"])]
    block = fenced(difference(example), "diff")
    return [Section(["", f"{code(job.job)}: a request that changed", ""]), folded("Diff of one request", block)]


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
