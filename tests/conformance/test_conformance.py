"""Every scenario on every server: real processes, real HTTP, and the product as its users run it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conformance.cannot import listed
from tests.conformance.project import Project
from tests.conformance.proxy import Proxy
from tests.conformance.scenarios import OUTLASTED, SCENARIOS, Play
from tests.conformance.servers import SERVERS, Server

pytestmark = pytest.mark.conformance

CANNOT = listed()


def _cases() -> Iterator[object]:
    for server in SERVERS:
        for scenario in SCENARIOS:
            reason = CANNOT.get((server, scenario))
            # Strict: what is listed and passes all the same is told, so that the list stays true.
            marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
            yield pytest.param(server, scenario, id=f"{server}-{scenario}", marks=marks)


@pytest.mark.parametrize(("name", "scenario"), list(_cases()))
def test_g1_g2_g4_g6_the_server_and_the_ledger_agree(
        name: str, scenario: str, serve: Callable[..., Server], tmp_path: Path,
        record_property: Callable[[str, object], None]) -> None:
    record_property("conformance", (name, scenario))
    server = serve(name, slow=scenario in OUTLASTED)
    proxy = Proxy(server.origin, server.prefix)
    try:
        SCENARIOS[scenario](Play(server, proxy, Project(tmp_path, server.provider(proxy.base_url))))
    finally:
        proxy.close()
