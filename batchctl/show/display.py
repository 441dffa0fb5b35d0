"""Chooses how progress is shown: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

from batchctl.show.progress import Progress
from batchctl.show.terminal import Terminal


def progress(terminal: Terminal) -> Progress:
    """The one that fits where stderr goes."""
    if not terminal.is_live:
        return Progress(terminal)
    from batchctl.show.live import LiveProgress

    return LiveProgress(terminal)
