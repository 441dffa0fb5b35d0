"""F13: wall clocks that are years off, jump while a run waits, or stand in odd zones; also the provider's."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.campaign import judging
from tests.campaign.programs import Ended, Site, Zygote, fresh
from tests.campaign.tally import Campaign, Judge
from tests.campaign.workloads import APPLY, ONE, WORKLOADS
from tests.faultlab.provider import FakeProvider

pytestmark = pytest.mark.campaign

YEAR_S = 365.0 * 86_400
HOUR_S = 3_600.0

#: A run of the workload takes a second or two; this is a hang, load included.
HANG_S = 25.0


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of one run: the process's, its time zone, and how far the provider's is off, in seconds."""

    offset_s: float = 0.0
    after_s: float = 0.0
    zone: str = "UTC"
    there_s: float = 0.0


CLOCKS = {
    "a year slow": Clock(-YEAR_S),
    "a year fast": Clock(YEAR_S),
    "back by a year while waiting": Clock(-YEAR_S, after_s=0.4),
    "ahead by a year while waiting": Clock(YEAR_S, after_s=0.4),
    "before 1970": Clock(-60 * YEAR_S),
    "after 2038": Clock(20 * YEAR_S),
    "summer time begins": Clock(HOUR_S, after_s=0.4, zone="Europe/Berlin"),
    "summer time ends": Clock(-HOUR_S, after_s=0.4, zone="Europe/Berlin"),
    "the zone furthest ahead": Clock(zone="Pacific/Kiritimati"),
    "the zone furthest behind": Clock(zone="Etc/GMT+12"),
    "a zone of three quarters of an hour": Clock(zone="Pacific/Chatham"),
    "a zone that there is not": Clock(zone="Nowhere/At_All"),
    "a provider a year slow": Clock(there_s=-YEAR_S),
    "a provider a year fast": Clock(there_s=YEAR_S),
}


@dataclass
class DatedProvider(FakeProvider):
    """Its times are real ones, off by `off_s`, and its answers are dated by the same clock. `late` are the reads of a
    result file at which it is still incomplete; `busy_s`: the first list is refused until so many seconds from then."""

    off_s: float = 0.0
    late: int = 0
    tells_sizes: bool = True
    busy_s: float | None = None
    refused: list[str] = field(default_factory=list)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.clock = int(self._now())
        answer = super().handle(request)
        path = request.url.path
        if self.busy_s is not None and path.endswith("/batches") and not self.refused:
            self.refused.append(path)
            until = email.utils.formatdate(self._now() + self.busy_s, usegmt=True)
            answer = httpx.Response(429, json={"error": {"message": "busy"}}, headers={"retry-after": until})
        elif path.endswith("/content") and self.late > 0:
            self.late -= 1
            lines = answer.content.splitlines(keepends=True)
            answer = httpx.Response(200, content=b"".join(lines[:1]))
        elif path.startswith("/v1/files/") and not path.endswith("/content") and not self.tells_sizes:
            answer = httpx.Response(200, json={**answer.json(), "bytes": None})
        answer.headers["date"] = email.utils.formatdate(self._now(), usegmt=True)
        return answer

    def _now(self) -> float:
        return time.time() + self.off_s


def each(campaign: Campaign, tmp_path: Path, zygote: Zygote, what: str,
         judged: Callable[[Judge, Site, Clock, DatedProvider], None], names: list[str]) -> None:
    for name in names:
        clock = CLOCKS[name]
        with campaign.run("F13", f"{what}, {name}") as run, fresh(tmp_path, zygote) as site:
            provider = DatedProvider(off_s=clock.there_s)
            site.wire.provider = provider
            WORKLOADS["W1"].prepare(site)
            judged(run, site, clock, provider)


def apply(site: Site, clock: Clock, *more: str, **environ: str) -> tuple[Ended, float]:
    begun = time.monotonic()
    wrong: dict[str, Any] = {"offset_s": clock.offset_s, "after_s": clock.after_s}
    ended = site.run(*APPLY, *more, clock=wrong, TZ=clock.zone, **environ)
    return ended, time.monotonic() - begun


def settled(run: Judge, site: Site, ended: Ended, took_s: float) -> None:
    """It came to the end in its time, and what another clock makes of it later is no work."""
    run.holds("G6", ended.code == 0, f"it ended with {ended.code}: {ended.err[-600:]}")
    run.holds("G6", took_s < HANG_S, f"it took {took_s:.0f} s")
    judging.after_fault(run, site, ended)
    judging.converges(run, site, ONE)
    run.holds("G1", site.wire.provider.creates == 1, f"{site.wire.provider.creates} creates")


def test_g1_g6_a_wrong_clock_neither_hangs_nor_resends(tmp_path: Path, zygote: Zygote, campaign: Campaign) -> None:
    def judged(run: Judge, site: Site, clock: Clock, provider: DatedProvider) -> None:
        site.wire.ends_after = 12  # long enough for the jump
        settled(run, site, *apply(site, clock))

    each(campaign, tmp_path, zygote, "apply", judged, list(CLOCKS))


def test_g1_g6_results_that_are_late_are_not_taken_for_all_by_a_wrong_clock(
    tmp_path: Path, zygote: Zygote, campaign: Campaign,
) -> None:
    """What a provider has not written yet is no answer that is missing: taken so, it would be paid for again."""
    def judged(run: Judge, site: Site, clock: Clock, provider: DatedProvider) -> None:
        provider.late, provider.tells_sizes = 1, False
        first, _ = apply(site, clock)
        run.holds("G1", provider.creates == 1, f"{provider.creates} creates, as if answers were missing")
        run.holds("G10", first.code in (0, 1), f"it ended with {first.code}: {first.err[-600:]}")
        settled(run, site, *apply(site, clock))

    names = [name for name, clock in CLOCKS.items() if clock.offset_s or clock.there_s]
    each(campaign, tmp_path, zygote, "late results", judged, names)


def test_g1_g6_a_wait_that_is_asked_for_as_a_date_is_measured_by_the_clock_that_set_it(
    tmp_path: Path, zygote: Zygote, campaign: Campaign,
) -> None:
    def judged(run: Judge, site: Site, clock: Clock, provider: DatedProvider) -> None:
        provider.busy_s = 2.0
        settled(run, site, *apply(site, clock))
        run.holds("G6", len(provider.refused) == 1, "nothing was refused")

    each(campaign, tmp_path, zygote, "Retry-After", judged,
         ["a year slow", "a year fast", "a provider a year slow", "a provider a year fast"])


def test_g6_g10_no_jump_makes_a_timeout_end_early_or_never(
    tmp_path: Path, zygote: Zygote, campaign: Campaign,
) -> None:
    def judged(run: Judge, site: Site, clock: Clock, provider: DatedProvider) -> None:
        site.wire.ends_after = 0
        ended, took_s = apply(site, clock, "--timeout", "2")
        run.holds("G10", ended.code == 4, f"it ended with {ended.code}: {ended.err[-600:]}")
        run.holds("G10", 2.0 <= took_s < HANG_S, f"a timeout of 2 s took {took_s:.1f} s")
        judging.after_fault(run, site, ended)
        site.wire.ends_after = 2
        settled(run, site, *apply(site, clock))

    each(campaign, tmp_path, zygote, "--timeout", judged,
         ["back by a year while waiting", "ahead by a year while waiting"])
