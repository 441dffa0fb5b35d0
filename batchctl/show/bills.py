"""What things cost, for machines: money as texts, since a float cannot hold it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from batchctl.decide.costs import Bill
from batchctl.decide.plan import JobPlan


def bill_json(bill: Bill) -> dict[str, Any]:
    """`cost` is null where not all of it is known: `unpriced` and `open_ended` say why."""
    usage = bill.usage
    return {
        "input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens, "cost": amount_json(bill.cost) if bill.known else None,
        "estimated": bill.estimated, "at_most": bill.at_most, "unpriced": sorted(bill.unpriced),
        "open_ended": bill.open_ended,
    }


def budget_json(plan: JobPlan) -> dict[str, Any]:
    """The ceilings of a job's revision, and how many requests were sent at it."""
    return {"max_requests": plan.max_requests, "requests": plan.standing.spent,
            "max_cost": None if plan.max_cost is None else amount_json(plan.max_cost)}


def amount_json(amount: Decimal) -> str:
    """USD to the last digit, without an exponent."""
    return f"{amount.normalize():f}" if amount else "0"
