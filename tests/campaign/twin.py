"""The program's commands in this process, for volume: its real shell layer, files and HTTP over real sockets, and a
clock that moves only where somebody sleeps."""

from __future__ import annotations

import io
import shutil
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from batchctl.act.desk import Options
from batchctl.remote.connect import Providers
from batchctl.remote.http import Http
from batchctl.shell import applying, exits, planning
from batchctl.shell.approval import approver
from batchctl.shell.options import Chosen
from batchctl.shell.running import How, Runner
from batchctl.shell.session import Session, open_session
from batchctl.show.display import progress
from batchctl.show.terminal import Terminal
from tests.campaign.folders import in_memory
from tests.campaign.http_faults import Trouble
from tests.campaign.places import Places
from tests.campaign.programs import KEY, Ended, Site
from tests.campaign.wire import Wire
from tests.campaign.workloads import APPLY

#: Seconds of the twin's clock until `apply --wait` has waited enough.
TIMEOUT_S = 900.0

#: Seconds that a connection has where the fault is that nothing comes.
_HASTY_S = 0.1


@dataclass
class Twin(Site):
    """A Site whose runs are calls: `zygote` is not used. `trouble` is the fault that its calls meet."""

    places: Places = field(default_factory=Places)
    trouble: Trouble | None = None
    settle_s: float = 60.0
    now: float = 0.0
    _opened: Session | None = None

    def run(self, *arguments: str, sabotage: dict[str, Any] | None = None, **environ: str) -> Ended:
        assert sabotage is None
        assert not environ
        out, err = io.StringIO(), io.StringIO()
        terminal = Terminal({}, stdin=io.StringIO(), stdout=out, stderr=err)
        command: Callable[[Terminal], int] = {
            APPLY: self._apply_and_wait, APPLY[:2]: self._apply, ("plan", "--detailed-exitcode"): self._plan}[arguments]
        code = exits.run(lambda: command(terminal), terminal)
        return Ended(code, out.getvalue(), err.getvalue())

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def calls(self) -> int:
        return len(self.wire.provider.calls)

    def providers(self, *, runs: bool = True) -> Providers:
        def http(**settings: Any) -> Http:
            return Http(**settings, transport=_Led(self), sleep=self.sleep, monotonic=lambda: self.now,
                        begun_s=0.5 if self.trouble is not None and self.trouble.fault.hasty else 180.0)

        return Providers(runs=runs, environ={"FAKE_KEY": KEY}, http=http)

    def _apply_and_wait(self, terminal: Terminal) -> int:
        return self._apply(terminal, wait=True)

    def _apply(self, terminal: Terminal, *, wait: bool = False) -> int:
        session = self._session()
        how = How("apply", Options(self.settle_s), wait, TIMEOUT_S)
        with progress(terminal) as emit, self.providers() as providers:
            approve = approver(session, terminal, auto=True, saves=True, pause=emit.close)
            outcome = Runner(session, how, emit, approve, sleep=self.sleep, monotonic=lambda: self.now).run(providers)
        applied = applying.Applied(session, outcome)
        applying.print_outcome(terminal, applied, "text")
        return applied.exit_code(detailed=False)

    def _plan(self, terminal: Terminal) -> int:
        session = self._session()
        with progress(terminal) as emit, self.providers(runs=False) as providers:
            looked = planning.look_at(session, Options(self.settle_s), emit, providers=providers)
        planning.print_plan(terminal, looked, "text")
        return looked.exit_code(detailed=True)

    def write(self, **jobs: Any) -> None:
        super().write(**jobs)
        self._opened = None

    def _session(self) -> Session:
        """Manifests and rows as they were written last: read and rendered once, as a fault of HTTP changes neither."""
        if self._opened is None:
            self._opened = open_session(Chosen(files=(self.folder / "job.yaml",), workers=1))
            self._opened.survey(1)
        return replace(self._opened, projects=tuple(replace(one, spare={}) for one in self._opened.projects))


@cache
def _trusted() -> ssl.SSLContext:
    """What httpx trusts by itself: made once, as it takes longer than a call."""
    return httpx.create_ssl_context()


class _Led(httpx.HTTPTransport):
    """Real connections, to where the trouble leads them; patience is short where nothing will come."""

    def __init__(self, twin: Twin) -> None:
        super().__init__(verify=_trusted())
        self._twin = twin

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        trouble, number = self._twin.trouble, self._twin.calls()
        if trouble is not None and trouble.strikes(number):
            if trouble.fault.hasty:
                request.extensions = {**request.extensions, "timeout": dict.fromkeys(
                    ("connect", "read", "write", "pool"), _HASTY_S)}
            if (route := trouble.reroutes(number)) is not None:
                scheme, host, port = self._twin.places.origins[route]
                request.url = request.url.copy_with(scheme=scheme, host=host, port=port)
        return super().handle_request(request)


@contextmanager
def twin(below: Path, places: Places, **how: Any) -> Iterator[Twin]:
    """A new project at a new provider."""
    with (tempfile.TemporaryDirectory(prefix="batchctl-twin-", dir=in_memory(below)) as name,
          Wire(elsewhere=places.elsewhere).serve() as wire):
        folder, screens = Path(name).resolve() / "project", Path(name).resolve() / "screens"
        folder.mkdir()
        screens.mkdir()
        made = Twin(folder, screens, wire, None, places=places, **how)  # type: ignore[arg-type]
        wire.pass_time = made.sleep
        yield made


@contextmanager
def kept(twin: Twin) -> Iterator[Callable[[], None]]:
    """Yields what puts the twin back to where it is now, with no trouble ahead."""
    with tempfile.TemporaryDirectory(dir=twin.screens) as name:
        shutil.copytree(twin.folder, Path(name) / "project")
        provider, reads = deepcopy(twin.wire.provider), dict(twin.wire._reads)

        def put_back() -> None:
            shutil.rmtree(twin.folder)
            shutil.copytree(Path(name) / "project", twin.folder)
            twin.wire.provider, twin.wire._reads = deepcopy(provider), dict(reads)
            twin.wire.script = twin.trouble = None
            twin.places.heard.clear()

        yield put_back
