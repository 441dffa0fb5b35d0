"""`batchctl plan`: what apply would do; changes nothing."""

from __future__ import annotations

from pathlib import Path

import click

from batchctl.shell import options
from batchctl.shell.declared import declared
from batchctl.shell.options import Chosen
from batchctl.show.terminal import Terminal


@declared("plan", exits=(0, 1, 2, 5, 64), examples=(
    "batchctl plan -f job.yaml --diff", "batchctl plan --out plan.json && batchctl apply plan.json",
    "batchctl plan --offline --format markdown"))
@options.manifests
@options.trust
@click.option("--diff", is_flag=True, help="Show, for each job, how one request differs from an earlier one.")
@click.option("--out", type=options.PATH, metavar="FILE", help="Save the plan for `batchctl apply FILE`.")
@click.option("--offline", is_flag=True, help="Neither network nor key: plan from the lockfile and the store alone.")
@options.detailed_exitcode("Exit with 2 when there are changes.")
@click.option("--resend-lost", is_flag=True, help="Plan to send lost requests again, and to pay again.")
@click.option("--prune", is_flag=True, help="Plan to cancel live batches of jobs that left the manifest.")
@options.view("text", "json", "markdown")
@options.screen
def command(terminal: Terminal, chosen: Chosen, diff: bool, out: Path | None, offline: bool,
            detailed_exitcode: bool, resend_lost: bool, prune: bool, form: str) -> int:
    """Show what apply would do, and change nothing: no remote write, and no local one but --out."""
    from dataclasses import replace

    from batchctl.act.desk import Options
    from batchctl.shell.planning import look_at, print_plan, save_plan, with_reasons
    from batchctl.shell.session import open_session
    from batchctl.shell.views import failing_as
    from batchctl.show.display import progress

    wanted = Options(resend_lost=resend_lost, prune=prune)
    with failing_as(form, "plan", terminal):
        session = open_session(chosen)
        with progress(terminal) as emit:
            warnings = session.survey(chosen.workers, emit)
            found = look_at(session, replace(wanted, whole_file=not session.selection), emit, offline=offline)
            looked = with_reasons(found, example=diff)
    terminal.diagnostics((*session.warnings, *warnings))
    print_plan(terminal, looked, form, diff=diff)
    if out is not None:
        save_plan(terminal, looked, out)
    return looked.exit_code(detailed=detailed_exitcode)
