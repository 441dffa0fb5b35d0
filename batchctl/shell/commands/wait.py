"""`batchctl wait`: until nothing is running any more."""

from __future__ import annotations

from batchctl.shell import options
from batchctl.shell.declared import declared
from batchctl.shell.options import Chosen
from batchctl.show.terminal import Terminal


@declared("wait", exits=(0, 1, 4, 5, 64), examples=(
    "batchctl wait && batchctl apply", "batchctl wait --timeout 3600"))
@options.manifests
@options.trust
@options.timeout
@options.poll_interval
@options.view("text", "json", "markdown")
@options.screen
def command(terminal: Terminal, chosen: Chosen, timeout: float | None, poll_interval: float | None,
            form: str) -> int:
    """Wait until no batch of the jobs is running any more. Sends, fetches and writes nothing."""
    from batchctl.remote.connect import Providers
    from batchctl.shell.parting import parting
    from batchctl.shell.session import open_session
    from batchctl.shell.views import print_failures, print_status, shown
    from batchctl.shell.waiting import wait_for_batches
    from batchctl.show.display import progress
    from batchctl.show.reports import exit_code_of
    from batchctl.show.status_text import status_text
    from batchctl.words.errors import ExitCode, worst

    session = open_session(chosen)
    with progress(terminal) as emit, Providers(runs=True) as providers:
        terminal.parting = lambda: parting(session, emit.awaited, terminal.arguments)
        terminal.diagnostics((*session.warnings_again, *session.survey(chosen.workers, emit)))
        looked, in_time = wait_for_batches(session, providers, emit, timeout_s=timeout, poll_s=poll_interval)
    print_status(terminal, shown(session, looked.reports), form,
                 lambda jobs: status_text(jobs, terminal.paint, terminal.room))
    print_failures(terminal, looked.reports, looked.failures)
    if not in_time:
        terminal.err(f"Time ran out. {terminal.parting()}\n")
    # Neither requests that failed nor those that wait to be sent are its business.
    codes = [code for report in looked.reports
             if (code := exit_code_of(report)) not in (ExitCode.RUNNING, ExitCode.INCOMPLETE)]
    codes += [failure.exit_code for failure in looked.failures]
    return worst([*codes, ExitCode.DONE if in_time else ExitCode.RUNNING])
