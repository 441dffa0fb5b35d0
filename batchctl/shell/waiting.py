"""Waits for live batches without doing anything about them."""

from __future__ import annotations

import time
from collections.abc import Callable

from batchctl.act.desk import Options
from batchctl.act.passes import JobReport
from batchctl.act.waiting import LOCAL_PACE, Pace, Unasked, Watch
from batchctl.decide.plan import Kind
from batchctl.remote.connect import Providers
from batchctl.shell.parting import all_local
from batchctl.shell.planning import Looked, look_at
from batchctl.shell.running import trouble
from batchctl.shell.session import Session
from batchctl.shell.sight import Sight
from batchctl.words.errors import Unavailable
from batchctl.words.events import Emit


def wait_for_batches(session: Session, providers: Providers, emit: Emit, *, timeout_s: float | None,
                     poll_s: float | None, sleep: Callable[[float], None] = time.sleep,
                     monotonic: Callable[[], float] = time.monotonic) -> tuple[Looked, bool]:
    """The last look, and whether all had ended by then. A provider that is away is waited for, too."""
    options = Options(whole_file=not session.selection)
    deadline = None if timeout_s is None else monotonic() + timeout_s
    providers.until(deadline)
    pace = Pace(fixed_s=poll_s) if poll_s is not None else LOCAL_PACE if all_local(session) else Pace()
    watch, sight = Watch(pace, emit, deadline, sleep, monotonic), Sight(monotonic=monotonic)
    while True:
        looked = look_at(session, options, emit, providers=providers)
        plans = [report.plan for report in looked.reports
                 if report.plan is not None and report.plan.of(Kind.WAIT) and not sight.lost(report.job)]
        if not plans and not any(_down(report) for report in looked.reports):
            return looked, True
        try:
            in_time = watch.until_something_ends([
                (project.looking(providers, options, emit), plan) for project in session.projects for plan in plans
                if plan.job in project.jobs])
            sight.answered(plans)
        except Unasked as unasked:
            emit(trouble(unasked, given_up=sight.failed(unasked, plans)))
            in_time = watch.until_something_ends([])
        if not in_time:
            return looked, False


def _down(report: JobReport) -> bool:
    """Whether a job could not be looked at, and only for a provider that is away."""
    return bool(report.failures) and all(isinstance(failure, Unavailable) for failure in report.failures)
