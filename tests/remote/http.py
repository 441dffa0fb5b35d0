"""An Http over scripted answers: no network, no clock, and every call written down."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import httpx

from batchctl.remote.http import Http
from batchctl.remote.provider import Provider
from batchctl.words.dialects import OPENAI, Dialect
from batchctl.words.remote import Coordinates

KEY = "sk-canary-0123456789"
BASE = "https://api.example/v1"

#: What a script may hold: an answer, an exception to raise, or a function of the request.
Step = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Scripted:
    """Plays its steps in order; the last one is repeated for ever. `asked` are the requests as they came, `waits` the
    seconds slept, and `now` the time that has passed."""

    def __init__(self, *steps: Step, secrets: tuple[str, ...] = (KEY,), call_s: float = 0.0) -> None:
        self.steps = list(steps)
        self.asked: list[httpx.Request] = []
        self.waits: list[float] = []
        self.now = 0.0
        self._call_s = call_s
        self.http = Http(
            base_url=BASE, headers={"authorization": f"Bearer {KEY}"}, secrets=secrets,
            transport=httpx.MockTransport(self._handle), sleep=self._sleep, monotonic=lambda: self.now,
            now=lambda: 1_700_000_000.0 + self.now, rng=random.Random(7))

    def provider(self, dialect: Dialect = OPENAI) -> Provider:
        return Provider(Coordinates("example", "openai", BASE), dialect, self.http)

    @property
    def calls(self) -> list[str]:
        return [f"{request.method} {request.url.raw_path.decode()}" for request in self.asked]

    def _handle(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        self.now += self._call_s
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            raise step
        if isinstance(step, httpx.Response):
            return httpx.Response(step.status_code, headers=step.headers, content=step.content)
        return step(request)

    def _sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.waits.append(seconds)
        self.now += seconds


def answer(value: Any, status: int = 200, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return httpx.Response(status, headers=named, content=json.dumps(value).encode())


def text(content: str | bytes, status: int = 200, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named, content=content)
