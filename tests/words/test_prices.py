"""Money is exact, a price holds where it is published, and nobody's price is nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from batchctl.words.prices import FREE, Price, PriceList, Rates, dollars, too_much
from batchctl.words.remote import Coordinates
from batchctl.words.usage import Usage

OPENAI = Coordinates("openai", "openai", "https://api.openai.com/v1")
GATEWAY = Coordinates("openai", "openai", "https://gateway.example.com/v1")
TENTH = Rates(Decimal("0.1"), Decimal("0.2"), Decimal("0.01"))
LISTED = Price(TENTH, TENTH.less(Decimal("0.5")), "https://openai.example", "2026-11-25")
OWN = Price(Rates(Decimal(3)), Rates(Decimal(3)))


def test_costs_are_exact_where_floats_are_not() -> None:
    assert TENTH.cost(Usage(3_000_000, 0)) == Decimal("0.3") != Decimal(0.1 * 3)
    assert sum((TENTH.cost(Usage(1, 1)) for _ in range(1_000_000)), Decimal(0)) == Decimal("0.3")


def test_cached_tokens_have_a_price_of_their_own_and_else_that_of_the_others() -> None:
    assert TENTH.cost(Usage(1_000_000, 0, cached_tokens=1_000_000)) == Decimal("0.01")
    assert Rates(Decimal(1)).cost(Usage(1_000_000, 0, cached_tokens=400_000)) == 1
    assert TENTH.cost(Usage(5, 0, cached_tokens=99)) == TENTH.cost(Usage(5, 0, cached_tokens=5))


def test_a_discount_is_one_on_everything() -> None:
    assert TENTH.less(Decimal("0.5")) == Rates(Decimal("0.05"), Decimal("0.10"), Decimal("0.005"))


def test_a_published_price_holds_at_its_vendor_alone() -> None:
    prices = PriceList({"openai": {"m": LISTED}})
    assert prices.of(OPENAI, "m") == LISTED
    assert prices.of(GATEWAY, "m") is None
    assert prices.of(Coordinates("groq", "groq", "https://api.groq.com/openai/v1"), "m") is None
    assert prices.of(OPENAI, "other") is None


def test_a_price_of_ones_own_wins_where_the_job_is_sent_and_not_for_what_a_vendor_answered_before() -> None:
    assert PriceList({"openai": {"m": LISTED}}, {"m": OWN}, OPENAI).of(OPENAI, "m") == OWN
    moved = PriceList({"openai": {"m": LISTED}}, {"m": OWN}, GATEWAY)
    assert moved.of(GATEWAY, "m") == OWN
    assert moved.of(OPENAI, "m") == LISTED


@pytest.mark.parametrize(("upstream", "free"), [
    (None, True), ("http://127.0.0.1:11434/v1", True), ("http://localhost:8000/v1", True), ("http://[::1]:1/v1", True),
    ("https://api.openai.com/v1", False), ("http://10.0.0.7/v1", False),
])
def test_what_runs_on_this_machine_is_free_and_a_hosted_upstream_is_not(upstream: str | None, free: bool) -> None:
    where = Coordinates("local", "local", upstream=upstream)
    assert PriceList().of(where, "m") == (Price(FREE, FREE) if free else None)
    assert PriceList(own={"m": OWN}, here=where).of(where, "m") == OWN


@pytest.mark.parametrize(("amount", "shown"), [
    ("0", "$0"), ("0.41", "$0.41"), ("0.4149", "$0.41"), ("1234.5", "$1,234.50"), ("0.0021", "$0.0021"),
    ("0.00078483", "$0.00078"), ("0.01", "$0.01"), ("0.0000001", "$0.00000010"),
    ("1E+3", "$1,000.00"), ("0.045", "$0.05"),
])
def test_money_is_shown_to_the_cent_and_smaller_sums_by_what_they_say(amount: str, shown: str) -> None:
    assert dollars(Decimal(amount)) == shown


@pytest.mark.parametrize(("spent", "more", "most"), [
    ("0.0149", "0.0051", "0.0199"), ("0.006", "0.006", "0.0119"), ("0.004", "0.004", "0.007"), ("1.004", "2", "3"),
    ("12", "0.0021", "12.002"),
])
def test_amounts_that_are_too_much_look_as_if_they_were(spent: str, more: str, most: str) -> None:
    told = too_much(Decimal(spent), Decimal(more), Decimal(most))
    assert sum(Decimal(amount.removeprefix("$")) for amount in told) > Decimal(most)
    places = {len(amount.partition(".")[2]) for amount in told}
    assert len(places) == 1, "both are told with the same number of digits"
