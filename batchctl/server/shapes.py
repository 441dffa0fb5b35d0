"""How a vendor's batch and file objects differ from OpenAI's: what is left out, null, or of another form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Errors = Sequence[dict[str, Any]]


def errors_object(errors: Errors) -> object:
    """A list object with the errors as its data."""
    return {"object": "list", "data": list(errors)}


def errors_list(errors: Errors) -> object:
    """The bare list."""
    return list(errors)


def errors_text(errors: Errors) -> object:
    """One string for all."""
    return "; ".join(
        f"Line {error['line']}: {error['message']}" if error["line"] else str(error["message"])
        for error in errors
    )


@dataclass(frozen=True, slots=True)
class Shape:
    """Applied to OpenAI's objects, which the default leaves as they are."""

    file_omits: frozenset[str] = frozenset()
    batch_omits: frozenset[str] = frozenset()
    batch_nulls: frozenset[str] = frozenset()
    """Null in every batch object."""
    created_nulls: frozenset[str] = frozenset()
    """Null in the reply to a create call, whatever was asked for."""
    cancelled_nulls: frozenset[str] = frozenset()
    """Null in the reply to a cancel call."""
    status_words: tuple[tuple[str, str], ...] = ()
    """What is said instead of a status that the vendor does not document."""
    errors: Callable[[Errors], object] = errors_object


PLAIN = Shape()
