"""aimock ends batches as it is asked, and plays faults on the calls that are chosen for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conformance.project import KEY, ROWS, UNFINISHED, WAITS, Project
from tests.conformance.proxy import Fault, Proxy
from tests.conformance.scenarios import Play
from tests.conformance.servers import Server

pytestmark = pytest.mark.conformance

OUTCOME = "x-aimock-batch-outcome"


@pytest.fixture(params=["openai", "groq"])
def play(request: pytest.FixtureRequest, serve: Callable[[str], Server], tmp_path: Path) -> Iterator[Play]:
    """aimock has the same API below `/v1` and below `/openai/v1`."""
    server = serve("aimock")
    proxy = Proxy(server.origin, {"openai": "/v1", "groq": "/openai/v1"}[request.param])
    provider = {"dialect": request.param, "base_url": proxy.base_url, "api_key_env": KEY}
    yield Play(server, proxy, Project(tmp_path, provider))
    proxy.close()


@pytest.mark.parametrize(("outcome", "state", "batches"), [
    # A batch that expired without a single answer is sent again as often as the policy says.
    ("expired", "expired", 3), ("failed", "failed", 1), ("cancelled", "cancelled", 1)])
def test_g1_g4_an_outcome_without_answers_is_accounted_for(play: Play, outcome: str, state: str, batches: int) -> None:
    play.project.provider["headers"] = {OUTCOME: outcome}
    play.project.apply(code=UNFINISHED)
    play.judge(**{state: ROWS})
    assert play.batches() == batches


@pytest.mark.parametrize("fault", ["ratelimit", "drop", "malformed", "disconnect", "latency"])
def test_g1_g6_a_fault_on_every_kind_of_call_costs_nothing(play: Play, fault: str) -> None:
    amount = {"latency": "300"}.get(fault, "1")
    for method, path in (("GET", "/batches"), ("POST", "/files"), ("POST", "/batches"), ("GET", "/batches/[^/]+"),
                         ("GET", "/files/[^/]+/content")):
        play.proxy.faults.append(Fault(method, path, adds={f"x-aimock-chaos-{fault}": amount}))
    # A file that is not JSONL is told and asked for again at the next run.
    play.project.apply(*WAITS, code=None)
    play.project.apply()
    assert not [left for left in play.proxy.faults if left.times]
    play.judge(ok=ROWS)
    assert play.batches() == 1
