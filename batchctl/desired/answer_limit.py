"""How long an answer may be at most, as far as the manifest says it."""

from __future__ import annotations

from collections.abc import Mapping

from batchctl.desired.job import BodyNode
from batchctl.words.dialects import BodyKind

_LIMITS = ("max_completion_tokens", "max_output_tokens", "max_tokens")
#: What answers nothing that is paid by the token.
_SILENT = frozenset({"embeddings", "moderations"})
#: What is paid by the hour or by the picture.
NOT_BY_TOKEN = frozenset({"audio", "images"})


def answer_limit(kind: BodyKind, body: Mapping[str, BodyNode]) -> int | None:
    """The most tokens that the answer to one request may have, all choices together. None where nothing limits it, or
    where each row does."""
    if kind in _SILENT:
        return 0
    limits = [value for name in _LIMITS if isinstance(value := body.get(name), int) and not isinstance(value, bool)]
    choices = body.get("n", 1)
    if not limits or isinstance(choices, bool) or not isinstance(choices, int):
        return None
    return min(limits) * choices
