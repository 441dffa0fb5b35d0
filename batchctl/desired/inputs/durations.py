"""Durations as JSON has them."""

from __future__ import annotations

from datetime import timedelta


def seconds(value: timedelta) -> int | float:
    """A duration in seconds; a whole number where it has no fraction."""
    return value // timedelta(seconds=1) if not value.microseconds else value.total_seconds()
