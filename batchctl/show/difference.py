"""One request beside an earlier one, as a unified diff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import unified_diff
from typing import Any

from batchctl.decide.changed import Changed, Example
from batchctl.decide.plan import JobPlan
from batchctl.show.colour import Palette
from batchctl.show.reports import Shown
from batchctl.show.request_lines import request_lines
from batchctl.show.safe import safe
from batchctl.show.why import GONE

_STYLES = {"-": "red", "+": "green", "@": "cyan"}

#: As many lines are shown, and of each as many characters.
_MOST_LINES = 200
_LONGEST = 400
#: Characters that stay before the first that differs, where a line is cut.
_BEFORE = 80


def difference(example: Example) -> list[str]:
    """The lines of the diff, as long as they are shown. They hold whatever the requests hold."""
    earlier, now = example.earlier, example.now
    how = "as asked before" if example.by_key else "asked before, the most alike"
    made = list(unified_diff(request_lines(earlier), request_lines(now), f"{earlier.custom_id} {how}",
                             f"{now.custom_id} now", lineterm=""))
    if not made:
        return [f"  {now.custom_id}: no word of it differs"]
    kept = [*made[:2], *_cut(made[2:_MOST_LINES])]
    more = len(made) - _MOST_LINES
    return [*kept, f"@@ {more:,} more lines @@"] if more > 0 else kept


def difference_text(job: Shown, paint: Palette) -> list[str]:
    """The diff for a terminal, or why there is none."""
    found = example_of(job)
    if isinstance(found, str):
        return [f"    {paint('dim', f'no diff: {safe(found)}')}"]
    head, *lines = [safe(line) for line in difference(found)]
    return [f"    {paint(_STYLES.get(line[:1], 'dim'), line)}" for line in (head, *lines)]


def difference_json(job: Shown) -> dict[str, Any]:
    """The diff for machines; `why` there is none where it has no lines."""
    found = example_of(job)
    if isinstance(found, str):
        return {"lines": [], "earlier": None, "now": None, "by_key": None, "why": found}
    return {"lines": difference(found), "earlier": found.earlier.custom_id, "now": found.now.custom_id,
            "by_key": found.by_key, "why": None}


def example_of(job: Shown) -> Example | str:
    """What can be shown of a job, or why nothing can."""
    if job.changed is not None:
        return job.changed.example or _without_example(job.changed)
    return _without_change(job.plan) if job.plan is not None else "there is no plan"


def _without_example(changed: Changed) -> str:
    if changed.why:
        return changed.why
    if changed.unknown:
        return GONE
    return "no earlier request is of the same rows" if changed.keyed else "no earlier request is like the first new one"


def _without_change(plan: JobPlan) -> str:
    if not plan.sending:
        return "nothing is to be sent"
    if all(action.reason == "new" for action in plan.sending):
        return "nothing was asked before"
    return "what is to be sent again is what was asked before"


def _cut(lines: Sequence[str]) -> Iterator[str]:
    """Lines that are not too long, around the first character that differs where one became another."""
    at = 0
    while at < len(lines):
        old, new = _run(lines, at, "-"), []
        if old:
            new = _run(lines, at + len(old), "+")
        for number, line in enumerate(old):
            yield _window(line, new[number] if number < len(new) else "")
        for number, line in enumerate(new):
            yield _window(line, old[number] if number < len(old) else "")
        if not old:
            yield _window(lines[at], "")
        at += len(old) + len(new) or 1


def _run(lines: Sequence[str], start: int, sign: str) -> list[str]:
    end = start
    while end < len(lines) and lines[end].startswith(sign):
        end += 1
    return list(lines[start:end])


def _window(line: str, other: str) -> str:
    """A line of a diff, cut where it is too long; `other` is what stands in its place on the other side."""
    if len(line) <= _LONGEST:
        return line
    sign, text, beside = line[:1], line[1:], other[1:]
    shared = min(len(text), len(beside))
    first = next((at for at in range(shared) if text[at] != beside[at]), shared)
    start = max(0, min(first - _BEFORE, len(text) - _LONGEST))
    shown = text[start:start + _LONGEST]
    left, right = start, len(text) - start - len(shown)
    return (f"{sign}{f'… ({left:,} characters) ' if left else ''}{shown}"
            f"{f' … ({right:,} characters)' if right else ''}")
