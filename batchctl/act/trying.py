"""Asks single requests of a job at once, a few at a time, and waits no longer than it is told to."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson

from batchctl.act.lines import parse
from batchctl.act.sinks.answers import ending
from batchctl.act.verdict import UNJUDGED, Judging
from batchctl.remote.ask import ask
from batchctl.remote.http import Http
from batchctl.words.errors import OutcomeUnknown, Refusal, RemoteError
from batchctl.words.outcomes import STATE_OF, State
from batchctl.words.usage import Usage, usage_of

_LATE = "no answer had come when time ran out"


@dataclass(frozen=True, slots=True)
class Tried:
    """One request and what came of it: `end` has the names that templates of sinks see of an answer. `size` is in bytes
    of its line, `seconds` from the sending to the last byte; `unclear`: it may have been answered, and charged, all the
    same."""

    custom_id: str
    url: str
    body: Mapping[str, Any]
    size: int
    end: Mapping[str, Any]
    seconds: float = 0.0
    usage: Usage | None = None
    unclear: bool = False

    @property
    def ok(self) -> bool:
        return self.end["error"] is None


def tried(http: Http, lines: Sequence[bytes], *, timeout_s: float, at_once: int,
          judging: Judging = UNJUDGED, told: Callable[[int], None] = lambda answered: None,
          monotonic: Callable[[], float] = time.monotonic) -> tuple[Tried, ...]:
    """What came of each line, in their order. Each is sent once; what is not answered within `timeout_s` is given up.
    `told` is called with the number of those that are through."""
    deadline = monotonic() + timeout_s
    todo: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, Tried | BaseException]] = queue.SimpleQueue()
    for number in range(len(lines)):
        todo.put(number)
    https = [http.apart(timeout_s) for _ in range(min(at_once, len(lines)))]
    found: dict[int, Tried] = {}
    try:
        for own in https:
            # Whoever has given up hears no answer: nothing that costs is sent again after that.
            own.deadline = min(own.deadline, deadline)
            # Daemons: neither ^C nor the end of the time waits for a connection that is silent.
            given = (own, lines, todo, done, deadline, judging, monotonic)
            threading.Thread(target=_work, args=given, daemon=True).start()
        while len(found) < len(lines):
            number, came = done.get(timeout=max(0.0, deadline - monotonic()))
            if isinstance(came, BaseException):
                raise came
            found[number] = came
            told(len(found))
    except queue.Empty:
        pass
    finally:
        # Connections are closed by the threads that use them: see act/uploading.py.
        _emptied(todo)
    late = {"code": "timeout", "message": _LATE}
    return tuple(found.get(number) or _failed(line, late, timeout_s, unclear=True) for number, line in enumerate(lines))


def _emptied(todo: queue.SimpleQueue[int]) -> None:
    """Nothing more is to be sent."""
    with suppress(queue.Empty):
        while True:
            todo.get_nowait()


def _work(http: Http, lines: Sequence[bytes], todo: queue.SimpleQueue[int],
          done: queue.SimpleQueue[tuple[int, Tried | BaseException]], deadline: float,
          judging: Judging, monotonic: Callable[[], float]) -> None:
    while True:
        try:
            number = todo.get_nowait()
        except queue.Empty:
            http.close()
            return
        try:
            done.put((number, _one(http, lines[number], deadline - monotonic(), judging, monotonic)))
        except BaseException as error:
            done.put((number, error))


def _one(http: Http, line: bytes, left_s: float, judging: Judging, monotonic: Callable[[], float]) -> Tried:
    if left_s <= 0:
        return _failed(line, {"code": "timeout", "message": "time ran out before it was sent"}, 0.0)
    request = orjson.loads(line)
    began = monotonic()
    try:
        body = ask(http, request["url"], request["body"], timeout_s=left_s)
    except RemoteError as error:
        code = error.error_code if isinstance(error, Refusal) and error.error_code else error.code
        message = "; ".join((error.message, *error.notes))
        return _failed(line, {"code": code, "message": message}, monotonic() - began,
                       unclear=isinstance(error, OutcomeUnknown))
    result = orjson.dumps({"custom_id": request["custom_id"], "response": {"status_code": 200, "body": body}})
    outcome = judging.outcome(parse(result))
    state = STATE_OF[outcome]
    end = ending(state, outcome, result, None, 1, judge=judging.judge)
    return Tried(request["custom_id"], request["url"], request["body"], len(line), end, monotonic() - began,
                 usage_of(end["usage"]))


def _failed(line: bytes, error: Mapping[str, Any], seconds: float, *, unclear: bool = False) -> Tried:
    request = orjson.loads(line)
    end = {**ending(State.FAILED, 0, None, None, 1), "error": error}
    return Tried(request["custom_id"], request["url"], request["body"], len(line), end, seconds, unclear=unclear)
