"""Random jobs, batches and options for the planner: everything that could ever be known, and much that cannot."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from batchctl.decide.known import Candidate, KnownBatch, Phase, SinkFile
from batchctl.decide.planner import Situation
from batchctl.decide.wanted import Bounds, SinkWish, Wanted
from batchctl.desired.job import Retry
from batchctl.recorded.records import BatchRecord
from batchctl.words.ids import IdList
from batchctl.words.outcomes import Outcome
from batchctl.words.remote import Coordinates, RemoteBatch, Tag

HERE = Coordinates("openai", "openai", "https://api.example/v1", "OPENAI_API_KEY")
LOCAL = Coordinates("local", "local")
OTHER_LOCAL = Coordinates("local", "local", upstream="http://127.0.0.1:9/v1")
REASONS = ("expired", "rate_limit", "server_error", "timeout", "missing", "invalid_output", "cancelled")


def identity(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()[:10]


def ids(numbers: Iterable[int]) -> IdList:
    return IdList.of(identity(number) for number in numbers)


def job(count: int, *, length: int = 100, **more: Any) -> Wanted:
    """A job with requests 0 to `count` - 1 of so many bytes each, one row a request."""
    settings = {"job": "j", "ids": ids(range(count)), "lengths": array("I", [length] * count), "rows": count}
    return Wanted(**{**settings, **more})


def known(numbers: Iterable[int] | None, phase: Phase = Phase.LIVE, *, at: int = 1, outcomes: Any = None,
          remote_status: str = "in_progress", where: Coordinates = HERE, stored: bool = True, whole: bool = True,
          **record: Any) -> KnownBatch:
    held = None if numbers is None else ids(numbers)
    settings = {"shard": f"{at:064x}", "attempt": 1, "requests": len(held) if held else 3, "provider": where,
                "batch_id": None if phase is Phase.INTENT else f"batch_{at}", "created_at": 1_700_000_000 + at}
    if phase is Phase.SETTLED:
        answered = record.get("status") != "failed"
        settings.update(status="completed", results="sha256:0", output_file_id="file-out" if answered else None)
    made = BatchRecord(**{**settings, **record})
    shown = {Phase.LIVE: remote_status, Phase.ENDED: "completed"}.get(phase)
    remote = RemoteBatch(f"batch_{at}", shown, created_at=made.created_at) if shown else None
    return KnownBatch(made, phase, remote, held, None if outcomes is None else bytes(outcomes), stored, whole)


def settled(numbers: Iterable[int], *outcomes: Outcome, at: int = 1, **more: Any) -> KnownBatch:
    """A batch that has ended, with one outcome for all or one for each."""
    numbers = list(numbers)
    given = outcomes if len(outcomes) == len(numbers) else outcomes * len(numbers)
    return known(numbers, Phase.SETTLED, at=at, outcomes=given, **more)


def candidate(numbers: Iterable[int] | None, *, at: int = 50, status: str = "in_progress", attempt: int = 1,
              where: Coordinates = HERE) -> Candidate:
    tag = Tag("j", f"{at:064x}", attempt)
    return Candidate(RemoteBatch(f"batch_{at}", status, created_at=1_700_000_000 + at, tag=tag), where,
                     None if numbers is None else ids(numbers))


_numbers = st.lists(st.integers(0, 14), unique=True, max_size=8)
_places = st.sampled_from([HERE, HERE, HERE, LOCAL, OTHER_LOCAL])


def _arrays(count: int, highest: int) -> st.SearchStrategy[array[int]]:
    return st.lists(st.integers(1, highest), min_size=count, max_size=count).map(lambda values: array("I", values))


@st.composite
def wants(draw: st.DrawFn) -> Wanted:
    numbers = draw(st.lists(st.integers(0, 9), unique=True, max_size=10))
    count = len(numbers)
    small = st.none() | st.integers(1, 2000)
    weights = draw(st.none() | st.lists(st.integers(1, 4), min_size=count, max_size=count))
    return Wanted(
        job="j", ids=ids(numbers), lengths=draw(_arrays(count, 900)), units=draw(st.none() | _arrays(count, 5)),
        weights=None if weights is None else array("I", weights), rows=count if weights is None else sum(weights),
        inputs_digest="d", scope=draw(st.sampled_from(["", "local:echo"])),
        answer_schema=draw(st.sampled_from(["", "", "sha256:s"])),
        bounds=Bounds(draw(st.integers(1, 6)), draw(st.sampled_from([1, 1, 2])), draw(st.integers(1, 2500)),
                      draw(st.none() | st.integers(1, 9)), draw(small)),
        retry=Retry(draw(st.integers(1, 4)), tuple(draw(st.lists(st.sampled_from(REASONS), unique=True)))),
        max_requests=draw(st.none() | st.integers(1, 20)),
        sinks=tuple(SinkWish(path, "shape", draw(st.booleans()), draw(st.booleans()))
                    for path in draw(st.lists(st.sampled_from(["a.csv", "b.jsonl"]), unique=True))))


@st.composite
def batches(draw: st.DrawFn, at: int) -> KnownBatch:
    phase = draw(st.sampled_from(Phase))
    numbers = draw(st.none() | _numbers)
    outcomes = None
    if phase is Phase.SETTLED and numbers is not None:
        outcomes = draw(st.none() | st.lists(st.sampled_from(Outcome), min_size=len(numbers), max_size=len(numbers)))
    return known(
        numbers, phase, at=at, outcomes=outcomes, where=draw(_places), stored=draw(st.booleans()),
        whole=draw(st.sampled_from([True, True, False])), attempt=draw(st.integers(1, 3)),
        remote_status=draw(st.sampled_from(["in_progress", "cancelling", "odd"])),
        origin=draw(st.sampled_from(["created", "adopted", "imported"])), superseded=draw(st.booleans()),
        created_at=draw(st.none() | st.integers(1, 5)), answer_schema=draw(st.sampled_from([None, None, "sha256:s"])),
        **({"status": draw(st.sampled_from(["completed", "failed", "expired", "cancelled"]))}
           if phase is Phase.SETTLED else {}))


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    count = draw(st.integers(0, 5))
    digest = st.none() | st.sampled_from(["sha256:a", "sha256:b"])
    return Situation(
        known=tuple(draw(batches(at)) for at in range(count)),
        candidates=tuple(
            candidate(draw(st.none() | _numbers), at=50 + at, attempt=draw(st.integers(1, 3)), where=draw(_places),
                      status=draw(st.sampled_from(["in_progress", "completed", "failed", "cancelling"])))
            for at in range(draw(st.integers(0, 2)))),
        sinks={path: SinkFile(draw(digest), draw(digest), draw(digest))
               for path in draw(st.lists(st.sampled_from(["a.csv", "b.jsonl"]), unique=True))},
        blocked=draw(st.sampled_from(["", "no list"])), resend_lost=draw(st.booleans()), declared=draw(st.booleans()),
        prune=draw(st.booleans()))
