"""Asks before money is spent, or given up; never where nobody can answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from batchctl.act.passes import Approve, JobReport
from batchctl.decide.plan import JobPlan, Kind
from batchctl.shell.explained import explained
from batchctl.shell.session import Session
from batchctl.shell.views import shown
from batchctl.show import figures, money
from batchctl.show.plan_text import plan_text
from batchctl.show.terminal import Terminal
from batchctl.show.totals import Totals
from batchctl.words.errors import UsageError


def approver(session: Session, terminal: Terminal, *, auto: bool, saves: bool, pause: Callable[[], None]) -> Approve:
    """`auto` approves everything. A yes holds for its jobs for the whole run: the retries that the manifest asks for
    are part of it; a job that was not shown yet is asked about. `saves`: a saved plan would do, too. `pause` takes live
    progress off the screen before the question."""
    approved: set[str] = set()
    instead = ", or make a plan with `batchctl plan --out FILE` and apply it" if saves else ""

    def approve(plans: Sequence[JobPlan]) -> bool:
        asked = [plan for plan in plans if not _refused(plan)]
        jobs = {plan.job for plan in asked}
        if auto and asked:
            # What is done unasked is told, with the digest by which a plan that was read before is known again.
            pause()
            terminal.err(f"{Totals.of(asked).line}\n")
        if auto or jobs <= approved:
            return True
        must_ask(terminal, _what(asked, "sending", "cancelling"), instead)
        pause()
        views = shown(session, [JobReport(plan.job, plan) for plan in asked], explained(session, asked))
        terminal.err(plan_text(views, terminal.paint_err, each=terminal.verbose))
        if not says_yes(terminal, _what(asked, "Send", "cancel")):
            return False
        approved.update(jobs)
        return True

    return approve


def must_ask(terminal: Terminal, what: str, instead: str = "") -> None:
    """Raises UsageError where nobody can be asked about `what`; `instead` is what would do, too."""
    if not terminal.asks:
        raise UsageError(f"{what} needs approval, and there is no terminal to ask on",
                         notes=(f"add --auto-approve{instead}",))


def says_yes(terminal: Terminal, what: str) -> bool:
    """Whether whoever is at the terminal wants that."""
    return terminal.ask(f"\n{what}? Only yes is accepted: ") == "yes"


def _price(totals: Totals) -> str:
    """What it costs, where it is not free."""
    bill = totals.estimate
    return f" ({money.cost(bill)})" if bill.cost or not bill.known else ""


def _refused(plan: JobPlan) -> bool:
    """Whether the pass will refuse to send what the plan says, so that there is nothing to say yes to."""
    return bool(plan.blocked or plan.over_budget) and not plan.of(Kind.CANCEL)


def _what(plans: Sequence[JobPlan], send: str, cancel: str) -> str:
    """What is asked for, in a few words, with the verbs given."""
    totals = Totals.of(plans)
    parts = []
    sent = totals.actions.get(Kind.CREATE, 0) + totals.actions.get(Kind.RETRY, 0)
    if sent:
        parts.append(f"{send} {figures.count(totals.requests, 'request')} in {figures.batches(sent)}{_price(totals)}")
    if Kind.CANCEL in totals.actions:
        parts.append(f"{cancel} {figures.batches(totals.actions[Kind.CANCEL])}")
    made = " and ".join(parts)
    return made[:1].upper() + made[1:] if send[0].isupper() else made
