"""What may become of a batch and of its files while nobody looks, and what batchctl has to make of it."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from batchctl.decide.plan import Kind
from batchctl.words.digest import shard_digest
from tests.campaign.fetching import Ended
from tests.faultlab.provider import Batch

#: A batch that somebody else made, and what it asks where that is nothing of ours.
THEIRS = "batch_7777"
THEIR_REQUESTS = [f"x-{at:020x}" for at in range(3)]

FETCH, WAIT, ADOPT = frozenset({Kind.FETCH}), frozenset({Kind.WAIT}), frozenset({Kind.ADOPT, Kind.WAIT})
NOTHING: frozenset[Kind] = frozenset()


@dataclass(frozen=True, slots=True)
class Drift:
    """`change` happens to a batch that is live, or has `ended`, or is `fetched`, in which the first `failing` requests
    are refused. `verbs` are then the kinds of actions in the plan, but for writes; after an apply the tally has
    `becomes` and the provider has `batches`. `settles`: with all that is live ended, nothing is left to do."""

    id: str
    change: Callable[[Ended], Any]
    verbs: frozenset[Kind]
    becomes: dict[str, int]
    batches: int = 1
    stage: str = "live"
    failing: int = 0
    settles: bool = True


def end(**how: Any) -> Callable[[Ended], None]:
    return lambda case: case.rig.provider.finish(case.batch, **how)


def reject(code: str) -> Callable[[Ended], None]:
    return lambda case: case.rig.provider.reject(case.batch, code)


def status(value: str) -> Callable[[Ended], None]:
    return lambda case: setattr(case.batch, "status", value)


def delete(*names: str) -> Callable[[Ended], None]:
    """Deletes files of the batch by what it calls them."""
    def change(case: Ended) -> None:
        for name in names:
            del case.rig.provider.files[getattr(case.batch, name)]

    return change


def counts(**shown: Any) -> Callable[[Ended], None]:
    """The batch reports these counts, whatever is true."""
    def change(case: Ended) -> None:
        batch, true = case.batch, type(case.batch).shown
        made = type("Miscounting", (Batch,), {"shown": lambda self: {**true(self), "request_counts": shown or None}})
        batch.__class__ = made

    return change


def twin(*, file: bool = True, older: bool = False, **changes: Any) -> Callable[[Ended], None]:
    """Somebody else's batch with our tag: of our file, or of one with other requests."""
    def change(case: Ended) -> None:
        provider, ours = case.rig.provider, case.batch
        other = deepcopy(ours)
        other.id, other.created_at = THEIRS, ours.created_at + (-5 if older else 5)
        for name, value in changes.items():
            setattr(other, name, value)
        if not file:
            other.requests = THEIR_REQUESTS
            other.file = "file-77"
            lines = "".join(f'{{"custom_id": "{one}"}}\n' for one in other.requests)
            provider.files[other.file] = ("theirs.jsonl", lines.encode())
        provider.batches[other.id] = other

    return change


def another_project(*, readable: bool) -> Callable[[Ended], None]:
    def change(case: Ended) -> None:
        shard = shard_digest([b"".join(bytes.fromhex(one[2:]) for one in THEIR_REQUESTS)])
        twin(file=False, metadata={**case.batch.metadata, "batchctl_shard": shard})(case)
        if not readable:
            del case.rig.provider.files["file-77"]

    return change


def both(*changes: Callable[[Ended], Any]) -> Callable[[Ended], None]:
    def change(case: Ended) -> None:
        for one in changes:
            one(case)

    return change


def reused_id(case: Ended) -> None:
    case.batch.created_at += 500
    case.batch.file = "file-99"


DRIFTS = (
    Drift("cancelled, nothing answered", end(status="cancelled", answered=0.0), FETCH, {"cancelled": 6}),
    Drift("cancelled, half answered", end(status="cancelled", answered=0.5), FETCH, {"ok": 3, "cancelled": 3}),
    Drift("being cancelled", status("cancelling"), WAIT, {"waiting": 6}, settles=False),
    Drift("expired, nothing answered", end(status="expired", answered=0.0), FETCH, {"waiting": 6}, batches=2),
    Drift("expired, half answered", end(status="expired", answered=0.5), FETCH, {"ok": 3, "waiting": 3}, batches=2),
    Drift("failed validation", reject("invalid_json_line"), FETCH, {"failed": 6}),
    Drift("failed for want of room", reject("token_limit_exceeded"), FETCH, {"waiting": 6}, batches=2),
    Drift("deleted", lambda case: case.rig.provider.batches.clear(), WAIT, {"waiting": 6}, batches=0, settles=False),
    Drift("a status that nobody knows", status("reticulating"), WAIT, {"waiting": 6}, settles=False),
    Drift("no status", status(""), WAIT, {"waiting": 6}, settles=False),
    Drift("ended, and runs again", status("in_progress"), WAIT, {"waiting": 6}, stage="ended", settles=False),
    Drift("its tag is gone", lambda case: case.batch.metadata.clear(), WAIT, {"waiting": 6}),
    Drift("its input file is gone", delete("file"), WAIT, {"waiting": 6}),
    Drift("its id is another batch's by now", reused_id, WAIT, {"waiting": 6}, settles=False),
    Drift("live, and counts more than there are", counts(total=6, completed=99, failed=0), WAIT, {"waiting": 6}),
    Drift("live, and counts nothing", counts(), WAIT, {"waiting": 6}),
    Drift("ended, and counts nothing", counts(), FETCH, {"ok": 6}, stage="ended"),
    Drift("ended, and counts too few", counts(total=2, completed=1, failed=0), FETCH, {"ok": 6}, stage="ended"),
    Drift("ended, and counts less than nothing", counts(total=-1, completed=-7), FETCH, {"ok": 6}, stage="ended"),
    Drift("ended, and counts failures twice", counts(total=6, completed=6, failed=3), FETCH, {"ok": 3, "failed": 3},
          stage="ended", failing=3),
    Drift("ended, and counts too many", counts(total=9, completed=9, failed=0), FETCH, {"ok": 6}, stage="ended"),
    Drift("ended, and names no file yet", lambda case: setattr(case.batch, "output", None), FETCH, {"waiting": 6},
          stage="ended", settles=False),
    Drift("the output is gone", delete("output"), FETCH, {"lost": 6}, stage="ended"),
    Drift("the errors are gone", delete("errors_file"), FETCH, {"ok": 3, "lost": 3}, stage="ended", failing=3),
    Drift("output and errors are gone", delete("output", "errors_file"), FETCH, {"lost": 6}, stage="ended", failing=3),
    Drift("fetched, then the output is gone", delete("output"), NOTHING, {"ok": 6}, stage="fetched"),
    Drift("fetched, then all is gone there", both(delete("output", "file"), lambda case: (
        case.rig.provider.batches.clear())), NOTHING, {"ok": 6}, stage="fetched", batches=0),
    Drift("somebody's batch of our file, younger", twin(), ADOPT, {"waiting": 6}, batches=2, settles=False),
    Drift("somebody's batch of another file, with our tag", twin(file=False), ADOPT, {"waiting": 6}, batches=2,
          settles=False),
    Drift("another project's batch with our name", another_project(readable=True), WAIT, {"waiting": 6}, batches=2,
          settles=False),
    Drift("another project's batch with our name that nobody can look into", another_project(readable=False), ADOPT,
          {"waiting": 6}, batches=2, settles=False),
)
