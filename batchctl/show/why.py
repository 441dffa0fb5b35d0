"""Why requests are created though their job was asked before, in a few words, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from batchctl.decide.changed import Changed
from batchctl.show.safe import safe

_PARTS = {"schema": "answer schema", "key": "key or revision"}
GONE = "what was asked is not in the store any more"

#: Kinds of differences that are told each.
_MOST_KINDS = 3


def why(changed: Changed) -> str:
    """`all: template changed`, `12 of 1,319: text changed; 3: new rows`."""
    if changed.why:
        return f"not asked before ({safe(changed.why)})"
    if not changed.keyed:
        if not changed.gone:
            return "not asked before"
        ones = "1 earlier one is" if changed.gone == 1 else f"{changed.gone:,} earlier ones are"
        return f"not asked before; {ones} not asked any more"
    if changed.unknown == changed.looked_at:
        return f"not asked before{_recorded(changed)}; {GONE}"
    kinds = [(kind.requests, f"{_parts(kind.parts)} changed") for kind in changed.replaced[:_MOST_KINDS]]
    kinds += [(number, what) for number, what in (
        (sum(kind.requests for kind in changed.replaced[_MOST_KINDS:]), "other changes"),
        (changed.new, "new row" if changed.new == 1 else "new rows"), (changed.unknown, "unknown")) if number]
    looked_at, (only, what) = changed.looked_at, kinds[0]
    if len(kinds) == 1:
        return (f"all: {what}" if looked_at == changed.of else f"{only:,} of {changed.of:,}: {what}"
                if looked_at == changed.requests else f"the first {looked_at:,}: {what}")
    told = [f"{number:,}: {what}" for number, what in kinds]
    if looked_at == changed.requests:
        told[0] = f"{only:,} of {changed.of:,}: {what}"
    else:
        told[0] = f"of the first {looked_at:,}, {told[0]}"
    return "; ".join(told)


def changed_json(changed: Changed) -> dict[str, Any]:
    """The numbers; no word of any request."""
    return {
        "requests": changed.requests, "looked_at": changed.looked_at, "new": changed.new, "unknown": changed.unknown,
        "replaced": [{"parts": list(kind.parts), "requests": kind.requests} for kind in changed.replaced],
        "gone": changed.gone, "keyed": changed.keyed, "recorded": list(changed.recorded), "why": changed.why or None,
    }


def _parts(parts: Sequence[str]) -> str:
    names = [safe(_PARTS.get(part, part.removeprefix("body."))) for part in parts]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _recorded(changed: Changed) -> str:
    return f": by the lockfile, {_parts(changed.recorded)} changed" if changed.recorded else ""
