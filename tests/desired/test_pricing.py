"""The price table is data that says where each figure comes from."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from batchctl.desired.answer_limit import answer_limit
from batchctl.desired.job import Template
from batchctl.desired.pricing import price_of, published
from batchctl.words.diagnostics import Span
from batchctl.words.dialects import CEREBRAS, DIALECTS, GROQ, OPENAI, Dialect
from batchctl.words.prices import Price
from batchctl.words.remote import Coordinates
from batchctl.words.usage import Usage

#: Vendor, model, price.
ENTRIES = [(vendor, model, price) for vendor, models in published().items() for model, price in models.items()]


def at(dialect: Dialect) -> Coordinates:
    return Coordinates(dialect.name, dialect.name, dialect.base_url)


@pytest.mark.parametrize(("vendor", "model", "price"), ENTRIES, ids=[" ".join(entry[:2]) for entry in ENTRIES])
def test_every_price_has_a_date_a_source_and_a_sense(vendor: str, model: str, price: Price) -> None:
    assert vendor in DIALECTS
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", price.as_of)
    assert price.source.startswith("https://")
    rates = price.synchronous
    assert 0 < rates.input <= 1000
    assert rates.output >= rates.input or "embedding" in model
    assert rates.cached_input is None or rates.cached_input < rates.input
    if price.batch is not None:
        assert price.batch.input < rates.input
        assert price.batch.cached_input is None or price.batch.cached_input < price.batch.input


def test_a_batch_costs_less_by_what_its_vendor_publishes_and_is_unknown_where_it_does_not() -> None:
    groq = price_of("openai/gpt-oss-20b", at(GROQ))
    assert groq is not None
    assert groq.batch is not None
    assert (groq.synchronous.input, groq.batch.input) == (Decimal("0.075"), Decimal("0.0375"))
    cerebras = price_of("gpt-oss-120b", at(CEREBRAS))
    assert cerebras is not None
    assert cerebras.batch is None


def test_cached_tokens_of_a_batch_are_cheaper_only_where_that_is_published() -> None:
    new, old = price_of("gpt-5.4", at(OPENAI)), price_of("gpt-4o", at(OPENAI))
    assert new is not None
    assert new.batch is not None
    assert old is not None
    assert old.batch is not None
    assert new.batch.cached_input == Decimal("0.13")
    assert old.synchronous.cached_input == Decimal("1.25")
    assert old.batch.cached_input is None


def test_a_cost_is_asked_by_model_provider_and_tokens() -> None:
    price = price_of("gpt-5.4-nano", at(OPENAI))
    assert price is not None
    assert price.batch is not None
    assert price.batch.cost(Usage(1_000_000, 100_000)) == Decimal("0.1625")
    assert price_of("nobody-knows", at(OPENAI)) is None


def test_an_answer_is_as_long_as_the_body_lets_it_get() -> None:
    assert answer_limit("chat", {"max_completion_tokens": 8, "n": 3}) == 24
    assert answer_limit("responses", {"max_output_tokens": 64}) == 64
    assert answer_limit("chat", {"max_tokens": 9, "max_completion_tokens": 8}) == 8
    assert answer_limit("embeddings", {}) == 0
    assert answer_limit("chat", {}) is None
    assert answer_limit("chat", {"max_tokens": Template("{{ row.n }}", Span("f", 1))}) is None
    assert answer_limit("chat", {"max_tokens": 8, "n": Template("{{ row.n }}", Span("f", 1))}) is None
    assert answer_limit("chat", {"max_tokens": True}) is None
