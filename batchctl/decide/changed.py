"""Why a job that was asked before has requests to create: which of them replace earlier ones, and what differs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from batchctl.decide.parts import Asked, Edit, differing, edits

#: Requests whose edits are held against each other.
_SAMPLED = 8
#: Kinds of differences that are told apart.
_MOST_KINDS = 100


@dataclass(frozen=True, slots=True)
class Example:
    """One request beside an earlier one: `by_key` that of the same row, else the one that is most like it."""

    earlier: Asked
    now: Asked
    by_key: bool = True


@dataclass(frozen=True, slots=True)
class Replaced:
    """So many requests differ in these parts (decide.parts) from the earlier ones of the same rows. `template` among
    them: all requests of the job changed, and some words of their texts in the same way."""

    parts: tuple[str, ...]
    requests: int
    example: Example | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """`requests` of all that the job asks, `of`, are created though it was asked before; the first `looked_at` of them
    were held against what was asked before: `new` have no earlier request of the same row, `replaced` have, the most
    frequent kind first, and of the others, `unknown`, nobody can tell.

    `keyed` False: rows have no key, and nothing says which requests belong together. `gone` earlier requests are not
    asked any more. `recorded` are the parts that differ by what the lockfile alone says, `why` is what kept the
    requests from being looked at.
    """

    requests: int
    of: int
    looked_at: int = 0
    new: int = 0
    replaced: tuple[Replaced, ...] = ()
    gone: int = 0
    keyed: bool = True
    recorded: tuple[str, ...] = ()
    why: str = ""
    example: Example | None = None

    @property
    def unknown(self) -> int:
        return self.looked_at - self.new - sum(kind.requests for kind in self.replaced)


class Comparison:
    """Requests held against earlier ones, one after the other; what it keeps does not grow with them."""

    def __init__(self) -> None:
        self._kinds: Counter[tuple[str, ...]] = Counter()
        self._examples: dict[tuple[str, ...], Example] = {}
        self._edits: list[tuple[Edit, ...]] = []
        self._texts = 0

    def add(self, earlier: Asked, now: Asked) -> None:
        parts = differing(earlier, now)
        if parts not in self._kinds and len(self._kinds) >= _MOST_KINDS:
            parts = ("body",)
        self._kinds[parts] += 1
        self._examples.setdefault(parts, Example(earlier, now))
        if "text" in parts:
            self._texts += 1
            if len(self._edits) < _SAMPLED:
                self._edits.append(edits(earlier, now))

    def kinds(self, *, all_changed: bool) -> tuple[Replaced, ...]:
        """The kinds of differences. `all_changed`: no request of the job is what it was."""
        found = [Replaced(parts, requests, self._examples[parts]) for parts, requests in self._kinds.most_common()]
        in_all = self._texts == self._kinds.total() > 1 and set.intersection(*map(set, self._edits))
        if not all_changed or not in_all:
            return tuple(found)
        return tuple(replace(kind, parts=tuple("template" if part == "text" else part for part in kind.parts))
                     for kind in found)
