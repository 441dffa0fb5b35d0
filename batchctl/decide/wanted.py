"""What the planner needs to know of a job: its requests as compact arrays, and the rules for packing and asking."""

from __future__ import annotations

import json
from array import array
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from decimal import Decimal
from fractions import Fraction

from batchctl.desired.answer_limit import NOT_BY_TOKEN, answer_limit
from batchctl.desired.answer_schema import schema_digest
from batchctl.desired.job import BatchSettings, Job, Retry
from batchctl.desired.pricing import price_list
from batchctl.desired.render.survey import Desired
from batchctl.words.dialects import Limits
from batchctl.words.digest import text_digest
from batchctl.words.ids import IdList
from batchctl.words.prices import PriceList, Rates
from batchctl.words.tokens import BYTES_PER_TOKEN


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one shard, and all live batches together, may hold. None means: no bound."""

    max_requests: int = 50_000
    min_requests: int = 1
    max_bytes: int = 200_000_000
    max_inputs: int | None = None
    max_enqueued_tokens: int | None = None

    @classmethod
    def of(cls, limits: Limits, batch: BatchSettings) -> Bounds:
        """The tighter of the dialect's limits and the manifest's."""
        return cls(
            max_requests=min(limits.max_requests, batch.max_requests or limits.max_requests),
            min_requests=limits.min_requests,
            max_bytes=min(limits.max_bytes, batch.max_bytes or limits.max_bytes),
            max_inputs=limits.max_inputs,
            max_enqueued_tokens=_least(limits.max_enqueued_tokens, batch.max_enqueued_tokens),
        )


@dataclass(frozen=True, slots=True)
class SinkWish:
    """A sink by its path as written, and the digest of all in the manifest that shapes it.

    `only_when_failed` is for the sink that takes failures where no other does: it is not made for none.
    """

    path: str
    shape: str
    partial: bool = False
    only_when_failed: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """One job for the planner. `lengths` are bytes a line, of which `envelope` are no prompt; `units` embedding inputs
    a request (or None), and `weights` rows a request (None: one each). `scope` says whose answers count (see
    Coordinates.scope), and `terms` is the digest of where and how batches are made: no part of what is asked, but of
    what a saved plan promised. `answer_limit` is the most tokens of one answer (None: no limit is known), `rates` what
    they cost in a batch made today (None: nobody knows), and `prices` what other models and providers cost;
    not `by_token`: what is asked is paid by the hour or by the picture.
    `answer_schema` is the digest of the schema that answers must match, "" where there is none."""

    job: str
    ids: IdList = field(default_factory=IdList)
    lengths: array[int] = field(default_factory=lambda: array("I"))
    envelope: int = 0
    units: array[int] | None = None
    weights: array[int] | None = None
    rows: int = 0
    inputs_digest: str = ""
    scope: str = ""
    terms: str = ""
    revision: int = 1
    bounds: Bounds = Bounds()
    retry: Retry = field(default_factory=Retry)
    max_requests: int | None = None
    max_cost: Decimal | None = None
    model: str = ""
    window: str = ""
    answer_limit: int | None = None
    rates: Rates | None = None
    by_token: bool = True
    prices: PriceList = field(default_factory=PriceList)
    sinks: tuple[SinkWish, ...] = ()
    answer_schema: str = ""

    @property
    def digest(self) -> str:
        """The identity of all that is asked, and of whom, for saved plans."""
        return text_digest(self.ids.blob, self.inputs_digest.encode(), self.scope.encode(), self.terms.encode())

    def tokens(self, positions: Sequence[int]) -> int:
        """Estimated prompt tokens of these requests."""
        read = self.size(positions) - len(positions) * self.envelope
        return max(read // BYTES_PER_TOKEN, len(positions))

    def size(self, positions: Sequence[int]) -> int:
        """Bytes of these requests' lines."""
        return sum(map(self.lengths.__getitem__, positions))

    @property
    def tokens_each(self) -> Fraction:
        """Estimated prompt tokens of one request, on the average."""
        count = len(self.lengths)
        return Fraction(self.tokens(range(count)), count) if count else Fraction(0)


def wanted(job: Job, desired: Desired, sinks: tuple[SinkWish, ...]) -> Wanted:
    """The planner's view of a surveyed job."""
    prices = price_list(job.prices, job.provider.where)
    return Wanted(
        job=job.name, ids=desired.ids, lengths=desired.lengths, envelope=desired.envelope, units=desired.units,
        weights=_weights(desired), rows=desired.rows, inputs_digest=desired.inputs_digest,
        scope=job.provider.where.scope, terms=_terms(job), revision=job.revision,
        bounds=Bounds.of(job.provider.dialect.limits, job.batch),
        retry=job.retry, max_requests=job.budget.max_requests, max_cost=job.budget.max_cost, model=job.model,
        window=job.completion_window, answer_limit=answer_limit(job.body_kind, job.body),
        rates=_rates(job, prices), by_token=job.body_kind not in NOT_BY_TOKEN, prices=prices, sinks=sinks,
        answer_schema=schema_digest(job.answer_schema),
    )


def _rates(job: Job, prices: PriceList) -> Rates | None:
    """What tokens cost in a batch made today. A transcript or a picture is not paid by the token."""
    price = prices.of(job.provider.where, job.model)
    return None if price is None or job.body_kind in NOT_BY_TOKEN else price.batch


def _terms(job: Job) -> str:
    return text_digest(json.dumps([
        astuple(job.provider.where), job.endpoint, job.completion_window, job.batch.output_expires_after,
        job.batch.metadata]).encode())


def _weights(desired: Desired) -> array[int] | None:
    if desired.row_request is None:
        return None
    weights = array("I", bytes(4 * len(desired.ids)))
    for position in desired.row_request:
        weights[position] += 1
    return weights


def _least(*values: int | None) -> int | None:
    given = [value for value in values if value is not None]
    return min(given) if given else None
