"""F10: the lockfile, the store or both are deleted, or restored from an older copy, between any two runs, with and
without changed inputs: nothing is sent twice, and what nobody can know any more is shown as lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.campaign.kept import Kept
from tests.campaign.tally import Campaign, Judge
from tests.faultlab.rig import Rig

pytestmark = pytest.mark.campaign

LOCKFILE, STORE = "job.lock.json", ".batchctl/"
FILES = {"lockfile": (LOCKFILE,), "store": (STORE,), "both": (LOCKFILE, STORE)}


def _edit(rig: Rig) -> None:
    rig.rows["b"] = "two, edited"


def _add(rig: Rig) -> None:
    rig.rows["d"] = "four"


def _take_away(rig: Rig) -> None:
    del rig.rows["a"]


def _move(rig: Rig) -> None:
    rig.rows = dict(reversed(rig.rows.items()))


CHANGES: dict[str, Callable[[Rig], None]] = {
    "nothing changed": lambda rig: None, "a row edited": _edit, "a row added": _add, "a row taken away": _take_away,
    "rows moved": _move,
}


def _answer_half(rig: Rig) -> None:
    rig.finish_all(status="expired", answered=0.5)


#: What happens between runs of apply, in order: a history with a retry, an edit and several batches.
HISTORY: tuple[Callable[[Rig], None], ...] = (
    lambda rig: None, lambda rig: rig.rows.update(e="five"), _answer_half, lambda rig: None, Rig.finish_all,
    lambda rig: None,
)


@dataclass(frozen=True)
class Loss:
    """Before the run `at`, `what` is gone, or (`back` is a number) as it was before the run `back`."""

    at: int
    what: str
    back: int | None

    def __str__(self) -> str:
        how = "deleted" if self.back is None else f"as before run {self.back}"
        return f"before run {self.at}, {self.what} {how}"


LOSSES = [Loss(at, what, back) for at in range(1, len(HISTORY) + 1) for what in FILES
          for back in (None, *range(1, at))]


def history(rig: Rig) -> list[Kept]:
    """The state before each run, and after the last."""
    states = []
    for happens in HISTORY:
        happens(rig)
        states.append(Kept.of(rig))
        rig.apply()
    return [*states, Kept.of(rig)]


def lose(rig: Rig, loss: Loss, states: list[Kept]) -> None:
    for below in FILES[loss.what]:
        if loss.back is not None:
            states[loss.back].restore_files(rig, below)
        elif below == LOCKFILE:
            rig.lose_lockfile()
        else:
            rig.lose_store()


@pytest.mark.parametrize("metadata", [True, False], ids=["tags in metadata", "tags in file names"])
@pytest.mark.parametrize("change", CHANGES)
def test_g1_g2_g4_g6_what_is_lost_or_comes_back_from_an_older_copy_sends_nothing_twice(
    rig: Rig, campaign: Campaign, change: str, metadata: bool,
) -> None:
    rig.max_requests, rig.provider.shows_metadata = 2, metadata
    states = history(rig)
    for loss in campaign.sample(LOSSES, 8):
        with campaign.run("F10", f"{loss}, {change}") as run:
            states[loss.at].restore(rig)
            lose(rig, loss, states)
            CHANGES[change](rig)
            plans(run, rig)
            rig.apply()
            paid_once(run, rig)
            settles(run, rig)


def plans(run: Judge, rig: Rig) -> None:
    """A plan writes nothing, here or there, however much is to be done."""
    files, writes = rig.snapshot(), rig.provider.writes()
    rig.plan()
    changed = sorted(rig.snapshot().items() ^ files.items())
    run.holds("G5", not changed, f"plan changed {[name for name, _ in changed]}")
    run.holds("G5", rig.provider.writes() == writes, "plan wrote at the provider")


def settles(run: Judge, rig: Rig) -> None:
    """Batches end well from here on: all rows have their answer, and all batches are known."""
    for _ in range(6):
        rig.finish_all()
        rig.apply()
        paid_once(run, rig)
        if not rig.plan().changes and not rig.provider.live():
            break
    plan = rig.plan()
    run.holds("G6", not plan.changes, f"it does not come to rest: {[str(action.kind) for action in plan.actions]}")
    records = [json.loads(line) for line in rig.sink.read_text().splitlines()]
    run.holds("G4", [(one["id"], one["status"]) for one in records] == [(key, "ok") for key in rig.rows],
              f"the sink has {[(one['id'], one['status']) for one in records]}")
    known = rig.lockfile.read_text()
    orphans = [batch for batch in rig.provider.batches if f'"{batch}"' not in known and batch not in plan.foreign]
    run.holds("G2", not orphans, f"not known: {orphans}")


def paid_once(run: Judge, rig: Rig) -> None:
    twice = {key.hex(): count for key, count in rig.provider.paid().items() if count > 1}
    run.holds("G1", not twice, f"paid more than once: {twice}")


@dataclass(frozen=True)
class Gone:
    """What is gone for good of a job that was done: here (`FILES`), and of the files at the provider."""

    here: tuple[str, ...]
    there: str

    def __str__(self) -> str:
        return f"{' and '.join(self.here) or 'nothing'} here, {self.there} there"


GONE = [Gone(here, there) for here in ((), ("lockfile",), ("store",), ("lockfile", "store"))
        for there in ("results", "inputs", "results and inputs")]


def vanish(rig: Rig, gone: Gone) -> None:
    if "lockfile" in gone.here:
        rig.lose_lockfile()
    if "store" in gone.here:
        rig.lose_store()
    for identity, (name, _) in list(rig.provider.files.items()):
        kind = "inputs" if name.startswith("batchctl-") else "results"
        if kind in gone.there:
            del rig.provider.files[identity]


@pytest.mark.parametrize("rows", ["the same rows", "other rows"])
def test_g1_g4_what_nobody_can_know_any_more_is_shown_as_lost_and_never_sent_again(
    rig: Rig, campaign: Campaign, rows: str,
) -> None:
    rig.apply()
    rig.finish_all()
    rig.apply()
    kept, sink = Kept.of(rig), rig.sink.read_bytes()
    for gone in GONE:
        with campaign.run("F10", f"{gone}, {rows}") as run:
            kept.restore(rig)
            vanish(rig, gone)
            if rows == "other rows":
                rig.rows["b"] = "two, edited"
            report = rig.apply()
            rig.finish_all()
            rig.apply()
            paid_once(run, rig)
            plan = rig.plan()
            tally = plan.tally
            accounted = tally.ok + tally.failed + tally.expired + tally.cancelled + tally.waiting + tally.held
            run.holds("G4", accounted + tally.lost == tally.rows == len(rig.rows), f"the rows add up to {tally}")
            if "store" in gone.here and "results" in gone.there and ("lockfile" in gone.here or rows == "other rows"):
                # With the lockfile and the same rows, the sink that was written still says all.
                run.holds("G1", tally.lost > 0, f"nothing is shown as lost: {tally}")
                run.holds("G4", rig.sink.read_bytes() == sink, "a sink was replaced by one that lacks answers")
                run.holds("G10", report.jobs[0].exit_code != 0, "exit 0, and answers are lost")


def test_g1_a_copy_of_the_whole_project_from_before_is_caught_up_with(
    rig: Rig, campaign: Campaign, tmp_path: Path,
) -> None:
    """A backup of everything, rows too, restored over a project that went on."""
    rig.max_requests = 2
    states = history(rig)
    for at, back in _pairs(len(states)):
        with campaign.run("F10", f"all files of before run {back}, before run {at}") as run:
            states[at].restore(rig)
            shutil.rmtree(rig.store, ignore_errors=True)
            states[back].restore_files(rig, "")
            rig.rows = dict(states[back].rows)
            rig.apply()
            paid_once(run, rig)
            settles(run, rig)


def _pairs(count: int) -> Iterator[tuple[int, int]]:
    return ((at, back) for at in range(1, count) for back in range(at))
