"""What batches have cost and would cost: what was used where a provider has counted it, and an estimate where not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import ceil

from batchctl.decide.finding import NOBODY
from batchctl.decide.known import KnownBatch, Phase
from batchctl.decide.standing import Standing
from batchctl.decide.wanted import Wanted
from batchctl.words.prices import Rates
from batchctl.words.usage import Usage


@dataclass(frozen=True, slots=True)
class Bill:
    """Tokens, and what they cost in USD as far as that is known; bills add up.

    `estimated`: not all of it was counted by a provider. `at_most`: answers are taken to be as long as they may get.
    `unpriced` are models without a price, which `cost` leaves out; `open_ended`: it leaves out answers, too, of which
    nobody knows how long they get.
    """

    usage: Usage = field(default_factory=Usage)
    cost: Decimal = Decimal(0)
    estimated: bool = False
    at_most: bool = False
    unpriced: frozenset[str] = frozenset()
    open_ended: bool = False

    def __add__(self, other: Bill) -> Bill:
        return Bill(self.usage + other.usage, self.cost + other.cost, self.estimated or other.estimated,
                    self.at_most or other.at_most, self.unpriced | other.unpriced, self.open_ended or other.open_ended)

    @property
    def known(self) -> bool:
        """Nothing is left out of its cost."""
        return not self.unpriced and not self.open_ended


@dataclass(frozen=True, slots=True)
class Estimate:
    """How a job's requests are priced before they are answered. `answer_tokens` is what one answer is taken to have:
    the mean of those that are there, or, `at_most`, the limit that the manifest sets; None where there is neither. Not
    `by_token`: no price of tokens would tell what they cost."""

    model: str = ""
    rates: Rates | None = None
    answer_tokens: Fraction | None = None
    at_most: bool = False
    by_token: bool = True

    def bill(self, requests: int, input_tokens: int) -> Bill:
        """For so many requests, with so many prompt tokens in all."""
        if not requests:
            return Bill()
        answers = 0 if self.answer_tokens is None else ceil(self.answer_tokens * requests)
        usage = Usage(input_tokens, answers)
        if self.rates is None:
            return Bill(usage, estimated=True, unpriced=frozenset((self.model,)))
        open_ended = self.answer_tokens is None and bool(self.rates.output)
        return Bill(usage, self.rates.cost(usage), True, self.at_most and bool(self.rates.output), frozenset(),
                    open_ended)


def estimate(wanted: Wanted, now: Standing) -> Estimate:
    """How the job's next requests are priced."""
    mean = _answer_mean(now)
    limit = None if wanted.answer_limit is None else Fraction(wanted.answer_limit)
    return Estimate(wanted.model, wanted.rates, limit if mean is None else mean, mean is None and bool(limit),
                    wanted.by_token)


def spent(wanted: Wanted, now: Standing, expected: Estimate) -> Bill:
    """What the batches of this revision have cost, those that still run in full."""
    each = wanted.tokens_each if now.charged else Fraction(0)
    return sum((bill_of(now.batches[place], wanted, expected, each) for place in now.charged), Bill())


def bill_of(batch: KnownBatch, wanted: Wanted, expected: Estimate, tokens_each: Fraction) -> Bill:
    """What one batch costs: from what its provider has counted, else as if its requests had so many prompt tokens
    each."""
    record = batch.record
    used = record.usage or (batch.remote.usage if batch.remote is not None and batch.remote.ended else None)
    if used is None:
        # Of a batch that has ended only the answers are paid for.
        paid = record.ok or 0 if batch.phase is Phase.SETTLED else record.requests
        used = expected.bill(paid, ceil(tokens_each * paid)).usage
        if not paid:
            return Bill()
        counted = False
    else:
        counted = True
    rates = _rates_of(batch, wanted)
    if rates is None:
        return Bill(used, estimated=not counted, unpriced=frozenset((record.model or wanted.model,)))
    if counted:
        return Bill(used, rates.cost(used))
    return Bill(used, rates.cost(used), estimated=True, at_most=expected.at_most and bool(rates.output),
                open_ended=expected.answer_tokens is None and bool(rates.output))


def took_s(batches: Iterable[KnownBatch]) -> int | None:
    """How long a batch of the job took from its creation to its end, in the middle; None where none has completed."""
    took = sorted(batch.record.ended_at - batch.record.created_at for batch in batches
                  if batch.record.status == "completed" and batch.record.ended_at is not None
                  and batch.record.created_at is not None and batch.record.ended_at >= batch.record.created_at)
    return took[len(took) // 2] if took else None


def _rates_of(batch: KnownBatch, wanted: Wanted) -> Rates | None:
    record = batch.record
    if not wanted.by_token:
        return None
    price = wanted.prices.of(record.provider, record.model or wanted.model)
    return None if price is None else price.batch


def _answer_mean(now: Standing) -> Fraction | None:
    """Tokens of an answer, over all batches that answer something of today."""
    tokens = answers = 0
    for place in set(now.answer) - {NOBODY}:
        record = now.batches[place].record
        if record.usage is not None and record.ok:
            tokens += record.usage.output_tokens
            answers += record.ok
    return Fraction(tokens, answers) if answers else None
