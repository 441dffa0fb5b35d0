"""F9: two processes in one folder, each with a job of its own in one manifest. The first stands at some call, and is
slow, dead, stopped, or off by some minutes; the provider's ledger tells whether two ever wrote at once."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import pytest

from tests.campaign import judging
from tests.campaign.programs import Ended, Running, Site, Zygote, fresh
from tests.campaign.signed import SignedProvider, key
from tests.campaign.tally import Campaign, Judge
from tests.campaign.wire import Moment
from tests.campaign.workloads import APPLY, Jobs

pytestmark = pytest.mark.campaign

JOBS: Jobs = {"first": {"a": "one", "b": "two"}, "second": {"c": "three"}}
FIRST = (*APPLY, "--target", "first")
SECOND = (*APPLY, "--target", "second")
BRIEF = ("--run-lock-timeout", "0.3")

#: The calls of the first process: list, upload, create, recheck with the lock; a look without; a list and the results.
CALLS = 7
#: The last one of the first pass, and so with the lock.
LAST = 3
#: A process that waited for a lock that is free now goes on within this time, in seconds; load included.
AT_ONCE_S = 8.0
MINUTES = 288.0
_PATIENCE_S = 30.0


@dataclass
class Gate:
    """Holds the first process at one of its calls, until it is opened."""

    site: Site
    number: int
    moment: Moment = Moment.COMMITTED
    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def script(self, at: int, method: str, path: str, when: Moment) -> None:
        if at >= self.number and when is self.moment and not self.reached.is_set():
            self.reached.set()
            self.opened.wait(60)

    @property
    def locked(self) -> bool:
        """Whether somebody holds the run lock now."""
        if not (self.site.store / "run.lock").exists():
            return False
        with open(self.site.store / "run.lock", "rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False


@contextmanager
def held(below: Path, zygote: Zygote, number: int, **first: object) -> Iterator[tuple[Site, Running, Gate]]:
    """A project where the first process stands at a call."""
    with fresh(below, zygote) as site:
        site.wire.provider = SignedProvider()
        site.write(**JOBS)
        gate = Gate(site, number)
        site.wire.script = gate.script
        running = site.start(*FIRST, **key("first"), **first)  # type: ignore[arg-type]
        assert gate.reached.wait(30)
        try:
            yield site, running, gate
        finally:
            gate.opened.set()


def provider_of(site: Site) -> SignedProvider:
    assert isinstance(site.wire.provider, SignedProvider)
    return site.wire.provider


def apart(run: Judge, site: Site) -> None:
    """Each process made its writes in one go: upload and create, with nobody between."""
    writers = [who for who, _ in groupby(provider_of(site).writers())]
    run.holds("G1", len(writers) == len(set(writers)), f"writes of two runs are mixed: {writers}")


def end(run: Judge, site: Site, *ended: Ended) -> None:
    apart(run, site)
    for one in ended:
        judging.after_fault(run, site, one)
    judging.converges(run, site, JOBS)


def shows(running: Running, text: str) -> bool:
    """Waits until a run has said something on stderr."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        if running.err.exists() and text in running.err.read_text("utf-8"):
            return True
        time.sleep(0.05)
    return False


def names_holder(run: Judge, running: Running, ended: Ended, operation: str = "apply") -> None:
    run.holds("G10", ended.code == 5, f"it ended with {ended.code}: {ended.err[-500:]}")
    for what, pattern in (("operation", f"held: {operation} by "), ("pid", rf"pid {running.pid}\b"),
                          ("host", re.escape(f"@{socket.gethostname()}")), ("way out", "batchctl unlock [0-9a-f]{16}")):
        run.holds("G10", re.search(pattern, ended.err) is not None, f"its {what} is not named: {ended.err[-500:]}")


@pytest.mark.parametrize("offset_s", [0.0, MINUTES, -MINUTES], ids=["", "fast", "slow"])
def test_g1_g10_who_finds_the_lock_held_names_the_holder_and_does_nothing(
    tmp_path: Path, zygote: Zygote, campaign: Campaign, offset_s: float,
) -> None:
    for number in campaign.sample(range(CALLS if not offset_s else 3), 1):
        with (campaign.run("F9", f"held at call {number}, clock {offset_s:+g} s") as run,
              held(tmp_path, zygote, number, clock={"offset_s": offset_s}) as (site, running, gate)):
            locked = gate.locked
            run.holds("G1", locked or number > LAST, "it called the provider without the lock")
            second = site.run(*SECOND, *BRIEF, clock={"offset_s": -offset_s}, **key("second"))
            if locked:
                names_holder(run, running, second)
                run.holds("G1", not provider_of(site).calls_of("second"), "it called the provider without the lock")
            else:
                run.holds("G6", second.code == 0, f"nobody held the lock, and it ended with {second.code}")
            gate.opened.set()
            end(run, site, second, running.wait())


def test_g1_g6_who_waits_for_the_lock_goes_on_when_it_is_free(
    tmp_path: Path, zygote: Zygote, campaign: Campaign,
) -> None:
    for number in campaign.sample(range(CALLS), 1):
        with (campaign.run("F9", f"waited for at call {number}") as run,
              held(tmp_path, zygote, number) as (site, running, gate)):
            locked, before = gate.locked, provider_of(site).calls_of("first")
            second = site.start(*SECOND, **key("second"))
            if locked:
                said = shows(second, "waiting for another batchctl to let go of the run lock")
                run.holds("G1", not provider_of(site).calls_of("second"), "it called the provider without the lock")
                run.holds("G10", said, "it waits, and is silent")
                run.holds("G1", provider_of(site).calls_of("first") == before, "the gate leaks")
            gate.opened.set()
            ended = [running.wait(), second.wait()]
            run.holds("G6", [one.code for one in ended] == [0, 0], f"they ended with {[one.code for one in ended]}")
            end(run, site, *ended)


def test_g1_g2_g6_the_lock_of_a_killed_run_is_free_at_once(
    tmp_path: Path, zygote: Zygote, campaign: Campaign,
) -> None:
    for number in campaign.sample(range(CALLS), 1):
        with (campaign.run("F9", f"killed at call {number}") as run,
              held(tmp_path, zygote, number) as (site, running, gate)):
            second = site.start(*SECOND, **key("second"))
            time.sleep(0.3)
            running.kill()
            died = time.monotonic()
            ended = [running.wait(), second.wait()]
            took_s = time.monotonic() - died
            run.holds("G6", ended[1].code == 0 and took_s < AT_ONCE_S, f"{ended[1].code} after {took_s:.1f} s")
            gate.opened.set()
            end(run, site, *ended)


@pytest.mark.parametrize("force", [False, True], ids=["waited for", "unlocked"])
def test_g1_g2_g10_a_stopped_holder_is_named_and_once_unlocked_changes_nothing_more(
    tmp_path: Path, zygote: Zygote, campaign: Campaign, force: bool,
) -> None:
    for number in campaign.sample(range(LAST + 1), 1):
        with (campaign.run("F9", f"stopped at call {number}, unlocked: {force}") as run,
              held(tmp_path, zygote, number) as (site, running, gate)):
            running.kill(signal.SIGSTOP)
            gate.opened.set()
            refused = site.run(*SECOND, *BRIEF, **key("second"))
            names_holder(run, running, refused)
            ended = [refused]
            if force:
                wrong = site.run("unlock", "0" * 16)
                run.holds("G10", wrong.code == 5, f"unlock with a wrong id ended with {wrong.code}")
                found = re.search(r"batchctl unlock ([0-9a-f]{16})", refused.err)
                unlocked = site.run("unlock", found[1] if found else "")
                run.holds("G10", unlocked.code == 0 and "still alive" in unlocked.err, unlocked.err)
                ended.append(site.run(*APPLY, **key("second")))
                run.holds("G6", ended[-1].code == 0, f"after unlock: {ended[-1].code}: {ended[-1].err[-500:]}")
            writes = provider_of(site).writers().count("first")
            running.kill(signal.SIGCONT)
            ended.append(running.wait())
            if force:
                wrote = provider_of(site).writers().count("first") - writes
                run.holds("G1", wrote == 0, f"it went on, and wrote {wrote} times")
                # At its last call with the lock it has nothing more to write, and takes the lock anew later on.
                refused_too = ended[-1].code == 5 and "forced open" in ended[-1].err
                run.holds("G10", refused_too or number == LAST, f"{ended[-1].code}: {ended[-1].err[-500:]}")
            for one in ended:
                judging.after_fault(run, site, one)
            judging.converges(run, site, JOBS)


def _leftover(site: Site, **fields: object) -> None:
    fact = {"id": "1" * 16, "operation": "apply", "who": "nobody@elsewhere", "pid": 1, "since": "2020-01-01T00:00:00Z"}
    (site.store / "run.lock.json").write_text(json.dumps({**fact, **fields}))


def _read_only(site: Site) -> None:
    (site.store / "run.lock").touch()
    (site.store / "run.lock").chmod(0o400)


def _unreadable(site: Site) -> None:
    (site.store / "run.lock").touch()
    (site.store / "run.lock").chmod(0o000)


def _folder(site: Site) -> None:
    (site.store / "run.lock").mkdir()


def _info_folder(site: Site) -> None:
    (site.store / "run.lock.json").mkdir()


def _fifo(site: Site) -> None:
    os.mkfifo(site.store / "run.lock")


#: What may lie in the store, and whether a run must go on all the same, or may refuse with a message.
LEFTOVERS: dict[str, tuple[Callable[[Site], None], bool]] = {
    "a record of a dead process": (_leftover, True),
    "a record of this very process's id": (lambda site: _leftover(site, pid=os.getpid()), True),
    "a record with fields of a newer version": (lambda site: _leftover(site, lease="x"), True),
    "a record of another kind": (lambda site: _leftover(site, id=7, pid="x"), True),
    "a torn record": (lambda site: _ignore((site.store / "run.lock.json").write_bytes(b'{"id": "11')), True),
    "a record that is no text": (lambda site: _ignore((site.store / "run.lock.json").write_bytes(b"\xff\x00")), True),
    "a record that is a folder": (_info_folder, False),
    "a lock that is read-only": (_read_only, False),
    "a lock that cannot be read": (_unreadable, False),
    "a lock that is a folder": (_folder, False),
    "a lock that is a pipe": (_fifo, False),
}


def _ignore(_: object) -> None:
    """For writes in lambdas."""


def test_g1_g6_g10_leftovers_stop_nobody_and_what_cannot_be_locked_is_said(
    tmp_path: Path, zygote: Zygote, campaign: Campaign,
) -> None:
    for name in campaign.sample(list(LEFTOVERS), 2):
        make, goes_on = LEFTOVERS[name]
        with campaign.run("F9", name) as run, fresh(tmp_path, zygote) as site:
            site.wire.provider = SignedProvider()
            site.write(**JOBS)
            site.store.mkdir()
            make(site)
            ended = site.run(*APPLY, *BRIEF, **key("one"))
            run.holds("G6", ended.code == 0 or not goes_on, f"it ended with {ended.code}: {ended.err[-500:]}")
            said = ended.code in (0, 1, 5) and (ended.code == 0 or "run lock" in ended.err)
            run.holds("G10", said, f"it ended with {ended.code}: {ended.err[-500:]}")
            run.holds("G1", ended.code == 0 or not provider_of(site).writers(), "it wrote without a lock")
            judging.after_fault(run, site, ended)
            for left in ("run.lock", "run.lock.json"):
                path = site.store / left
                path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
            judging.converges(run, site, JOBS)


@pytest.mark.parametrize("sleeper", [FIRST, ("wait", "--target", "first")], ids=["apply --wait", "wait"])
def test_g6_who_sleeps_lets_go_of_the_lock(
    tmp_path: Path, zygote: Zygote, campaign: Campaign, sleeper: tuple[str, ...],
) -> None:
    with campaign.run("F9", f"{sleeper[0]} sleeps") as run, fresh(tmp_path, zygote) as site:
        site.wire.provider = SignedProvider()
        site.wire.ends_after = 0
        site.write(**JOBS)
        if sleeper[0] == "wait":
            assert site.run("apply", "--auto-approve", "--target", "first", **key("first")).code == 0
        sleeping = site.start(*sleeper, BATCHCTL_POLL_INTERVAL="1", **key("first"))
        assert shows(sleeping, "waiting for 1 batch")
        second = site.run("apply", "--auto-approve", "--target", "second", *BRIEF, **key("second"))
        run.holds("G6", second.code == 0, f"it ended with {second.code}: {second.err[-500:]}")
        run.holds("G6", len(site.wire.provider.live()) == 2, "the second did not send its batch")
        site.wire.ends_after = 1
        ended = sleeping.wait()
        run.holds("G6", ended.code == 0, f"the sleeper ended with {ended.code}: {ended.err[-500:]}")
        end(run, site, ended)


@pytest.mark.parametrize("command", [
    ("destroy", "--auto-approve"), ("cancel", "first"), ("import", "first", "batch_0001"), ("lock", "rm", "first"),
    ("lock", "mv", "first", "other"), ("gc",), ("gc", "--remote")], ids=" ".join)
def test_g1_g10_every_command_that_changes_something_takes_the_lock(
    tmp_path: Path, zygote: Zygote, campaign: Campaign, command: tuple[str, ...],
) -> None:
    if campaign.quick and command[0] != "destroy":
        pytest.skip("one of seven in the quick part")
    with campaign.run("F9", f"{command} while the lock is held") as run, held(tmp_path, zygote, 3) as (
            site, running, gate):
        refused = site.run(*command, *BRIEF, **key("second"))
        names_holder(run, running, refused)
        run.holds("G1", "second" not in provider_of(site).writers(), "it wrote without the lock")
        gate.opened.set()
        end(run, site, running.wait())
