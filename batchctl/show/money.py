"""Tokens and money as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from batchctl.decide.costs import Bill
from batchctl.show import figures
from batchctl.words.prices import dollars, places_of
from batchctl.words.usage import Usage


def used(usage: Usage) -> str:
    """Tokens as a provider counted them."""
    cached = f" ({usage.cached_tokens:,} of them cached)" if usage.cached_tokens else ""
    return f"{figures.count(usage.input_tokens, 'token')} in{cached}, {usage.output_tokens:,} out"


def used_for(bill: Bill) -> str:
    """`12,345 tokens in, 2,345 out, $0.41`, and whether that is only about right."""
    return f"{'about ' if bill.estimated else ''}{used(bill.usage)}, {cost(bill)}"


def cost(bill: Bill, amount: str | None = None) -> str:
    """What a bill comes to: `$0.41`, `~$0.41` for an estimate, `up to ~$0.41` for one
    with the longest answers. What it leaves out is said. `amount` is its cost as `share` tells it."""
    made = dollars(bill.cost) if amount is None else amount
    if bill.cost and bill.estimated and not made.startswith("<"):
        made = f"up to ~{made}" if bill.at_most else f"~{made}"
    if bill.unpriced:
        return f"{made} + more" if bill.cost else "cost unknown"
    return f"{made} + answers" if bill.open_ended else made


def shares(costs: Sequence[Decimal]) -> list[Decimal]:
    """The amounts of lines, in USD, which add up to their total as `dollars` shows it: each is cut to the total's last
    digit, and those that lose the most by that get one more of it."""
    total = sum(costs, Decimal(0))
    unit = Decimal(1).scaleb(-places_of(total))
    cut = [cost.quantize(unit, ROUND_DOWN) for cost in costs]
    left = int((total.quantize(unit, ROUND_HALF_UP) - sum(cut)) / unit)
    for at in sorted(range(len(costs)), key=lambda at: cut[at] - costs[at])[:left]:
        cut[at] += unit
    return cut


def share(cost: Decimal, amount: Decimal, total: Decimal) -> str:
    """A cost as its share of the total: `$0.02`, and `<$0.01` where it has become nothing."""
    places = places_of(total)
    return f"<{dollars(Decimal(1).scaleb(-places), places=places)}" if cost and not amount else dollars(
        amount, places=places)
