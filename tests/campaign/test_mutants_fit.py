"""The list of mutants, without running them: it covers every promise, and each break still fits the product."""

from __future__ import annotations

import pytest

from tests.campaign.families import FAMILIES, PROMISES
from tests.campaign.mutants import MUTANTS, Mutant
from tests.campaign.programs import ROOT


def test_every_promise_has_a_break_that_the_campaign_must_see() -> None:
    assert {mutant.promise for mutant in MUTANTS} == set(PROMISES)
    assert len(MUTANTS) == FAMILIES["M"].runs


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_a_break_stands_where_it_says_once_and_its_tests_exist(mutant: Mutant) -> None:
    text = (ROOT / "batchctl" / mutant.file).read_text("utf-8")
    assert text.count(mutant.old) == 1
    compile(text.replace(mutant.old, mutant.new), mutant.file, "exec")
    assert list((ROOT / "tests" / "campaign").glob(f"test_{mutant.family}*.py"))
