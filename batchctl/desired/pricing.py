"""Which prices a job knows: the published table, which comes with the package, and what its manifest says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from batchctl.words.dialects import DIALECTS
from batchctl.words.prices import Price, PriceList, Rates, Table
from batchctl.words.remote import Coordinates

_TABLE = Path(__file__).with_name("prices.json")


@cache
def published() -> Table:
    """List prices by vendor and model, each with its date and source."""
    raw = json.loads(_TABLE.read_bytes())["vendors"]
    return {vendor: {model: _price(entry, DIALECTS[vendor].discount) for model, entry in models.items()}
            for vendor, models in raw.items()}


def price_list(own: Mapping[str, Price], here: Coordinates) -> PriceList:
    """The prices of a job that is sent to `here`."""
    return PriceList(published(), own, here)


def price_of(model: str, provider: Coordinates, own: Mapping[str, Price] | None = None) -> Price | None:
    """What a model costs at a provider, or None where nobody knows. `price.synchronous.cost(Usage(in, out))` and
    `price.batch.cost(…)` are USD."""
    return price_list(own or {}, provider).of(provider, model)


def _price(entry: Mapping[str, Any], discount: Decimal | None) -> Price:
    rates = Rates(Decimal(entry["input"]), Decimal(entry.get("output", 0)), _decimal(entry.get("cached_input")))
    batch = None
    if discount is not None:
        # Cached tokens cost what is published for a batch, and else as much as others: not all discounts add up.
        plain = Rates(rates.input, rates.output).less(discount)
        batch = Rates(plain.input, plain.output, _decimal(entry.get("batch_cached_input")))
    return Price(rates, batch, entry["source"], entry["as_of"])


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
