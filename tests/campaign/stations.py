"""Moments of a job's life, as files and as the answers of its provider: what each release records, and later ones read.

A release adds its own set once, before its version is tagged: `python -m tests.campaign.stations` writes
`tests/campaign/releases/VERSION/`, which is committed and never changed again. It refuses to write over a set. A format
that changes on purpose is read by the code that upgrades it: the recorded plan stays what must come out.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from batchctl import __version__
from batchctl.act import passes
from batchctl.act.desk import Options
from batchctl.recorded.runlock import RunLock
from batchctl.remote.connect import Providers
from batchctl.remote.http import Http
from batchctl.shell.options import Chosen
from batchctl.shell.planning import Looked, document, look_at
from batchctl.shell.session import Session, open_session
from batchctl.show.plan_json import dumped
from batchctl.words.events import silent
from tests.faultlab.provider import FakeProvider, Killed

RELEASES = Path(__file__).parent / "releases"

HERE = '{dialect: openai, base_url: "http://provider.test/v1", api_key_env: FAKE_KEY}'
KEYS = {"FAKE_KEY": "a-key", "GROQ_API_KEY": "another-key"}
MANIFEST = """\
version: 1
name: labels
provider: {provider}
model: m-1
inputs:
  - path: rows.csv
    key: "{{{{ row.id }}}}"
prompt: {{user: "{{{{ row.text }}}}"}}
revision: {revision}
batch: {{max_requests: 2}}
retry: {{max_attempts: 2}}
sinks: [{{path: labels.jsonl}}]
"""


@dataclass
class Stage:
    """A project at a provider in memory."""

    folder: Path
    provider: FakeProvider

    def write(self, *rows: str, provider: str = HERE, revision: int = 1) -> None:
        (self.folder / "job.yaml").write_text(MANIFEST.format(provider=provider, revision=revision))
        (self.folder / "rows.csv").write_text("id,text\n" + "".join(f"{row},text of {row}\n" for row in rows))

    def apply(self) -> None:
        session = surveyed(self.folder)
        (project,) = session.projects
        project.store.prepare()
        with asked(self.provider.transport()) as providers, RunLock(project.store.folder, "apply") as lock:
            passes.apply(project, providers, Options(settle_s=0), silent, lambda plans: True, lock)

    def finish(self, **how: Any) -> None:
        self.provider.finish(*self.provider.live()[:1], **how)

    def die(self, method: str, path: str, *, after: bool) -> None:
        def fault(number: int, called: str, where: str, done: bool) -> None:
            if (called, where, done) == (method, path, after):
                raise Killed

        self.provider.fault = fault
        try:
            self.apply()
        except Killed:
            self.provider.fault = None


def _settled(stage: Stage) -> None:
    stage.write("a", "b", "c")
    stage.apply()
    for _ in range(2):
        stage.finish()
    stage.apply()


def _sent(stage: Stage) -> None:
    stage.write("a", "b", "c")
    stage.apply()


def _ended(stage: Stage) -> None:
    _sent(stage)
    stage.finish()
    stage.finish(status="expired", answered=0.0)


def _failed(stage: Stage) -> None:
    _sent(stage)
    stage.finish(fail=lambda at: 500 if at == 0 else None)
    stage.finish(fail=lambda at: 400)
    stage.apply()


def _edited(stage: Stage) -> None:
    _settled(stage)
    stage.write("a", "b", "d")


def _revised(stage: Stage) -> None:
    _settled(stage)
    stage.write("a", "b", "c", revision=2)


def _uploaded(stage: Stage) -> None:
    stage.write("a", "b")
    stage.die("POST", "/batches", after=False)


def _created(stage: Stage) -> None:
    stage.write("a", "b")
    stage.die("POST", "/batches", after=True)


def _lost(stage: Stage) -> None:
    _sent(stage)
    (stage.folder / "job.lock.json").unlink()


def _adopted(stage: Stage) -> None:
    _lost(stage)
    stage.apply()


def _moved(stage: Stage) -> None:
    _sent(stage)
    stage.finish()
    stage.write("a", "b", "c", provider="groq")


def _turned_away(stage: Stage) -> None:
    _sent(stage)
    stage.provider.reject(stage.provider.live()[0], "token_limit_exceeded")
    stage.apply()


def _without_store(stage: Stage) -> None:
    _settled(stage)
    shutil.rmtree(stage.folder / ".batchctl")


STATIONS: dict[str, Callable[[Stage], None]] = {
    "new": lambda stage: stage.write("a", "b", "c"), "sent": _sent, "ended": _ended, "settled": _settled,
    "failed": _failed, "edited": _edited, "revised": _revised, "uploaded": _uploaded, "created": _created,
    "lost": _lost, "adopted": _adopted, "moved": _moved, "turned-away": _turned_away, "without-store": _without_store,
}


def surveyed(folder: Path) -> Session:
    session = open_session(Chosen(files=(folder / "job.yaml",), trusted=("http://provider.test/v1",)))
    session.survey(1)
    return session


def asked(transport: httpx.BaseTransport) -> Providers:
    """Providers that are asked through this transport, whatever their addresses."""
    return Providers(runs=True, environ=KEYS, http=lambda **settings: Http(
        **settings, transport=transport, sleep=lambda seconds: None))


def planned(folder: Path, transport: httpx.BaseTransport) -> tuple[Looked, dict[str, Any]]:
    """The plan as things stand, and as the document that `plan --out` saves, without the version of the program."""
    with asked(transport) as providers:
        looked = look_at(surveyed(folder), Options(settle_s=0), silent, providers=providers)
    made = json.loads(dumped(document(looked, folder)))
    del made["batchctl"]
    return looked, made


def record(station: str, into: Path) -> None:
    """Writes one station: the project's files, the calls that a plan makes with their answers, and that plan."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        stage = Stage(folder, FakeProvider())
        STATIONS[station](stage)
        calls: dict[str, dict[str, Any]] = {}

        def listen(request: httpx.Request) -> httpx.Response:
            answer = stage.provider.handle(httpx.Request(
                request.method, str(request.url).replace("/openai/v1", "/v1"), content=request.read()))
            calls[call_of(request)] = {"status": answer.status_code, "text": answer.text}
            return answer

        looked, made = planned(folder, httpx.MockTransport(listen))
        shutil.copytree(folder, into, ignore=shutil.ignore_patterns(".gitignore", "run.lock*"))
        for written, kept in STORED.items():
            if (into / written).exists():
                (into / written).rename(into / kept)
        (into / "calls.json").write_text(json.dumps(calls, indent=1, sort_keys=True) + "\n")
        (into / "plan.json").write_text(dumped({"batchctl": __version__, **made}))
        assert looked.complete


#: Names under which nothing ignores the files of a project.
STORED = {"job.lock.json": "lockfile.json", ".batchctl": "store"}


def call_of(request: httpx.Request) -> str:
    return f"{request.method} {request.url}"


def recorded() -> Iterator[Path]:
    """The folder of every station of every release."""
    return (station for release in sorted(RELEASES.iterdir()) for station in sorted(release.iterdir()))


def main() -> None:
    into = RELEASES / __version__
    if into.exists():
        sys.exit(f"{into} is there, and is not written over: a release is recorded once")
    for station in STATIONS:
        record(station, into / station)
    print(f"{len(STATIONS)} stations in {into}")


if __name__ == "__main__":
    main()
