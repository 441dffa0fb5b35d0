"""A provider that knows its clients apart, by the end of the key that each process has."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx

from tests.campaign.programs import KEY
from tests.faultlab.provider import FakeProvider


@dataclass
class SignedProvider(FakeProvider):
    """`signed` has who made each call, with its method and path."""

    signed: list[tuple[str, str, str]] = field(default_factory=list)

    def handle(self, request: httpx.Request) -> httpx.Response:
        who = request.headers["authorization"].rpartition("-")[2]
        self.signed.append((who, request.method, request.url.path.removeprefix("/v1")))
        return super().handle(request)

    def writers(self) -> list[str]:
        """Who wrote, write by write."""
        return [who for who, method, _ in self.signed if method != "GET"]

    def calls_of(self, who: str) -> int:
        return sum(one == who for one, _, _ in self.signed)


def key(who: str) -> dict[str, str]:
    """The environment of a process that signs as `who`."""
    return {"FAKE_KEY": f"{KEY}-{who}"}
