"""Fixtures of the fault lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faultlab.rig import Rig, inline_pool


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """A project with three rows, and a provider of its own."""
    monkeypatch.setattr("batchctl.desired.render.pool.run", inline_pool)
    (tmp_path / "job.yaml").write_text("")
    return Rig(tmp_path, rows={"a": "one", "b": "two", "c": "three"})
