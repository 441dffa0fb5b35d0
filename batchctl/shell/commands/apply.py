"""`batchctl apply`: makes it so."""

from __future__ import annotations

from pathlib import Path

import click

from batchctl.shell import options
from batchctl.shell.declared import declared
from batchctl.shell.options import Chosen
from batchctl.show.terminal import Terminal


@declared("apply", exits=(0, 1, 3, 4, 5, 64), examples=(
    "batchctl apply -f job.yaml", "batchctl apply --wait --timeout 3600 --auto-approve", "batchctl apply plan.json"))
@click.argument("saved_plan", metavar="[PLAN]", type=options.PATH, required=False)
@options.manifests
@options.trust
@click.option("--wait", is_flag=True, help="Go on until nothing is running; always so for `provider: local`.")
@options.auto_approve
@options.detailed_exitcode("Exit with 4 while something is running.")
@click.option("--resend-lost", is_flag=True, help="Send lost requests again, and pay again.")
@click.option("--prune", is_flag=True, help="Cancel live batches of jobs that left the manifest.")
@options.timeout
@options.poll_interval
@options.settle
@options.run_lock
@options.view("text", "json", "markdown")
@options.screen
def command(terminal: Terminal, saved_plan: Path | None, chosen: Chosen, wait: bool, auto_approve: bool,
            detailed_exitcode: bool, resend_lost: bool, prune: bool, timeout: float | None,
            poll_interval: float | None, settle: float, run_lock_timeout: float, form: str) -> int:
    """Send what is missing, fetch what is done, write what is settled. Running it again sends nothing twice.

    With a PLAN that `batchctl plan --out` has saved, do exactly what it says, or refuse where things have moved."""
    from batchctl.act.desk import Options
    from batchctl.shell import applying
    from batchctl.shell.running import How
    from batchctl.shell.views import failing_as

    how = How("apply", Options(settle, resend_lost, prune), wait, timeout, poll_interval, run_lock_timeout)
    with failing_as(form, "apply", terminal):
        if saved_plan is not None:
            outcome = applying.apply_saved(terminal, saved_plan, chosen, how)
        else:
            outcome = applying.apply_manifests(terminal, chosen, how, auto_approve=auto_approve)
    applying.print_outcome(terminal, outcome, form)
    return outcome.exit_code(detailed=detailed_exitcode)
