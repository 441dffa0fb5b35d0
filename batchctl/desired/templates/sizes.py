"""What can blow up is measured before it is made, so that an ordinary mistake gets a clear message.

These checks are a courtesy, not the wall: the wall is the memory and time limit of the worker process.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sized
from typing import Any

#: Characters (or items, or bytes) that padding, repeating or replacing may make in one step.
MAX_MADE = 16 * 2**20

#: Characters that one rendered template may have.
MAX_TEXT = 64 * 2**20

#: Bits of an integer that `*` and `**` may make: far above any real number, far below what hurts.
MAX_BITS = 2**16

_PERCENT = re.compile(r"%(?:\([^)]*\))?[-#0 +]*(\*|\d+)?(?:\.(\*|\d+))?")
_NUMBER = re.compile(r"\d+")


class TooLarge(Exception):
    """A template asked for more than is reasonable; the message says what and how much."""


def check_made(size: int, what: str) -> None:
    """Raise TooLarge when `size` characters, items or bytes are too many for one step."""
    if size > MAX_MADE:
        raise TooLarge(f"{what} would make {size:,} characters or items; the most is {MAX_MADE:,}")


def check_width(width: object, what: str) -> None:
    """The same for an argument that may not be a number at all: then the operation itself complains."""
    if isinstance(width, int):
        check_made(width, what)


def check_product(left: Any, right: Any) -> None:
    """Before `left * right`."""
    if isinstance(left, int) and isinstance(right, int):
        if left.bit_length() + right.bit_length() > MAX_BITS:
            raise TooLarge(f'"*" would make a number of more than {MAX_BITS:,} bits')
        return
    for value, times in ((left, right), (right, left)):
        if isinstance(value, (str, bytes, list, tuple)) and isinstance(times, int):
            check_made(len(value) * max(times, 0), '"*"')


def check_power(left: Any, right: Any) -> None:
    """Before `left ** right`."""
    if not isinstance(left, int) or not isinstance(right, int) or abs(left) < 2:
        return
    if left.bit_length() * right > MAX_BITS:
        raise TooLarge(f'"**" would make a number of more than {MAX_BITS:,} bits')


def check_percent(pattern: Any, arguments: Any) -> None:
    """Before `pattern % arguments`, where the pattern is text: widths, precisions, and those given by `*`."""
    if isinstance(pattern, bytes):
        pattern = pattern.decode("latin-1")
    if not isinstance(pattern, str):
        return
    total = 0
    starred = False
    for width, precision in _PERCENT.findall(pattern):
        starred = starred or "*" in (width, precision)
        total += sum(int(part) for part in (width, precision) if part not in ("", "*"))
    if starred:
        values = arguments if isinstance(arguments, tuple) else (arguments,)
        total += sum(abs(value) for value in values if isinstance(value, int))
    check_made(total, '"%"')


def check_spec(spec: str) -> None:
    """Before `str.format` formats one field with this specification."""
    for number in _NUMBER.findall(spec):
        check_made(int(number), f'the format "{spec[:40]}"')


def check_replace(text: str, old: str, new: str, count: int = -1) -> None:
    """Before `text.replace(old, new, count)`."""
    if len(new) > len(old):
        found = text.count(old)
        times = found if count < 0 else min(found, count)
        check_made(len(text) + times * (len(new) - len(old)), "replace")


def check_join(separator: str, parts: Any) -> None:
    """Before `separator.join(parts)`, as far as `parts` can be measured without using it up."""
    if isinstance(parts, (list, tuple)):
        total = sum(len(part) for part in parts if isinstance(part, Sized))
        check_made(total + len(separator) * max(len(parts) - 1, 0), "join")
    elif isinstance(parts, str):
        check_made(len(parts) * (len(separator) + 1), "join")


def check_method(owner: str | bytes | int, name: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> None:
    """Before a method of text, bytes or a number is called from a template."""
    if name in ("ljust", "rjust", "center", "zfill", "to_bytes"):
        for argument in (*arguments, *named.values()):
            check_width(argument, name)
    if isinstance(owner, int):
        return
    if name == "expandtabs":
        tabs = owner.count("\t") if isinstance(owner, str) else owner.count(b"\t")
        for argument in (*arguments, *named.values()):
            check_width(tabs * argument if isinstance(argument, int) else 0, name)
    elif not isinstance(owner, str):
        return
    elif name == "replace" and len(arguments) >= 2 and all(isinstance(text, str) for text in arguments[:2]):
        limit = arguments[2] if len(arguments) > 2 and isinstance(arguments[2], int) else -1
        check_replace(owner, arguments[0], arguments[1], limit)
    elif name == "join" and arguments:
        check_join(owner, arguments[0])
    elif name == "translate" and arguments and isinstance(arguments[0], Mapping):
        longest = max((len(text) for text in arguments[0].values() if isinstance(text, str)), default=1)
        check_made(len(owner) * longest, name)
