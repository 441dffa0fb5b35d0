"""Where each request of a job stands, over all batches that ever held it: five compact arrays."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, compress

from batchctl.decide.finding import NOBODY, Finder
from batchctl.decide.known import KnownBatch, Phase
from batchctl.decide.wanted import Wanted
from batchctl.words.outcomes import Outcome


@dataclass(slots=True)
class Standing:
    """By position of the request:

    `outcome` is the last outcome (0: none), or OK; `attempts` the ended batches that held it; `answer` the batch
    (its place in `batches`) whose answer that is; `holder` the oldest live batch that holds it; `pending` is 1 where an
    ended batch holds it whose results are not here yet.

    `spent` counts the requests that were sent at this revision, whatever became of them and of their rows; `charged`
    are the places of the batches that they were sent in.
    """

    outcome: bytearray = field(default_factory=bytearray)
    attempts: bytearray = field(default_factory=bytearray)
    answer: array[int] = field(default_factory=lambda: array("i"))
    holder: array[int] = field(default_factory=lambda: array("i"))
    pending: bytearray = field(default_factory=bytearray)
    spent: int = 0
    charged: tuple[int, ...] = ()
    batches: tuple[KnownBatch, ...] = ()
    fog_live: bool = False
    fog_lost: bool = False

    def positions(self, *outcomes: int) -> Iterator[int]:
        """Where the outcome is one of these."""
        chosen = self.outcome.translate(bytes(outcome in outcomes for outcome in range(256)))
        return compress(range(len(chosen)), chosen)

    def awaited(self) -> Iterator[int]:
        """What a live batch holds, or one that has ended and is not fetched; a position may come twice."""
        held = compress(range(len(self.holder)), map(NOBODY.__lt__, self.holder))
        return chain(held, compress(range(len(self.pending)), self.pending))


def standing(wanted: Wanted, known: Iterable[KnownBatch]) -> Standing:
    """Walks the batches from the oldest to the newest, so that the earliest success and the last failure count."""
    count = len(wanted.ids)
    finder = Finder(wanted.ids)
    batches = tuple(sorted((_as_checked(batch, wanted, finder) for batch in known), key=lambda batch: batch.age))
    asked = array("i", [NOBODY]) * (count if batches else 0)
    made = Standing(
        outcome=bytearray(count), attempts=bytearray(count), answer=array("i", [NOBODY]) * count,
        holder=array("i", [NOBODY]) * count, pending=bytearray(count), batches=batches,
    )
    for place, batch in enumerate(batches):
        if batch.phase is Phase.INTENT or not answers_count(batch, wanted.scope):
            continue
        if hides_requests(batch):
            made.fog_live |= batch.phase is not Phase.SETTLED
            made.fog_lost |= batch.phase is Phase.SETTLED and batch.record.revision in (None, wanted.revision)
        positions: Sequence[int] = ()
        if batch.ids is not None:
            positions = finder.positions(batch.ids)
            _add(made, place, batch, positions, asked)
        if sent := _spent(batch, wanted.revision, positions):
            made.spent += sent
            made.charged += (place,)
    return made


def answers_count(batch: KnownBatch, scope: str) -> bool:
    """What the local server answers counts only for the local server with the same upstream."""
    theirs = batch.record.provider.scope
    return theirs in ("", scope)


def hides_requests(batch: KnownBatch) -> bool:
    """Whether it may hold requests that nobody can name, and that are paid for. Of those that have ended, one that was
    turned away as a whole answered nothing, and one that is superseded was given up."""
    if batch.ids is not None and batch.whole:
        return False
    return batch.phase is not Phase.SETTLED or not (batch.turned_away or batch.record.superseded)


def is_unchecked(batch: KnownBatch, wanted: Wanted) -> bool:
    """Whether answers that are in the store were checked against another schema than that of the job: they came in
    while none of their requests was wanted, or before answers were checked at all."""
    checked = batch.record.answer_schema or ""
    return batch.phase is Phase.SETTLED and batch.stored and checked != wanted.answer_schema


def _as_checked(batch: KnownBatch, wanted: Wanted, finder: Finder) -> KnownBatch:
    """The batch without outcomes where these say nothing yet of requests that are wanted."""
    if batch.ids is None or batch.outcomes is None or not is_unchecked(batch, wanted) or (
            not answers_count(batch, wanted.scope)):
        return batch
    positions = finder.positions(batch.ids)
    open_ones = any(at != NOBODY and outcome in (Outcome.OK, Outcome.INVALID_OUTPUT)
                    for at, outcome in zip(positions, batch.outcomes, strict=True))
    return replace(batch, outcomes=None) if open_ones else batch


def _spent(batch: KnownBatch, revision: int, positions: Sequence[int]) -> int:
    """How many of a batch's requests count for the budget. Where its revision is not recorded, what it asks of today's
    requests was surely asked at this one."""
    if not batch.was_sent:
        return 0
    if batch.record.revision is None:
        return sum(at != NOBODY for at in positions)
    return batch.record.requests if batch.record.revision == revision else 0


def _add(made: Standing, place: int, batch: KnownBatch, positions: Sequence[int], asked: array[int]) -> None:
    """`asked` has, for each request, the older batch that asked it at the latest attempt so far."""
    if batch.phase is Phase.SETTLED and batch.outcomes is not None:
        _add_outcomes(made, place, batch, positions, asked)
    else:
        _add_open(made, place, batch, positions)
    if batch.counts or (batch.record.superseded and not batch.record.is_lost):
        for at in positions:
            if at != NOBODY and (
                    asked[at] == NOBODY or made.batches[asked[at]].record.attempt < batch.record.attempt):
                asked[at] = place


def _add_open(made: Standing, place: int, batch: KnownBatch, positions: Sequence[int]) -> None:
    ended = batch.phase in (Phase.ENDED, Phase.SETTLED)
    for at in positions:
        if at == NOBODY:
            continue
        if ended:
            made.pending[at] = 1
        elif made.holder[at] == NOBODY:
            made.holder[at] = place


def _add_outcomes(made: Standing, place: int, batch: KnownBatch, positions: Sequence[int],
                  asked: array[int]) -> None:
    counts, superseded = batch.counts, batch.record.superseded
    assert batch.outcomes is not None
    if batch.turned_away and NOBODY in positions and Outcome.OK not in batch.outcomes:
        # Some of what it asked has changed since, the bad request perhaps: the others never had a try.
        return
    gave_way = Outcome.CANCELLED in batch.outcomes and any(
        at != NOBODY and asked[at] != NOBODY and _gave_way(batch, made.batches[asked[at]]) for at in positions)
    for at, outcome in zip(positions, batch.outcomes, strict=True):
        if at == NOBODY or (gave_way and outcome == Outcome.CANCELLED):
            continue
        if counts and made.attempts[at] < 255:
            made.attempts[at] += 1
        if made.outcome[at] == Outcome.OK or (superseded and outcome != Outcome.OK):
            continue
        made.outcome[at] = outcome
        made.answer[at] = place


def _gave_way(batch: KnownBatch, older: KnownBatch) -> bool:
    """Whether a cancelled batch was the second of two made at once: only the clone that made it has it as superseded.
    Its other requests, which the older one lacks, gave way with it. One that was made after the older one had ended is
    a try of its own."""
    created_at, ended_at = batch.record.created_at, older.record.ended_at
    at_once = created_at is None or ended_at is None or created_at <= ended_at
    return at_once and batch.record.attempt <= older.record.attempt
