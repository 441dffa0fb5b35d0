"""The in-process twin: the same promises, judged on a Rig, for the families that need thousands of runs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from batchctl.recorded.durable import is_temporary
from tests.campaign.tally import Judge
from tests.faultlab.rig import Rig

ROWS = {"a": "one", "b": "two", "c": "three"}


@contextmanager
def fresh(below: Path) -> Iterator[Rig]:
    """A new project with three rows at a new provider, gone afterwards. Needs the fixture `rig`, for its workers."""
    with tempfile.TemporaryDirectory(dir=below) as name:
        folder = Path(name).resolve()
        (folder / "job.yaml").write_text("")
        yield Rig(folder, rows=dict(ROWS))


def work(rig: Rig) -> None:
    """W1: what an apply that waits does: send, wait, fetch, write."""
    rig.apply()
    rig.finish_all()
    rig.apply()


def after_fault(run: Judge, rig: Rig) -> None:
    paid_once(run, rig)
    if rig.lockfile.exists():
        try:
            json.loads(rig.lockfile.read_bytes())
        except ValueError as error:
            run.holds("G3", False, f"the lockfile is torn: {error}")
    if rig.sink.exists():
        whole = rig.sink.read_bytes()
        run.holds("G3", whole.endswith(b"\n") and whole.count(b"\n") == len(rig.rows), "the sink is torn")


def converges(run: Judge, rig: Rig) -> None:
    """G6: at most two more runs, then a plan without changes; and all that can be judged there."""
    rig.provider.fault = None
    work(rig)
    before = rig.snapshot()
    plan = rig.plan()
    run.holds("G6", not plan.changes, f"still to do: {[action.kind for action in plan.actions]}")
    run.holds("G5", rig.snapshot() == before, "plan changed a file")
    paid_once(run, rig)
    known = rig.lockfile.read_text("utf-8")
    orphans = [batch for batch in rig.provider.batches if f'"{batch}"' not in known]
    run.holds("G2", not orphans, f"not in the lockfile: {orphans}")
    found = [json.loads(line) for line in rig.sink.read_text("utf-8").splitlines()]
    run.holds("G4", [(one["id"], one["status"]) for one in found] == [(key, "ok") for key in rig.rows],
              f"the sink has {[(one['id'], one['status']) for one in found]}")
    left = [path.name for path in rig.folder.rglob("*") if is_temporary(path)]
    run.holds("G3", not left, f"temporary files are left: {left}")


def paid_once(run: Judge, rig: Rig) -> None:
    twice = {one.hex(): count for one, count in rig.provider.paid().items() if count > 1}
    run.holds("G1", not twice, f"paid more than once: {twice}")
