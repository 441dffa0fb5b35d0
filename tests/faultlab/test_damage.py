"""A damaged lockfile is refused with a reason, or read as what it says now: never a traceback, never torn."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from batchctl.words.errors import BatchctlError, StateError
from tests.faultlab.rig import Rig


def damages(data: bytes, step: int) -> Iterator[bytes]:
    """Cut short, and with a byte changed, every so many bytes."""
    for at in range(0, len(data) - 1, step):
        yield data[:at]
    for flip in (0x01, 0x04, 0x20):
        for at in range(0, len(data), step):
            damaged = bytearray(data)
            damaged[at] ^= flip
            yield bytes(damaged)


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("ended", [False, True], ids=["live", "ended"])
def test_g3_no_damage_to_the_lockfile_is_a_traceback(rig: Rig, tmp_path: Path, ended: bool, step: int) -> None:
    rig.apply()
    if ended:
        rig.finish_all()
        rig.apply()
    whole = rig.lockfile.read_bytes()
    kept = tmp_path.parent / f"{tmp_path.name}-store"
    shutil.copytree(rig.store, kept)
    for data in damages(whole, step):
        rig.lockfile.write_bytes(data)
        try:
            rig.plan()
            rig.apply(approve=lambda plans: False)
        except StateError:
            assert rig.lockfile.read_bytes() == data
        except BatchctlError:
            pass
        shutil.rmtree(rig.store)
        shutil.copytree(kept, rig.store)


@pytest.mark.parametrize("content", [b"", b"<<<<<<< HEAD\n", b'{"version": 99}', b"\xff\xfe"])
def test_a_lockfile_that_cannot_be_understood_stops_everything_before_it_begins(rig: Rig, content: bytes) -> None:
    rig.apply()
    rig.lockfile.write_bytes(content)
    calls, store = len(rig.provider.calls), rig.snapshot()
    with pytest.raises(StateError):
        rig.apply()
    with pytest.raises(StateError):
        rig.apply(destroy=True)
    assert len(rig.provider.calls) == calls
    assert {name: data for name, data in rig.snapshot().items() if "run.lock" not in name} == {
        name: data for name, data in store.items() if "run.lock" not in name}
