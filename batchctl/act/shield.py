"""Holds an interrupt back for the moment in which a batch is made, so that its id is recorded before the end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

#: CI runners kill a job 7.5 s after the first signal; what is not done by then is left to the next run.
PATIENCE_S = 4.0

#: What ends a run: an interrupt, the end of a CI job, a terminal that was closed. Windows has no SIGHUP.
ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def interrupts_held(patience_s: float = PATIENCE_S) -> Iterator[None]:
    """The first of the ENDING signals in the block is delivered at its end, or after `patience_s` seconds; a second one
    at once; one that is ignored stays ignored, as under nohup. Outside the main thread, where no signal arrives, this
    does nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: handler for number in ENDING if (handler := signal.getsignal(number)) is not signal.SIG_IGN}
    caught: list[int] = []
    timers: list[threading.Timer] = []

    def hold(number: int, frame: FrameType | None) -> None:
        caught.append(number)
        if len(caught) > 1:
            _restore(before)
            os.kill(os.getpid(), number)
            return
        timers.append(threading.Timer(patience_s, os.kill, (os.getpid(), number)))
        timers[0].daemon = True
        timers[0].start()

    for number in before:
        signal.signal(number, hold)
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
        _restore(before)
        if len(caught) == 1:
            os.kill(os.getpid(), caught[0])


def _restore(handlers: Mapping[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        # None stands for a handler that was not set from Python.
        signal.signal(number, handler if handler is not None else signal.SIG_DFL)
