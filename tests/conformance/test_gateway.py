"""Every command through Portkey's gateway, with our own server behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conformance.project import CHANGES, DONE, ROWS, SECRET, SENDS, UNFINISHED, Project
from tests.conformance.proxy import Proxy
from tests.conformance.scenarios import Play
from tests.conformance.servers import Server

pytestmark = pytest.mark.conformance


@pytest.fixture
def play(serve: Callable[[str], Server], tmp_path: Path) -> Iterator[Play]:
    """Ends with what holds for every command: which calls are made, and with which headers."""
    server = serve("gateway")
    proxy = Proxy(server.origin, server.prefix)
    made = Play(server, proxy, Project(tmp_path, server.provider(proxy.base_url)))
    made.project.write()
    yield made
    proxy.close()
    assert not [call for call in proxy.ledger.calls if call.path.endswith("/output")], "/output ignores the custom host"
    for headers in proxy.seen_headers:
        sent = {name.lower(): value for name, value in headers.items()}
        assert sent["authorization"] == f"Bearer {SECRET}"
        assert sent["x-portkey-provider"] == "openai"
        assert "x-portkey-api-key" not in sent


def test_plan_apply_status_wait_results_and_batches_work_through_the_gateway(play: Play) -> None:
    project = play.project
    project.run("validate")
    project.run("plan", "--detailed-exitcode", "--out", "plan.json", code=CHANGES)
    assert not play.proxy.ledger.uploads, "G5"
    project.run("apply", "plan.json", "--settle", "1")
    project.run("wait", "--poll-interval", "0.2", "--timeout", "30")
    assert project.run("status", "--format", "json").tally()["rows"] == ROWS
    project.apply()
    assert len(project.run("results").out.splitlines()) == ROWS
    (batch,) = play.proxy.ledger.all_batches()
    listed = project.run("batches", "--all", "--format", "json").json()["batches"]
    assert [one["job"] for one in listed if one["batch_id"] == batch.id] == [project.name]
    project.run("lock", "verify")
    project.run("gc")
    gone = project.run("gc", "--remote", "--results", "--format", "json").json()["files"]
    assert [file["file_id"] for file in gone] == [batch.output_file_id], "the input is younger than its window"
    deleted = [call.path for call in play.proxy.ledger.calls if call.method == "DELETE"]
    assert deleted == [f"/files/{batch.output_file_id}"]
    assert len(project.run("results").out.splitlines()) == ROWS
    play.judge(ok=ROWS)


def test_a_batch_is_cancelled_through_the_gateway(play: Play) -> None:
    _slow(play)
    play.project.apply(*SENDS)
    (batch,) = play.proxy.ledger.all_batches()
    play.project.run("cancel", batch.id)
    play.project.apply(code=UNFINISHED)
    play.judge(cancelled=ROWS)


def test_destroy_cancels_through_the_gateway_and_sends_nothing_again(play: Play) -> None:
    _slow(play)
    play.project.apply(*SENDS)
    play.project.run("destroy", "--auto-approve")
    assert [call.path for call in play.proxy.ledger.calls if call.path.endswith("/cancel")]
    play.project.apply(code=UNFINISHED)
    play.judge(cancelled=ROWS)
    assert play.batches() == 1


def test_g1_a_batch_of_another_project_is_imported_through_the_gateway_and_not_sent_again(
        play: Play, tmp_path: Path) -> None:
    play.project.apply()
    (batch,) = play.proxy.ledger.all_batches()
    (tmp_path / "other").mkdir()
    play.project = Project(tmp_path / "other", play.project.provider)
    play.project.write()
    play.project.run("import", play.project.name, batch.id, code=DONE)
    play.project.apply()
    play.judge(ok=ROWS)
    assert play.batches() == 1


def _slow(play: Play) -> None:
    """Rows that take longer than the test, so that a batch is live when it is cancelled."""
    play.project.texts = [f"[[echo:sleep=20]] {text}" for text in play.project.texts]
