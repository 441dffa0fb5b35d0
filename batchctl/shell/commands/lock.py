"""`batchctl lock`: looks into the lockfile, and mends it."""

from __future__ import annotations

import click

from batchctl.shell import completing, options
from batchctl.shell.declared import declared, group
from batchctl.shell.options import Chosen
from batchctl.show.terminal import Terminal


@group("lock", examples=("batchctl lock list", "batchctl lock verify", "batchctl lock mv old-name new-name"))
def command() -> None:
    """Look into the lockfile, and mend it. The lockfile is what batchctl remembers of batches; commit it to git."""


@declared("list", exits=(0, 1, 64), examples=("batchctl lock list", "batchctl lock list --format json"))
@options.files
@options.view("text", "json")
@options.screen
def list_jobs(terminal: Terminal, chosen: Chosen, form: str) -> int:
    """List the recorded jobs. JSON is the lockfile itself."""
    from batchctl.shell.places import places
    from batchctl.show.lock_text import lock_json, lock_list

    recorded = [place.recorded() for place in places(chosen)]
    terminal.out(lock_json(recorded) if form == "json" else lock_list(recorded))
    return 0


@declared("show", exits=(0, 1, 64), examples=(
    "batchctl lock show review-sentiment", "batchctl lock show review-sentiment --format json"))
@click.argument("job", shell_complete=completing.recorded_jobs)
@options.files
@options.view("text", "json")
@options.screen
def show_job(terminal: Terminal, job: str, chosen: Chosen, form: str) -> int:
    """Show all that is recorded of one job."""
    from batchctl.recorded.records import Recorded
    from batchctl.shell.places import place_of, places
    from batchctl.show.lock_text import lock_json, lock_show

    record = place_of(places(chosen), job).recorded().job(job)
    terminal.out(lock_json([Recorded({job: record})]) if form == "json" else lock_show(job, record, terminal.paint))
    return 0


@declared("rm", summary="Forget a batch, or a whole job; cancels nothing.", exits=(0, 1, 5, 64), examples=(
    "batchctl lock rm review-sentiment batch_68f2", "batchctl lock rm old-job"))
@click.argument("job", shell_complete=completing.recorded_jobs)
@click.argument("batch_id", required=False, shell_complete=completing.recorded_batches)
@options.files
@options.run_lock
@options.screen
def remove(terminal: Terminal, job: str, batch_id: str | None, chosen: Chosen, run_lock_timeout: float) -> int:
    """Forget a batch, or a whole job. Nothing is cancelled. A batch that the provider still lists is found again by its
    tag while the job asks for what it holds."""
    from batchctl.shell.mending import forget
    from batchctl.shell.places import place_of, places

    gone = forget(place_of(places(chosen), job), job, batch_id, run_lock_timeout)
    terminal.err("".join(f"forgotten: {batch}\n" for batch in gone) or f"forgotten: {job}, which had no batches\n")
    return 0


@declared("mv", summary="Give what is recorded of a job another name.", exits=(0, 1, 5, 64), examples=(
    "batchctl lock mv old-name new-name", "batchctl lock mv old-name new-name -f jobs/labels.yaml"))
@click.argument("old", shell_complete=completing.recorded_jobs)
@click.argument("new", shell_complete=completing.jobs)
@options.files
@options.run_lock
@options.screen
def rename(terminal: Terminal, old: str, new: str, chosen: Chosen, run_lock_timeout: float) -> int:
    """Give what is recorded of a job another name: rename the job in the manifest, too, and nothing is sent again."""
    from batchctl.shell.mending import move
    from batchctl.shell.places import place_of, places

    move(place_of(places(chosen), old), old, new, run_lock_timeout)
    terminal.err(f"{old} is {new} now\n")
    return 0


@declared("verify", summary="Compare lockfile, store and provider.", exits=(0, 1, 5, 64), examples=(
    "batchctl lock verify", "batchctl lock verify --offline --format json", "batchctl lock verify --repair"))
@options.manifests
@options.trust
@click.option("--offline", is_flag=True, help="Lockfile and store alone, without key, network or valid manifest.")
@click.option("--repair", is_flag=True, help="Mend what can be mended without losing or sending anything.")
@click.option("--auto-approve", is_flag=True, help="Do not ask before mending.")
@options.settle
@options.run_lock
@options.view("text", "json")
@options.screen
def check(terminal: Terminal, chosen: Chosen, offline: bool, repair: bool, auto_approve: bool, settle: float,
          run_lock_timeout: float, form: str) -> int:
    """Compare lockfile, store and provider: what is missing, unknown, foreign or damaged is named, each with what to do
    about it.

    With --repair, results that are missing or damaged are fetched again while the provider has them, and what was
    damaged is set aside in .batchctl/quarantine; batches of ours that the lockfile lacks are adopted; a create that did
    not finish becomes its batch, or is dropped once the list was read and silent for --settle seconds. Nothing is sent
    or cancelled.
    """
    from batchctl.shell import verifying
    from batchctl.show.verified import repair_text, verify_json, verify_text
    from batchctl.words.errors import UsageError

    if offline and repair:
        raise UsageError("--repair needs the provider", notes=("leave out --offline",))
    if repair:
        checked = verifying.mend(terminal, chosen, settle_s=settle, auto_approve=auto_approve,
                                 run_lock_timeout_s=run_lock_timeout)
    else:
        checked = verifying.check_offline(chosen) if offline else verifying.check(terminal, chosen)
    if checked.declined:
        terminal.err("Declined: nothing more was changed.\n")
    if form == "json":
        terminal.out(verify_json(checked.found, checked.repairs))
    elif repair:
        terminal.out(repair_text(checked.found, checked.repairs, terminal.paint))
    else:
        terminal.out(verify_text(checked.found, terminal.paint))
    terminal.diagnostics(finding for failure in checked.failures for finding in failure.diagnostics())
    return checked.exit_code


for each in (list_jobs, show_job, remove, rename, check):
    command.add_command(each)
