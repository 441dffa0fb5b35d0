"""In which parts two requests differ, and whether several differ by the same words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

#: Where a body holds what is asked; anything else are parameters.
_ASKING = ("input", "instructions", "messages", "prompt")
#: Where a body holds the form of the answers.
_FORM = ("response_format",)

#: Words of a text beyond which only what stands between the first and the last difference is looked at.
_MOST_WORDS = 2000
_WORD = re.compile(r"\w+|[^\w\s]|\s+")

#: Where something differs, what went, and what came.
Edit = tuple[str, tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it was, or will be, sent. `revision` is the job's at that time, None where nobody knows."""

    custom_id: str
    url: str
    body: Mapping[str, Any]
    revision: int | None = None


def differing(old: Asked, new: Asked) -> tuple[str, ...]:
    """What differs, in words: `text`, `model`, `endpoint`, `schema`, `revision`, `body.NAME` for a parameter. Where all
    is the same that one can see, it is the `key`, of which only a part is in a custom_id, or a revision that nobody
    knows."""
    names = {name for name in {*old.body, *new.body}
             if not _same(old.body.get(name, _MISSING), new.body.get(name, _MISSING))}
    found = {_word(name, old.body, new.body) for name in names}
    if old.url != new.url:
        found.add("endpoint")
    if old.revision is not None and old.revision != new.revision:
        found.add("revision")
    return tuple(sorted(found, key=lambda word: (word.startswith("body."), word))) or ("key",)


def edits(old: Asked, new: Asked) -> tuple[Edit, ...]:
    """How the text of one request became that of another."""
    before, after = dict(_texts(old.body)), dict(_texts(new.body))
    return tuple(edit for path in dict.fromkeys((*before, *after))
                 for edit in _edits(path, before.get(path, ""), after.get(path, "")))


#: Stands for a parameter that a body lacks.
_MISSING: Any = object()


def _same(one: Any, other: Any) -> bool:
    """JSON values are the same where they are written the same: 1 is neither 1.0 nor true."""
    if one is _MISSING or other is _MISSING:
        return one is other
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _word(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    if name in _ASKING:
        return "text"
    if name == "model":
        return "model"
    if name in _FORM or (name == "text" and not _same(_format(old), _format(new))):
        return "schema"
    return f"body.{name}"


def _format(body: Mapping[str, Any]) -> Any:
    """The form of the answers in a body of the responses API."""
    text = body.get("text")
    return text.get("format") if isinstance(text, dict) else None


def _texts(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every text below what is asked, with its path."""
    left: list[tuple[str, Any]] = [(name, body[name]) for name in reversed(_ASKING) if name in body]
    while left:
        path, value = left.pop()
        if isinstance(value, dict):
            left += [(f"{path}/{name}", value[name]) for name in reversed(value)]
        elif isinstance(value, list):
            left += [(f"{path}/{at}", value[at]) for at in reversed(range(len(value)))]
        else:
            yield path, value if isinstance(value, str) else json.dumps(value)


def _edits(path: str, old: str, new: str) -> Iterator[Edit]:
    if old == new:
        return
    before, after = _WORD.findall(old), _WORD.findall(new)
    if max(len(before), len(after)) > _MOST_WORDS:
        yield path, *_middles(before, after)
        return
    for kind, low, high, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            yield path, tuple(before[low:high]), tuple(after[start:end])


def _middles(before: list[str], after: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is left without the words that both begin with, and end with."""
    shorter = min(len(before), len(after))
    first = next((at for at in range(shorter) if before[at] != after[at]), shorter)
    last = next((at for at in range(shorter - first) if before[-1 - at] != after[-1 - at]), shorter - first)
    return tuple(before[first:len(before) - last]), tuple(after[first:len(after) - last])
