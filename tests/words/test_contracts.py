"""Small published contracts: exit codes, their order, completion windows, tallies."""

from __future__ import annotations

from itertools import permutations

import pytest

from batchctl.words import errors
from batchctl.words.dialects import DIALECTS, parse_window
from batchctl.words.errors import ExitCode, worst
from batchctl.words.outcomes import STATE_OF, Outcome, State, Tally


def test_exit_codes_are_the_published_numbers() -> None:
    published = {name: value for name, value in vars(ExitCode).items() if name.isupper()}
    assert published == {
        "DONE": 0, "FAILED": 1, "CHANGES": 2, "INCOMPLETE": 3, "RUNNING": 4, "REFUSED": 5, "USAGE": 64, "BUG": 70,
        "HUNG_UP": 129, "INTERRUPTED": 130, "OUTPUT_CLOSED": 141, "TERMINATED": 143,
    }


@pytest.mark.parametrize(("error", "code"), [
    (errors.BatchctlError, 1), (errors.InvalidInput, 1), (errors.StateError, 1), (errors.LocalServerError, 1),
    (errors.RemoteError, 1), (errors.Refusal, 1), (errors.Unavailable, 1), (errors.OutcomeUnknown, 5),
    (errors.UsageError, 64), (errors.Refused, 5), (errors.StalePlan, 5), (errors.RunLockHeld, 5),
    (errors.OverBudget, 5), (errors.AmbiguousRemote, 5),
])
def test_every_expected_failure_has_its_exit_code(error: type[errors.BatchctlError], code: int) -> None:
    assert error.exit_code == code


def test_g10_over_several_jobs_the_worst_code_wins_in_the_published_order() -> None:
    order = (70, 1, 5, 4, 3, 0)
    for codes in permutations(order, 3):
        assert worst(codes) == min(codes, key=order.index)
    assert worst([]) == 0


@pytest.mark.parametrize(("text", "seconds"), [
    ("24h", 86400), ("1h", 3600), ("7d", 604800), ("01h", 3600), ("", None), ("h", None), ("0h", None), ("24", None),
    ("24 h", None), ("-1h", None), ("1.5h", None), ("24H", None), ("24m", None), ("\u0663h", None), ("²d", None),
    ("9" * 5000 + "h", None), ("1_0h", None),
])
def test_completion_windows_are_hours_or_days(text: str, seconds: int | None) -> None:
    assert parse_window(text) == seconds


def test_g4_every_outcome_leads_to_a_state_and_the_stored_numbers_never_change() -> None:
    assert set(STATE_OF) == set(Outcome)
    assert {outcome.name: outcome.value for outcome in Outcome} == {
        "OK": 1, "EXPIRED": 2, "CANCELLED": 3, "RATE_LIMIT": 4, "SERVER_ERROR": 5, "TIMEOUT": 6, "REJECTED": 7,
        "INVALID_OUTPUT": 8, "MISSING": 9, "LOST": 10, "UNSENT": 11,
    }
    assert {state.name.lower() for state in State} == set(Tally.__slots__) - {"rows"}


def test_g10_a_tally_is_finished_only_when_every_row_is_ok_or_waits() -> None:
    assert not Tally(rows=2, ok=1, waiting=1).unfinished
    for name in ("failed", "expired", "cancelled", "held", "lost"):
        assert Tally(rows=1, **{name: 1}).unfinished


def test_dialects_are_known_by_their_own_names() -> None:
    assert all(name == dialect.name for name, dialect in DIALECTS.items())
    assert all(dialect.base_url is None or not dialect.base_url.endswith("/") for dialect in DIALECTS.values())
