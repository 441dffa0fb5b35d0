"""What an embeddings request asks for: its `input` is a text, a list of tokens, or a list of either."""

from __future__ import annotations


def embedding_inputs(asked: object) -> list[object]:
    """What gets a vector each."""
    if isinstance(asked, list) and not _is_token_list(asked):
        return asked
    return [asked]


def _is_token_list(value: list[object]) -> bool:
    return bool(value) and all(isinstance(item, int) for item in value)
