"""Fetching: both files, whatever the status, and nothing is taken for results that is not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from batchctl.act.fetch import ResultsInvalid, fetch, otherwise
from batchctl.recorded.records import GONE, BatchRecord
from batchctl.recorded.store import Store
from batchctl.words.errors import Refusal, RemoteError, StateError, Unavailable
from batchctl.words.ids import IdList
from batchctl.words.outcomes import Outcome
from batchctl.words.remote import BatchError, Counts, RemoteBatch
from batchctl.words.usage import Usage
from tests.faultlab.rig import Rig, inline_pool
from tests.recorded.records import batch
from tests.remote.http import Scripted, answer, text

A, B, C = (bytes([at]) * 10 for at in (1, 2, 3))
IDS = IdList.of([A, B, C])
NAMES = {A: "a", B: "b", C: "c"}


def ok(identity: bytes, said: str = "hi") -> dict[str, Any]:
    body = {"choices": [{"message": {"content": said}}]}
    return {"custom_id": f"k-{identity.hex()}", "response": {"status_code": 200, "body": body}, "error": None}


def failed(identity: bytes, code: str = "batch_expired") -> dict[str, Any]:
    return {"custom_id": f"k-{identity.hex()}", "response": None, "error": {"code": code, "message": code}}


def jsonl(*lines: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


class Bench:
    """A store and a provider with files by id; a file that it does not have is 404."""

    def __init__(self, folder: Path) -> None:
        self.now = 1e9
        self.files: dict[str, bytes | httpx.Response] = {}
        self.known_files: set[str] = set()
        self.shows_batch = True
        self.sizes: dict[str, int] = {}
        self.store = Store(folder)
        self.store.prepare()
        self.script = Scripted(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        parts = request.url.path.split("/")
        name = parts[3]
        if parts[2] == "batches":
            return answer({"id": name}) if self.shows_batch else answer({}, 404)
        if parts[-1] != "content":
            shown = {"id": name, "bytes": self.sizes.get(name)}
            return answer(shown) if name in self.files or name in self.known_files else answer({}, 404)
        found = self.files.get(name, answer({"error": "no such file"}, 404))
        return text(found) if isinstance(found, bytes) else found

    def fetch(self, *, status: str = "completed", output: str | None = "out", errors: str | None = None,
              ids: IdList | None = IDS, problems: tuple[BatchError, ...] = (),
              counts: Counts | None = None, usage: Usage | None = None, **times: Any) -> BatchRecord:
        remote = RemoteBatch("batch_1", status, output_file_id=output, error_file_id=errors, errors=problems,
                             counts=counts, usage=usage, **{"ended_at": 9, **times})
        return fetch(self.script.provider(), self.store, batch(), remote, ids, now=self.now)

    def outcomes(self, record: BatchRecord, ids: IdList = IDS) -> list[Outcome]:
        stored = self.store.results(record)
        assert stored is not None
        rest = otherwise(record, frozenset({"token_limit_exceeded"}))
        return [Outcome(outcome) for outcome in stored.index.outcomes(ids, rest)]

    def lines(self, record: BatchRecord) -> list[dict[str, Any]]:
        stored = self.store.results(record)
        assert stored is not None
        return [json.loads(stored.line(one)) for one in stored.index]

    @property
    def empty(self) -> bool:
        return not list((self.store.folder / "results").iterdir())

    @property
    def took_nothing(self) -> bool:
        """No results; what came of them so far may wait for the next run."""
        return not [path for path in (self.store.folder / "results").iterdir() if path.suffix != ".part"]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_completed_answers_are_taken_whatever_their_order(bench: Bench) -> None:
    bench.files["out"] = jsonl(ok(C), ok(A), ok(B))
    record = bench.fetch()
    assert (record.status, record.ok, record.ended_at) == ("completed", 3, 9)
    assert record.is_settled
    assert bench.outcomes(record) == [Outcome.OK] * 3
    assert bench.lines(record) == [ok(C), ok(A), ok(B)]


def test_g1_files_that_lag_behind_the_batch_are_waited_for_and_not_settled_as_missing(bench: Bench) -> None:
    bench.files["out"] = jsonl(ok(A))
    bench.now = 9 + 60
    with pytest.raises(ResultsInvalid, match="3 completed and 0 failed requests, and its files answer 1"):
        bench.fetch(counts=Counts(3, 3, 0))
    with pytest.raises(ResultsInvalid):
        bench.fetch(output=None, counts=Counts(3, 3, 0))
    bench.now = 9 + 2 * 3600
    assert bench.outcomes(bench.fetch(counts=Counts(3, 3, 0))) == [Outcome.OK, Outcome.MISSING, Outcome.MISSING]


def test_g1_an_error_file_does_not_stand_in_for_answers_that_lag(bench: Bench) -> None:
    bench.files |= {"out": jsonl(ok(A)), "err": jsonl(failed(C, "x"))}
    bench.now = 9 + 60
    with pytest.raises(ResultsInvalid):
        bench.fetch(errors="err", counts=Counts(3, 2, 1))
    bench.files["out"] = jsonl(ok(A), ok(B))
    assert bench.fetch(errors="err", counts=Counts(3, 2, 1)).ok == 2


@pytest.mark.parametrize("counts", [
    Counts(3, 3, 1), Counts(3, 3, 0), Counts(0, 3, 0), Counts(3, 2, 1), Counts(3, 0, 0)])
def test_whether_failed_requests_count_as_completed_too_nothing_is_waited_for_that_is_there(
        bench: Bench, counts: Counts) -> None:
    bench.files |= {"out": jsonl(ok(A), ok(B)), "err": jsonl(failed(C, "x"))}
    bench.now = 9 + 60
    assert bench.fetch(errors="err", counts=counts).ok == 2


def test_requests_that_count_as_failed_and_are_in_no_file_are_not_waited_for(bench: Bench) -> None:
    bench.files["out"] = jsonl(ok(A))
    bench.now = 9 + 60
    assert bench.fetch(status="cancelled", counts=Counts(3, 1, 2)).ok == 1


def test_g1_without_a_time_of_its_end_a_batch_may_lag_as_long_as_its_window_and_not_for_ever(bench: Bench) -> None:
    bench.files["out"] = jsonl(ok(A))
    times: dict[str, Any] = {"ended_at": None, "created_at": 9, "completion_window": "7d"}
    bench.now = 9 + 6 * 24 * 3600
    with pytest.raises(ResultsInvalid):
        bench.fetch(counts=Counts(3, 3, 0), **times)
    bench.now = 9 + 8 * 24 * 3600
    assert bench.outcomes(bench.fetch(counts=Counts(3, 3, 0), **times))[1:] == [Outcome.MISSING] * 2
    assert bench.fetch(counts=Counts(3, 3, 0), **times | {"created_at": None}).ok == 1


def test_both_files_are_taken(bench: Bench) -> None:
    bench.files |= {"out": jsonl(ok(A)), "err": jsonl(failed(B, "x"), failed(C, "rate_limit_exceeded"))}
    record = bench.fetch(errors="err")
    assert record.ok == 1
    assert bench.outcomes(record) == [Outcome.OK, Outcome.REJECTED, Outcome.RATE_LIMIT]
    assert bench.lines(record) == [ok(A), failed(B, "x"), failed(C, "rate_limit_exceeded")]


@pytest.mark.parametrize(("status", "rest"), [("expired", Outcome.EXPIRED), ("cancelled", Outcome.CANCELLED),
                                              ("completed", Outcome.MISSING)])
def test_g1_what_an_unfinished_batch_answered_is_kept(bench: Bench, status: str, rest: Outcome) -> None:
    bench.files["out"] = jsonl(ok(B))
    assert bench.outcomes(bench.fetch(status=status)) == [rest, Outcome.OK, rest]


def test_g1_a_failed_batch_is_asked_for_its_files_too(bench: Bench) -> None:
    bench.files["out"] = jsonl(ok(A))
    record = bench.fetch(status="failed", problems=(BatchError(None, "m"), BatchError("token_limit_exceeded", "m")))
    assert record.error_code == "token_limit_exceeded"
    assert bench.outcomes(record) == [Outcome.OK, Outcome.UNSENT, Outcome.UNSENT]


def test_a_batch_without_files_ends_without_a_download(bench: Bench) -> None:
    record = bench.fetch(output=None, status="failed", problems=(BatchError("invalid_json_line", "secret row data"),))
    assert (record.ok, record.error_code) == (0, "invalid_json_line")
    assert record.is_settled
    assert bench.empty
    assert not bench.script.asked
    assert otherwise(record, frozenset({"token_limit_exceeded"})) is Outcome.REJECTED


def test_a_later_run_goes_on_with_a_download_that_broke_off(bench: Bench) -> None:
    output, errors = jsonl(ok(A), ok(B)), jsonl(failed(C))
    bench.files |= {"out": output, "err": httpx.Response(503)}
    with pytest.raises(Unavailable):
        bench.fetch(errors="err")
    assert bench.store.results(batch()) is None
    bench.files["err"] = errors
    asked = len(bench.script.asked)
    record = bench.fetch(errors="err")
    assert bench.outcomes(record) == [Outcome.OK, Outcome.OK, Outcome.EXPIRED]
    assert [request.url.path for request in bench.script.asked[asked:]] == ["/v1/files/err/content"]


def test_g1_a_file_that_lagged_when_a_download_broke_off_is_not_taken_by_a_later_run(bench: Bench) -> None:
    bench.files |= {"out": jsonl(ok(A)), "err": httpx.Response(503)}
    bench.now = 9 + 60
    with pytest.raises(Unavailable):
        bench.fetch(errors="err", counts=Counts(3, 2, 1))
    bench.files |= {"out": jsonl(ok(A), ok(B)), "err": jsonl(failed(C))}
    bench.now = 9 + 2 * 3600
    with pytest.raises(ResultsInvalid):
        bench.fetch(errors="err", counts=Counts(3, 2, 1))
    assert bench.outcomes(bench.fetch(errors="err", counts=Counts(3, 2, 1)))[:2] == [Outcome.OK] * 2


def test_what_is_no_result_is_not_gone_on_with(bench: Bench) -> None:
    bench.files["out"] = b"<html>"
    with pytest.raises(ResultsInvalid):
        bench.fetch()
    assert bench.empty
    bench.files["out"] = jsonl(ok(A), ok(B), ok(C))
    assert bench.outcomes(bench.fetch()) == [Outcome.OK] * 3


@pytest.mark.parametrize(("problem", "code"), [
    (BatchError(None, "token_limit_exceeded: Enqueued token limit reached for small"), "token_limit_exceeded"),
    (BatchError(None, "Model 'x' is not supported for batch processing"), "unknown"),
    (BatchError("invalid_json_line", "the row says token_limit_exceeded"), "invalid_json_line")])
def test_want_of_capacity_is_told_from_errors_that_are_only_text(
        bench: Bench, problem: BatchError, code: str) -> None:
    assert bench.fetch(output=None, status="failed", problems=(problem,)).error_code == code


def test_an_empty_error_file_says_nothing(bench: Bench) -> None:
    bench.files |= {"out": jsonl(ok(A), ok(B), ok(C)), "err": b""}
    assert bench.outcomes(bench.fetch(errors="err")) == [Outcome.OK] * 3


def test_g4_files_that_are_gone_mean_lost_and_never_unanswered(bench: Bench) -> None:
    record = bench.fetch()
    assert (record.results, record.ok) == (GONE, 0)
    assert record.is_lost
    assert otherwise(record, frozenset()) is Outcome.LOST
    assert bench.empty


def test_g4_where_one_file_is_gone_what_the_other_does_not_answer_is_lost(bench: Bench) -> None:
    bench.files["err"] = jsonl(failed(C, "x"))
    record = bench.fetch(errors="err")
    assert record.results == GONE
    assert bench.outcomes(record) == [Outcome.LOST, Outcome.LOST, Outcome.REJECTED]


def test_g4_a_file_whose_content_is_404_but_that_exists_is_not_gone(bench: Bench) -> None:
    bench.known_files.add("out")
    with pytest.raises(Refusal):
        bench.fetch()
    assert bench.took_nothing


def test_g4_a_server_that_shows_neither_the_files_nor_the_batch_has_not_lost_them(bench: Bench) -> None:
    """It answers 404 to everything for a while: settled as lost, paid results would never be asked for again."""
    bench.shows_batch = False
    with pytest.raises(Unavailable, match="nor is the batch"):
        bench.fetch()
    bench.files["out"] = jsonl(ok(A), ok(B), ok(C))
    bench.shows_batch = True
    assert bench.fetch().ok == 3


@pytest.mark.parametrize("came", [b"", jsonl(ok(A)), jsonl(ok(A), ok(B))])
@pytest.mark.parametrize("counts", [None, Counts(3, 3, 0)])
def test_g1_an_answer_shorter_than_the_file_is_refused_however_long_ago_the_batch_ended(
    bench: Bench, came: bytes, counts: Counts | None
) -> None:
    whole = jsonl(ok(A), ok(B), ok(C))
    bench.files["out"], bench.sizes["out"] = came, len(whole)
    with pytest.raises(ResultsInvalid, match=f"{len(came)} bytes of out came"):
        bench.fetch(counts=counts)
    bench.files["out"] = whole
    assert bench.fetch(counts=counts).ok == 3


@pytest.mark.parametrize("size", [0, 5, None, 1 << 40])
def test_a_size_that_a_provider_makes_up_keeps_no_whole_answers_back(bench: Bench, size: int | None) -> None:
    bench.files["out"] = jsonl(ok(A), ok(B), ok(C))
    if size is not None:
        bench.sizes["out"] = size
    assert bench.fetch(counts=Counts(3, 3, 0)).ok == 3


def test_answers_that_are_all_there_are_not_kept_waiting_by_a_count_of_more(bench: Bench) -> None:
    bench.now = 10
    bench.files["out"] = jsonl(ok(A), ok(B), ok(C))
    assert bench.fetch(counts=Counts(9, 9, 0)).ok == 3


def test_g1_a_line_of_somebody_else_does_not_stand_in_for_an_answer_that_lags(bench: Bench) -> None:
    bench.now = 10
    bench.files["out"] = jsonl(ok(A), ok(B), ok(bytes([9]) * 10))
    with pytest.raises(ResultsInvalid, match="answer 2 so far"):
        bench.fetch(counts=Counts(3, 3, 0))


def test_a_batch_that_its_server_no_longer_has_is_lost(bench: Bench) -> None:
    record = fetch(bench.script.provider(), bench.store, batch(), None, IDS, now=bench.now)
    assert (record.status, record.results, record.ok) == ("deleted", GONE, 0)


@pytest.mark.parametrize("content", [
    b"<html><body>Please log in</body></html>\n", b'{"html-message": "<the file>"}', b'{"error": {"message": "no"}}\n',
    b"not json\n", jsonl(ok(A)) + b'{"custom_id": "k-', jsonl(ok(A)) + b"<html>\n", b"\xff\xfe\x00\n", b"[]\n",
    jsonl({"object": "list"}), jsonl(ok(b"\x09" * 10)), b" \n\n",
])
@pytest.mark.parametrize("knows", [True, False])
def test_g1_what_is_no_result_file_is_refused_and_asked_for_again(bench: Bench, content: bytes, knows: bool) -> None:
    if not knows and content == jsonl(ok(b"\x09" * 10)):
        pytest.skip("nobody can tell that it is another batch's")
    bench.files["out"] = content
    with pytest.raises(ResultsInvalid, match="was not taken"):
        bench.fetch(ids=IDS if knows else None)
    assert bench.empty


@pytest.mark.parametrize("response", [answer({}, 500), answer({}, 401), answer({}, 429, retry_after="999")])
def test_g4_a_download_that_fails_takes_nothing_and_settles_nothing(bench: Bench, response: httpx.Response) -> None:
    bench.files |= {"out": jsonl(ok(A)), "err": response}
    with pytest.raises((Unavailable, Refusal)):
        bench.fetch(errors="err")
    assert bench.took_nothing


def test_g4_several_lines_for_one_request_are_one_answer_and_a_success_counts(bench: Bench) -> None:
    bench.files |= {"out": jsonl(failed(A, "x"), ok(A, "first"), ok(A, "second"), ok(B, "b")),
                    "err": jsonl(failed(B, "x"), failed(C, "first"), failed(C, "second"))}
    record = bench.fetch(errors="err")
    assert record.ok == 2
    assert bench.outcomes(record) == [Outcome.OK, Outcome.OK, Outcome.REJECTED]
    assert sorted(map(str, bench.lines(record))) == sorted(map(str, [ok(A, "first"), ok(B, "b"), failed(C, "first")]))


def test_lines_of_others_and_blank_lines_are_passed_over(bench: Bench) -> None:
    other = ok(b"\x09" * 10)
    nameless = {"custom_id": None, "error": {"code": "x"}}
    bench.files["out"] = b"\n" + jsonl(other, nameless, ok(B)) + b"\r\n\n" + jsonl(ok(A))
    record = bench.fetch()
    assert record.ok == 2
    assert bench.outcomes(record) == [Outcome.OK, Outcome.OK, Outcome.MISSING]


def test_odd_content_is_kept_byte_for_byte(bench: Bench) -> None:
    odd = ok(A, "\u2028 \u2029 \x00 \ud83d </script> " + "x" * (2 << 20))
    content = jsonl(odd) + json.dumps(ok(B, "\u2028é"), ensure_ascii=False).encode()
    bench.files["out"] = content
    record = bench.fetch()
    assert bench.outcomes(record)[:2] == [Outcome.OK, Outcome.OK]
    stored = bench.store.results(record)
    assert stored is not None
    assert b"".join(stored.line(one) for one in stored.index) == content


def test_without_the_ids_of_the_batch_its_own_lines_are_what_is_known(bench: Bench) -> None:
    bench.files["out"] = jsonl(ok(A), ok(B))
    assert bench.fetch(ids=None).ok == 2


def test_g7_the_recorded_digest_follows_from_the_outcomes_and_not_from_the_order_of_lines(bench: Bench) -> None:
    digests = set()
    for lines in ([ok(A), ok(B), ok(C)], [ok(C), ok(B), ok(A)], [ok(A), ok(B)]):
        bench.files["out"] = jsonl(*lines)
        digests.add(bench.fetch().results)
    assert len(digests) == 2


def test_what_is_fetched_twice_replaces_what_was_there(bench: Bench) -> None:
    bench.files["out"] = jsonl(ok(A))
    bench.fetch()
    bench.files["out"] = jsonl(ok(A), ok(B))
    assert bench.outcomes(bench.fetch()) == [Outcome.OK, Outcome.OK, Outcome.MISSING]


def test_a_store_that_cannot_be_written_is_a_state_error(bench: Bench) -> None:
    results = bench.store.folder / "results"
    results.rmdir()
    results.write_text("in the way")
    bench.files["out"] = jsonl(ok(A))
    with pytest.raises(StateError):
        bench.fetch()


def test_errors_of_a_batch_are_recorded_by_code_alone(bench: Bench) -> None:
    record = bench.fetch(output=None, status="failed", problems=(BatchError(None, "row 7 says hunter2"),))
    assert record.error_code == "unknown"
    assert bench.fetch(output=None, problems=(BatchError("x", "m"),)).error_code is None
    assert issubclass(ResultsInvalid, RemoteError)


def test_files_that_were_recorded_before_are_asked_for_when_the_batch_no_longer_names_them(bench: Bench) -> None:
    bench.files["old"] = jsonl(ok(A), ok(B), ok(C))
    known = replace(batch(), output_file_id="old")
    record = fetch(bench.script.provider(), bench.store, known, RemoteBatch("batch_1", "completed"), IDS, now=bench.now)
    assert (record.output_file_id, record.ok) == ("old", 3)


# What a whole apply makes of it.


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    monkeypatch.setattr("batchctl.desired.render.pool.run", inline_pool)
    (tmp_path / "job.yaml").write_text("")
    return Rig(tmp_path, rows={"a": "one", "b": "two", "c": "three"})


def lose_results(rig: Rig) -> None:
    """Both result files of every batch are gone at the provider, as they are after thirty days."""
    for one in rig.provider.batches.values():
        for file in (one.output, one.errors_file):
            rig.provider.files.pop(file or "", None)


def statuses(rig: Rig) -> list[str]:
    return [json.loads(line)["status"] for line in rig.sink.read_text().splitlines()]


def test_g4_g6_results_that_are_gone_before_the_first_fetch_end_as_lost(rig: Rig) -> None:
    rig.apply()
    rig.finish_all()
    lose_results(rig)
    rig.apply()
    plan = rig.plan()
    assert (plan.tally.lost, plan.settled, plan.changes) == (3, True, False)
    assert statuses(rig) == ["lost"] * 3


@pytest.mark.parametrize("failing", [None, 400])
def test_g10_a_sink_is_never_written_as_ok_without_its_answers(rig: Rig, failing: int | None) -> None:
    rig.apply()
    rig.finish_all(fail=lambda at: failing if at == 1 else None)
    rig.apply()
    before = rig.sink.read_bytes()
    rig.lose_store()
    lose_results(rig)
    rig.apply()
    assert rig.sink.read_bytes() == before
    rig.sink.unlink()
    for _ in range(2):
        rig.apply()
    assert statuses(rig) == ["lost"] * 3
    assert len(rig.provider.batches) == 1


def test_g4_a_sink_is_not_replaced_while_the_provider_does_not_give_the_results_again(rig: Rig) -> None:
    rig.apply()
    rig.finish_all()
    rig.apply()
    before = rig.sink.read_bytes()
    rig.lose_store()
    rig.sink.unlink()

    def fault(number: int, method: str, path: str, done: bool) -> None:
        if path.endswith("/content"):
            raise httpx.ReadError("down")

    rig.provider.fault = fault
    (report,) = rig.apply().jobs
    assert report.failures
    assert not rig.sink.exists()
    rig.provider.fault = None
    rig.apply()
    assert rig.sink.read_bytes() == before


def test_g1_a_gateways_own_answer_instead_of_the_file_does_not_pay_again(rig: Rig) -> None:
    rig.apply()
    rig.finish_all()
    (one,) = rig.provider.batches.values()
    good = rig.provider.files[one.output or ""]
    rig.provider.files[one.output or ""] = ("x", b'{"html-message": "<the file>"}')
    assert rig.apply().jobs[0].failures
    assert len(rig.provider.batches) == 1
    rig.provider.files[one.output or ""] = good
    rig.apply()
    assert statuses(rig) == ["ok"] * 3


def test_g4_stored_results_that_were_cut_are_fetched_again_for_a_sink(rig: Rig) -> None:
    rig.apply()
    rig.finish_all()
    rig.apply()
    before = rig.sink.read_bytes()
    for path in rig.store.rglob("output.jsonl"):
        path.write_bytes(b"")
    rig.sink.unlink()
    rig.apply()
    assert rig.sink.read_bytes() == before


def used(line: dict[str, Any], **usage: Any) -> dict[str, Any]:
    line["response"] = {**(line["response"] or {"status_code": 500}), "body": {"choices": [], "usage": usage}}
    return line


def test_what_answers_used_is_recorded_whichever_file_they_are_in(bench: Bench) -> None:
    bench.files["out"] = jsonl(used(ok(A), prompt_tokens=7, completion_tokens=2), ok(B), used(
        ok(C), input_tokens=5, output_tokens=1, input_tokens_details={"cached_tokens": 4}))
    bench.files["err"] = jsonl(used(failed(B), prompt_tokens=3, completion_tokens=9))
    record = bench.fetch(errors="err")
    assert (record.input_tokens, record.output_tokens, record.cached_tokens) == (15, 12, 4)
    assert record.reasoning_tokens is None


def test_what_a_provider_adds_up_counts_where_its_answers_count_nothing(bench: Bench) -> None:
    bench.files["out"] = jsonl(ok(A), ok(B), ok(C))
    assert bench.fetch().usage is None
    assert bench.fetch(usage=Usage(70, 7)).usage == Usage(70, 7)
    assert bench.fetch(output=None, status="expired", usage=Usage(70, 7)).usage == Usage(70, 7)


def test_g9_what_an_answer_makes_up_of_its_usage_breaks_nothing(bench: Bench) -> None:
    bench.files["out"] = jsonl(used(ok(A), prompt_tokens="all", completion_tokens=-5), used(ok(B), prompt_tokens=[1]),
                               used(ok(C), prompt_tokens=7, completion_tokens=1e300))
    assert bench.fetch().usage == Usage(7)
