"""The judgement after a fault: the ledger, the files and the exit codes, each by the promise it is part of."""

from __future__ import annotations

import json
import signal

from batchctl.recorded.durable import is_temporary
from tests.campaign.programs import KEY, Ended, Site
from tests.campaign.tally import Judge
from tests.campaign.workloads import APPLY, Jobs

#: Runs in which all must be settled after faults have stopped (G6).
RUNS = 2

_KILLED = -signal.SIGKILL


def after_fault(run: Judge, site: Site, ended: Ended) -> None:
    """What must hold at once: nothing is torn, nothing is paid twice, and no exit code lies."""
    paid_once(run, site)
    screens(run, ended)
    if site.lockfile.exists():
        try:
            json.loads(site.lockfile.read_bytes())
        except ValueError as error:
            run.holds("G3", False, f"the lockfile is torn: {error}")
    for sink in (site.folder / "out").glob("*.jsonl"):
        lines = sink.read_bytes().splitlines(keepends=True)
        run.holds("G3", all(map(_whole, lines)), f"{sink.name} is torn")


def converges(run: Judge, site: Site, jobs: Jobs) -> None:
    """Runs again, without faults, until all is settled, and judges what was reached."""
    site.wire.script = None
    for _ in range(RUNS):
        ended = site.run(*APPLY)
        screens(run, ended)
        if ended.code == 0:
            done(run, site, jobs)
    run.holds("G6", ended.code == 0, f"run {RUNS} after the fault ended with {ended.code}: {ended.err[-800:]}")
    before = contents(site)
    planned = site.run("plan", "--detailed-exitcode")
    run.holds("G6", planned.code == 0, f"the plan ended with {planned.code}: {planned.out[-800:]}{planned.err[-400:]}")
    run.holds("G5", contents(site) == before, "plan changed a file")
    paid_once(run, site)
    known(run, site)
    every_row(run, site, jobs)
    left = [path.name for path in site.folder.rglob("*") if is_temporary(path)]
    run.holds("G3", not left, f"temporary files are left: {left}")
    no_secret(run, site)


def paid_once(run: Judge, site: Site) -> None:
    twice = {str(one): count for one, count in site.wire.provider.paid().items() if count > 1}
    run.holds("G1", not twice, f"paid more than once: {twice}")


def known(run: Judge, site: Site) -> None:
    """Every batch that was ever made is in the lockfile."""
    text = site.lockfile.read_text("utf-8") if site.lockfile.exists() else ""
    orphans = [batch for batch in site.wire.provider.batches if f'"{batch}"' not in text]
    run.holds("G2", not orphans, f"not in the lockfile: {orphans}")


def every_row(run: Judge, site: Site, jobs: Jobs) -> None:
    for name, rows in jobs.items():
        sink = site.folder / "out" / f"{name}.jsonl"
        found = [json.loads(line) for line in sink.read_text("utf-8").splitlines()] if sink.exists() else []
        run.holds("G4", [(one["id"], one["status"]) for one in found] == [(key, "ok") for key in rows],
                  f"{name} has {[(one['id'], one['status']) for one in found]}, asked was {list(rows)}")


def done(run: Judge, site: Site, jobs: Jobs) -> None:
    """What exit code 0 of an apply that waits has promised."""
    live = [batch.id for batch in site.wire.provider.live()]
    run.holds("G10", not live, f"exit 0, and {live} are live")
    sinks = [name for name in jobs if not (site.folder / "out" / f"{name}.jsonl").exists()]
    run.holds("G10", not sinks, f"exit 0, and there are no results of {sinks}")


def screens(run: Judge, ended: Ended) -> None:
    """No traceback, no secret; killed or a published exit code."""
    shown = ended.out + ended.err
    run.holds("G10", "Traceback" not in shown and ended.code != 70, f"a traceback, exit {ended.code}: {shown[-1500:]}")
    run.holds("G8", KEY not in shown, "the key is on the screen")


def no_secret(run: Judge, site: Site) -> None:
    named = [name for name, content in contents(site).items() if KEY.encode() in content]
    run.holds("G8", not named, f"the key is in {named}")


def contents(site: Site) -> dict[str, bytes]:
    """Every file of the project."""
    return {str(path.relative_to(site.folder)): path.read_bytes()
            for path in sorted(site.folder.rglob("*")) if path.is_file()}


def _whole(line: bytes) -> bool:
    if not line.endswith(b"\n"):
        return False
    json.loads(line)
    return True
