"""`batchctl status`: where each job and batch stands."""

from __future__ import annotations

from batchctl.shell import options
from batchctl.shell.declared import declared
from batchctl.shell.options import Chosen
from batchctl.show.terminal import Terminal


@declared("status", exits=(0, 1, 3, 4, 5, 64), examples=(
    "batchctl status", "batchctl status -f jobs/ --format json", "batchctl status --detailed-exitcode"))
@options.manifests
@options.trust
@options.detailed_exitcode("Exit with 4 while something is running, with 3 when requests failed for good.")
@options.view("text", "json", "markdown")
@options.screen
def command(terminal: Terminal, chosen: Chosen, detailed_exitcode: bool, form: str) -> int:
    """Show where each job and batch stands; changes nothing."""
    from batchctl.act.desk import Options
    from batchctl.shell.planning import look_at
    from batchctl.shell.session import open_session
    from batchctl.shell.views import print_failures, print_status, shown
    from batchctl.show.display import progress
    from batchctl.show.reports import exit_code_of
    from batchctl.show.status_text import status_text
    from batchctl.words.errors import ExitCode, worst

    session = open_session(chosen)
    with progress(terminal) as emit:
        warnings = session.survey(chosen.workers, emit)
        looked = look_at(session, Options(whole_file=not session.selection), emit)
    terminal.diagnostics((*session.warnings_again, *warnings))
    jobs = shown(session, looked.reports)
    print_status(terminal, jobs, form, lambda jobs: status_text(jobs, terminal.paint, terminal.room))
    print_failures(terminal, looked.reports, looked.failures)
    codes = [exit_code_of(report) for report in looked.reports]
    if not detailed_exitcode:
        codes = [code for code in codes if code not in (ExitCode.RUNNING, ExitCode.INCOMPLETE)]
    return worst([*codes, *(failure.exit_code for failure in looked.failures)])
