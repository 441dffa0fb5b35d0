"""The scenarios that every server is put through, each judged by the rows and by the ledger."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tests.conformance import stage
from tests.conformance.project import DONE, ROWS, RUNNING, SENDS, UNFINISHED, WAITS, Project
from tests.conformance.proxy import Fault, Proxy
from tests.conformance.servers import Server
from tests.conformance.stage import Ending

HALF = ROWS // 2
RETRY_AFTER_S = 1.0

Scenario = Callable[["Play"], None]
SCENARIOS: dict[str, Scenario] = {}
#: Those in which a batch must still run when a second command comes.
OUTLASTED = frozenset({"cancel"})


@dataclass
class Play:
    """One scenario on one server: the proxy in front of the server, and the project that talks to the proxy."""

    server: Server
    proxy: Proxy
    project: Project

    def ends(self, number: int, status: str, files: Callable[..., stage.Files], errors: object = None) -> None:
        """How the batch of this number is shown to have ended."""
        self.proxy.stage.endings[number] = Ending(status, files, errors)

    def batches(self) -> int:
        return len(self.proxy.ledger.batches)

    def judge(self, **counts: int) -> None:
        """All is settled, and: every row is accounted for (G4), none was paid for twice (G1), every batch is known
        (G2), and nothing is left to do (G6)."""
        rows = len(self.project.keys)
        plan = self.project.run("plan", "--detailed-exitcode", "--format", "json", code=DONE).json()
        tally = plan["jobs"][0]["tally"]
        states = {name: count for name, count in tally.items() if name != "rows" and count}
        assert states == {name: count for name, count in counts.items() if count}, "G4: the tally"
        assert sum(states.values()) == tally["rows"] == rows, "G4: the tally adds up"
        records = self.project.records()
        assert [record["id"] for record in records] == self.project.keys, "G4: one record a row"
        assert self.project.statuses() == Counter({name: count for name, count in counts.items() if count})
        self.paid_once(succeeded=counts.get("ok", 0))
        assert set(self.proxy.ledger.batches) <= self.project.known_batches(), "G2"

    def paid_once(self, *, succeeded: int) -> None:
        """G1, by the ledger: no request is live or has succeeded more than once."""
        self.proxy.look()
        paid = self.proxy.ledger.paid()
        assert set(paid.values()) <= {1}, f"G1: {[custom_id for custom_id, count in paid.items() if count > 1]}"
        assert len(paid) == succeeded, "the ledger and the tally differ"


def scenario(function: Scenario) -> Scenario:
    """Registers a scenario under its name."""
    SCENARIOS[function.__name__] = function
    return function


@scenario
def create_and_wait(play: Play) -> None:
    """A job runs to its end; running it again makes no call that changes anything, and leaves the lockfile as it is."""
    play.project.apply()
    play.judge(ok=ROWS)
    before, calls = play.project.lockfile.read_bytes(), len(play.proxy.ledger.calls)
    play.project.apply(*SENDS)
    assert play.project.lockfile.read_bytes() == before
    assert {call.method for call in play.proxy.ledger.calls[calls:]} <= {"GET"}
    assert play.batches() == 1


@scenario
def partial_failure(play: Play) -> None:
    """Rows that the provider refuses for good are told, and not sent again; the others count."""
    if play.server.echoes:
        play.project.texts[-4:] = ["[[echo:status=400]]"] * 4
    else:
        play.ends(0, "completed", stage.refused(4, 400))
    play.project.apply(code=UNFINISHED)
    play.judge(ok=ROWS - 4, failed=4)
    assert play.batches() == 1


@scenario
def expiry(play: Play) -> None:
    """What an expired batch answered is kept, and only the rest is sent again."""
    play.ends(0, "expired", stage.only(HALF, "batch_expired"))
    play.project.apply()
    play.judge(ok=ROWS)
    first, second = play.proxy.ledger.all_batches()
    assert set(second.requests) == set(first.requests[HALF:])


@scenario
def all_failed(play: Play) -> None:
    """A batch that completed without an output file is no crash, and no reason to pay again."""
    if play.server.echoes:
        play.project.model = "echo-fail-400"
    else:
        play.ends(0, "completed", stage.refused(ROWS, 400))
    play.project.apply(code=UNFINISHED)
    (batch,) = play.proxy.ledger.all_batches()
    assert batch.output_file_id is None
    play.judge(failed=ROWS)


@scenario
def cancelled_with_partial_output(play: Play) -> None:
    """A batch that somebody cancelled keeps what it answered; the rest is not sent again by itself."""
    play.ends(0, "cancelled", stage.only(HALF, "batch_cancelled"))
    play.project.apply(code=UNFINISHED)
    play.judge(ok=HALF, cancelled=HALF)
    assert play.batches() == 1


@scenario
def cancelled_without_rows(play: Play) -> None:
    """The same where the server writes nothing of what it did not answer."""
    play.ends(0, "cancelled", stage.only(HALF))
    play.project.apply(code=UNFINISHED)
    play.judge(ok=HALF, cancelled=HALF)
    assert play.batches() == 1


@scenario
def validation_failure(play: Play) -> None:
    """A batch that was refused as a whole has no results, says why, and is not sent again."""
    play.ends(0, "failed", stage.nothing, play.server.errors("invalid_json_line"))
    told = play.project.apply(code=UNFINISHED)
    assert "invalid_json_line on line 3" in told.err
    play.judge(failed=ROWS)
    assert play.batches() == 1


@scenario
def queue_full(play: Play) -> None:
    """A batch that found no room is no failure of its rows: the same file is sent again."""
    play.ends(0, "failed", stage.nothing, play.server.errors("token_limit_exceeded"))
    play.project.apply()
    play.judge(ok=ROWS)
    first, second = play.proxy.ledger.all_batches()
    assert first.input_file_id == second.input_file_id


@scenario
def unknown_status(play: Play) -> None:
    """A status that nobody has heard of means that the batch has not ended, and is shown as it came."""
    play.proxy.stage.hold = "warming_up"
    play.project.apply(*SENDS)
    held = play.project.apply(*SENDS, "--detailed-exitcode", code=RUNNING)
    assert held.tally()["waiting"] == ROWS
    assert "warming_up" in play.project.run("status").out
    play.proxy.stage.hold = None
    play.project.apply()
    play.judge(ok=ROWS)
    assert play.batches() == 1


@scenario
def reordered_results(play: Play) -> None:
    """Answers come in any order, and records in the order of the rows."""
    play.ends(0, "completed", stage.reordered)
    play.project.apply()
    play.judge(ok=ROWS)


@scenario
def missing_rows(play: Play) -> None:
    """Rows that are in neither file are sent again, and nothing else is."""
    play.ends(0, "completed", stage.only(HALF))
    play.project.apply()
    play.judge(ok=ROWS)
    first, second = play.proxy.ledger.all_batches()
    assert set(second.requests) == set(first.requests[HALF:])


@scenario
def duplicated_rows(play: Play) -> None:
    """A row that is answered twice in one file is one record."""
    play.ends(0, "completed", stage.twice)
    play.project.apply()
    play.judge(ok=ROWS)
    assert play.batches() == 1


@scenario
def lost_create_answer(play: Play) -> None:
    """A create that was carried out, and whose answer was lost, is found in the list and not sent again."""
    play.proxy.faults.append(Fault("POST", "/batches", carried_out=True))
    play.project.apply()
    play.judge(ok=ROWS)
    assert len(play.proxy.ledger.made("POST", "/batches")) == play.batches() == 1


@scenario
def lost_create_answer_without_metadata(play: Play) -> None:
    """The same where the server tells no metadata: the batch is known by its file."""
    play.proxy.stage.hides_metadata = True
    lost_create_answer(play)


@scenario
def lost_create(play: Play) -> None:
    """A create that never arrived is sent again once the list was silent."""
    play.proxy.faults.append(Fault("POST", "/batches"))
    play.project.apply()
    play.judge(ok=ROWS)
    assert len(play.proxy.ledger.made("POST", "/batches")) == 2
    assert play.batches() == 1


@scenario
def unclear_create_answer(play: Play) -> None:
    """A gateway's 502 for a create that was carried out says nothing about whether it was."""
    play.proxy.faults.append(Fault("POST", "/batches", carried_out=True, status=502, body=b"<html>bad gateway</html>"))
    play.project.apply()
    play.judge(ok=ROWS)
    assert len(play.proxy.ledger.made("POST", "/batches")) == play.batches() == 1


@scenario
def lockfile_lost_while_live(play: Play) -> None:
    """Without lockfile and store, a live batch is known again by its tag."""
    play.proxy.stage.hold = "in_progress"
    play.project.apply(*SENDS)
    play.project.lose_lockfile()
    play.project.lose_store()
    play.proxy.stage.hold = None
    play.project.apply()
    play.judge(ok=ROWS)
    assert play.batches() == 1


@scenario
def lockfile_lost_at_the_end(play: Play) -> None:
    """Without lockfile and store, what was paid for is fetched again, and by the file's name where no metadata is."""
    play.ends(0, "expired", stage.only(HALF, "batch_expired"))
    play.project.apply()
    play.project.lose_lockfile()
    play.project.lose_store()
    play.proxy.stage.hides_metadata = True
    play.project.apply()
    play.judge(ok=ROWS)
    assert play.batches() == 2


@scenario
def many_pages(play: Play) -> None:
    """A list is read to its end: batches on a later page are known again."""
    rows = 4 * 10
    play.project.texts = [f"row {number}" for number in range(rows)]
    play.project.extra = {"batch": {"max_requests": 10}}
    play.proxy.stage.hold = "in_progress"
    play.project.apply(*SENDS)
    assert play.batches() == 4
    play.project.lose_lockfile()
    play.project.lose_store()
    if play.server.one_page_size:
        _fill_a_page(play)
    else:
        play.proxy.page = 1
    play.proxy.stage.hold = None
    before = len(play.proxy.ledger.pages)
    play.project.apply()
    play.judge(ok=rows)
    assert play.batches() == 4
    assert play.proxy.ledger.pages[before] < 4, "the first page showed all of them: nothing was judged"


@scenario
def too_many_requests(play: Play) -> None:
    """A 429 is waited out for as long as it asks, whichever call it answers."""
    calls = (("POST", "/files"), ("POST", "/batches"), ("GET", "/batches"), ("GET", "/files/[^/]+/content"))
    play.proxy.faults += [
        Fault(method, path, status=429, headers={"retry-after": f"{RETRY_AFTER_S:g}"}) for method, path in calls]
    play.project.apply()
    play.judge(ok=ROWS)
    assert play.batches() == 1
    refused = [call for call in play.proxy.ledger.calls if call.status == 429]
    assert len(refused) == len(calls)
    for early in refused:
        later = next(call for call in play.proxy.ledger.made(early.method, early.path) if call.at_s > early.at_s)
        assert later.at_s - early.at_s >= RETRY_AFTER_S, f"{early.path} was asked again too early"


@scenario
def download_cut(play: Play) -> None:
    """A download that breaks off is never taken for the whole."""
    play.proxy.faults.append(Fault("GET", "/files/[^/]+/content", half=True))
    play.project.apply()
    play.judge(ok=ROWS)
    assert play.batches() == 1


@scenario
def not_jsonl(play: Play) -> None:
    """A gateway's own page with status 200 is not taken for results."""
    page = b'{"html-message": "<the file>"}'
    play.proxy.faults.append(Fault("GET", "/files/[^/]+/content", status=200, body=page))
    play.project.apply(*WAITS, code=None)
    play.project.apply()
    play.judge(ok=ROWS)
    assert play.batches() == 1


@scenario
def cancel(play: Play) -> None:
    """`cancel` reaches the server by its own verb; rows that it did not answer are not sent again."""
    if play.server.echoes:
        play.project.texts = [f"[[echo:sleep=20]] {text}" for text in play.project.texts]
    play.project.apply(*SENDS)
    play.project.run("cancel", play.project.name)
    play.project.apply(code=UNFINISHED)
    play.judge(cancelled=ROWS)
    assert play.batches() == 1


def _fill_a_page(play: Play) -> None:
    """Other people's batches, more than a page of them, newer than ours."""
    file_id = play.proxy.ledger.all_batches()[0].input_file_id
    content = play.proxy.ask("GET", f"/files/{file_id}/content")
    part = "--other\r\ncontent-disposition: form-data; name="
    form = f'{part}"purpose"\r\n\r\nbatch\r\n{part}"file"; filename="other.jsonl"\r\n\r\n'.encode()
    form += content + b"\r\n--other--\r\n"
    made = play.proxy.ask("POST", "/files", form, "multipart/form-data; boundary=other")
    wish = {"input_file_id": json.loads(made)["id"], "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    for _ in range(25):
        play.proxy.ask("POST", "/batches", json.dumps(wish).encode())
