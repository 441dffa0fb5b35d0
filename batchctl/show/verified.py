"""What a comparison of lockfile, store and provider found, and what came of mending it."""

from __future__ import annotations

from collections.abc import Sequence

from batchctl.act.repairing import MENDS, Repair
from batchctl.act.verifying import Verified
from batchctl.show import figures
from batchctl.show.colour import PLAIN, Palette
from batchctl.show.plan_json import dumped
from batchctl.show.safe import safe
from batchctl.show.tables import aligned

_STYLES = {"ok": "green", "open": "dim", "corrupt": "bold red", "corrupt-ids": "bold red"}


def verify_text(found: Sequence[Verified], paint: Palette = PLAIN) -> str:
    """A line a finding, and below those about which there is something to do what that is."""
    if not found:
        return "Nothing is recorded.\n"
    made = []
    for finding, row in zip(found, aligned([_cells(finding) for finding in found]), strict=True):
        made.append(paint(_STYLES.get(finding.state, "yellow"), row))
        if finding.help:
            made.append(f"  = {safe(finding.help)}")
    return "\n".join(made) + "\n"


def repair_question(todo: Sequence[Verified], paint: Palette = PLAIN) -> str:
    """What would be mended, and how."""
    made = []
    for finding, row in zip(todo, aligned([_cells(finding) for finding in todo]), strict=True):
        made += [paint(_STYLES.get(finding.state, "yellow"), row), f"  = {MENDS[finding.state]}"]
    return "\n".join(made) + "\n"


def repair_text(found: Sequence[Verified], repairs: Sequence[Repair], paint: Palette = PLAIN) -> str:
    """What was found, each with what came of it, and how many were mended."""
    if not found:
        return "Nothing is recorded.\n"
    came = {repair.finding: repair for repair in repairs}
    made = []
    for finding, row in zip(found, aligned([_cells(finding) for finding in found]), strict=True):
        repair = came.get(finding)
        made.append(paint("green" if repair and repair.mended else _STYLES.get(finding.state, "yellow"), row))
        if repair is not None:
            made.append(f"  = {'mended' if repair.mended else 'not mended'}: {safe(repair.done)}")
        elif finding.help:
            made.append(f"  = {safe(finding.help)}")
    mended = sum(repair.mended for repair in repairs)
    made.append(f"Mended {mended} of {figures.count(len(repairs), 'finding')}." if repairs else "Nothing to mend.")
    return "\n".join(made) + "\n"


def verify_json(found: Sequence[Verified], repairs: Sequence[Repair] = ()) -> str:
    """schemas/verify.v1.schema.json."""
    came = {repair.finding: {"mended": repair.mended, "done": repair.done} for repair in repairs}
    return dumped({"version": 1, "batches": [
        {"job": finding.job, "batch": finding.batch, "state": finding.state, "detail": finding.detail,
         "help": finding.help, "repair": came.get(finding)} for finding in found]})


def _cells(finding: Verified) -> list[str]:
    return [finding.state, safe(finding.job), safe(finding.batch), safe(finding.detail)]
