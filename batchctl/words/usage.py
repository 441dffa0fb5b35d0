"""How many tokens answers say they used, whichever endpoint they came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: What JSON readers everywhere take for a whole number; nothing that was counted is larger.
_MOST = 1 << 53


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer, or of many. `cached` are some of the input's, and `reasoning` some of the output's."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens, self.reasoning_tokens + other.reasoning_tokens)

    def __bool__(self) -> bool:
        return bool(self.input_tokens or self.output_tokens)


class Meter:
    """Adds up the `usage` objects of many answers, in no more memory than those of one."""

    __slots__ = ("_cached", "_input", "_output", "_reasoning")

    def __init__(self) -> None:
        self._input = self._output = self._cached = self._reasoning = 0

    def add(self, raw: Any) -> None:
        found = usage_of(raw)
        if found is not None:
            self._input += found.input_tokens
            self._output += found.output_tokens
            self._cached += found.cached_tokens
            self._reasoning += found.reasoning_tokens

    @property
    def total(self) -> Usage | None:
        """None where no answer counted anything."""
        made = Usage(self._input, self._output, self._cached, self._reasoning)
        return made if made else None


def usage_of(raw: Any) -> Usage | None:
    """A `usage` object in the words of chat, completions and embeddings (prompt, completion) or of responses and whole
    batches (input, output). None where nothing in it was counted: a batch that has not ended shows zeros, and a
    transcript counts seconds."""
    if not isinstance(raw, Mapping):
        return None
    found = Usage(
        _first(raw, "prompt_tokens", "input_tokens"), _first(raw, "completion_tokens", "output_tokens"),
        _detail(raw, "cached_tokens", "prompt_tokens_details", "input_tokens_details"),
        _detail(raw, "reasoning_tokens", "completion_tokens_details", "output_tokens_details"))
    return found if found else None


def _first(raw: Mapping[str, Any], *names: str) -> int:
    return next((count for name in names if (count := _count(raw.get(name)))), 0)


def _detail(raw: Mapping[str, Any], name: str, *groups: str) -> int:
    found = (raw.get(group) for group in groups)
    return next((count for group in found if isinstance(group, Mapping) and (count := _count(group.get(name)))), 0)


def _count(raw: Any) -> int:
    """Servers are not to be trusted: what is no count is none."""
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0 <= raw < _MOST:
        return 0
    return int(raw)
