"""Progress: events as plain lines on stderr, or redrawn in place on a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from batchctl.show import figures
from batchctl.show.awaited import Awaited, Totals, states
from batchctl.show.safe import safe
from batchctl.show.terminal import Terminal
from batchctl.words.events import BatchState, Downloading, Event, Notice, Rendering, Step, Uploading, Waiting, Writing

SYMBOLS = {"create": "+", "retry": "~", "adopt": "=", "fetch": "↓", "cancel": "-", "write": "»", "forget": "✕",
           "upload": "↑", "wait": "…"}

#: Seconds between two lines about a batch that only moves on, and before rendering is worth a line.
_AGAIN_S = 300.0
_SLOW_S = 5.0
#: Of more batches than these, one line says how far they all are.
_FEW = 5


class Progress:
    """Plain lines: each step, each change of a batch's status, and now and then how far it is. `awaited` knows the
    batches that are waited for."""

    def __init__(self, terminal: Terminal, monotonic: Callable[[], float] = time.monotonic,
                 now: Callable[[], float] = time.time) -> None:
        self.awaited = Awaited(monotonic, now)
        self._terminal = terminal
        self._monotonic = monotonic
        self._now = now
        self._told: dict[str, tuple[str, float]] = {}
        self._summed_at = monotonic()
        self._notices: set[tuple[str, str]] = set()
        self._waiting = False
        self._start = monotonic()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Takes whatever is redrawn off the screen."""

    def __call__(self, event: Event) -> None:
        """An `Emit`."""
        if isinstance(event, Uploading | Downloading | Writing):
            # Hundreds a second, of what a step tells once it is done.
            return
        self._terminal.log(repr(event))
        self.awaited(event)
        if isinstance(event, Step):
            self.line(step_line(event))
        elif isinstance(event, Notice):
            self._notice(event)
        elif isinstance(event, BatchState):
            self._state(event)
        elif isinstance(event, Waiting):
            self._wait(event)
        elif isinstance(event, Rendering):
            self._rendering(event)

    def line(self, text: str) -> None:
        """One line that stays."""
        self._terminal.err(text + "\n")

    def _notice(self, event: Notice) -> None:
        if (event.job, event.text) in self._notices:
            return
        self._notices.add((event.job, event.text))
        head = "warning: " if event.level == "warning" else ""
        self.line(f"{_prefix(event)}{self._terminal.paint_err('yellow', head)}{safe(event.text)}")

    def _state(self, event: BatchState) -> None:
        status, at = self._told.get(event.batch_id, ("", self._monotonic()))
        now = self._monotonic()
        few = len(self.awaited.batches) <= _FEW
        if status != event.status or (few and now - at >= _AGAIN_S):
            self._told[event.batch_id] = (event.status, now)
            self.line(f"{_prefix(event)}… {state_words(event)}")

    def _wait(self, event: Waiting) -> None:
        if not self._waiting and event.batches:
            self._waiting = True
            self.line(f"… waiting for {figures.batches(event.batches)}")
        batches, now = self.awaited.batches, self._monotonic()
        if len(batches) > _FEW and now - self._summed_at >= _AGAIN_S:
            self._summed_at = now
            totals = Totals.of(batches)
            failed = f" ({totals.failed:,} failed)" if totals.failed else ""
            self.line(f"… {figures.batches(len(batches))}: {states(batches)}; {totals.done:,}/{totals.total:,}{failed}")

    def _rendering(self, event: Rendering) -> None:
        if event.done and self._monotonic() - self._start >= _SLOW_S and event.job not in self._told:
            self._told[event.job] = ("", 0.0)
            self.line(f"{_prefix(event)}{figures.count(event.rows, 'row')} rendered")


def step_line(event: Step) -> str:
    """`review-sentiment: + create 8 requests in batch_68f`."""
    about = safe(event.detail)
    if event.batch_id is not None and event.batch_id not in event.detail:
        about = f"{safe(event.batch_id)}: {about}"
    return f"{_prefix(event)}{SYMBOLS.get(event.verb, '·')} {safe(event.verb)} {about}"


def state_words(event: BatchState) -> str:
    """`batch_68f: in_progress, 12/1,319 (3 failed)`."""
    failed = f" ({event.failed:,} failed)" if event.failed else ""
    return (f"{safe(event.batch_id)}: {safe(event.status)}, "
            f"{event.completed + event.failed:,}/{event.total:,}{failed}")


def _prefix(event: Event) -> str:
    return f"{safe(event.job)}: " if event.job else ""
