"""The names of a record's entries, in order: those of `fields`, or the row's columns and what there is of an answer."""

from __future__ import annotations

from collections.abc import Sequence

from batchctl.desired.job import Sink

#: The answer's part of a record without `fields`, in order.
_OF_ANSWER = ("text", "status", "error", "usage")


def answer_keys(columns: Sequence[str]) -> list[tuple[str, str]]:
    """What a record without `fields` tells of an answer, each with its name beside these columns."""
    taken = frozenset(columns)
    return [(name, name if name not in taken else f"answer_{name}") for name in _OF_ANSWER]


def names(sink: Sink, columns: Sequence[str]) -> list[str]:
    """The names of a sink's entries; `columns` are those of all rows, for sinks without `fields`."""
    if sink.fields is not None:
        return [name for name, _ in sink.fields]
    return [*columns, *(key for _, key in answer_keys(columns))]
