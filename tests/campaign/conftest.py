"""`pytest -m campaign`: every test counts its faulty runs, and is judged by what they broke."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.campaign.places import Places, places
from tests.campaign.programs import Site, Zygote, fresh
from tests.campaign.tally import Campaign
from tests.campaign.totals import KEY
from tests.faultlab.rig import Rig, inline_pool

_SHOWN = 5


_passed = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    report = yield
    if report.when == "call":
        item.stash[_passed] = report.passed
    return report


@pytest.fixture
def campaign(request: pytest.FixtureRequest) -> Iterator[Campaign]:
    """Fails the test after its last run when one of them broke a promise, or where there was none to judge."""
    made = Campaign(quick=request.config.getoption("--quick"))
    yield made
    request.node.user_properties.append((KEY, made.tally.as_json()))
    if request.node.stash.get(_passed, False) and not made.tally.judged:
        pytest.fail("no run was judged", pytrace=False)
    if made.tally.broken:
        shown = "\n".join(made.tally.broken[:_SHOWN])
        pytest.fail(f"{len(made.tally.broken)} violations\n{shown}", pytrace=False)


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """The in-process twin: a project with three rows, and a provider of its own."""
    monkeypatch.setattr("batchctl.desired.render.pool.run", inline_pool)
    (tmp_path / "job.yaml").write_text("")
    return Rig(tmp_path, rows={"a": "one", "b": "two", "c": "three"})


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Places]:
    """Where calls of a twin may end up instead; renders in this process, as a twin does all else."""
    monkeypatch.setattr("batchctl.desired.render.pool.run", inline_pool)
    with places() as made:
        yield made


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """The program, imported, ready to be forked."""
    with Zygote() as made:
        yield made


@pytest.fixture
def site(tmp_path: Path, zygote: Zygote) -> Iterator[Site]:
    """The real program at a provider behind real HTTP: no job yet."""
    with fresh(tmp_path, zygote) as made:
        yield made
