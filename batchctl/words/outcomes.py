"""What became of a request in a batch, and what that makes of a row."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Outcome(IntEnum):
    """How one batch ended for one request. The numbers are stored: never reuse one."""

    OK = 1
    EXPIRED = 2
    CANCELLED = 3
    RATE_LIMIT = 4
    SERVER_ERROR = 5
    TIMEOUT = 6
    REJECTED = 7
    INVALID_OUTPUT = 8
    MISSING = 9
    LOST = 10
    UNSENT = 11

    @property
    def reason(self) -> str:
        """The name that `retry.reasons`, sinks and messages use."""
        return self.name.lower()


class State(IntEnum):
    """What a row, or its request, is at now; the tally of a job counts these."""

    OK = 1
    FAILED = 2
    EXPIRED = 3
    CANCELLED = 4
    WAITING = 5
    HELD = 6
    LOST = 7


#: The state of a request whose last answer is this, and that is not asked again.
STATE_OF = {
    Outcome.OK: State.OK, Outcome.EXPIRED: State.EXPIRED, Outcome.CANCELLED: State.CANCELLED,
    Outcome.RATE_LIMIT: State.FAILED, Outcome.SERVER_ERROR: State.FAILED, Outcome.TIMEOUT: State.FAILED,
    Outcome.REJECTED: State.FAILED, Outcome.INVALID_OUTPUT: State.FAILED, Outcome.MISSING: State.FAILED,
    Outcome.LOST: State.LOST, Outcome.UNSENT: State.FAILED,
}


@dataclass(frozen=True, slots=True)
class Tally:
    """Rows by state; they add up to `rows`."""

    rows: int = 0
    ok: int = 0
    failed: int = 0
    expired: int = 0
    cancelled: int = 0
    waiting: int = 0
    held: int = 0
    lost: int = 0

    @property
    def unfinished(self) -> bool:
        """Some rows have no answer and will get none as things stand."""
        return bool(self.failed or self.expired or self.cancelled or self.held or self.lost)
