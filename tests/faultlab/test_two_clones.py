"""Random histories of two clones that share an account: they edit the same rows, and know nothing of each other."""

from __future__ import annotations

import tempfile
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import rule, run_state_machine_as_test

from batchctl.desired.job import Retry
from tests.faultlab.kill import Death
from tests.faultlab.rig import Rig, inline_pool
from tests.faultlab.test_machine import Histories


class Clones(Histories):
    """What one project may go through, and meanwhile another clone of it."""

    def __init__(self) -> None:
        super().__init__()
        self._place = tempfile.TemporaryDirectory(prefix="clone-")
        self.clone = Rig(Path(self._place.name).resolve(), provider=self.rig.provider, rows=self.rig.rows,
                         max_requests=self.rig.max_requests, retry=Retry(max_attempts=2))
        (self.clone.folder / "job.yaml").write_text("")

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self._place.cleanup()

    @rule()
    def clone_applies(self) -> None:
        self.clone.revision = self.rig.revision
        self.clone.apply()

    @rule(at=st.integers(0, 12), calls=st.booleans(), after=st.booleans())
    def clone_applies_and_dies(self, at: int, calls: bool, after: bool) -> None:
        self.clone.revision = self.rig.revision
        with Death(self.rig.provider, self.clone.folder, at, calls, after):
            self.clone.apply()

    @rule(creates=st.integers(0, 2))
    def clone_applies_just_before_a_create(self, creates: int) -> None:
        self.clone.revision = self.rig.revision
        left = iter(range(creates, -1, -1))

        def fault(number: int, method: str, path: str, done: bool) -> None:
            if (method, path) == ("POST", "/batches") and not done and next(left, None) == 0:
                self.clone.apply()

        self.rig.provider.fault = fault
        self.rig.apply()
        self.rig.provider.fault = None

    @rule()
    def clone_is_made_anew(self) -> None:
        self.clone.lose_lockfile()
        self.clone.lose_store()

    @rule()
    def destroy(self) -> None:
        self.rig.apply(destroy=True)


@pytest.fixture(autouse=True)
def _inline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batchctl.desired.render.pool.run", inline_pool)


@pytest.mark.parametrize("examples", [40, pytest.param(600, marks=pytest.mark.slow)])
def test_g1_to_g6_hold_for_two_clones_on_one_account(examples: int) -> None:
    run_state_machine_as_test(Clones, settings=settings(  # type: ignore[no-untyped-call]
        max_examples=examples, stateful_step_count=30, deadline=None, print_blob=True,
        phases=[Phase.explicit, Phase.reuse, Phase.generate], suppress_health_check=list(HealthCheck)))
    assert True
