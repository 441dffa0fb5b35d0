"""What tokens cost, in USD and exactly: rates a million tokens, and where they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal

from batchctl.words.dialects import DIALECTS
from batchctl.words.hosts import is_this_machine
from batchctl.words.remote import Coordinates
from batchctl.words.usage import Usage

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Rates:
    """USD for a million tokens. `cached_input` None: cached tokens cost as much as the others."""

    input: Decimal
    output: Decimal = Decimal(0)
    cached_input: Decimal | None = None

    def cost(self, usage: Usage) -> Decimal:
        """USD for so many tokens."""
        cached = min(usage.cached_tokens, usage.input_tokens)
        cached_rate = self.input if self.cached_input is None else self.cached_input
        return ((usage.input_tokens - cached) * self.input + cached * cached_rate
                + usage.output_tokens * self.output) / _MILLION

    def less(self, discount: Decimal) -> Rates:
        """The rates after a discount (a share of 1) on all of them."""
        left = 1 - discount
        return Rates(self.input * left, self.output * left,
                     None if self.cached_input is None else self.cached_input * left)


FREE = Rates(Decimal(0))


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs: at the synchronous endpoints, and in a batch (None: not published). `source` is the page that
    says so, and `as_of` when that was read (YYYY-MM-DD); both are empty for a price from a manifest."""

    synchronous: Rates
    batch: Rates | None
    source: str = ""
    as_of: str = ""


#: Prices by model, by the dialect of the vendor that has them.
Table = Mapping[str, Mapping[str, Price]]


@dataclass(frozen=True, slots=True)
class PriceList:
    """All prices that a job knows: those `published`, and its `own`, which hold where it is sent today (`here`)."""

    published: Table = field(default_factory=dict)
    own: Mapping[str, Price] = field(default_factory=dict)
    here: Coordinates | None = None

    def of(self, where: Coordinates, model: str) -> Price | None:
        """The price of a model at a provider, or None where nobody knows it. What runs on this machine is free."""
        if self.here is not None and where.is_same_server(self.here) and model in self.own:
            return self.own[model]
        dialect = DIALECTS.get(where.dialect)
        if where.dialect == "local":
            if where.upstream is None or is_this_machine(where.upstream):
                return Price(FREE, FREE)
        elif dialect is not None and where.base_url == dialect.base_url:
            found = self.published.get(where.dialect, {}).get(model)
            if found is not None:
                return found
        return self.own.get(model)


def places_of(amount: Decimal) -> int:
    """Digits after the point: cents, and of less than a cent the first two digits that say something."""
    return 2 if not amount or abs(amount) >= Decimal("0.01") else max(2, 1 - amount.adjusted())


def dollars(amount: Decimal, rounding: str = ROUND_HALF_UP, places: int | None = None) -> str:
    """`$0.41`, `$1,234.50`, `$0.0021`; with so many `places`, or as many as `places_of` says."""
    if not amount:
        return "$0"
    unit = Decimal(1).scaleb(-(places_of(amount) if places is None else places))
    return f"${amount.quantize(unit, rounding):,f}"


def too_much(spent: Decimal, more: Decimal, most: Decimal) -> tuple[str, str]:
    """Two amounts that are too much together, with the same number of digits, and rounded up where they would look as
    if they were not."""
    places = max(places_of(spent), places_of(more))
    unit = Decimal(1).scaleb(-places)
    looks_it = spent.quantize(unit, ROUND_HALF_UP) + more.quantize(unit, ROUND_HALF_UP) > most
    rounding = ROUND_HALF_UP if looks_it else ROUND_UP
    return dollars(spent, rounding, places), dollars(more, rounding, places)
