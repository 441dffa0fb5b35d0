"""Batches that have ended, whose results may be changed before they are fetched: where F11 and F12 begin."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

from batchctl.act.passes import PassReport
from batchctl.words.outcomes import Tally
from tests.campaign.folders import in_memory
from tests.campaign.tally import Judge
from tests.faultlab.provider import Batch
from tests.faultlab.rig import Rig


@dataclass
class Ended:
    """`rig` has sent one batch, which has ended; nothing is fetched. `again` puts all back to that."""

    rig: Rig
    again: Callable[[], None]

    @property
    def batch(self) -> Batch:
        return next(iter(self.rig.provider.batches.values()))

    def content(self, file: str | None) -> bytes:
        assert file is not None
        return self.rig.provider.files[file][1]

    def put(self, file: str | None, content: bytes) -> None:
        assert file is not None
        self.rig.provider.files[file] = (self.rig.provider.files[file][0], content)

    def downloads(self) -> int:
        return sum(path.endswith("/content") for _, path in self.rig.provider.calls)


@contextmanager
def ended(below: Path, rows: int, *, failing: int = 0, finish: bool = True) -> Iterator[Ended]:
    """The batch has just ended, so that its counts are believed; its first `failing` requests were refused."""
    with tempfile.TemporaryDirectory(prefix="batchctl-fetch-", dir=in_memory(below)) as name:
        folder = Path(name).resolve() / "project"
        folder.mkdir()
        (folder / "job.yaml").write_text("")
        rig = Rig(folder, rows={f"k{at}": f"text {at}" for at in range(rows)}, max_requests=100)
        rig.provider.clock = int(time.time())
        rig.apply()
        if finish:
            rig.finish_all(fail=lambda at: 400 if at < failing else None)
        kept, provider = Path(name) / "kept", deepcopy(rig.provider)
        shutil.copytree(folder, kept)

        def again() -> None:
            shutil.rmtree(folder)
            shutil.copytree(kept, folder)
            rig.provider, rig.now = deepcopy(provider), 0.0
            rig.events.clear()

        yield Ended(rig, again)


def accounted(run: Judge, rig: Rig, theirs: str = "") -> Tally:
    """Every row is in exactly one state, paid at most once, and a sink that is there has each row once. The batch
    `theirs` somebody else pays for."""
    tally = rig.plan().tally
    states = (tally.ok, tally.failed, tally.expired, tally.cancelled, tally.waiting, tally.held, tally.lost)
    run.holds("G4", sum(states) == tally.rows == len(rig.rows), f"{tally}")
    if rig.sink.exists():
        lines = rig.sink.read_bytes().split(b"\n")
        run.holds("G4", len(lines) == len(rig.rows) + 1 and lines[-1] == b"", f"the sink has {len(lines) - 1} records")
    ours = replace(rig.provider, batches={name: one for name, one in rig.provider.batches.items() if name != theirs})
    twice = {str(one): count for one, count in ours.paid().items() if count > 1}
    run.holds("G1", not twice, f"paid more than once: {twice}")
    return tally


def failures(report: PassReport) -> str:
    return "; ".join(str(failure) for job in report.jobs for failure in job.failures)
