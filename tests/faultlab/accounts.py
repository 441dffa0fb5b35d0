"""Two jobs behind one gateway, each with an account of its own: a header alone tells them apart."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from batchctl.act import passes
from batchctl.act.desk import Options
from batchctl.act.project import Project, projects
from batchctl.desired.job import Job
from batchctl.recorded.runlock import RunLock
from batchctl.remote.connect import Providers
from batchctl.remote.http import Http
from tests.faultlab.provider import FakeProvider
from tests.faultlab.rig import SETTLE_S, Rig

HEADER = "x-account"


@dataclass
class Accounts:
    """`by_header` are the accounts by the value of the header."""

    rig: Rig
    by_header: dict[str, FakeProvider] = field(default_factory=lambda: {
        "one": FakeProvider(), "two": FakeProvider(prefix="other_", made_files=10)})

    def jobs(self) -> list[Job]:
        made = self.rig.job()
        return [replace(made, name=f"job-{name}", provider=replace(made.provider, headers=((HEADER, name),)),
                        sinks=(replace(made.sinks[0], path=f"{name}.jsonl", target=self.rig.folder / f"{name}.jsonl"),))
                for name in self.by_header]

    def project(self) -> Project:
        jobs = self.jobs()
        (found,) = projects(jobs, {job.name: job for job in jobs})
        found.survey(1, self.rig.events.append)
        return found

    def providers(self) -> Providers:
        def http(**settings: Any) -> Http:
            return Http(**settings, transport=httpx.MockTransport(self._handle), sleep=self.rig.sleep,
                        monotonic=lambda: self.rig.now)

        return Providers(runs=True, environ={"FAKE_KEY": "canary-key"}, http=http)

    def settled(self) -> None:
        """A batch of each account has ended and is fetched."""
        for _ in range(2):
            project = self.project()
            project.store.prepare()
            with self.providers() as providers, RunLock(project.store.folder, "apply", timeout_s=0) as lock:
                passes.apply(project, providers, Options(settle_s=SETTLE_S), self.rig.events.append,
                             lambda plans: True, lock, sleep=self.rig.sleep, monotonic=lambda: self.rig.now)
            for provider in self.by_header.values():
                for batch in provider.live():
                    provider.finish(batch)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        return self.by_header[request.headers[HEADER]].handle(request)
