"""The state of a rig, kept to be gone back to: a sweep begins each run where the last one did."""

from __future__ import annotations

import copy
from dataclasses import dataclass

from tests.faultlab.provider import FakeProvider
from tests.faultlab.rig import Rig


@dataclass(frozen=True)
class Kept:
    """Every file of the project, the rows, and all that the provider has."""

    files: dict[str, bytes]
    rows: dict[str, str]
    provider: FakeProvider
    now: float

    @classmethod
    def of(cls, rig: Rig) -> Kept:
        return cls(rig.snapshot(), dict(rig.rows), copy.deepcopy(rig.provider), rig.now)

    def restore(self, rig: Rig) -> None:
        self.restore_files(rig, "")
        rig.rows, rig.provider, rig.now = dict(self.rows), copy.deepcopy(self.provider), self.now

    def restore_files(self, rig: Rig, below: str) -> None:
        """Files whose names begin with `below` become what they were; those that came later go."""
        there = {name: content for name, content in rig.snapshot().items() if name.startswith(below)}
        kept = {name: content for name, content in self.files.items() if name.startswith(below)}
        for name in there.keys() - kept.keys():
            (rig.folder / name).unlink()
        for name, content in kept.items():
            if there.get(name) != content:
                (rig.folder / name).parent.mkdir(parents=True, exist_ok=True)
                (rig.folder / name).write_bytes(content)
