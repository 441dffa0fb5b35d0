"""LLMock scripts faults, and judges what the client did about them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conformance.project import DONE, KEY, ROWS, Project
from tests.conformance.proxy import Proxy
from tests.conformance.scenarios import Play
from tests.conformance.servers import Server

pytestmark = pytest.mark.conformance

Behaviour = dict[str, Any]


class Judged:
    """A play on LLMock, with its scripts and its verdict."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self._control = f"{play.server.origin}/_llmock"
        httpx.post(f"{self._control}/reset").raise_for_status()

    def script(self, path: str, **behaviour: Any) -> None:
        """The next calls below this path fail."""
        wish = {"type": "fail", "match": {"path": f"{self.play.server.prefix}{path}"}, **behaviour}
        httpx.post(f"{self._control}/scenario", content=json.dumps({"behaviors": [wish]})).raise_for_status()

    def script_create(self, **behaviour: Any) -> None:
        """The next creates fail: the list has the same path, so it is scripted when the file has been uploaded."""

        def watch(method: str, path: str) -> None:
            if (method, path) == ("POST", "/files"):
                self.script("/batches", **behaviour)

        self.play.proxy.watch = watch

    def verdict(self) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self._control}/verdict").json()
        return found

    def findings(self) -> list[dict[str, Any]]:
        """What LLMock finds fault with. It knows a retry by its bytes, and each upload of a form has a boundary of its
        own: of those it cannot tell that they were tried again, and the ledger says it instead."""
        return [finding for finding in self.verdict()["findings"]
                if not (finding["code"] == "gave_up" and finding["path"].endswith("/files"))]

    def uploads(self) -> list[int | None]:
        return [call.status for call in self.play.proxy.ledger.made("POST", "/files")]


@pytest.fixture(params=["llmock-openai", "llmock-groq"])
def judged(request: pytest.FixtureRequest, serve: Callable[[str], Server], tmp_path: Path) -> Iterator[Judged]:
    server = serve(request.param)
    proxy = Proxy(server.origin, server.prefix)
    yield Judged(Play(server, proxy, Project(tmp_path, server.provider(proxy.base_url))))
    proxy.close()


def test_llmock_finds_no_fault_with_how_rate_limits_are_waited_out(judged: Judged) -> None:
    judged.script("/batches", status=429, retry_after=1.0)
    judged.script("/files", status=429, retry_after=1.0, times=2)
    judged.script("/files/*/content", status=429, retry_after=1.0)
    judged.script_create(status=429, retry_after=1.0, times=2)
    judged.play.project.apply()
    assert judged.verdict()["faults_injected"] == 6
    assert judged.findings() == []
    assert judged.uploads() == [429, 429, 200]
    judged.play.judge(ok=ROWS)


def test_llmock_finds_no_fault_with_how_a_failing_server_is_asked_again(judged: Judged) -> None:
    judged.script("/batches", status=503, times=2)
    judged.script("/files", status=500)
    judged.script("/files/*/content", status=502, times=2)
    judged.play.project.apply()
    assert judged.verdict()["faults_injected"] == 5
    assert judged.findings() == []
    assert judged.uploads() == [500, 200]
    judged.play.judge(ok=ROWS)


@pytest.mark.parametrize(("judged", "status"), [
    ("llmock-openai", 408), ("llmock-openai", 409), ("llmock-openai", 500), ("llmock-groq", 503)], indirect=["judged"])
def test_g1_a_create_that_llmock_fails_is_sent_again_only_after_the_list_was_silent(
        judged: Judged, status: int) -> None:
    judged.script_create(status=status)
    judged.play.project.apply()
    calls = [(call.method, call.path) for call in judged.play.proxy.ledger.calls]
    first = calls.index(("POST", "/batches"))
    second = calls.index(("POST", "/batches"), first + 1)
    assert ("GET", "/batches") in calls[first:second]
    assert judged.verdict()["passed"]
    judged.play.judge(ok=ROWS)
    assert judged.play.batches() == 1


@pytest.mark.parametrize("status", [401, 403])
def test_what_no_retry_can_fix_is_not_retried_and_nothing_is_made(judged: Judged, status: int) -> None:
    judged.script("/*", status=status, times=None)
    ran = judged.play.project.apply(code=None)
    assert ran.code != DONE
    assert KEY in ran.err, "which key was refused is told"
    assert {call.method for call in judged.play.proxy.ledger.calls} == {"GET"}
    assert judged.findings() == []


def test_a_wait_that_is_longer_than_anybody_would_wait_is_told_at_once(judged: Judged) -> None:
    judged.script("/files", status=429, retry_after=3600.0, times=None)
    before = time.monotonic()
    ran = judged.play.project.apply(code=None)
    assert ran.code != DONE
    assert time.monotonic() - before < 30
    assert judged.verdict()["passed"]
    assert judged.play.batches() == 0
