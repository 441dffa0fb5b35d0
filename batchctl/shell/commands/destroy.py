"""`batchctl destroy`: cancels what is live."""

from __future__ import annotations

from batchctl.shell import options
from batchctl.shell.declared import declared
from batchctl.shell.options import Chosen
from batchctl.show.terminal import Terminal


@declared("destroy", exits=(0, 1, 5, 64), examples=(
    "batchctl destroy -f job.yaml", "batchctl destroy --target review-sentiment --auto-approve"))
@options.manifests
@options.trust
@options.auto_approve
@options.run_lock
@options.view("text", "json", "markdown")
@options.screen
def command(terminal: Terminal, chosen: Chosen, auto_approve: bool, run_lock_timeout: float, form: str) -> int:
    """Cancel the live batches that this lockfile created or imported. What they answered so far is kept, and fetched by
    the next apply, which asks no cancelled request again."""
    from batchctl.act.desk import Options
    from batchctl.shell import applying
    from batchctl.shell.running import How

    how = How("destroy", Options(destroy=True), run_lock_timeout_s=run_lock_timeout)
    outcome = applying.apply_manifests(terminal, chosen, how, auto_approve=auto_approve)
    applying.print_outcome(terminal, outcome, form)
    return outcome.exit_code(detailed=False)
