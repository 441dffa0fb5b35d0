"""Progress that is redrawn in place, for people at a terminal."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.text import Text

from batchctl.show import figures
from batchctl.show.progress import Progress, state_words
from batchctl.show.safe import safe, shortened
from batchctl.show.terminal import Terminal
from batchctl.words.events import BatchState, Event, Rendering, Uploading, Waiting

#: The task that stands in for batches that were not looked at yet.
_WAITING = "waiting"
_ENDED = frozenset({"completed", "failed", "expired", "cancelled"})


def _short(event: BatchState) -> BatchState:
    """With so much of the name and of the id as tells jobs and batches apart, so that a bar fits beside it."""
    job, identity = event.job, event.batch_id
    return replace(event, job=shortened(job, 20),
                   batch_id=identity if len(identity) <= 16 else f"{identity[:6]}…{identity[-6:]}")


class LiveProgress(Progress):
    """Bars for what is under way; steps and notices stay as lines above them."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal)
        console = Console(file=terminal.stderr, no_color=not terminal.paint_err.enabled, highlight=False, markup=False)
        self._bars = Bars(TextColumn("{task.description}", markup=False), BarColumn(bar_width=24), console=console,
                          transient=True)
        self._tasks: dict[str, TaskID] = {}
        self._running = False

    def close(self) -> None:
        if self._running:
            self._bars.stop()
            self._running = False

    def line(self, text: str) -> None:
        if self._running:
            self._bars.console.print(Text.from_ansi(text), soft_wrap=True)
        else:
            super().line(text)

    def __call__(self, event: Event) -> None:
        if isinstance(event, Rendering):
            self._terminal.log(repr(event))
            self._show(f"render {event.job}", f"{safe(event.job)}: {figures.count(event.rows, 'row')} rendered",
                       0, None, gone=event.done)
        elif isinstance(event, Uploading):
            self._show(f"upload {event.shard}", f"{safe(event.job)}: uploading {figures.size(event.total)}",
                       event.sent, event.total, gone=event.sent >= event.total)
        elif isinstance(event, BatchState):
            self._terminal.log(repr(event))
            self._show(_WAITING, "", 0, None, gone=True)
            short = _short(event)
            self._show(f"batch {event.batch_id}", shortened(f"{short.job}: {state_words(short)}", 60),
                       event.completed + event.failed, event.total, gone=event.status in _ENDED)
        elif isinstance(event, Waiting):
            # Something moves from the start; the first look at the batches replaces it.
            if event.batches and not self._tasks:
                self._show(_WAITING, f"waiting for {figures.batches(event.batches)}", 0, None, gone=False)
        else:
            super().__call__(event)

    def _show(self, name: str, text: str, done: int, total: int | None, *, gone: bool) -> None:
        if gone:
            task = self._tasks.pop(name, None)
            if task is not None:
                self._bars.remove_task(task)
            return
        if not self._running:
            self._bars.start()
            self._running = True
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(text, total=total)
        self._bars.update(self._tasks[name], description=text, completed=done, total=total)
