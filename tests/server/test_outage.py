"""An upstream that is away: its lines wait, nothing counts as sent, and whoever asks is told."""

from __future__ import annotations

import asyncio
import socket
import sqlite3

import httpx
import pytest

from batchctl.server.forward import Forward
from batchctl.server.launch import connect
from batchctl.server.outage import Outage
from tests.server.house import HOUR_S, House, Time

CHAT = "/v1/chat/completions"


@pytest.fixture
def port():
    """One on which nobody listens yet."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class Away:
    """An upstream that refuses connections until it is told to be there, and time that passes in no time."""

    def __init__(self) -> None:
        self.time = Time()
        self.there = False
        self.refusals = 0
        self.pauses: list[float] = []
        self.asked: list[bytes] = []
        self.forward = Forward(
            "http://h/v1", None, concurrency=4, transport=httpx.MockTransport(self.handle), sleep=self.sleep
        )
        self.outage = Outage("http://h/v1", self.sleep, self.time.clock.monotonic)

    def handle(self, request: httpx.Request) -> httpx.Response:
        if not self.there:
            self.refusals += 1
            raise httpx.ConnectError("refused")
        self.asked.append(request.content)
        return httpx.Response(200, json={"choices": []})

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time.pass_(seconds)
        await asyncio.sleep(0.001)

    def house(self, root) -> House:
        return House(root, self.time, self.forward, self.outage)


async def refused(away, times) -> None:
    async with asyncio.timeout(20):
        while away.refusals < times:
            await asyncio.sleep(0.001)


def test_lines_wait_for_hours_and_each_is_sent_once_when_the_upstream_is_back(tmp_path, line, caplog):
    async def story():
        away = Away()
        house = away.house(tmp_path)
        house.engine.set_running(True)
        batch = house.add_batch(b"".join(line(str(n)) for n in range(9)), window_s=24 * HOUR_S)
        began = away.time.monotonic
        await refused(away, 1_000)
        assert away.time.monotonic - began > 2 * HOUR_S
        waiting = house.look(batch)
        assert (waiting.status, waiting.completed, waiting.failed) == ("in_progress", 0, 0)
        away.there = True
        ended = await house.until(batch, "completed")
        assert (ended.completed, ended.failed, len(away.asked)) == (9, 0, 9)
        await house.close()
        assert max(away.pauses) == 15

    asyncio.run(story())
    told = [record.message for record in caplog.records]
    assert told[0] == "http://h/v1 cannot be reached (refused); lines wait until it can"
    assert told[1].startswith("http://h/v1 is back after ")
    assert len(told) == 2


def test_a_line_that_never_left_is_not_marked_as_sent(tmp_path, line):
    async def story():
        away = Away()
        house = away.house(tmp_path)
        house.engine.set_running(True)
        house.add_batch(b"".join(line(str(n)) for n in range(9)))
        await refused(away, 40)
        await house.close()
        return sqlite3.connect(tmp_path / "server.sqlite3")

    database = asyncio.run(story())
    assert database.execute("SELECT sum(sent) FROM lines").fetchone() == (0,)
    database.close()


def test_a_batch_whose_upstream_never_comes_back_expires_with_its_window(tmp_path, line):
    async def story():
        away = Away()
        house = away.house(tmp_path)
        house.engine.set_running(True)
        batch = house.add_batch(line("a") + line("b"))
        await refused(away, 20)
        away.time.pass_(HOUR_S)
        house.engine.tick()
        ended = await house.until(batch, "expired")
        assert (ended.total, ended.completed, ended.failed) == (2, 0, 0)
        await house.close()

    asyncio.run(story())


def test_a_batch_that_waits_for_its_upstream_is_cancelled_at_once(tmp_path, line):
    async def story():
        away = Away()

        async def long_sleep(seconds: float) -> None:
            await asyncio.sleep(60)

        away.outage = Outage("http://h/v1", long_sleep)
        house = away.house(tmp_path)
        house.engine.set_running(True)
        batch = house.add_batch(line("a"))
        await refused(away, 1)
        assert house.engine.cancel(house.look(batch))
        await house.until(batch, "cancelled")
        await house.close()

    asyncio.run(story())


def test_a_waiting_line_is_not_tried_while_nobody_wants_lines_to_run(tmp_path, line):
    async def story():
        away = Away()
        house = away.house(tmp_path)
        house.engine.set_running(True)
        house.add_batch(line("a"))
        await refused(away, 5)
        house.engine.set_running(False)
        await asyncio.sleep(0.05)
        before = away.refusals
        await asyncio.sleep(0.05)
        assert away.refusals == before
        await house.close()

    asyncio.run(story())


def test_a_server_without_its_upstream_says_so_in_the_batch_until_it_is_back(
    start, upstream_on, line, wait, port
):
    url = f"http://127.0.0.1:{port}/v1"
    server = start("--dialect", "local", "--upstream", url, "--concurrency", "4")
    batch = server.create(b"".join(line(str(number), str(number)) for number in range(30)))
    waiting = wait(lambda: found if (found := server.look(batch.id))["errors"] else None)
    assert (waiting["status"], waiting["request_counts"]["failed"]) == ("in_progress", 0)
    (error,) = waiting["errors"]["data"]
    assert (error["code"], error["line"]) == ("upstream_unreachable", None)
    assert url in error["message"]
    assert server.openai.batches.retrieve(batch.id).errors.data[0].code == "upstream_unreachable"

    upstream = upstream_on(port)
    ended = server.ended(batch)
    assert ended.errors is None
    assert ended.request_counts.to_dict() == {"total": 30, "completed": 30, "failed": 0}
    assert sorted(upstream.asked, key=int) == [str(number) for number in range(30)]
    log = server.log.read_text()
    assert (log.count("cannot be reached"), log.count("is back after"), log.count("sent again")) == (1, 1, 0)


def test_a_server_whose_lines_wait_ends_at_once_and_without_a_traceback(start, line, wait, port):
    server = start("--upstream", f"http://127.0.0.1:{port}/v1")
    server.create(line("a") + line("b"))
    wait(lambda: "cannot be reached" in server.log.read_text())
    assert server.terminate() == 0
    assert server.log.read_text().count("\n") == 2


def test_a_vendors_batch_object_says_nothing_that_the_vendors_would_not(start, line, wait, port):
    server = start("--upstream", f"http://127.0.0.1:{port}/v1")
    batch = server.create(line("a"))
    wait(lambda: "cannot be reached" in server.log.read_text())
    shown = server.look(batch.id)
    assert (shown["status"], shown["errors"]) == ("in_progress", None)


def test_who_joins_a_server_later_is_told_of_the_outage_too(tmp_path, line, wait, port):
    folder = tmp_path / "data"
    with connect(folder, run=True, upstream=f"http://127.0.0.1:{port}/v1") as server:
        headers = {"Authorization": f"Bearer {server.token}"}
        with httpx.Client(base_url=server.base_url, headers=headers) as http:
            form = {"data": {"purpose": "batch"}, "files": {"file": ("in.jsonl", line("a"))}}
            file_id = http.post("/files", **form).json()["id"]
            wish = {"input_file_id": file_id, "endpoint": CHAT, "completion_window": "24h"}
            made = http.post("/batches", json=wish).json()
            with connect(folder, run=False):
                wait(lambda: http.get(f"/batches/{made['id']}").json()["errors"])
                (listed,) = http.get("/batches").json()["data"]
                assert listed["errors"]["data"][0]["code"] == "upstream_unreachable"
