"""The words in which a fault is described on the command line, and their meaning."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

METHODS = ("GET", "POST", "DELETE", "*")
MOMENTS = ("before", "after")
KINDS = ("drop", "status", "delay", "html", "garbage", "truncate", "lag")
PLAIN_KINDS = ("drop", "html", "garbage")
ONLY_AFTER = ("truncate", "lag")
ALWAYS = "always"
MAX_DELAY_S = 3_600.0

Moment = Literal["before", "after"]

GRAMMAR = """\
A fault is METHOD PATH [before|after] KIND [times=N|times=always] [skip=N]
  METHOD      GET, POST, DELETE, or * for any
  PATH        below the dialect's prefix, with * for one segment:
              /batches, /batches/*, /files/*/content
  before      the call is not carried out (the default)
  after       it is carried out, and then its answer is lost or replaced
  skip=N      passes over the first N calls that match
  times=N     then lets N of them go wrong (default 1)
KIND is one of
  drop        the connection is cut without an answer
  status=N    this status, with an error body of the dialect where it can
              have one; also status=429,retry-after=2
  delay=N     the call, or its answer, waits N seconds, and all else is well
  html        200 with a page of HTML
  garbage     200 with JSON that is cut off
  truncate=N  the true answer with its full Content-Length, but cut after N
              bytes (always after)
  lag=N       for POST /batches: what it made is missing from the next N
              lists (always after)
Each fault counts all calls that match it; of several that are due, the first
one given happens."""


class FaultSpecError(ValueError):
    """A description that cannot be understood; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, read."""

    text: str
    """As it was given."""
    method: str
    path: str
    moment: Moment
    kind: str
    amount: float = 0.0
    """The status, the seconds, the bytes or the lists, as the kind has it."""
    retry_after: str | None = None
    times: int | None = 1
    """None: always."""
    skip: int = 0

    def matches(self, method: str, path: str) -> bool:
        """Whether a call is meant; `path` is below the prefix."""
        if self.method not in ("*", method):
            return False
        pattern = "/".join("[^/]+" if part == "*" else re.escape(part) for part in self.path.split("/"))
        return re.fullmatch(pattern, path) is not None

    def due(self, count: int) -> bool:
        """Whether it happens to the matching call of this number, from 1 on."""
        return self.skip < count and (self.times is None or count <= self.skip + self.times)


def parse(text: str) -> Fault:
    """Reads one description. Raises `FaultSpecError`."""
    try:
        return _parse(text)
    except FaultSpecError as error:
        raise FaultSpecError(f"the fault {text!r}: {error}") from None


def _parse(text: str) -> Fault:
    words = text.split()
    if len(words) < 3:
        raise FaultSpecError("expected METHOD PATH [before|after] KIND [times=N|times=always] [skip=N]")
    method, path, *rest = words
    if method not in METHODS:
        raise FaultSpecError(f"unknown method {method!r}; there is {', '.join(METHODS)}")
    if not path.startswith("/"):
        raise FaultSpecError(f"the path {path!r} must begin with /, and is below the prefix: /batches")
    moment = rest.pop(0) if rest[0] in MOMENTS else None
    if not rest:
        raise FaultSpecError(f"the kind is missing; there is {', '.join(KINDS)}")
    kind, amount, retry_after = _kind(rest.pop(0))
    if moment == "before" and kind in ONLY_AFTER:
        raise FaultSpecError(f"{kind} can only be after: it needs the true answer")
    if kind == "lag" and (method, path) != ("POST", "/batches"):
        raise FaultSpecError("lag is for POST /batches alone, which makes batches")
    times, skip = _counts(rest)
    return Fault(
        text=text,
        method=method,
        path=path,
        moment="after" if moment == "after" or kind in ONLY_AFTER else "before",
        kind=kind,
        amount=amount,
        retry_after=retry_after,
        times=times,
        skip=skip,
    )


def _kind(word: str) -> tuple[str, float, str | None]:
    main, *options = word.split(",")
    kind, equals, value = main.partition("=")
    if kind not in KINDS:
        raise FaultSpecError(f"unknown kind {kind!r}; there is {', '.join(KINDS)}")
    if bool(equals) == (kind in PLAIN_KINDS):
        raise FaultSpecError(f"{kind} takes no value" if equals else f"{kind} needs a value: {kind}=…")
    if options and kind != "status":
        raise FaultSpecError(f"{kind} takes no options, but there is {options[0]!r}")
    return kind, _amount(kind, value), _retry_after(options)


def _amount(kind: str, value: str) -> float:
    if kind in PLAIN_KINDS:
        return 0.0
    if kind == "delay":
        if re.fullmatch(r"\d+(\.\d+)?", value) and float(value) <= MAX_DELAY_S:
            return float(value)
        raise FaultSpecError(f"delay={value}: expected seconds, {MAX_DELAY_S:g} at most")
    if kind == "status":
        if re.fullmatch(r"[2-5]\d\d", value):
            return float(value)
        raise FaultSpecError(f"status={value}: expected a status from 200 to 599")
    return float(_number(kind, value, least=1 if kind == "lag" else 0))


def _retry_after(options: list[str]) -> str | None:
    if not options:
        return None
    name, _, value = options[0].partition("=")
    if len(options) > 1 or name != "retry-after" or not value:
        raise FaultSpecError(f"after the status there may be ,retry-after=…, but there is {options[0]!r}")
    return value


def _counts(words: list[str]) -> tuple[int | None, int]:
    times: int | None = 1
    skip = 0
    for word in words:
        name, _, value = word.partition("=")
        if word == f"times={ALWAYS}":
            times = None
        elif name == "times":
            times = _number(name, value, least=1)
        elif name == "skip":
            skip = _number(name, value, least=0)
        else:
            raise FaultSpecError(f"cannot read {word!r}; expected times=N, times={ALWAYS} or skip=N")
    return times, skip


def _number(name: str, value: str, *, least: int) -> int:
    if not re.fullmatch(r"\d{1,9}", value) or int(value) < least:
        raise FaultSpecError(f"{name}={value}: expected a whole number from {least}")
    return int(value)
