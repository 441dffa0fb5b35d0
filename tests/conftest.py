"""Options of the fault campaign, which pytest must know before it looks into folders."""

from __future__ import annotations

import pytest

from tests.campaign.totals import Totals


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("campaign", "the fault campaign (pytest -m campaign)")
    group.addoption("--quick", action="store_true", help="its quick part: some minutes, a sample of each family")
    group.addoption("--campaign-json", metavar="FILE", help="write its figures to FILE")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # in the workers of xdist nothing is added up
        config.pluginmanager.register(Totals(config))
