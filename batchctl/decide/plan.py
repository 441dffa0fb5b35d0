"""A plan: what will be done, why, and what it leaves; inert data that views show and the executor walks."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from batchctl.decide.costs import Bill, Estimate
from batchctl.decide.known import KnownBatch
from batchctl.decide.standing import Standing
from batchctl.recorded.records import BatchRecord
from batchctl.words.outcomes import Tally
from batchctl.words.prices import too_much
from batchctl.words.remote import RemoteBatch


class Kind(StrEnum):
    """What an action does; the README has the table."""

    CREATE = "create"
    ADOPT = "adopt"
    WAIT = "wait"
    FETCH = "fetch"
    RETRY = "retry"
    CANCEL = "cancel"
    WRITE = "write"
    FORGET = "forget"


#: What needs approval: it spends money, or gives up what money was spent on.
APPROVED = frozenset({Kind.CREATE, Kind.RETRY, Kind.CANCEL})
#: What sends requests.
SENDING = frozenset({Kind.CREATE, Kind.RETRY})


@dataclass(frozen=True, slots=True)
class Action:
    """One step. `reason` is a stable word for machines; `change` is False for what `--detailed-exitcode` does not
    count: waiting, and refilling what was there before.

    `positions` are those of the requests to send; `shard` and `attempt` name the batch that they become.
    """

    kind: Kind
    reason: str
    requests: int = 0
    shard: str | None = None
    attempt: int | None = None
    batch_id: str | None = None
    status: str | None = None
    sink: str | None = None
    made_from: str | None = None
    bytes: int = 0
    tokens: int = 0
    change: bool = True
    positions: array[int] | None = None
    record: BatchRecord | None = None
    remote: RemoteBatch | None = None


def about(batch: KnownBatch, kind: Kind, reason: str, *, change: bool = True) -> Action:
    """An action on a batch that is recorded."""
    record = batch.record
    return Action(
        kind=kind, reason=reason, requests=record.requests, batch_id=record.batch_id, shard=record.shard,
        attempt=record.attempt, status=batch.remote.status if batch.remote else record.status, change=change,
        record=record, remote=batch.remote,
    )


@dataclass(frozen=True, slots=True)
class Held:
    """Requests that cannot be sent now, and why (a stable word)."""

    reason: str
    requests: int


@dataclass(frozen=True, slots=True)
class JobPlan:
    """What is to be done for one job. `requests` counts distinct requests, `tally` rows.

    `blocked` says why nothing may be created now; `max_requests` and `max_cost` (USD) are the budget of the job's
    revision, None for none; `notes` are things that the user should know. `state` has one State a request.

    `estimate` prices what is to be sent, and `spent` is what the revision has cost so far, batches that run included.
    `unanswered` counts rows by the reason why they have no answer and get none. `window` is the completion window, and
    `took_s` how long batches of the job took so far, in the middle.
    """

    job: str
    requests: int
    tally: Tally
    actions: tuple[Action, ...] = ()
    held: tuple[Held, ...] = ()
    foreign: tuple[str, ...] = ()
    blocked: str = ""
    max_requests: int | None = None
    max_cost: Decimal | None = None
    notes: tuple[str, ...] = ()
    digest: str = ""
    standing: Standing = field(default_factory=Standing)
    state: bytearray = field(default_factory=bytearray)
    estimate: Estimate = field(default_factory=Estimate)
    spent: Bill = field(default_factory=Bill)
    unanswered: Mapping[str, int] = field(default_factory=dict)
    window: str = ""
    took_s: int | None = None

    def of(self, *kinds: Kind) -> tuple[Action, ...]:
        return tuple(action for action in self.actions if action.kind in kinds)

    @property
    def changes(self) -> bool:
        return any(action.change for action in self.actions)

    @property
    def sending(self) -> tuple[Action, ...]:
        return tuple(action for action in self.actions if action.kind in SENDING)

    def bill(self, *actions: Action) -> Bill:
        """What it would cost to send what these actions send."""
        return sum((self.estimate.bill(action.requests, action.tokens) for action in actions
                    if action.kind in SENDING), Bill())

    @property
    def over_budget(self) -> str:
        """By what this plan breaks the budget; nothing where it does not."""
        if not self.sending:
            return ""
        return "; ".join(filter(None, (self._too_many_requests(), self._too_expensive())))

    def _too_many_requests(self) -> str:
        asked = sum(action.requests for action in self.sending)
        if self.max_requests is None or self.standing.spent + asked <= self.max_requests:
            return ""
        return (f"budget.max_requests is {self.max_requests}: {self.standing.spent} requests were sent so far, "
                f"and {asked} more are planned")

    def _too_expensive(self) -> str:
        planned = self.bill(*self.sending)
        if self.max_cost is None:
            return ""
        total = self.spent + planned
        if not total.known:
            what = f"no price is known for {', '.join(sorted(total.unpriced))}; add prices" if total.unpriced else (
                "nothing limits the length of an answer; add max_completion_tokens to body")
            return f"budget.max_cost is ${self.max_cost}, and what it costs cannot be told: {what}"
        if total.cost <= self.max_cost:
            return ""
        about = "about " if self.spent.estimated else ""
        spent, more = too_much(self.spent.cost, planned.cost, self.max_cost)
        return (f"budget.max_cost is ${self.max_cost}: {about}{spent} is spent so far, "
                f"and {'up to' if planned.at_most else 'about'} {more} more is planned")

    @property
    def settled(self) -> bool:
        """Nothing is awaited and nothing is to be sent."""
        return self.tally.waiting == 0

    @property
    def awaits_room(self) -> bool:
        """Some requests were turned away for want of room, and are sent when a batch that runs there has ended."""
        return any(held.reason == "capacity" for held in self.held)
