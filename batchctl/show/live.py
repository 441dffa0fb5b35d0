"""Progress that is redrawn in place, for people at a terminal."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.progress_bar import ProgressBar
from rich.table import Column
from rich.text import Text

from batchctl.show import figures
from batchctl.show.progress import Progress, state_words
from batchctl.show.safe import shortened
from batchctl.show.terminal import Terminal
from batchctl.words.events import Asking, BatchState, Downloading, Event, Rendering, Step, Uploading, Waiting, Writing

#: The task that stands in for batches that were not looked at yet.
_WAITING = "waiting"
#: Columns from which there is room for whole names and long bars.
_WIDE = 110
_ENDED = frozenset({"completed", "failed", "expired", "cancelled"})


def _short(event: BatchState) -> BatchState:
    """With so much of the name and of the id as tells jobs and batches apart, so that a bar fits beside it."""
    job, identity = event.job, event.batch_id
    return replace(event, job=shortened(job, 20),
                   batch_id=identity if len(identity) <= 16 else f"{identity[:6]}…{identity[-6:]}")


class _Pace(ProgressColumn):
    """How fast it goes, and how long it will take: `54,000 rows/s  0:12 left`."""

    def render(self, task: Task) -> Text:
        unit: str = task.fields["unit"]
        if not unit or not task.speed:
            return Text("")
        fast = f"{figures.size(int(task.speed))}/s" if unit == "bytes" else f"{task.speed:,.0f} {unit}/s"
        left = task.time_remaining
        return Text(fast if left is None else f"{fast}  {figures.clock(left)} left", no_wrap=True)


class _Bar(BarColumn):
    """A bar, where there is room for it: on a narrow terminal only beside what has no pace."""

    def __init__(self, *, wide: bool) -> None:
        super().__init__(bar_width=24 if wide else 10)
        self._wide = wide

    def render(self, task: Task) -> ProgressBar | Text:  # type: ignore[override]
        return super().render(task) if self._wide or not task.fields["unit"] else Text("")


class LiveProgress(Progress):
    """Bars for what is under way; steps and notices stay as lines above them."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal)
        console = Console(file=terminal.stderr, no_color=not terminal.paint_err.enabled, highlight=False, markup=False)
        in_one_line = Column(no_wrap=True, overflow="ellipsis")
        described = TextColumn("{task.description}", markup=False, table_column=in_one_line)
        self._wide = console.width >= _WIDE
        self._bars = Bars(described, _Bar(wide=self._wide), _Pace(), console=console, transient=True)
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
        name = self._name(event.job)
        if isinstance(event, Rendering):
            self._terminal.log(repr(event))
            self._show(f"render {event.job}", f"{name}: rendering, {figures.count(event.rows, 'row')}", event.rows,
                       event.total, gone=event.done, unit="rows")
        elif isinstance(event, Uploading):
            shard = f" shard {event.number}/{event.shards}," if event.shards > 1 else ""
            self._show(f"upload {event.job}", f"{name}: uploading{shard} {_of(event.sent, event.total)}",
                       event.sent, event.total, gone=event.sent >= event.total, unit="bytes")
        elif isinstance(event, Downloading):
            self._show(f"download {event.job}", f"{name}: fetching {_of(event.received, event.total)}",
                       event.received, event.total, gone=event.done, unit="bytes")
        elif isinstance(event, Writing):
            far = f", {figures.count(event.rows, 'record')}" if self._wide else ""
            self._show(f"write {event.job}", f"{name}: writing {self._name(event.sink)}{far}", event.rows, event.total,
                       gone=event.done, unit="rows")
        elif isinstance(event, Asking):
            self._show(f"ask {event.job}", f"{name}: {event.answered}/{event.total} answered", event.answered,
                       event.total, gone=event.answered >= event.total, unit="answers")
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
            if isinstance(event, Step):
                # What was done about a batch tells more than where it stood when it was last looked at.
                self._show(f"batch {event.batch_id}", "", 0, None, gone=True)
            super().__call__(event)

    def _name(self, name: str) -> str:
        return shortened(name, 48 if self._wide else 16)

    def _show(self, name: str, text: str, done: int, total: int | None, *, gone: bool, unit: str = "") -> None:
        if gone:
            task = self._tasks.pop(name, None)
            if task is not None:
                self._bars.remove_task(task)
            return
        if not self._running:
            self._bars.start()
            self._running = True
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(text, total=total, unit=unit)
        self._bars.update(self._tasks[name], description=text, completed=done, total=total)


def _of(done: int, total: int | None) -> str:
    """`5.2 of 28.5 MB`."""
    if total is None:
        return figures.size(done)
    have, _, unit = figures.size(done).partition(" ")
    whole = figures.size(total)
    return f"{have if whole.endswith(unit) else f'{have} {unit}'} of {whole}"
