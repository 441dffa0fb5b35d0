"""The store: results that were paid for are kept whole or not at all, and names are checked against contents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from batchctl.recorded.answers import ERROR_FILE, OUTPUT_FILE, Answer, AnswerIndex, outcomes_digest
from batchctl.recorded.store import Store
from batchctl.words.digest import shard_digest
from batchctl.words.errors import StateError
from batchctl.words.ids import IdList
from batchctl.words.outcomes import Outcome
from tests.recorded.records import batch
from tests.recorded.test_durable import run_killed

A, B, C = (bytes([at]) * 10 for at in (1, 2, 3))
LINES = {OUTPUT_FILE: b'{"a": 1}\n', ERROR_FILE: b'{"b": 2}\n'}
INDEX = AnswerIndex.of([Answer(A, Outcome.OK, OUTPUT_FILE, 0, 9), Answer(B, Outcome.REJECTED, ERROR_FILE, 0, 9)])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / ".batchctl")
    made.prepare()
    return made


def keep(store: Store, index: AnswerIndex = INDEX) -> None:
    with store.receiving(batch()) as receiving:
        for file, line in LINES.items():
            receiving.path(file).write_bytes(line)
        receiving.keep(index)


def left(store: Store) -> list[str]:
    return sorted(str(path.relative_to(store.folder)) for path in store.folder.rglob("*") if path.name[0] == "."
                  and path.name != ".gitignore")


def test_the_store_stays_out_of_version_control(store: Store) -> None:
    assert (store.folder / ".gitignore").read_text() == "*\n"


def test_ids_are_kept_and_checked_against_their_name(store: Store) -> None:
    ids = IdList.of([A, B])
    digest = shard_digest([ids.blob])
    assert store.ids(digest) is None
    store.keep_ids(digest, ids)
    assert store.ids(digest) == ids
    path = store.folder / "shards" / f"{digest}.ids"
    for damaged in (B + A, A, b"", ids.blob[:-1], ids.blob + C):
        path.write_bytes(damaged)
        assert store.ids(digest) is None


def test_results_come_back_line_by_line(store: Store) -> None:
    keep(store)
    found = store.results(batch())
    assert found is not None
    assert [(answer.id, answer.outcome, found.line(answer)) for answer in found.index] == [
        (A, Outcome.OK, LINES[OUTPUT_FILE]), (B, Outcome.REJECTED, LINES[ERROR_FILE])]
    assert not left(store)


def test_g3_what_was_not_kept_counts_for_nothing_and_a_later_run_goes_on_with_it(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), store.receiving(batch()) as receiving:  # noqa: PT012
        receiving.part(OUTPUT_FILE).write_bytes(b"half")
        raise KeyboardInterrupt
    store.sweep()
    assert store.results(batch()) is None
    with store.receiving(batch()) as receiving:
        assert receiving.part(OUTPUT_FILE).read_bytes() == b"half"
    assert not list((store.folder / "results").iterdir()), "neither kept nor failed over"


def test_what_cannot_be_written_while_receiving_is_a_state_error(store: Store) -> None:
    with pytest.raises(StateError, match="No space"), store.receiving(batch()):
        raise OSError(28, "No space left on device")
    assert not list((store.folder / "results").iterdir())


@pytest.mark.parametrize("damage", ["cut", "gone", "index cut", "index gone"])
def test_g4_results_that_are_no_longer_whole_count_as_not_there_and_can_be_fetched_again(
    store: Store, damage: str
) -> None:
    keep(store)
    folder = store.results_folder(batch())
    path = folder / ("answers.bin" if "index" in damage else "output.jsonl")
    path.write_bytes(path.read_bytes()[:-1]) if "cut" in damage else path.unlink()
    assert store.results(batch()) is None
    keep(store)
    assert store.results(batch()) is not None
    assert not left(store)


@pytest.mark.parametrize("at", [10, 11])
def test_g4_an_index_with_an_outcome_or_a_file_that_does_not_exist_counts_as_not_there(store: Store, at: int) -> None:
    keep(store)
    path = store.results_folder(batch()) / "answers.bin"
    data = bytearray(path.read_bytes())
    data[at] = 250
    path.write_bytes(data)
    assert store.results(batch()) is None


def test_a_line_that_was_cut_short_is_never_handed_out(store: Store) -> None:
    keep(store)
    found = store.results(batch())
    assert found is not None
    found.path(OUTPUT_FILE).write_bytes(b"{")
    with pytest.raises(StateError, match="cut short"):
        found.line(next(iter(found.index)))
    found.path(OUTPUT_FILE).unlink()
    with pytest.raises(StateError, match="cannot be read"):
        found.line(next(iter(found.index)))


def test_batches_never_share_a_results_folder_and_names_cannot_lead_elsewhere(store: Store) -> None:
    records = [batch(), batch("batch_2"), batch(created_at=1), batch(input_file_id="f"), batch("../../x"),
               batch("a/b"), batch(""), batch("x" * 300), batch(".."), batch("é")]
    folders = {store.results_folder(record) for record in records}
    assert len(folders) == len(records)
    assert {folder.parent for folder in folders} == {store.folder / "results"}
    assert all(folder.name not in (".", "..") and len(folder.name) < 120 for folder in folders)


def test_sweeping_removes_what_killed_runs_left_and_nothing_else(store: Store) -> None:
    keep(store)
    store.keep_ids(shard_digest([A]), IdList(A))
    before = set(store.folder.rglob("*"))
    (store.folder / "results" / ".abc.tmp").mkdir()
    (store.folder / "results" / ".abc.tmp" / "output.jsonl").touch()
    (store.folder / "shards" / ".x.jsonl.abc.tmp").touch()
    store.sweep()
    assert set(store.folder.rglob("*")) == before


def test_sweeping_an_absent_store_is_nothing(tmp_path: Path) -> None:
    Store(tmp_path / "none").sweep()
    assert not list(tmp_path.iterdir())


def test_a_shard_is_there_as_a_whole_or_not_at_all(store: Store) -> None:
    with pytest.raises(StateError), store.writing_shard("d") as file:  # noqa: PT012
        file.write(b"half")
        raise OSError(28, "No space left on device")
    assert not store.shard_path("d").exists()
    with store.writing_shard("d") as file:
        file.write(b"whole")
    assert store.shard_path("d").read_bytes() == b"whole"


KEEP = """
    from tests.recorded.test_store import Store, keep
    keep(Store(Path(folder)))
"""


def test_g3_a_kill_while_damaged_results_are_replaced_never_mixes_old_and_new(store: Store) -> None:
    for number in range(1, 60):
        keep(store)
        fired = run_killed("pass" + KEEP, store.folder, number)
        found = store.results(batch())
        if found is not None:
            assert [found.line(answer) for answer in found.index] == [LINES[OUTPUT_FILE], LINES[ERROR_FILE]]
        if not fired:
            break
        store.sweep()
        assert set(left(store)) <= {f"results/{store.part_folder(batch()).name}"}
    else:
        pytest.fail("it never ended")
    assert number > 5


def test_a_store_that_cannot_be_made_is_a_state_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="cannot be made"):
        Store(tmp_path / "file" / ".batchctl").prepare()


def test_g4_one_outcome_for_each_request_whatever_the_file_says() -> None:
    index = AnswerIndex.of([*INDEX, Answer(C, Outcome.OK, OUTPUT_FILE, 9, 9)])
    assert index.outcomes(IdList.of([B, bytes(10), A]), Outcome.MISSING) == bytes([7, 9, 1])
    assert len(index) == 3
    assert index.ids() == IdList.of([A, B, C])
    with pytest.raises(ValueError, match="whole number"):
        AnswerIndex(bytes(25))


def test_the_digest_of_outcomes_tells_order_and_outcomes_apart() -> None:
    digests = {outcomes_digest(IdList.of(ids), outcomes) for ids in ([A, B], [B, A]) for outcomes in (b"\1\2", b"\2\1")}
    assert len(digests) == 4
    assert json.dumps(sorted(digests))
