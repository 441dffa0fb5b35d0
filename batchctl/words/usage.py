"""How many tokens answers say they used, whichever endpoint they came from."""

from __future__ import annotations

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
        tokens_in, tokens_out, cached, reasoning = _counted(raw)
        self._input += tokens_in
        self._output += tokens_out
        self._cached += cached
        self._reasoning += reasoning

    @property
    def total(self) -> Usage | None:
        """None where no answer counted anything."""
        made = Usage(self._input, self._output, self._cached, self._reasoning)
        return made if made else None


def usage_of(raw: Any) -> Usage | None:
    """A `usage` object in the words of chat, completions and embeddings (prompt, completion) or of responses and whole
    batches (input, output). None where nothing in it was counted: a batch that has not ended shows zeros, and a
    transcript counts seconds."""
    found = Usage(*_counted(raw))
    return found if found else None


def _counted(raw: Any) -> tuple[int, int, int, int]:
    """Input, output, cached and reasoning tokens; called for each of a million answers."""
    if not isinstance(raw, dict):
        return 0, 0, 0, 0
    if "prompt_tokens" in raw or "completion_tokens" in raw:
        tokens_in, tokens_out = raw.get("prompt_tokens"), raw.get("completion_tokens")
        about_in, about_out = raw.get("prompt_tokens_details"), raw.get("completion_tokens_details")
    else:
        tokens_in, tokens_out = raw.get("input_tokens"), raw.get("output_tokens")
        about_in, about_out = raw.get("input_tokens_details"), raw.get("output_tokens_details")
    cached = about_in.get("cached_tokens") if isinstance(about_in, dict) else 0
    reasoning = about_out.get("reasoning_tokens") if isinstance(about_out, dict) else 0
    return _count(tokens_in), _count(tokens_out), _count(cached), _count(reasoning)


def _count(raw: Any) -> int:
    """Servers are not to be trusted: what is no count is none."""
    if type(raw) is int:
        return raw if 0 <= raw < _MOST else 0
    return int(raw) if type(raw) is float and 0 <= raw < _MOST else 0
