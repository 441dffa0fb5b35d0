"""What is known of a batch when a plan is made: its record, where it stands, what it holds, and how that ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from batchctl.recorded.records import BatchRecord
from batchctl.words.ids import IdList
from batchctl.words.remote import Coordinates, RemoteBatch


class Phase(Enum):
    """Where a recorded batch stands."""

    INTENT = "intent"  #: begun, without a batch id; not found at the provider (so far)
    LIVE = "live"
    UNREACHABLE = "unreachable"  #: the provider does not show it to this key
    ENDED = "ended"  #: its files are not fetched yet
    SETTLED = "settled"  #: its end is recorded


@dataclass(frozen=True, slots=True)
class KnownBatch:
    """`ids` None: nobody can tell which requests it holds; not `whole`: these and others that nobody can name.
    `outcomes` has one byte a request of `ids` once that is known; `stored`: the answers' lines are in the store. `why`
    says what kept the provider from being asked; nothing where it answered, and does not show the batch."""

    record: BatchRecord
    phase: Phase
    remote: RemoteBatch | None = None
    ids: IdList | None = None
    outcomes: bytes | None = None
    stored: bool = False
    whole: bool = True
    why: str = ""

    @property
    def counts(self) -> bool:
        """Whether its end is an attempt: a batch that was turned away as a whole never tried."""
        return not (self.turned_away or self.record.superseded)

    @property
    def ended_at(self) -> float:
        """When it ended; for ever where nobody says."""
        shown = self.remote.ended_at if self.remote is not None else self.record.ended_at
        return float("inf") if shown is None else shown

    @property
    def turned_away(self) -> bool:
        """It failed as a whole, and answered nothing: for want of room, or for one bad request among many. Where there
        is a file of answers, bad ones too, its requests were tried and paid for."""
        return self.record.status == "failed" and not self.record.ok and not self.record.output_file_id

    @property
    def was_sent(self) -> bool:
        """Whether its requests count for the budget: a batch that was turned away as a whole cost nothing, and one that
        gave way to an older one no more than what it answered."""
        gave_way = self.record.superseded and self.record.status == "cancelled" and not self.record.ok
        return self.phase is not Phase.INTENT and not self.turned_away and not gave_way

    @property
    def age(self) -> tuple[int, int, str]:
        """Sorts older batches first; of two of the same second the earlier attempt, then the ids decide, the same way
        for everyone."""
        created = self.record.created_at
        return (created if created is not None else 1 << 62, self.record.attempt, self.record.batch_id or "")


def unreachable(batch: KnownBatch) -> str:
    """What to know, and to do, about a batch in that phase."""
    where, batch_id = batch.record.provider, batch.record.batch_id
    if batch.why:
        return f"{where.name} cannot be asked about the batch {batch_id}: {batch.why}"
    project = f", project {where.project}" if where.project else ""
    return (f"{where.name} does not show the batch {batch_id} to this key: it was made with the key in "
            f"{where.api_key_env or 'no variable'}{project}; use that key, or `batchctl lock rm` to give the batch up")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A batch with our job's tag that the lockfile does not know; `ids` as in KnownBatch."""

    remote: RemoteBatch
    where: Coordinates
    ids: IdList | None = None

    def record(self, revision: int | None = None, model: str | None = None) -> BatchRecord:
        """What the lockfile says of it once it is adopted by a job at this revision, with requests of this model."""
        tag, counts = self.remote.tag, self.remote.counts
        return BatchRecord(
            shard=tag.shard if tag else "", attempt=tag.attempt if tag else 1,
            requests=len(self.ids) if self.ids is not None else (counts.total if counts else 0),
            provider=self.where, origin="adopted", input_file_id=self.remote.input_file_id,
            batch_id=self.remote.id, created_at=self.remote.created_at, revision=revision, model=model,
        )

    def adopted(self, revision: int | None = None, model: str | None = None) -> KnownBatch:
        """The batch as it will be known."""
        phase = Phase.ENDED if self.remote.ended else Phase.LIVE
        return KnownBatch(self.record(revision, model), phase, self.remote, self.ids)


@dataclass(frozen=True, slots=True)
class SinkFile:
    """A sink as it stands: the recorded digests, and the digest of the file on disk (None: no file)."""

    digest: str | None = None
    made_from: str | None = None
    on_disk: str | None = None
