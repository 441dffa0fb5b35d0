"""`batchctl import`: records a batch that was made elsewhere."""

from __future__ import annotations

import click

from batchctl.shell import completing, options
from batchctl.shell.declared import declared
from batchctl.shell.options import Chosen
from batchctl.show.terminal import Terminal


@declared("import", exits=(0, 1, 5, 64), examples=(
    "batchctl import review-sentiment batch_68f2", "batchctl import review-sentiment batch_68f2 -f jobs/ --force"))
@click.argument("job", shell_complete=completing.jobs)
@click.argument("batch_id")
@options.manifests
@click.option("--force", is_flag=True, help="Also with another endpoint, or when none of its requests is wanted.")
@options.run_lock
@options.screen
def command(terminal: Terminal, job: str, batch_id: str, chosen: Chosen, force: bool, run_lock_timeout: float) -> int:
    """Record a batch of the job's provider as this job's: its answers count, and `cancel` may touch it. The ids in its
    input file must be batchctl's."""
    from dataclasses import replace

    from batchctl.act.importing import import_batch
    from batchctl.remote.connect import Providers
    from batchctl.shell.session import open_session
    from batchctl.show import figures
    from batchctl.show.display import progress
    from batchctl.words.errors import ExitCode

    session = open_session(replace(chosen, target=(job,)))
    with progress(terminal) as emit, Providers(runs=False) as providers:
        session.survey(chosen.workers, emit)
        record, wanted = import_batch(session.projects[0], job, batch_id, providers, emit, force=force,
                                      run_lock_timeout_s=run_lock_timeout)
    terminal.err(f"Imported {batch_id}: {figures.count(record.requests, 'request')}, {wanted:,} of them wanted. "
                 "`batchctl apply` goes on from here.\n")
    return ExitCode.DONE
