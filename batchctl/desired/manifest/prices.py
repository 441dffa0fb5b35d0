"""What the manifest says of money: its own prices, and a ceiling that can be held against one."""

from __future__ import annotations

from decimal import Decimal

from batchctl.desired.answer_limit import NOT_BY_TOKEN, answer_limit
from batchctl.desired.job import Budget, Job
from batchctl.desired.manifest.context import Context, number, section
from batchctl.desired.manifest.tree import Mapping, Node, Scalar
from batchctl.desired.pricing import price_list
from batchctl.words.dialects import Dialect
from batchctl.words.prices import Price, Rates


def budget(document: Mapping) -> Budget:
    """The ceilings of the job."""
    given = section(document, "budget")
    if given is None:
        return Budget()
    return Budget(number(given, "max_requests"), amount(given, "max_cost"))


def prices(document: Mapping, dialect: Dialect | None, at_vendor: bool) -> dict[str, Price]:
    """The manifest's own prices by model. Without a discount of their own they have the one that the vendor publishes,
    and none elsewhere."""
    given = section(document, "prices")
    usual = dialect.discount if dialect is not None and at_vendor else None
    made = {}
    for model, (_, entry) in (given.entries if given else {}).items():
        if isinstance(entry, Mapping) and not entry.broken and (rates := _rates(entry)) is not None:
            discount = amount(entry, "batch_discount")
            made[model] = Price(rates, rates.less((usual or Decimal(0)) if discount is None else discount))
    return made


def amount(mapping: Mapping, key: str) -> Decimal | None:
    """A number exactly as it is written, or None where there is none that can be used."""
    node = mapping.get(key)
    if not isinstance(node, Scalar) or node.broken or isinstance(node.value, bool):
        return None
    if isinstance(node.value, int):
        return Decimal(node.value)
    return Decimal(node.text) if isinstance(node.value, float) else None


def check_ceiling(made: Job, document: Mapping, context: Context) -> None:
    """Reports a budget that nobody could keep, since what a request costs cannot be told beforehand."""
    if made.budget.max_cost is None:
        return
    at = _ceiling(document)
    if made.body_kind in NOT_BY_TOKEN:
        message = f"{made.endpoint} is not paid by the token, so what it costs is not known"
        context.findings.error("unknown-price", at, message, "remove max_cost; max_requests counts requests")
        return
    price = price_list(made.prices, made.provider.where).of(made.provider.where, made.model)
    if price is None or price.batch is None:
        message = f'what "{made.model}" costs in a batch of {made.provider.where.name} is not known'
        label = f'add prices: {{"{made.model}": {{input: …, output: …}}}}, in USD for a million tokens'
        context.findings.error("unknown-price", at, message, label)
    elif price.batch.output and answer_limit(made.body_kind, made.body) is None:
        limit = "max_output_tokens" if made.body_kind == "responses" else "max_completion_tokens"
        message = "what a request may cost is not known, as nothing limits its answer"
        context.findings.error("unlimited-answer", at, message, f"add {limit}, a number, to body")


def _rates(entry: Mapping) -> Rates | None:
    rate = amount(entry, "input")
    if rate is None:
        return None
    return Rates(rate, amount(entry, "output") or Decimal(0), amount(entry, "cached_input"))


def _ceiling(document: Mapping) -> Node | None:
    given = section(document, "budget")
    return given.get("max_cost") if given is not None else None
