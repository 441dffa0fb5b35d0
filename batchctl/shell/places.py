"""Where a manifest's lockfile and store are, told from its path alone: mending them must not need a valid manifest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from batchctl.recorded.lockfile import read
from batchctl.recorded.records import Recorded
from batchctl.recorded.store import Store
from batchctl.shell.options import Chosen
from batchctl.shell.session import manifest_files
from batchctl.shell.views import near
from batchctl.words.errors import UsageError

_SUFFIX = ".lock.json"


@dataclass(frozen=True, slots=True)
class Place:
    """A lockfile, and the store beside its manifest."""

    lockfile: Path
    store: Store

    @property
    def shown(self) -> str:
        return near(self.lockfile)

    def recorded(self) -> Recorded:
        """Raises StateError."""
        return read(self.lockfile, self.shown)


def places(chosen: Chosen) -> list[Place]:
    """One for each lockfile. Raises UsageError."""
    if chosen.lockfile is not None and not chosen.files:
        lockfile = chosen.lockfile.absolute()
        if not lockfile.exists():
            raise UsageError(f"there is no lockfile {chosen.lockfile}", notes=("check the path",))
        return [Place(lockfile, Store(lockfile.parent / ".batchctl"))]
    found: dict[Path, Place] = {}
    for path in (file.resolve() for file in manifest_files(chosen.files)):
        if path.is_dir():
            lockfiles = sorted(path.glob("*" + _SUFFIX))
            found.update({one: Place(one, Store(path / ".batchctl")) for one in lockfiles})
        else:
            one = chosen.lockfile.absolute() if chosen.lockfile else path.with_name(path.stem + _SUFFIX)
            if not path.exists() and not one.exists():
                # A manifest that is gone, or that cannot be read, is no obstacle; a path that never was is a mistake.
                raise UsageError(f"there is neither {near(path)} nor its lockfile", notes=("check the path",))
            found[one] = Place(one, Store(path.parent / ".batchctl"))
    if chosen.lockfile is not None and len(found) > 1:
        raise UsageError(f"--lockfile is for one manifest, and here are {len(found)}")
    return list(found.values())


def place_of(found: list[Place], job: str) -> Place:
    """The lockfile that has a job. Raises UsageError when none has it."""
    for place in found:
        if job in place.recorded().jobs:
            return place
    names = sorted({name for place in found for name in place.recorded().jobs})
    raise UsageError(f'no lockfile has a job "{job}"',
                     notes=(f"there is {', '.join(names)}",) if names else ("nothing is recorded yet",))
