"""Progress that is redrawn in place, for people at a terminal."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable
from typing import TextIO, cast

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, ProgressColumn, Task, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.progress_bar import ProgressBar
from rich.table import Column
from rich.text import Text

from batchctl.show import figures
from batchctl.show.awaited import Totals
from batchctl.show.batch_table import batch_lines
from batchctl.show.progress import Progress
from batchctl.show.safe import both_ends, shortened, width
from batchctl.show.terminal import Terminal
from batchctl.words.events import Asking, BatchState, Downloading, Event, Rendering, Step, Uploading, Waiting, Writing

#: Columns from which there is room for whole names and long bars.
_WIDE = 110
#: The task that stands for jobs that were too small to be seen.
_RENDERED = "rendered"
#: So much of an id still tells it apart.
_SHORTEST_ID = 17
#: Often enough for what moves, and seldom enough for a whole day of waiting.
_FRAMES_PER_S = 4


class _Unheard(io.TextIOBase):
    """A terminal that may be gone: nobody listening is no reason to stop."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            self._terminal.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._terminal.flush()


class _Screen(Console):
    """The cursor stays as it is. A program that hides it must be there to show it again, and one that is stopped or
    killed is not."""

    def show_cursor(self, show: bool = True) -> bool:
        return False


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
    """A table of the batches that are waited for, and bars for what is under way here; steps and notices stay as lines
    above them."""

    def __init__(self, terminal: Terminal, monotonic: Callable[[], float] = time.monotonic,
                 now: Callable[[], float] = time.time) -> None:
        super().__init__(terminal, monotonic, now)
        coloured = terminal.paint_err.enabled
        self._console = _Screen(file=cast(TextIO, _Unheard(terminal.stderr)), force_terminal=True, highlight=False,
                                markup=False, emoji=False, color_system="standard" if coloured else None)
        in_one_line = Column(no_wrap=True, overflow="ellipsis")
        described = TextColumn("{task.description}", markup=False, table_column=in_one_line)
        self._wide = self._console.width >= _WIDE
        self._bars = Bars(described, _Bar(wide=self._wide), _Pace(), console=self._console, auto_refresh=False)
        self._live: Live | None = None
        self._rendered = 0
        #: Whether what is told now is to be one line.
        self._narrow = False
        self._tasks: dict[str, TaskID] = {}
        #: The monotonic time of the next look at what is waited for; None: nothing is.
        self._next_look: float | None = None

    def close(self) -> None:
        live, self._live = self._live, None
        self._terminal.above = None
        if live is not None:
            live.stop()

    def line(self, text: str) -> None:
        super().line(_within(text, self._console.width) if self._narrow else text)

    def __call__(self, event: Event) -> None:
        name = self._name(event.job)
        if isinstance(event, Rendering):
            self._terminal.log(repr(event))
            self._show(f"render {event.job}", f"{name}: rendering, {figures.count(event.rows, 'row')}", event.rows,
                       event.total, gone=event.done, unit="rows")
            self._rendered += event.done
            self._show(_RENDERED, f"{self._rendered:,} jobs rendered", 0, None, gone=self._rendered < 2)
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
        else:
            self._show(_RENDERED, "", 0, None, gone=True)
            self._narrow = isinstance(event, Step)
            super().__call__(event)
            if not self.awaited.batches and not isinstance(event, Waiting):
                self._next_look = None

    def _state(self, event: BatchState) -> None:
        """The table tells."""

    def _wait(self, event: Waiting) -> None:
        # Nothing is awaited where a provider is away; what was seen before stays.
        self._next_look = self._monotonic() + event.seconds
        self._move()

    def _name(self, name: str) -> str:
        return shortened(name, 48 if self._wide else 16)

    def _show(self, name: str, text: str, done: int, total: int | None, *, gone: bool, unit: str = "") -> None:
        if gone:
            task = self._tasks.pop(name, None)
            if task is not None:
                self._bars.remove_task(task)
            return
        self._move()
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(text, total=total, unit=unit)
        self._bars.update(self._tasks[name], description=text, completed=done, total=total)

    def _move(self) -> None:
        """From now on the screen is redrawn. After a stop by another `Live`: one takes its old lines for its own."""
        if self._live is None:
            self._live = Live(get_renderable=self._drawn, console=self._console, refresh_per_second=_FRAMES_PER_S,
                              transient=True, redirect_stdout=False, redirect_stderr=False, vertical_overflow="crop")
            self._live.start(refresh=True)
            self._terminal.above = self._print

    def _print(self, text: str) -> None:
        """Whole lines that stay, above what is redrawn."""
        if text:
            self._console.print(Text.from_ansi(text.removesuffix("\n")), soft_wrap=True)

    def _drawn(self) -> RenderableType:
        """All that is redrawn; called from a thread of its own, too. A line of the screen stays free for the cursor."""
        bars = [self._bars.get_renderable()] if self._bars.tasks else []
        if self._next_look is None:
            return Group(*bars)
        columns, rows = self._console.size
        batches = self.awaited.batches
        table = batch_lines(batches, columns, rows - 2 - len(self._bars.tasks), self._now())
        texts = [Text(line.text, style=line.style, no_wrap=True, overflow="crop") for line in table]
        return Group(*texts, *bars, Text(self._foot(columns), style="dim", no_wrap=True, overflow="ellipsis"))

    def _foot(self, columns: int) -> str:
        """What is waited for in all, and when it is looked at again; as much of it as fits."""
        totals = Totals.of(self.awaited.batches)
        left = (self._next_look or 0) - self._monotonic()
        looks = f"next look in {figures.span(left)}" if left >= 1 else "looking"
        parts = [f"waiting for {figures.batches(totals.batches)}"] if totals.batches else ["waiting"]
        parts += [f"{totals.done:,} of {figures.count(totals.total, 'request')} done"] if totals.batches > 1 else []
        for part in (looks, "^C ends the waiting and loses nothing"):
            if len(" · ".join((*parts, part))) <= columns:
                parts.append(part)
        return " · ".join(parts)


def _within(line: str, columns: int) -> str:
    """A step in one line, where that is done by shortening its ids: they are whole in the lockfile."""
    for word in sorted(line.split(" "), key=len, reverse=True):
        over = width(line) - columns
        if over > 0 and len(word) > _SHORTEST_ID:
            line = line.replace(word, both_ends(word, max(_SHORTEST_ID, len(word) - over)))
    return line


def _of(done: int, total: int | None) -> str:
    """`5.2 of 28.5 MB`."""
    if total is None:
        return figures.size(done)
    have, _, unit = figures.size(done).partition(" ")
    whole = figures.size(total)
    return f"{have if whole.endswith(unit) else f'{have} {unit}'} of {whole}"
