"""What `apply` and `destroy` share: from manifests, or from a saved plan, to how every job came out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from batchctl.act.passes import Approve, Choose
from batchctl.act.saved import SavedPlan, read
from batchctl.remote.connect import Providers
from batchctl.shell.approval import approver
from batchctl.shell.options import Chosen
from batchctl.shell.parting import apply_again, parting
from batchctl.shell.planning import look_at
from batchctl.shell.running import How, Outcome, Runner
from batchctl.shell.session import Session, open_session
from batchctl.shell.views import print_failures, print_status, shown
from batchctl.show.display import progress
from batchctl.show.outcome_text import outcome_text
from batchctl.show.progress import Progress
from batchctl.show.terminal import Terminal
from batchctl.words.errors import StalePlan, UsageError


@dataclass(frozen=True, slots=True)
class Applied:
    """A finished apply."""

    session: Session
    outcome: Outcome

    def exit_code(self, *, detailed: bool) -> int:
        return self.outcome.exit_code(detailed=detailed)


def apply_manifests(terminal: Terminal, chosen: Chosen, how: How, *, auto_approve: bool) -> Applied:
    """Raises BatchctlError before anything is done, and UsageError when nobody can be asked."""
    session = open_session(chosen)
    with progress(terminal) as emit:
        terminal.parting = lambda: parting(session, emit.awaited, terminal.arguments)
        _survey(terminal, session, chosen, emit, needed=not how.options.destroy)
        how = replace(how, options=replace(how.options, whole_file=not session.selection))
        approve = approver(session, terminal, auto=auto_approve, saves=not how.options.destroy, pause=emit.close)
        return _run(terminal, session, how, emit, approve)


def apply_saved(terminal: Terminal, path: Path, chosen: Chosen, how: How) -> Applied:
    """Does what a saved plan says. Raises StalePlan, with nothing changed, when something moved."""
    if chosen.files or chosen.lockfile or chosen.var or chosen.var_file or chosen.target or chosen.exclude:
        raise UsageError("a saved plan names its manifests, variables and jobs itself",
                         notes=("leave out -f, --lockfile, --var, --var-file, --target and --exclude",))
    saved = read(path)
    session = _session_of(saved, chosen.trusted)
    options = replace(how.options, resend_lost=saved.resend_lost, prune=saved.prune, whole_file=saved.whole_file)
    how = replace(how, options=options, saved=True)
    with progress(terminal) as emit:
        again = apply_again(session, saved.jobs, chosen.trusted, wait=how.wait)
        terminal.parting = lambda: parting(session, emit.awaited, again)
        _survey(terminal, session, chosen, emit)
        check = _checker(saved, session, how, emit)
        return _run(terminal, session, how, emit, lambda plans: True, saved.choose, check)


def print_outcome(terminal: Terminal, applied: Applied, form: str) -> None:
    """How each job stands on stdout; what failed, or was declined, on stderr."""
    outcome = applied.outcome
    reports = list(outcome.reports.values())
    if outcome.declined:
        # What was approved before, of other manifests, is done and shown.
        terminal.err(f"Declined: nothing {'more ' if reports else ''}was sent or cancelled.\n")
    if reports or not outcome.declined:
        jobs = shown(applied.session, reports)
        print_status(terminal, jobs, form, lambda jobs: outcome_text(
            jobs, terminal.paint, None if terminal.verbose else terminal.rows))
    print_failures(terminal, reports, outcome.failures)
    if outcome.timed_out:
        terminal.err(f"Time ran out. {terminal.parting()}\n")


def _run(terminal: Terminal, session: Session, how: How, emit: Progress, approve: Approve,
         choose: Choose = lambda plan: plan, check: Callable[[Providers], None] = lambda providers: None) -> Applied:
    with Providers(runs=True) as providers:
        check(providers)
        return Applied(session, Runner(session, how, emit, approve, choose).run(providers))


def _survey(terminal: Terminal, session: Session, chosen: Chosen, emit: Progress, *, needed: bool = True) -> None:
    warnings = session.survey(chosen.workers, emit) if needed else ()
    terminal.diagnostics((*session.warnings_again, *warnings))


def _session_of(saved: SavedPlan, trusted: tuple[str, ...]) -> Session:
    """The manifests of a saved plan with its jobs chosen. Raises StalePlan when a job is gone."""
    session = open_session(Chosen(files=saved.manifests, lockfile=saved.lockfile, trusted=trusted),
                           values=saved.variables)
    declared = session.jobs
    for project in session.projects:
        project.jobs = {name: job for name, job in project.jobs.items() if name in saved.jobs}
    gone = sorted(name for name, job in saved.jobs.items() if name not in declared and job.digest and any(
        action.positions for action in job.actions))
    if gone:
        raise StalePlan(f"the saved plan is stale: the manifests have no longer the job {gone[0]}")
    return session


def _checker(saved: SavedPlan, session: Session, how: How, emit: Progress) -> Callable[[Providers], None]:
    """Compares what is there now with what the plan was made from, before anything is changed."""
    def check(providers: Providers) -> None:
        looked = look_at(session, how.options, emit, providers=providers)
        for report in looked.reports:
            if report.plan is not None:
                desired = next((project.surveys[report.job] for project in session.projects
                                if report.job in project.surveys), None)
                saved.check(report.job, report.plan, looked.records[report.job], desired)

    return check
