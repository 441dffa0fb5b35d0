"""From the tokens of a few requests to those of all: input goes with the bytes sent, output with the requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from batchctl.words.usage import Usage


@dataclass(frozen=True, slots=True)
class Measured:
    """One request that was answered: the bytes of its line, and the tokens that it took."""

    size: int
    usage: Usage


def of_all(measured: Sequence[Measured], requests: int, size: int) -> Usage | None:
    """The tokens of so many requests with so many bytes in all; None where nothing was measured. What was read from a
    cache is left out: a batch need not find it there."""
    sample = sum(one.size for one in measured)
    if not sample:
        return None
    return Usage(
        input_tokens=round(sum(one.usage.input_tokens for one in measured) * size / sample),
        output_tokens=round(sum(one.usage.output_tokens for one in measured) * requests / len(measured)),
        reasoning_tokens=round(sum(one.usage.reasoning_tokens for one in measured) * requests / len(measured)),
    )
