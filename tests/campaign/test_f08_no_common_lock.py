"""F8: clones that apply at once without a common lock: each reads the list once more after a create, and the oldest
batch stays. In process, call by call, in an order that a schedule fixes."""

from __future__ import annotations

import itertools
import json
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.campaign.tally import Campaign, Judge
from tests.campaign.turns import Clone, clone, together
from tests.faultlab.provider import Batch, FakeProvider
from tests.faultlab.rig import inline_pool

pytestmark = pytest.mark.campaign

ROWS = {"a": "one", "b": "two", "c": "three"}

#: The calls of a client that finds nothing: list, upload, create, recheck.
STEPS = 4
INTERLEAVINGS = [tuple(int(at not in mine) for at in range(2 * STEPS))
                 for mine in itertools.combinations(range(2 * STEPS), STEPS)]

#: Passes of every clone in which all must be settled after they met.
_PASSES = 6


@pytest.fixture(autouse=True)
def _inline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batchctl.desired.render.pool.run", inline_pool)


def test_g1_g2_g4_g6_in_every_interleaving_of_two_clones_the_oldest_batch_stays(
    tmp_path: Path, campaign: Campaign,
) -> None:
    assert len(INTERLEAVINGS) == 70
    both = 0
    for schedule in INTERLEAVINGS:
        with (campaign.run("F8", f"turns {schedule}") as run,
              tempfile.TemporaryDirectory(dir=tmp_path) as folder):
            provider = FakeProvider()
            clones = [clone(Path(folder) / name, provider, ROWS) for name in ("one", "two")]
            together(clones, schedule)
            both += len(provider.batches) == 2
            judge(run, provider, clones)
            settle(run, provider, clones)
    # That the family meets what it is about.
    assert both == sum(map(_is_blind, INTERLEAVINGS)) > 0


@pytest.mark.parametrize(("clients", "seeds", "quick"), [(2, 500, 10), (3, 200, 5), (8, 200, 5)])
def test_g1_g2_g4_g6_clones_in_any_order_with_rows_in_common_keep_the_oldest_batches(
    tmp_path: Path, campaign: Campaign, clients: int, seeds: int, quick: int,
) -> None:
    for seed in campaign.sample(range(seeds), quick):
        with (campaign.run("F8", f"{clients} clients, seed {seed}") as run,
              tempfile.TemporaryDirectory(dir=tmp_path) as folder):
            rng = random.Random(f"{clients} {seed}")
            provider, clones = _met(rng, Path(folder), clients)
            judge(run, provider, clones)
            settle(run, provider, clones)


def _met(rng: random.Random, folder: Path, clients: int) -> tuple[FakeProvider, list[Clone]]:
    """Clones with the same rows, or each with some of its own, that have just applied at once."""
    provider = FakeProvider(shows_metadata=rng.random() < 0.8)
    everything = {key: f"text of {key}" for key in "abcdef"[:rng.randint(1, 6)]}
    most = rng.randint(1, 4)
    same = rng.random() < 0.5
    clones = []
    for at in range(clients):
        rows = {key: text for key, text in everything.items() if same or rng.random() < 0.7}
        clones.append(clone(folder / f"clone-{at}", provider, rows or everything, most))
    if rng.random() < 0.3:
        # One was there before: the others find its batches, live or ended, by their tags.
        clones[0].rig.apply()
        if rng.random() < 0.5:
            clones[0].rig.finish_all()
    turns = [at for at in range(clients) for _ in range(rng.randint(2, 12))]
    rng.shuffle(turns)
    together(clones, turns)
    return provider, clones


def judge(run: Judge, provider: FakeProvider, clones: Sequence[Clone]) -> None:
    """Once all have come to their end: at most one live batch a request, and nobody touched what another made."""
    twice = {identity.hex(): count for identity, count in provider.paid().items() if count > 1}
    run.holds("G1", not twice, f"paid more than once: {twice}")
    for one in clones:
        foreign = set(one.seat.cancelled) - set(one.seat.made)
        run.holds("G1", not foreign, f"{one.rig.folder.name} cancelled batches of others: {foreign}")
    first = min(provider.batches.values(), key=_age)
    run.holds("G1", first.status not in ("cancelling", "cancelled"), "the oldest batch did not stay")


def settle(run: Judge, provider: FakeProvider, clones: Sequence[Clone]) -> None:
    """Later runs of every clone come to the same end, and pay for nothing again."""
    # They want the same by now: a merge.
    rows = {key: text for one in clones for key, text in one.rig.rows.items()}
    for one in clones:
        one.rig.rows = dict(sorted(rows.items()))
    for _ in range(_PASSES):
        for one in clones:
            one.rig.apply()
            for batch in provider.live():
                provider.finish(batch, answered=0.0 if batch.status == "cancelling" else 1.0)
        if not any(one.rig.plan().changes for one in clones):
            break
    for one in clones:
        plan, name = one.rig.plan(), one.rig.folder.name
        run.holds("G6", not plan.changes, f"{name} still wants {[str(action.kind) for action in plan.actions]}")
        known = {batch.batch_id for batch in one.rig.project().recorded().job("labels").batches}
        lost = [batch for batch in one.seat.made if batch not in known]
        run.holds("G2", not lost, f"{name} does not know what it made: {lost}")
        records = [json.loads(line) for line in one.rig.sink.read_text().splitlines()]
        run.holds("G4", [(record["id"], record["status"]) for record in records]
                  == [(key, "ok") for key in one.rig.rows], f"{name} has {records}")
    twice = {identity.hex(): count for identity, count in provider.paid().items() if count > 1}
    run.holds("G1", not twice, f"paid more than once in the end: {twice}")


def _age(batch: Batch) -> tuple[int, str]:
    return batch.created_at, batch.id


def _is_blind(schedule: Sequence[int]) -> bool:
    """Whether each of two clients reads the list before the other creates, so that both create."""
    one, other = ([at for at, client in enumerate(schedule) if client == which] for which in (0, 1))
    return one[0] < other[2] and other[0] < one[2]
