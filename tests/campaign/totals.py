"""Adds up the runs of all processes, prints the table, and fails a campaign that ran too little."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.campaign import table
from tests.campaign.tally import Tally

#: The property of a test's report that holds its tally.
KEY = "campaign"


class Totals:
    """Hooks of the process that shows the report, be there workers or not."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._tally = Tally()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            for key, value in report.user_properties:
                if key == KEY and isinstance(value, dict):
                    self._tally.merge(value)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._too_few() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self._tally.runs:
            return
        terminalreporter.section("campaign")
        for line in (*table.lines(self._tally), *self._too_few()):
            terminalreporter.write_line(line)
        if where := self._config.getoption("--campaign-json"):
            Path(where).write_text(json.dumps(self._tally.as_json(), indent=2) + "\n", encoding="utf-8")

    def _too_few(self) -> list[str]:
        """None where only a part of the campaign was asked for."""
        whole = self._config.option.markexpr == "campaign" and not self._config.option.keyword
        if not whole or self._config.args_source == pytest.Config.ArgsSource.ARGS:
            return []
        return self._tally.too_few(self._config.getoption("--quick"))
