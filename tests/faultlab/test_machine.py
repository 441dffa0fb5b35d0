"""Random histories: edits, applies, deaths, lost files and whatever batches may do; the ledger judges each step."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from batchctl.desired.job import Retry
from batchctl.recorded.lockfile import read
from tests.faultlab.kill import Death
from tests.faultlab.provider import LIVE, Batch
from tests.faultlab.rig import Rig, inline_pool

KEYS = st.sampled_from("abcdefgh")
TEXTS = st.sampled_from(["one", "two", "three"])


class Histories(RuleBasedStateMachine):
    """One project and one provider. `disowned`: the lockfile was lost, so that older batches may be foreign by now."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="machine-")
        self.rig = Rig(Path(self._folder.name).resolve(), rows={"a": "one", "b": "two"}, max_requests=3,
                       retry=Retry(max_attempts=2))
        (self.rig.folder / "job.yaml").write_text("")
        self.saved: bytes | None = None

    def teardown(self) -> None:
        try:
            self.settles()
        finally:
            self._folder.cleanup()

    @rule(key=KEYS, text=TEXTS)
    def edit(self, key: str, text: str) -> None:
        self.rig.rows[key] = text

    @precondition(lambda self: len(self.rig.rows) > 1)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        del self.rig.rows[data.draw(st.sampled_from(sorted(self.rig.rows)))]

    @rule(revision=st.integers(1, 2))
    def revise(self, revision: int) -> None:
        self.rig.revision = revision

    @rule()
    def apply(self) -> None:
        self.rig.apply()

    @rule(at=st.integers(0, 12), calls=st.booleans(), after=st.booleans())
    def apply_and_die(self, at: int, calls: bool, after: bool) -> None:
        with Death(self.rig.provider, self.rig.folder, at, calls, after):
            self.rig.apply()

    @rule()
    def plan(self) -> None:
        before, writes = self.rig.snapshot(), len(self.rig.provider.writes())
        tally = self.rig.plan().tally
        assert self.rig.snapshot() == before, "G5: plan wrote a file"
        assert len(self.rig.provider.writes()) == writes, "G5: plan made a remote write"
        states = (tally.ok, tally.failed, tally.expired, tally.cancelled, tally.waiting, tally.held, tally.lost)
        assert sum(states) == tally.rows == len(self.rig.rows), "G4"

    @rule()
    def lose_lockfile(self) -> None:
        self.rig.lose_lockfile()

    @rule()
    def lose_store(self) -> None:
        self.rig.lose_store()

    @rule()
    def save_lockfile(self) -> None:
        self.saved = self.rig.lockfile.read_bytes() if self.rig.lockfile.exists() else None

    @precondition(lambda self: self.saved is not None)
    @rule()
    def restore_lockfile(self) -> None:
        assert self.saved is not None
        self.rig.lockfile.write_bytes(self.saved)

    @precondition(lambda self: self.rig.provider.live())
    @rule(data=st.data(), status=st.sampled_from(["completed", "expired", "cancelled"]),
          answered=st.sampled_from([0.0, 0.5, 1.0]), code=st.sampled_from([None, 400, 429, 500]))
    def finish(self, data: st.DataObject, status: str, answered: float, code: int | None) -> None:
        batch = data.draw(st.sampled_from(self.rig.provider.live()))
        if batch.status == "cancelling":
            answered = 0.0
        self.rig.provider.finish(batch, status=status, answered=answered, fail=lambda at: code if at == 0 else None)

    @precondition(lambda self: self.rig.provider.live())
    @rule(data=st.data(), code=st.sampled_from(["token_limit_exceeded", "invalid_json_line"]))
    def reject(self, data: st.DataObject, code: str) -> None:
        self.rig.provider.reject(data.draw(st.sampled_from(self.rig.provider.live())), code)

    @invariant()
    def g1_never_paid_twice(self) -> None:
        assert set(self.rig.provider.paid().values()) <= {1}, "G1"

    @invariant()
    def g3_never_torn(self) -> None:
        read(self.rig.lockfile, "job.lock.json")

    def settles(self) -> None:
        """G6 and G4: faults stop, batches end well, and all is written and at rest within a few runs."""
        for _ in range(6):
            self.rig.apply()
            for batch in self.rig.provider.live():
                self.rig.provider.finish(batch, answered=0.0 if batch.status == "cancelling" else 1.0)
        self.rig.apply()
        plan = self.rig.plan()
        assert not plan.changes, f"G6: {[(action.kind, action.reason) for action in plan.actions]}"
        self.g1_never_paid_twice()
        self._every_row_has_one_record()
        self._every_batch_is_known()

    def _every_row_has_one_record(self) -> None:
        records = [json.loads(line) for line in self.rig.sink.read_text().splitlines()]
        assert [record["id"] for record in records] == list(self.rig.rows), "G4"

    def _every_batch_is_known(self) -> None:
        known = {record.batch_id for record in self.rig.project().recorded().job("labels").batches}
        foreign = set(self.rig.plan().foreign)
        unknown = [batch for batch in self.rig.provider.batches.values() if batch.id not in known | foreign]
        assert not [batch.id for batch in unknown if _matters(batch)], "G2"


def _matters(batch: Batch) -> bool:
    """A batch that was turned away as a whole holds nothing that anybody would miss."""
    return batch.status in LIVE or batch.output is not None or batch.errors_file is not None


@pytest.fixture(autouse=True)
def _inline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batchctl.desired.render.pool.run", inline_pool)


def run(examples: int, steps: int) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(Histories, settings=settings(  # type: ignore[no-untyped-call]
        max_examples=examples, stateful_step_count=steps, deadline=None, print_blob=True,
        phases=[Phase.explicit, Phase.reuse, Phase.generate], suppress_health_check=list(HealthCheck)))


def test_random_histories_keep_g1_to_g6_on_the_ledger() -> None:
    run(examples=60, steps=25)
    assert True


@pytest.mark.slow
def test_many_random_histories_keep_g1_to_g6_on_the_ledger() -> None:
    run(examples=800, steps=50)
    assert True
