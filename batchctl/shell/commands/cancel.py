"""`batchctl cancel`: one batch, or all of a job."""

from __future__ import annotations

import click

from batchctl.shell import completing, options
from batchctl.shell.declared import declared
from batchctl.shell.options import Chosen
from batchctl.show.terminal import Terminal


@declared("cancel", exits=(0, 1, 5, 64), examples=(
    "batchctl cancel batch_68f2", "batchctl cancel review-sentiment -f job.yaml"))
@click.argument("what", metavar="JOB|BATCH_ID", shell_complete=completing.jobs_and_live_batches)
@options.manifests
@options.trust
@options.settle
@options.run_lock
@options.screen
def command(terminal: Terminal, what: str, chosen: Chosen, settle: float, run_lock_timeout: float) -> int:
    """Cancel a batch that this lockfile created or imported, or all live ones of a job. Cancelled requests are not sent
    again by themselves."""
    from batchctl.act.cancelling import cancel
    from batchctl.remote.connect import Providers
    from batchctl.shell.session import open_session
    from batchctl.show.display import progress

    session = open_session(chosen)
    with progress(terminal) as emit, Providers(runs=False) as providers:
        return cancel(session.projects, what, providers, emit, run_lock_timeout_s=run_lock_timeout,
                      settle_s=settle)
