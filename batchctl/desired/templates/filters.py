"""Jinja's filters, as far as they are deterministic, with a size check before those that can blow up."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

from jinja2.filters import FILTERS

from batchctl.desired.templates import sizes
from batchctl.desired.templates.unprintable import checked, lazily

#: `random` would ask for everything again at each run.
_DROPPED = frozenset({"random"})


def _width(value: Any, width: Any = 0, *_: Any, **__: Any) -> None:
    sizes.check_width(width, "center")


def _indent(value: Any, width: Any = 4, *_: Any, **__: Any) -> None:
    step = len(width) if isinstance(width, str) else width
    if isinstance(step, int):
        sizes.check_made((str(value).count("\n") + 1) * max(step, 0), "indent")


def _format(value: Any, *args: Any, **kwargs: Any) -> None:
    sizes.check_percent(str(value), args or tuple(kwargs.values()))


def _wordwrap(value: Any, width: Any = 79, long: Any = True, wrapstring: Any = None, *_: Any, **__: Any) -> None:
    if isinstance(wrapstring, str) and isinstance(width, int):
        sizes.check_made(len(str(value)) * len(wrapstring) // max(width, 1), "wordwrap")


def _batch(value: Any, linecount: Any = 0, *_: Any, **__: Any) -> None:
    sizes.check_width(linecount, "batch")


def _slice(value: Any, slices: Any = 0, *_: Any, **__: Any) -> None:
    sizes.check_width(slices, "slice")


def _replace(value: Any, old: Any = "", new: Any = "", count: Any = None, **_: Any) -> None:
    sizes.check_replace(str(value), str(old), str(new), -1 if count is None else int(count))


def _join(value: Any, d: Any = "", attribute: Any = None, **_: Any) -> None:
    if attribute is None:
        sizes.check_join(str(d), value)


def _round(value: Any, precision: Any = 0, *_: Any, **__: Any) -> None:
    if isinstance(precision, int) and abs(precision) > 400:
        raise sizes.TooLarge("round: a number has no more than 400 digits here")


#: Filters that may give an iterator.
_LAZY = ("batch", "items", "map", "reject", "rejectattr", "reverse", "select", "selectattr", "slice", "unique")

_CHECKS: dict[str, Callable[..., None]] = {
    "batch": _batch, "center": _width, "format": _format, "indent": _indent, "join": _join,
    "replace": _replace, "round": _round, "slice": _slice, "wordwrap": _wordwrap,
}  # fmt: skip


def _guarded(original: Callable[..., Any], check: Callable[..., None]) -> Callable[..., Any]:
    """The filter with its check before it; Jinja's marks on the original (what it is passed) are kept."""
    skipped = 1 if hasattr(original, "jinja_pass_arg") else 0

    @functools.wraps(original)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        check(*args[skipped:], **kwargs)
        return original(*args, **kwargs)

    return guarded


def tojson(value: Any, indent: int | None = None) -> str:
    """JSON for prompts: sorted keys, readable characters. Jinja's own escapes for HTML, which this is not."""
    sizes.check_width(indent, "tojson")
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=indent, allow_nan=False, default=_no_json)


def _no_json(value: Any) -> Any:
    checked(value)  # raises for what is undefined or no value, with the message for that
    raise TypeError(f"a {type(value).__name__} cannot stand in JSON")


def filters() -> dict[str, Callable[..., Any]]:
    """All filters that templates have, by name."""
    kept = {name: original for name, original in FILTERS.items() if name not in _DROPPED}
    kept |= {name: _guarded(kept[name], check) for name, check in _CHECKS.items()}
    kept |= {name: lazily(kept[name], name) for name in _LAZY}
    return {**kept, "tojson": tojson}
