"""How many tokens an answer says it used, whichever endpoint it came from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tokens:
    """Counts of one answer, or of many."""

    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0


def tokens_of(body: object) -> Tokens:
    """Reads `usage` in the words of chat (prompt, completion) or of responses (input, output); else zeros."""
    usage = body.get("usage") if isinstance(body, dict) else None
    if not isinstance(usage, dict):
        return Tokens()
    return Tokens(
        input=_count(usage, "prompt_tokens", "input_tokens"),
        cached=_detail(usage, "cached_tokens", "prompt_tokens_details", "input_tokens_details"),
        output=_count(usage, "completion_tokens", "output_tokens"),
        reasoning=_detail(usage, "reasoning_tokens", "completion_tokens_details", "output_tokens_details"),
    )


def _count(usage: dict[str, object], *names: str) -> int:
    for name in names:
        value = usage.get(name)
        if isinstance(value, int) and value >= 0:
            return value
    return 0


def _detail(usage: dict[str, object], name: str, *groups: str) -> int:
    for group in groups:
        details = usage.get(group)
        if isinstance(details, dict):
            return _count(details, name)
    return 0
