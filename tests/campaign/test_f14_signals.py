"""F14: signals at every call: the run ends within seconds with its published code, a create that is under way is
finished and recorded, and the next run goes on."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.campaign import judging
from tests.campaign.programs import Ended, Running, Site, Zygote, fresh
from tests.campaign.tally import Campaign, Judge
from tests.campaign.wire import Moment
from tests.campaign.workloads import APPLY, WORKLOADS

pytestmark = pytest.mark.campaign

W1 = WORKLOADS["W1"]
LIMIT_S = 5.0

#: The signals that a run gets, one after the other, and the codes that it may end with.
KINDS: dict[str, tuple[tuple[signal.Signals, ...], frozenset[int]]] = {
    "int": ((signal.SIGINT,), frozenset({130})),
    "term": ((signal.SIGTERM,), frozenset({143})),
    "hup": ((signal.SIGHUP,), frozenset({129})),
    "int-int": ((signal.SIGINT, signal.SIGINT), frozenset({130})),
    # As CI runners do; the second one ends it, unless it has ended.
    "int-term": ((signal.SIGINT, signal.SIGTERM), frozenset({130, 143})),
    # Nothing was written to what is closed: it goes on.
    "pipe": ((signal.SIGPIPE,), frozenset({0})),
}

#: How long a create takes to be answered after the signal, in seconds; every other call is never answered.
_CREATE_S = 0.3
#: Between two signals, so that both are delivered.
_GAP_S = 0.05


@dataclass
class Signalled:
    """Sends signals at one call and moment, once."""

    site: Site
    number: int
    moment: Moment
    signals: Sequence[signal.Signals]
    hangs: bool = False
    running: Running | None = None
    sent_at: float | None = None
    made: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    def script(self, at: int, method: str, path: str, when: Moment) -> None:
        if self.sent_at is not None or at < self.number or when is not self.moment or self.running is None:
            return
        self.sent_at = time.monotonic()
        for number in self.signals:
            with suppress(ProcessLookupError):
                self.running.kill(number)
            time.sleep(_GAP_S)
        self.made = (method, path) == ("POST", "/batches")
        if when is Moment.REPLIED or signal.SIGPIPE in self.signals:
            return
        # A call that is no create is abandoned at once; a create is waited for.
        self.ended.wait(_CREATE_S if self.made and not self.hangs else LIMIT_S + 1)

    def run(self, site: Site) -> tuple[Ended, float]:
        """How the run ended, and how long after the first signal, in seconds."""
        self.number += len(site.wire.provider.calls)
        site.wire.script = self.script
        self.running = site.start(*APPLY)
        ended = self.running.wait()
        took_s = time.monotonic() - self.sent_at if self.sent_at is not None else 0.0
        self.ended.set()
        site.wire.script = None
        return ended, took_s


@pytest.fixture
def calls(tmp_path: Path, zygote: Zygote) -> int:
    """So many calls has the workload."""
    with fresh(tmp_path, zygote) as site:
        W1.prepare(site)
        assert site.run(*APPLY).code == 0
        return len(site.wire.provider.calls)


@pytest.mark.parametrize("kind", KINDS)
def test_g1_g2_g3_g6_g10_a_signal_at_any_call_ends_the_run_soon_and_loses_nothing(
    tmp_path: Path, zygote: Zygote, campaign: Campaign, calls: int, kind: str,
) -> None:
    signals, codes = KINDS[kind]
    for number, moment in campaign.sample(list(itertools.product(range(calls), Moment)), 3):
        with (campaign.run("F14", f"{kind}, call {number} {moment}") as run, fresh(tmp_path, zygote) as site):
            W1.prepare(site)
            ended, took_s = Signalled(site, number, moment, signals).run(site)
            # After the last answer all may be done before the signal comes.
            late = number == calls - 1 and moment is Moment.REPLIED and ended.code == 0
            run.holds("G10", ended.code in codes or late, f"it ended with {ended.code}: {ended.err[-600:]}")
            soon(run, took_s, pipe=kind == "pipe")
            judging.after_fault(run, site, ended)
            if len(signals) == 1:
                judging.known(run, site)
            judging.converges(run, site, W1.jobs)


@pytest.mark.parametrize("kind", ["int", "term", "hup"])
@pytest.mark.parametrize("moment", [Moment.RECEIVED, Moment.COMMITTED], ids=["received", "committed"])
def test_g1_g6_a_create_that_is_not_answered_is_given_up_in_time(
    tmp_path: Path, zygote: Zygote, campaign: Campaign, calls: int, kind: str, moment: Moment,
) -> None:
    signals, codes = KINDS[kind]
    with campaign.run("F14", f"{kind}, a create that hangs, {moment}") as run, fresh(tmp_path, zygote) as site:
        W1.prepare(site)
        number = _create_of(tmp_path, zygote)
        signalled = Signalled(site, number, moment, signals, hangs=True)
        ended, took_s = signalled.run(site)
        assert signalled.made, "this is about the create"
        run.holds("G10", ended.code in codes, f"it ended with {ended.code}: {ended.err[-600:]}")
        soon(run, took_s)
        judging.after_fault(run, site, ended)
        judging.converges(run, site, W1.jobs)


def test_g1_g2_g6_g10_a_reader_that_goes_at_any_call_stops_nothing_and_is_told_by_the_code(
    tmp_path: Path, zygote: Zygote, campaign: Campaign, calls: int,
) -> None:
    """`batchctl apply | head`: nobody reads the screens any more."""
    for number in campaign.sample(range(calls), 2):
        with campaign.run("F14", f"reader gone, call {number}") as run, fresh(tmp_path, zygote) as site:
            W1.prepare(site)
            code = _without_reader(site, number)
            run.holds("G10", code == 141, f"it ended with {code}")
            judging.after_fault(run, site, Ended(code, "", ""))
            judging.known(run, site)
            judging.converges(run, site, W1.jobs)


def soon(run: Judge, took_s: float, *, pipe: bool = False) -> None:
    run.holds("G10", pipe or took_s <= LIMIT_S, f"it ended {took_s:.1f} s after the signal")


def _create_of(tmp_path: Path, zygote: Zygote) -> int:
    with fresh(tmp_path, zygote) as site:
        W1.prepare(site)
        assert site.run(*APPLY).code == 0
        return site.wire.provider.calls.index(("POST", "/batches"))


def _without_reader(site: Site, number: int) -> int:
    """The exit code of an apply whose screens lose their reader at a call."""
    readers = []
    for name in ("1.out", "1.err"):
        os.mkfifo(site.screens / name)
        readers.append(os.open(site.screens / name, os.O_RDONLY | os.O_NONBLOCK))

    def script(at: int, method: str, path: str, when: Moment) -> None:
        if at == number and when is Moment.RECEIVED:
            while readers:
                os.close(readers.pop())

    site.wire.script = script
    code, _ = site.zygote.wait(site.start(*APPLY).pid)
    site.wire.script = None
    return code
