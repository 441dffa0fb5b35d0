"""Batches that were made twice by two applies that could not see each other: the oldest one stays."""

from __future__ import annotations

from collections.abc import Iterable

from batchctl.decide.known import KnownBatch, Phase
from batchctl.words.ids import IdIndex


def doubles(known: Iterable[KnownBatch], ours: frozenset[str]) -> list[KnownBatch]:
    """Those of `ours` (batch ids made just now) that ask a request which an older batch asks at the same attempt.

    An older batch that has ended counts too, as its answers are paid for; one that was turned away does not.
    """
    batches = sorted((batch for batch in known if _alive(batch)), key=lambda batch: batch.age)
    found = []
    for place, batch in enumerate(batches):
        if batch.record.batch_id not in ours or batch.ids is None or batch.phase is not Phase.LIVE:
            continue
        index = IdIndex(batch.ids)
        older = (other for other in batches[:place] if other.record.attempt == batch.record.attempt
                 and other.ids is not None and other not in found)
        if any(identity in index for other in older for identity in other.ids or ()):
            found.append(batch)
    return found


def _alive(batch: KnownBatch) -> bool:
    ended_empty = batch.remote is not None and batch.remote.status == "failed"
    return batch.phase in (Phase.LIVE, Phase.ENDED, Phase.UNREACHABLE) and not ended_empty
