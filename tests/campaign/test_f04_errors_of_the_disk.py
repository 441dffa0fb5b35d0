""""F4: every operation that changes a file fails, once or from then on: a full or broken disk, rights, handles."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from batchctl.words.errors import BatchctlError
from tests.campaign import rigs
from tests.campaign.programs import Zygote
from tests.campaign.saboteur import Saboteur, files
from tests.campaign.sweeping import Fault, Struck, sweep
from tests.campaign.tally import Campaign, Judge
from tests.campaign.workloads import WORKLOADS
from tests.faultlab.rig import Rig

pytestmark = pytest.mark.campaign

_ERRORS = ("ENOSPC", "EIO", "EACCES", "EROFS", "EMFILE", "EDQUOT")
_QUICK_STEP = 12
_QUICK_STEP_OF_PROCESSES = 20


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("error", _ERRORS)
def test_g3_g6_an_error_of_the_disk_loses_no_id_and_pays_nothing_twice(
    rig: Rig, tmp_path: Path, campaign: Campaign, error: str, for_good: bool,
) -> None:
    at, reached = 0, True
    while reached:
        with rigs.fresh(tmp_path) as project:
            saboteur = Saboteur(at, getattr(errno, error), for_good)
            said, failed = _works(project, saboteur)
            reached = bool(saboteur.seen)
            if reached:
                name = f"in process, {error} {'from' if for_good else 'at'} {at}: {saboteur.seen[0]}"
                with campaign.run("F4", name) as run:
                    no_id_lost(run, project.folder, said, project.provider.batches)
                    done = project.sink.exists()
                    run.holds("G10", failed or done, "no failure was reported, and there are no results")
                    rigs.after_fault(run, project)
                    rigs.converges(run, project)
        at += _QUICK_STEP if campaign.quick else 1


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_g3_g10_the_program_says_what_the_disk_refused_and_names_every_id(
    tmp_path: Path, zygote: Zygote, campaign: Campaign, error: str, for_good: bool,
) -> None:
    fault = Fault(f"{error} {'from' if for_good else 'at'}", "files",
                  {"error": getattr(errno, error), "for_good": for_good})
    for struck in _swept(tmp_path, zygote, campaign, fault):
        ended = struck.ended
        no_id_lost(struck.run, struck.site.folder, ended.out + ended.err, struck.site.wire.provider.batches)
        struck.run.holds("G10", not ended.code or "error[" in ended.err, f"exit {ended.code}, and: {ended.err}")


def test_g3_writes_that_take_only_a_part_are_gone_on_with(tmp_path: Path, zygote: Zygote, campaign: Campaign) -> None:
    for struck in _swept(tmp_path, zygote, campaign, Fault("a short write at", "files", {"short": True})):
        struck.run.holds("G10", struck.ended.code == 0, f"it ended with {struck.ended.code}: {struck.ended.err}")


def _swept(tmp_path: Path, zygote: Zygote, campaign: Campaign, fault: Fault) -> Iterator[Struck]:
    step = _QUICK_STEP_OF_PROCESSES if campaign.quick else 1
    return sweep(campaign, "F4", tmp_path, zygote, WORKLOADS["W1"], fault, step)


def _works(rig: Rig, saboteur: Saboteur) -> tuple[str, bool]:
    """What was said of failures, and whether there were any."""
    said = []
    try:
        with files(saboteur, rig.folder):
            for _ in range(2):
                said += [_text(failure) for job in rig.apply().jobs for failure in job.failures]
                rig.finish_all()
    except BatchctlError as failure:
        said.append(_text(failure))
    return "\n".join(said), bool(said)


def _text(failure: BatchctlError) -> str:
    return "\n".join((str(failure), *failure.notes))


def no_id_lost(run: Judge, folder: Path, said: str, batches: Iterable[str]) -> None:
    """Every batch that was made is in the lockfile, or was said."""
    written = said + "\n".join(path.read_text("utf-8") for path in folder.glob("*.lock.json"))
    lost = [batch for batch in batches if batch not in written]
    run.holds("G2", not lost, f"ids that nobody was told: {lost}")
