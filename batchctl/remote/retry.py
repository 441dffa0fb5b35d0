"""The retry policy as one table: which calls may be repeated, after what, and for how long."""

from __future__ import annotations

import email.utils
import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto


class Failure(Enum):
    """How a call failed, told by what the provider can have done meanwhile."""

    NOT_SENT = auto()  #: the connection was never made: nothing can have happened
    NO_ANSWER = auto()  #: bytes left this machine, and no whole answer came back
    REFUSED = auto()  #: any other 3xx or 4xx answer: nothing was made, and asking again changes nothing
    BUSY = auto()  #: 425 or 429, and 408 where nothing is made: nothing was made, and asking later may help
    #: a 5xx, a 408 or 409 to what makes something, or an answer that makes no sense: it may have happened or not
    BROKEN = auto()


@dataclass(frozen=True, slots=True)
class RetryRule:
    """What one kind of call does after a failure.

    `again` are the failures after which it is sent again; `unknown` those after which nobody knows what happened,
    and which are never hidden by sending again. `tries` in all, within `deadline_s` seconds.
    """

    again: frozenset[Failure]
    unknown: frozenset[Failure]
    tries: int
    deadline_s: float


_ALL_BUT_REFUSED = frozenset({Failure.NOT_SENT, Failure.NO_ANSWER, Failure.BUSY, Failure.BROKEN})
_NOTHING = frozenset[Failure]()

#: Reads change nothing: any transient error is worth another try.
READ = RetryRule(again=_ALL_BUT_REFUSED, unknown=_NOTHING, tries=6, deadline_s=180)
#: A read where others have just failed for as long as that.
READ_ONCE = RetryRule(again=_NOTHING, unknown=_NOTHING, tries=1, deadline_s=60)
#: An upload that is sent twice leaves an unused file, which `gc` can find by its name: no money is lost.
UPLOAD = RetryRule(again=_ALL_BUT_REFUSED, unknown=_NOTHING, tries=4, deadline_s=3600)
#: `POST /batches` spends money and has no idempotency key anywhere, so it is repeated only when it cannot have
#: been received or was turned away; else the list of batches has to tell.
CREATE = RetryRule(
    again=frozenset({Failure.NOT_SENT, Failure.BUSY}), unknown=frozenset({Failure.NO_ANSWER, Failure.BROKEN}),
    tries=6, deadline_s=180,
)
#: A single request costs as it is answered: it is repeated only when it cannot have been received or was turned away.
#: A person waits for it, and so not for long.
ASK = RetryRule(
    again=frozenset({Failure.NOT_SENT, Failure.BUSY}), unknown=frozenset({Failure.NO_ANSWER, Failure.BROKEN}),
    tries=3, deadline_s=30,
)
#: Cancelling and deleting twice is the same as once.
REPEATABLE = RetryRule(again=_ALL_BUT_REFUSED, unknown=_NOTHING, tries=6, deadline_s=180)

#: Waits between tries, in seconds: a doubling bound, less a quarter of jitter, so that the waits grow for certain.
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 20.0
#: A longer Retry-After is not waited for: the call fails and says so.
LONGEST_RETRY_AFTER_S = 120.0


def classify(status: int, *, makes: bool) -> Failure | None:
    """The failure that an HTTP status means, or None for success (2xx). `makes`: the call makes something
    new, so that a 408 or 409 may stand for an earlier try that was carried out."""
    if 200 <= status < 300:
        return None
    if status in (425, 429):
        return Failure.BUSY
    if status in (408, 409):
        return Failure.BROKEN if makes else (Failure.BUSY if status == 408 else Failure.REFUSED)
    if status >= 500 or status < 200:
        return Failure.BROKEN
    return Failure.REFUSED


def wait_s(attempt: int, retry_after_s: float | None, rng: random.Random) -> float:
    """Seconds to wait before try number `attempt` + 1; `attempt` counts from 1."""
    if retry_after_s is not None:
        return retry_after_s
    bound_s = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**attempt)
    return rng.uniform(0.75 * bound_s, bound_s)


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """The wait that an answer asks for, in seconds: `Retry-After` as a number or as an HTTP date (RFC 9110, 10.2.3),
    or `retry-after-ms`. None when absent or senseless. `now` is Unix time by the server's clock."""
    if milliseconds := headers.get("retry-after-ms"):
        value = _number(milliseconds)
        if value is not None:
            return value / 1000
    text = headers.get("retry-after")
    if not text:
        return None
    if (seconds := _number(text)) is not None:
        return seconds
    until = date_of(text)
    return None if until is None else max(0.0, until - now)


def date_of(text: str) -> float | None:
    """An HTTP date as Unix time, or None where it is none."""
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None
