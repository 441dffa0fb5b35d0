"""M: the campaign is run on a copy of the product with one break, and must see the promise violated."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.campaign.mutants import MUTANTS, Mutant
from tests.campaign.programs import ROOT
from tests.campaign.tally import BUG, Campaign

pytestmark = pytest.mark.campaign

_TIMEOUT_S = 1_800
_COPIED = ("batchctl", "tests", "schemas", "examples", "pyproject.toml", "README.md")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_a_broken_product_is_caught(tmp_path: Path, campaign: Campaign, mutant: Mutant) -> None:
    if campaign.quick:
        pytest.skip("mutants are caught in the whole campaign only")
    for name in _COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", ".batchctl"))
        else:
            shutil.copy(ROOT / name, tmp_path / name)
    broken = tmp_path / "batchctl" / mutant.file
    text = broken.read_text("utf-8")
    assert text.count(mutant.old) == 1, f"{mutant.file} has changed: {mutant.old!r} is not there once"
    broken.write_text(text.replace(mutant.old, mutant.new), "utf-8")
    figures = tmp_path / "figures.json"
    tests = [str(path) for path in (tmp_path / "tests" / "campaign").glob(f"test_{mutant.family}*.py")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "campaign", "--quick", "-p", "no:cacheprovider", "-p", "no:xdist",
         f"--campaign-json={figures}", *tests, "-k", mutant.only], cwd=tmp_path, capture_output=True, text=True,
        timeout=_TIMEOUT_S, env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")})
    assert figures.exists(), done.stdout[-2000:] + done.stderr[-2000:]
    seen = {promise for _, promise, count in json.loads(figures.read_text())["violations"] if count}
    with campaign.run("M", mutant.name) as run:
        sought = BUG if mutant.crash else mutant.promise
        run.holds(mutant.promise, sought in seen, f"not caught; seen was {sorted(seen) or 'nothing'}")
