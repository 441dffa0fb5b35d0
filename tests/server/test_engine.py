"""Batches over time, with a clock that the test moves: uptime, windows, expiry, and the expiry of files."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager

import pytest

from batchctl.server import batches, lines
from batchctl.server.database import Database
from batchctl.server.echo import Echo
from batchctl.server.lines import KeptAnswer
from batchctl.server.results import write_results
from batchctl.server.tokens import Tokens
from batchctl.server.uptime import Uptime
from tests.server.house import HOUR_S, House, Time


class Stuck:
    """An upstream that answers lines whose text is `quick` and never the others."""

    costs = True

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def answer(self, request, spent=0):
        self.asked.append(request.custom_id)
        if request.custom_id.startswith("stuck"):
            await asyncio.Event().wait()
        return await Echo().answer(request)

    async def close(self) -> None:
        pass


def records(house, file_id):
    return [json.loads(text) for text in house.shelf.path(file_id).read_bytes().splitlines()]


def test_a_batch_whose_window_has_passed_expires_with_what_was_answered(tmp_path, line):
    async def story():
        house = House(tmp_path, Time(), Stuck())
        house.engine.set_running(True)
        batch = house.add_batch(line("quick") + line("stuck-1") + line("stuck-2"))
        await house.until(batch, "in_progress")
        while house.look(batch).completed < 1:
            await asyncio.sleep(0.005)
        house.time.pass_(HOUR_S - 1)
        house.engine.tick()
        await asyncio.sleep(0.05)
        assert house.look(batch).status == "in_progress"
        house.time.pass_(1)
        house.engine.tick()
        ended = await house.until(batch, "expired")
        assert (ended.total, ended.completed, ended.failed) == (3, 1, 0)
        assert ended.expired_at == ended.expires_at == ended.created_at + HOUR_S
        assert [record["custom_id"] for record in records(house, ended.output_file_id)] == ["quick"]
        left = records(house, ended.error_file_id)
        assert [record["custom_id"] for record in left] == ["stuck-1", "stuck-2"]
        assert {record["error"]["code"] for record in left} == {"batch_expired"}
        await house.close()

    asyncio.run(story())


def test_time_in_which_the_server_is_down_does_not_count(tmp_path, line):
    async def story():
        time = Time()
        house = House(tmp_path, time, Stuck())
        house.engine.set_running(True)
        batch = house.add_batch(line("stuck"))
        await house.until(batch, "in_progress")
        time.pass_(HOUR_S / 2)
        house.engine.tick()
        assert house.uptime.expires_at(house.look(batch)) == batch.created_at + HOUR_S
        await house.close()

        time.skip(10 * HOUR_S)
        house = House(tmp_path, time, Stuck())
        house.engine.start()
        house.engine.set_running(True)
        assert house.uptime.expires_at(house.look(batch)) == batch.created_at + 11 * HOUR_S
        time.pass_(HOUR_S / 2 - 1)
        house.engine.tick()
        await asyncio.sleep(0.05)
        assert house.look(batch).status == "in_progress"
        time.pass_(1)
        house.engine.tick()
        await house.until(batch, "expired")
        await house.close()

    asyncio.run(story())


def test_time_in_which_nobody_wants_lines_to_run_does_not_count(tmp_path, line):
    async def story():
        time = Time()
        house = House(tmp_path, time)
        batch = house.add_batch(line("a"))
        time.pass_(2 * HOUR_S)
        house.engine.tick()
        await asyncio.sleep(0.05)
        assert house.look(batch).status == "validating"
        assert house.uptime.expires_at(house.look(batch)) == batch.created_at + 3 * HOUR_S
        house.engine.set_running(True)
        await house.until(batch, "completed")
        await house.close()

    asyncio.run(story())


def test_the_uptime_of_a_killed_server_is_kept_to_the_last_tick(tmp_path, line):
    async def story():
        time = Time()
        house = House(tmp_path, time, Stuck())
        house.engine.set_running(True)
        batch = house.add_batch(line("stuck"))
        await house.until(batch, "in_progress")
        time.pass_(1000)
        house.engine.tick()
        time.pass_(0.5)
        second = Uptime(Database(tmp_path / "server.sqlite3"), time.clock)
        assert second.seconds() == 1000
        assert second.remaining_s(batch) == HOUR_S - 1000
        second._database.close()
        await house.close()

    asyncio.run(story())


def test_an_expired_file_is_unknown_and_its_bytes_go(tmp_path):
    house_time = Time()
    house = House(tmp_path, house_time)
    file_id = house.add_file(b"x", expires_at=house.shop.now() + 100)
    house_time.pass_(99)
    assert house.shelf.find(file_id, house.shop.now()) is not None
    house_time.pass_(1)
    assert house.shelf.find(file_id, house.shop.now()) is None
    house.shelf.remove_gone(house.shop.now())
    assert not house.shelf.path(file_id).exists()
    house.database.close()


def test_results_expire_when_the_batch_asked_for_it(tmp_path, line):
    async def story():
        house = House(tmp_path, Time())
        house.engine.set_running(True)
        ended = await house.until(house.add_batch(line("a"), output_expires_s=5000), "completed")
        file = house.shelf.find(ended.output_file_id, house.shop.now())
        assert file.expires_at == file.created_at + 5000
        await house.close()

    asyncio.run(story())


def test_what_a_crash_left_half_written_is_removed_at_the_start(tmp_path, line):
    async def story():
        house = House(tmp_path, Time())
        kept = house.add_file(line("a"))
        for name in ("file-x.part", "file-stray"):
            (house.shelf.folder / name).write_bytes(b"half")
        house.engine.start()
        assert [entry.name for entry in house.shelf.folder.iterdir()] == [kept]
        await house.close()

    asyncio.run(story())


def test_a_batch_whose_input_is_gone_ends_with_what_was_answered(tmp_path, line):
    async def story():
        time = Time()
        house = House(tmp_path, time, Stuck())
        house.engine.set_running(True)
        batch = house.add_batch(line("quick") + line("stuck"))
        while house.look(batch).completed < 1:
            await asyncio.sleep(0.005)
        await house.close()

        house = House(tmp_path, time, Stuck())
        house.shelf.path(batch.input_file_id).unlink()
        house.engine.start()
        house.engine.set_running(True)
        ended = await house.until(batch, "expired")
        assert [record["custom_id"] for record in records(house, ended.output_file_id)] == ["quick"]
        assert [record["custom_id"] for record in records(house, ended.error_file_id)] == ["stuck"]
        await house.close()

    asyncio.run(story())


@contextmanager
def files_of_at_most(size):
    """As on a disk that is full."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("too_large", [True, False])
def test_results_that_cannot_be_written_leave_nothing_behind(tmp_path, too_large):
    house = House(tmp_path, Time())
    with house.database.transaction():
        lines.keep(house.database, KeptAnswer(1, 1, True, b"x" * (9_000 if too_large else 9), Tokens()))
        lines.keep(house.database, KeptAnswer(1, 2, False, b"x" * 9_000, Tokens()))
    with files_of_at_most(5_000), pytest.raises(OSError, match="too large"):
        write_results(house.database.path, house.shelf, 1, "batch_x", "completed")
    assert list(house.shelf.folder.iterdir()) == []
    house.database.close()


def test_an_answer_on_its_way_when_the_batch_is_cancelled_is_kept(tmp_path, line):
    class Slow(Stuck):
        async def answer(self, request, spent=0):
            await asyncio.sleep(0.02)
            return await Echo().answer(request)

    async def story():
        house = House(tmp_path, Time(), Slow())
        house.engine.set_running(True)
        batch = house.add_batch(b"".join(line(str(number)) for number in range(100)))
        while house.look(batch).completed == 0:
            await asyncio.sleep(0.001)
        before = house.look(batch).completed
        assert house.engine.cancel(batch)
        ended = await house.until(batch, "cancelled")
        assert before < ended.completed <= before + 8
        assert len(records(house, ended.error_file_id)) == 100 - ended.completed
        await house.close()

    asyncio.run(story())


def test_all_batches_together_keep_to_the_number_of_lines_at_a_time(tmp_path, line):
    async def story():
        upstream = Stuck()
        house = House(tmp_path, Time(), upstream)
        house.engine.set_running(True)
        made = [house.add_batch(b"".join(line(f"stuck-{b}-{n}") for n in range(9))) for b in range(3)]
        for batch in made:
            await house.until(batch, "in_progress")
        await asyncio.sleep(0.1)
        assert len(upstream.asked) == 4
        await house.close()

    asyncio.run(story())


def test_the_bytes_of_a_deleted_input_stay_until_its_batch_has_ended(tmp_path, line):
    async def story():
        house = House(tmp_path, Time())
        batch = house.add_batch(line("a"))
        file = house.shelf.find(batch.input_file_id, house.shop.now())
        house.shelf.delete(file)
        house.shelf.remove_gone(house.shop.now())
        assert house.shelf.find(file.id, house.shop.now()) is None
        assert house.shelf.path(file.id).exists()
        house.engine.set_running(True)
        await house.until(batch, "completed")
        house.shelf.remove_gone(house.shop.now())
        assert not house.shelf.path(file.id).exists()
        await house.close()

    asyncio.run(story())


def test_the_output_is_in_the_order_in_which_answers_came(tmp_path, line):
    async def story():
        house = House(tmp_path, Time())
        house.engine.set_running(True)
        late = line("late", "[[echo:sleep=0.1]]") + line("later", "[[echo:sleep=0.2]]")
        batch = await house.until(house.add_batch(late + line("soon")), "completed")
        order = [record["custom_id"] for record in records(house, batch.output_file_id)]
        assert order == ["soon", "late", "later"]
        await house.close()

    asyncio.run(story())


def test_the_database_keeps_no_answers_of_an_ended_batch(tmp_path, line):
    async def story():
        house = House(tmp_path, Time())
        house.engine.set_running(True)
        await house.until(house.add_batch(line("a") + line("b")), "completed")
        await asyncio.sleep(0.05)
        for table in ("answers", "lines"):
            assert house.database.connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
        await house.close()

    asyncio.run(story())


@pytest.mark.parametrize("status", ["completed", "cancelled", "expired", "failed"])
def test_an_ended_batch_never_changes_again(tmp_path, line, status):
    async def story():
        house = House(tmp_path, Time())
        batch = house.add_batch(line("a"))
        batches.update(house.database, batch.key, ("validating",), status=status)
        assert not house.engine.cancel(batch)
        assert house.look(batch).status == status
        await house.close()

    asyncio.run(story())
