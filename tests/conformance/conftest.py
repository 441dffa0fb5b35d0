"""Starts each server once, and prints who passed what at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.conformance.install import MissingError
from tests.conformance.servers import SERVERS, SLOW, Server

#: Set by CI: a server that cannot be had is then a failure and not a skip.
REQUIRED = "BATCHCTL_CONFORMANCE_REQUIRED"

_MARKS = {"passed": "pass", "failed": "FAIL", "skipped": "skip"}


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Starts a server when it is first asked for, and keeps it for the others; skips where it cannot be had. `slow`:
    its batches outlast the test."""
    running: dict[object, Server | MissingError] = {}
    with ExitStack() as stack:

        def serve_one(name: str, *, slow: bool = False) -> Server:
            start = SLOW.get(name, SERVERS[name]) if slow else SERVERS[name]
            if start not in running:
                try:
                    running[start] = stack.enter_context(contextmanager(start)(tmp_path_factory.mktemp(name)))
                except MissingError as error:
                    running[start] = error
            found = running[start]
            if isinstance(found, Server):
                return found
            if os.environ.get(REQUIRED):
                pytest.fail(f"{name}: {found}")
            pytest.skip(f"{name}: {found}")

        yield serve_one


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The table of servers and scenarios."""
    cells = {}
    for outcome, reports in terminalreporter.stats.items():
        for report in reports:
            place = dict(getattr(report, "user_properties", ())).get("conformance")
            if place is not None and (report.when == "call" or outcome in ("skipped", "error")):
                cells[tuple(place)] = "cannot" if outcome == "xfailed" else _MARKS.get(outcome, outcome)
    if not cells:
        return
    servers = [name for name in SERVERS if any(server == name for server, _ in cells)]
    terminalreporter.section("conformance")
    width = max(len(scenario) for _, scenario in cells)
    terminalreporter.line(" " * width + "".join(f"  {name}" for name in servers))
    for scenario in dict.fromkeys(scenario for _, scenario in cells):
        row = "".join(f"  {cells.get((name, scenario), ''):<{len(name)}}" for name in servers)
        terminalreporter.line(f"{scenario:<{width}}{row}".rstrip())
    _tell_cannot(terminalreporter)


def _tell_cannot(terminalreporter: Any) -> None:
    from tests.conformance.cannot import listed

    reasons = listed()
    if reasons:
        terminalreporter.line("")
    for (server, scenario), reason in reasons.items():
        terminalreporter.line(f"{server} cannot play {scenario}: {reason}")
