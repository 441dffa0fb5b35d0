"""A project folder, a fake provider, and applies that can be killed: the real planner, executor and files, in process.

Workers run in this process too (`inline_pool`), which changes nothing of what is judged here and makes thousands of
applies affordable; the real pool has tests of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from batchctl.act import passes
from batchctl.act.desk import Options
from batchctl.act.passes import PassReport
from batchctl.act.project import Project, projects
from batchctl.decide.plan import JobPlan
from batchctl.desired.job import Job, Provider, RecordChoice, Retry, Sink, SinkFormat
from batchctl.desired.render import pool
from batchctl.recorded.runlock import RunLock
from batchctl.remote.connect import Providers
from batchctl.remote.http import Http
from batchctl.words.dialects import OPENAI, Limits
from batchctl.words.remote import Coordinates
from tests.desired import jobs
from tests.faultlab.provider import FakeProvider

HERE = Coordinates("fake", "openai", base_url="http://provider.test/v1", api_key_env="FAKE_KEY")
SETTLE_S = 8.0


def inline_pool(task: Any, *, workers: int, **limits: Any) -> Iterator[pool.Frame]:
    """`pool.run` without processes."""
    frames = task.blocks(0, 1, lambda place: None)
    end = None
    while True:
        try:
            header, body = next(frames)
        except StopIteration as stop:
            end = stop.value
            break
        yield pool.Frame(header, body, 0)
    yield pool.Frame(end or {}, b"", 0, end=True)


@dataclass
class Rig:
    """`rows` map a key to a text; changing one changes its request. Time passes only when batchctl sleeps.

    `where` is the job's provider; what `elsewhere` has at its base URL answers there, `provider` everywhere else.
    """

    folder: Path
    provider: FakeProvider = field(default_factory=FakeProvider)
    rows: dict[str, str] = field(default_factory=dict)
    max_requests: int = 4
    retry: Retry = field(default_factory=Retry)
    #: The JSON Schema that answers must match.
    schema: dict[str, Any] | None = None
    revision: int = 1
    #: Of the one sink.
    form: SinkFormat = "jsonl"
    records: RecordChoice = "all"
    where: Coordinates = HERE
    elsewhere: dict[str, FakeProvider] = field(default_factory=dict)
    vouches: bool = True
    environ: dict[str, str] = field(default_factory=lambda: {"FAKE_KEY": "canary-key"})
    now: float = 0.0
    events: list[Any] = field(default_factory=list)

    @property
    def trusted(self) -> tuple[str, ...]:
        """The base URLs that the user vouches for: all of the lab's, unless `vouches` is False."""
        return (HERE.base_url or "", *self.elsewhere) if self.vouches else ()

    @property
    def lockfile(self) -> Path:
        return self.folder / "job.lock.json"

    @property
    def store(self) -> Path:
        return self.folder / ".batchctl"

    @property
    def sink(self) -> Path:
        return self.folder / f"out.{self.form}"

    def job(self) -> Job:
        made = jobs.job(
            self.folder, jobs.rows_input(*({"id": key, "text": text} for key, text in self.rows.items()),
                                         key="{{ row.id }}"),
            body=jobs.chat("{{ row.text }}", **self._format()))
        dialect = replace(OPENAI, limits=Limits(max_requests=self.max_requests))
        return replace(
            made, name="labels", manifest=self.folder / "job.yaml", root=self.folder, revision=self.revision,
            provider=Provider(self.where, dialect), retry=self.retry, answer_schema=self.schema,
            sinks=(Sink(self.sink.name, self.sink, self.form, made.span, records=self.records),))

    def _format(self) -> dict[str, Any]:
        if self.schema is None:
            return {}
        return {"response_format": {"type": "json_schema", "json_schema": {"name": "label", "schema": self.schema}}}

    def project(self) -> Project:
        job = self.job()
        (found,) = projects([job], {job.name: job}, trusted=self.trusted)
        found.survey(1, self.events.append)
        return found

    def apply(self, approve: Callable[[Sequence[JobPlan]], bool] = lambda plans: True, **options: Any) -> PassReport:
        """One pass. A fault of the provider may raise Killed out of it, as a process that dies."""
        project = self.project()
        project.store.prepare()
        with self.providers() as providers, RunLock(project.store.folder, "apply", timeout_s=0) as lock:
            return passes.apply(project, providers, Options(**{"settle_s": SETTLE_S, **options}), self.events.append,
                                approve, lock, sleep=self.sleep, monotonic=lambda: self.now)

    def plan(self, **options: Any) -> JobPlan:
        """The plan of the one job; changes nothing."""
        project = self.project()
        with self.providers() as providers:
            report = passes.look(project, providers, Options(settle_s=SETTLE_S, **options), self.events.append)
        (job,) = [job for job in report.jobs if job.job == "labels"]
        if job.plan is None:
            raise job.failures[0]
        return job.plan

    def providers(self) -> Providers:
        def http(**settings: Any) -> Http:
            provider = self.elsewhere.get(settings["base_url"], self.provider)
            return Http(**settings, transport=provider.transport(), sleep=self.sleep, monotonic=lambda: self.now)

        return Providers(runs=True, environ=self.environ, http=http)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def lose_lockfile(self) -> None:
        self.lockfile.unlink(missing_ok=True)

    def lose_store(self) -> None:
        shutil.rmtree(self.store, ignore_errors=True)

    def finish_all(self, **how: Any) -> None:
        for batch in self.provider.live():
            self.provider.finish(batch, **how)

    def snapshot(self) -> dict[str, bytes]:
        """Every file of the project with its content."""
        return {str(path.relative_to(self.folder)): path.read_bytes()
                for path in sorted(self.folder.rglob("*")) if path.is_file()}
