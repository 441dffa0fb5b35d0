"""Clients that share a provider and take turns: between two calls of one, the others stand still.

Each client is a clone of its own in a thread of its own. It stops before each call to the provider until it is given a
turn, so that a schedule of turns is one history, the same at every run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.faultlab.provider import FakeProvider
from tests.faultlab.rig import HERE, Rig

_PATIENCE_S = 60.0


@dataclass
class Seat:
    """A client's place at the provider. `made` are the batches that it made, `cancelled` those that it asked to cancel;
    `gated` clients stop before each call."""

    provider: FakeProvider
    gated: bool = False
    made: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    _turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _stands: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    ended: bool = False
    error: BaseException | None = None

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._handle)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        if self.gated:
            self._stands.release()
            assert self._turn.acquire(timeout=_PATIENCE_S)
        answer = self.provider.handle(request)
        path = request.url.path.removeprefix("/v1")
        if (request.method, path) == ("POST", "/batches") and answer.is_success:
            self.made.append(answer.json()["id"])
        elif path.endswith("/cancel"):
            self.cancelled.append(path.split("/")[2])
        return answer

    def begin(self, work: Callable[[], object]) -> None:
        """Runs `work` up to its first call."""
        def whole() -> None:
            try:
                work()
            except BaseException as error:
                self.error = error
            finally:
                self.ended = True
                self._stands.release()

        self.gated, self.ended, self.error = True, False, None
        threading.Thread(target=whole, daemon=True).start()
        assert self._stands.acquire(timeout=_PATIENCE_S)

    def step(self) -> bool:
        """Lets one call happen, and what follows up to the next. False when nothing is left to do."""
        if self.ended:
            return False
        self._turn.release()
        assert self._stands.acquire(timeout=_PATIENCE_S)
        return True

    def end(self) -> None:
        while self.step():
            pass
        self.gated = False
        if self.error is not None:
            raise self.error


@dataclass
class Clone:
    """A clone of one project, and its seat."""

    rig: Rig
    seat: Seat


def clone(folder: Path, provider: FakeProvider, rows: dict[str, str], max_requests: int = 4) -> Clone:
    folder.mkdir()
    (folder / "job.yaml").write_text("")
    seat = Seat(provider)
    rig = Rig(folder, provider=provider, rows=dict(rows), max_requests=max_requests)
    rig.elsewhere = {HERE.base_url or "": seat}  # type: ignore[dict-item]
    return Clone(rig, seat)


def together(clones: Sequence[Clone], schedule: Sequence[int]) -> None:
    """All apply at once: `schedule` says whose call comes next. What is left after it is done in order."""
    for one in clones:
        one.seat.begin(one.rig.apply)
    for at in schedule:
        clones[at].seat.step()
    for one in clones:
        one.seat.end()
