"""Prices and ceilings in the manifest: exact, shown where they are wrong, and never a ceiling that nobody can keep."""

from __future__ import annotations

from decimal import Decimal

import pytest

from batchctl.words.prices import Price, Rates

from .manifests import MINIMAL, codes, job, mistakes

OPENAI = MINIMAL.replace("model: small", "model: gpt-5.4-nano") + "provider: openai\n"
LIMITED = OPENAI + "body: {max_completion_tokens: 8}\n"
OWN = "provider: {dialect: openai, base_url: https://gateway.example.com/v1}\n"


def test_money_is_read_as_it_is_written() -> None:
    made = job(LIMITED + "budget: {max_cost: 0.10}\n")
    assert made.budget.max_cost == Decimal("0.10")
    assert job(LIMITED + "budget: {max_cost: 25}\n").budget.max_cost == 25
    for written, cost in (("1e2", 100), ("0x10", 16), ("5.", 5), (".5", Decimal("0.5")), ("+5", 5), ("0", 0)):
        assert job(LIMITED + f"budget: {{max_cost: {written}}}\n").budget.max_cost == cost


@pytest.mark.parametrize("odd", [".inf", "-.inf", ".nan", "1e400", "9" * 400, "true", "null", "[]", "{}", "1_000"])
def test_what_is_no_amount_is_a_mistake_at_its_place(odd: str) -> None:
    (found,) = mistakes(LIMITED + f"budget: {{max_cost: {odd}}}\n")
    assert found.code in ("wrong-type", "out-of-range", "ambiguous-scalar")
    assert found.span is not None
    assert found.span.column == 20


def test_prices_have_the_discount_of_the_vendor_and_none_elsewhere() -> None:
    prices = "prices: {small: {input: 0.10, output: 0.4, cached_input: 0.05}}\n"
    rates = Rates(Decimal("0.10"), Decimal("0.4"), Decimal("0.05"))
    assert job(OPENAI + prices).prices == {"small": Price(rates, rates.less(Decimal("0.5")))}
    assert job(MINIMAL + OWN + prices).prices == {"small": Price(rates, rates)}
    assert job(MINIMAL + prices).prices == {"small": Price(rates, rates)}
    given = prices.replace("}}", ", batch_discount: 0.2}}")
    assert job(MINIMAL + OWN + given).prices == {"small": Price(rates, rates.less(Decimal("0.2")))}


@pytest.mark.parametrize(("line", "code", "column"), [
    ("prices: {small: {output: 1}}", "missing-key", 10), ("prices: {small: {input: cheap}}", "wrong-type", 25),
    ("prices: {small: {input: -1}}", "out-of-range", 25), ("prices: {small: {input: 1, outptu: 1}}", "unknown-key", 28),
    ("prices: {small: {input: 1, batch_discount: 50}}", "out-of-range", 44), ("prices: {}", "empty-value", 9),
    ("prices: {small: 1}", "wrong-type", 17), ("budget: {max_cost: -1}", "out-of-range", 20),
    ('budget: {max_cost: "5"}', "wrong-type", 20), ("budget: {max_cost: $5}", "wrong-type", 20),
])
def test_a_mistake_in_a_price_is_shown_at_its_place(line: str, code: str, column: int) -> None:
    (found,) = mistakes(LIMITED + line + "\n")
    assert found.span is not None
    assert (found.code, found.span.line, found.span.column) == (code, LIMITED.count("\n") + 1, column)


def test_a_ceiling_without_a_price_says_to_add_prices() -> None:
    (found,) = mistakes(LIMITED.replace("gpt-5.4-nano", "my-model") + "budget: {max_cost: 5}\n")
    assert found.code == "unknown-price"
    assert found.span is not None
    assert found.span.column == 20
    assert 'prices: {"my-model": {input: …, output: …}}' in found.label
    assert codes(MINIMAL + OWN + "body: {max_tokens: 8}\nbudget: {max_cost: 5}\n") == ["unknown-price"]
    assert codes(MINIMAL + OWN + "body: {max_tokens: 8}\nbudget: {max_cost: 5}\nprices: {small: {input: 1}}\n") == []


def test_a_ceiling_without_a_limit_to_the_answers_says_to_add_one() -> None:
    (found,) = mistakes(OPENAI + "budget: {max_cost: 5}\n")
    assert (found.code, found.label) == ("unlimited-answer", "add max_completion_tokens, a number, to body")
    (found,) = mistakes(OPENAI + "endpoint: /v1/responses\nbudget: {max_cost: 5}\n")
    assert "max_output_tokens" in found.label
    assert codes(OPENAI.replace("gpt-5.4-nano", "text-embedding-3-small") +
                 "endpoint: /v1/embeddings\nbudget: {max_cost: 5}\n") == []
    assert codes(MINIMAL + "budget: {max_cost: 5}\n") == [], "what is free needs no limit"


def test_a_ceiling_on_what_is_not_paid_by_the_token_is_refused() -> None:
    audio = ("version: 1\nname: a\nprovider: groq\nmodel: whisper-large-v3\nendpoint: /v1/audio/transcriptions\n"
             'inputs: [rows.csv]\nbody: {url: "{{ row.url }}"}\nbudget: {max_cost: 5}\n'
             "prices: {whisper-large-v3: {input: 1}}\n")
    (found,) = mistakes(audio)
    assert found.code == "unknown-price"
    assert "max_requests" in found.label
