"""F10: a lockfile that is damaged, foreign, older or newer is refused with its line, or leads to what is true; it is
never overwritten while it cannot be read, and nothing is sent twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from batchctl.recorded.codec import LockfileInvalid, decode
from batchctl.words.errors import BatchctlError, StateError
from tests.campaign import lockfile_damages as damages
from tests.campaign.kept import Kept
from tests.campaign.tally import Campaign, Judge
from tests.faultlab.rig import Rig

pytestmark = pytest.mark.campaign

Damages = Callable[[bytes], Iterator[damages.Damage]]

each_state = pytest.mark.parametrize("ended", [False, True], ids=["live", "ended"])


def begin(rig: Rig, *, ended: bool) -> Kept:
    """A job whose batch is live, or fetched and written."""
    rig.apply()
    if ended:
        rig.finish_all()
        rig.apply()
    return Kept.of(rig)


def damage(run: Judge, rig: Rig, data: bytes) -> bool:
    """Plans and applies with this lockfile, and judges both. Returns whether it was read."""
    rig.lockfile.write_bytes(data)
    before, calls = rig.snapshot(), len(rig.provider.calls)
    read = _planned(run, rig)
    run.holds("G5", rig.snapshot() == before, "plan changed a file")
    try:
        report = rig.apply()
        run.holds("G10", read, "what plan refused, apply took")
        unfinished = [type(failure).__name__ for job in report.jobs for failure in job.failures if not failure.message]
        run.holds("G10", not unfinished, f"failures without a message: {unfinished}")
    except StateError as error:
        run.holds("G10", not read, f"what plan took, apply refused: {error}")
    if not read:
        run.holds("G3", rig.lockfile.read_bytes() == data, "a lockfile that cannot be read was overwritten")
        run.holds("G1", len(rig.provider.calls) == calls, "the provider was called without a lockfile")
    elif rig.lockfile.exists():
        decode(rig.lockfile.read_bytes(), "job.lock.json")
    twice = {key.hex(): count for key, count in rig.provider.paid().items() if count > 1}
    run.holds("G1", not twice, f"paid more than once: {twice}")
    return read


def _planned(run: Judge, rig: Rig) -> bool:
    try:
        rig.plan()
    except LockfileInvalid as error:
        span = error.finding.span
        placed = span is not None and span.line >= 1 and span.file.endswith("job.lock.json")
        run.holds("G10", placed, "no line is named")
        run.holds("G10", bool(error.finding.notes), "nobody says what to do")
        return False
    except StateError:
        return False
    except BatchctlError as error:
        run.holds("G10", bool(error.message), "no reason is given")
    return True


@each_state
@pytest.mark.parametrize(("name", "made", "quick"), [
    ("cut short", damages.truncated, 40), ("bit 0 flipped", lambda whole: damages.flipped(whole, 0), 40),
    ("bit 2 flipped", lambda whole: damages.flipped(whole, 2), 40),
    ("in conflict", damages.conflicts, 30), ("not readable", damages.unreadable, 60), ("foreign", damages.foreign, 60),
], ids=lambda value: value if isinstance(value, str) else "")
def test_g1_g3_no_damage_sends_anything_twice_or_overwrites_what_cannot_be_read(
    rig: Rig, campaign: Campaign, ended: bool, name: str, made: Damages, quick: int,
) -> None:
    kept = begin(rig, ended=ended)
    refused = name in ("cut short", "in conflict", "not readable")
    for what, data in campaign.sample(list(made(rig.lockfile.read_bytes())), quick):
        with campaign.run("F10", f"{'ended' if ended else 'live'}, {what}") as run:
            read = damage(run, rig, data)
            run.holds("G10", not (refused and read), "it was taken for a lockfile")
        kept.restore(rig)


@each_state
def test_g6_what_changes_no_fact_is_read_and_the_job_ends_as_ever(
    rig: Rig, campaign: Campaign, ended: bool,
) -> None:
    kept = begin(rig, ended=ended)
    for what, data in damages.harmless(rig.lockfile.read_bytes()):
        with campaign.run("F10", f"{'ended' if ended else 'live'}, {what}") as run:
            known = set(json.loads(data.decode("utf-8-sig")))
            run.holds("G10", damage(run, rig, data), "it was refused")
            run.holds("G3", known <= {"//", *json.loads(rig.lockfile.read_bytes())}, "an unknown field is lost")
            rig.finish_all()
            rig.apply()
            run.holds("G6", not rig.plan().changes, "it does not come to rest")
            run.holds("G1", rig.provider.creates == 1, "another batch was made")
        kept.restore(rig)


@each_state
@pytest.mark.parametrize("what", ["missing", "no job at all", "no batch at all", "the job under another name"])
def test_g1_g2_what_a_lockfile_lacks_is_found_again_at_the_provider(
    rig: Rig, campaign: Campaign, ended: bool, what: str,
) -> None:
    begin(rig, ended=ended)
    with campaign.run("F10", f"{'ended' if ended else 'live'}, {what}") as run:
        if what == "missing":
            rig.lose_lockfile()
        else:
            rig.lockfile.write_bytes(dict(damages.foreign(rig.lockfile.read_bytes()))[what])
        rig.apply()
        rig.finish_all()
        rig.apply()
        run.holds("G6", not rig.plan().changes, "it does not come to rest")
        run.holds("G1", rig.provider.creates == 1, "another batch was made")
        run.holds("G2", all(f'"{batch}"' in rig.lockfile.read_text() for batch in rig.provider.batches), "an orphan")
        run.holds("G4", len(rig.sink.read_text().splitlines()) == len(rig.rows), "rows are missing")
