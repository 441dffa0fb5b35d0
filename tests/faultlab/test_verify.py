"""`lock verify` tells what the store has lost or spoilt, and calls nothing corrupt that is whole."""

from __future__ import annotations

import shutil

import pytest

from batchctl.act.verifying import verify
from tests.faultlab.rig import Rig


@pytest.fixture
def fetched(rig: Rig) -> Rig:
    """One batch whose answers came in another order than they were asked, one of them a failure."""
    rig.apply()
    (batch,) = rig.provider.live()
    rig.provider.finish(batch, fail=lambda at: 400 if at == 1 else None)
    assert batch.output is not None
    name, content = rig.provider.files[batch.output]
    rig.provider.files[batch.output] = (name, b"".join(reversed(content.splitlines(keepends=True))))
    rig.apply()
    return rig


def states(rig: Rig) -> list[str]:
    project = rig.project()
    return [found.state for found in verify(project.recorded(), project.store)]


def test_what_was_fetched_is_ok_whatever_its_order(fetched: Rig) -> None:
    assert states(fetched) == ["ok"]


def test_results_stay_ok_where_only_the_ids_of_the_shard_are_lost(fetched: Rig) -> None:
    shutil.rmtree(fetched.store / "shards")
    assert states(fetched) == ["ok"]


@pytest.mark.parametrize("shards", [True, False])
def test_an_answer_that_says_something_else_than_was_recorded_is_corrupt(fetched: Rig, shards: bool) -> None:
    if not shards:
        shutil.rmtree(fetched.store / "shards")
    (errors,) = fetched.store.glob("results/*/error.jsonl")
    errors.write_bytes(errors.read_bytes().replace(b"400", b"200").replace(b'"error": {', b'"fine_": {'))
    assert states(fetched) == ["corrupt"]


def test_what_is_gone_from_the_store_is_missing_and_what_runs_is_open(fetched: Rig) -> None:
    fetched.rows["d"] = "four"
    fetched.apply()
    shutil.rmtree(fetched.store / "results")
    assert states(fetched) == ["missing", "open"]
