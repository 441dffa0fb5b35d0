"""Tokens and money as people read them."""

from __future__ import annotations

from batchctl.decide.costs import Bill
from batchctl.show import figures
from batchctl.words.prices import dollars
from batchctl.words.usage import Usage


def used(usage: Usage) -> str:
    """Tokens as a provider counted them."""
    cached = f" ({usage.cached_tokens:,} of them cached)" if usage.cached_tokens else ""
    return f"{figures.count(usage.input_tokens, 'token')} in{cached}, {usage.output_tokens:,} out"


def used_for(bill: Bill) -> str:
    """`12,345 tokens in, 2,345 out, $0.41`, and whether that is only about right."""
    return f"{'about ' if bill.estimated else ''}{used(bill.usage)}, {cost(bill)}"


def cost(bill: Bill) -> str:
    """What a bill comes to: `$0.41`, `~$0.41` for an estimate, `up to ~$0.41` for one
    with the longest answers. What it leaves out is said."""
    made = dollars(bill.cost)
    if bill.cost and bill.estimated:
        made = f"up to ~{made}" if bill.at_most else f"~{made}"
    if bill.unpriced:
        return f"{made} + more" if bill.cost else "cost unknown"
    return f"{made} + answers" if bill.open_ended else made
