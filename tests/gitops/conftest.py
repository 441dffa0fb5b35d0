"""A repository, a provider that outlives every clone of it, and the comments of a forge."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.gitops.forge import Forge, serving
from tests.gitops.repository import Repository
from tests.gitops.runner import Runner
from tests.shell.serving import at, provider

if os.name == "nt":
    pytest.skip("the scripts are for a POSIX shell", allow_module_level=True)

#: The provider's key; it must not be seen anywhere.
CANARY = "canary-key-5d1f"


@dataclass(frozen=True)
class Ledger:
    """What the provider has, by its own account."""

    base_url: str

    def batches(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self._get("/batches"))["data"]
        return found

    def _get(self, path: str) -> bytes:
        request = urllib.request.Request(self.base_url + path, headers={"Authorization": "Bearer x"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            data: bytes = answer.read()
            return data


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with provider(tmp_path / "provider", "--dialect", "openai") as base_url:
        yield Ledger(base_url)


@pytest.fixture
def repository(tmp_path: Path, ledger: Ledger) -> Repository:
    made = Repository(tmp_path / "git")
    made.folder.mkdir()
    made.start(at(ledger.base_url))
    return made


@pytest.fixture
def forge() -> Iterator[Forge]:
    with serving(Forge()) as made:
        yield made


@dataclass
class Machines:
    """Fresh machines: each run has a checkout and a disk of its own, which are gone with it."""

    repository: Repository
    forge: Forge
    made: int = 0

    def pull_request(self, checkout: Path | None = None, *, head: str | None = "owner/jobs", **changes: Any) -> Runner:
        """A run for pull request 7, whose head is in the repository `head`."""
        event = {"pull_request": {"number": 7, "head": {
            "sha": "0123456789abcdef", "repo": {"full_name": head} if head else None}}}
        return self._machine(checkout, event=event, **{
            "event_name": "pull_request", "ref": "refs/pull/7/merge", **changes})

    def branch(self, checkout: Path | None = None, **changes: Any) -> Runner:
        """A run for a push to main, or from the schedule."""
        return self._machine(checkout, event={}, **changes)

    def _machine(self, checkout: Path | None, *, temp: str | None = None, **changes: Any) -> Runner:
        self.made += 1
        folder = self.repository.folder / (temp or f"temp-{self.made}")
        folder.mkdir(parents=True)
        settings = {"secrets": {"SOME_KEY": CANARY}, "api_url": self.forge.url, **changes}
        return Runner(checkout or self.repository.clone(f"clone-{self.made}"), folder, **settings)


@pytest.fixture
def machines(repository: Repository, forge: Forge) -> Machines:
    return Machines(repository, forge)
