"""What `lock verify` does: compares, and mends what it was asked to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from batchctl.act.comparing import compare
from batchctl.act.desk import Options
from batchctl.act.repairing import Repair, repair
from batchctl.act.verifying import Verified, verify
from batchctl.recorded.runlock import RunLock
from batchctl.remote.connect import Providers
from batchctl.shell.options import Chosen
from batchctl.shell.places import places
from batchctl.shell.session import open_session
from batchctl.show import figures
from batchctl.show.display import progress
from batchctl.show.terminal import Terminal
from batchctl.show.verified import repair_question
from batchctl.words.errors import BatchctlError, ExitCode, UsageError, worst

#: What is no longer there as it was paid for.
_DAMAGED = ("corrupt", "corrupt-ids")


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found, what came of it, and what kept a provider from being asked. `declined`: the user said no."""

    found: tuple[Verified, ...] = ()
    repairs: tuple[Repair, ...] = ()
    failures: tuple[BatchctlError, ...] = ()
    declined: bool = False

    @property
    def exit_code(self) -> int:
        mended = {repair.finding for repair in self.repairs if repair.mended}
        damaged = any(one.state in _DAMAGED and one not in mended for one in self.found)
        failed = damaged or self.declined or len(mended) < len(self.repairs)
        return worst([ExitCode.FAILED if failed else ExitCode.DONE, *(one.exit_code for one in self.failures)])


def check_offline(chosen: Chosen) -> Checked:
    """Lockfile and store alone: no valid manifest, key or network is needed."""
    return Checked(tuple(found for place in places(chosen) for found in verify(place.recorded(), place.store)))


def check(terminal: Terminal, chosen: Chosen) -> Checked:
    """Lockfile, store and provider; changes nothing."""
    found: list[Verified] = []
    failures: list[BatchctlError] = []
    session = open_session(chosen)
    with progress(terminal) as emit, Providers(runs=False) as providers:
        session.survey(chosen.workers, emit)
        for project in session.projects:
            seen, unseen = compare(project.looking(providers, Options(), emit))
            found += seen
            failures += unseen
    return Checked(tuple(found), (), tuple(failures))


def mend(terminal: Terminal, chosen: Chosen, *, settle_s: float, auto_approve: bool,
         run_lock_timeout_s: float) -> Checked:
    """The same, and mends what can be mended, under the run lock. Raises UsageError when nobody can be asked."""
    found: list[Verified] = []
    repairs: list[Repair] = []
    failures: list[BatchctlError] = []
    session = open_session(chosen)
    with progress(terminal) as emit, Providers(runs=False) as providers:
        session.survey(chosen.workers, emit)
        for project in session.projects:
            project.store.prepare()
            with RunLock(project.store.folder, "lock verify --repair", timeout_s=run_lock_timeout_s) as lock:
                desk = project.working(project.locked(lock), providers, Options(settle_s), emit)
                seen, done, unseen = repair(desk, _approver(terminal, auto=auto_approve, pause=emit.close))
            found += seen
            failures += unseen
            if done is None:
                return Checked(tuple(found), tuple(repairs), tuple(failures), declined=True)
            repairs += done
    return Checked(tuple(found), tuple(repairs), tuple(failures))


def _approver(terminal: Terminal, *, auto: bool, pause: Callable[[], None]) -> Callable[[Sequence[Verified]], bool]:
    """Names what would be mended, and asks."""
    def approve(todo: Sequence[Verified]) -> bool:
        count = figures.count(len(todo), "finding")
        if not auto and not terminal.asks:
            raise UsageError(f"mending {count} needs approval, and there is no terminal to ask on",
                             notes=("add --auto-approve",))
        pause()
        terminal.err(repair_question(todo, terminal.paint_err))
        return auto or terminal.ask(f"\nMend {count}? Only yes is accepted: ") == "yes"

    return approve
