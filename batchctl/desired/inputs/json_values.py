"""JSON values as inputs hold them: integers of any size, no NaN, and a clear word about what is wrong."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

import orjson

#: orjson turns integers beyond 64 bits into floats, silently.
_LONG_NUMBER = re.compile(rb"[0-9]{19}")


class NotJson(ValueError):
    """Text that is no JSON value; `offset` in characters from its start."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


def _refuse_constant(name: str) -> NoReturn:
    raise NotJson(f"{name} is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise NotJson(f"the number {_cut(digits)} is too large")
    return number


def _integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:  # Python's own bound, which keeps the conversion from taking for ever
        raise NotJson(f"the number {_cut(digits)} has {len(digits.lstrip('-')):,} digits, too many to read") from None


def _cut(digits: str) -> str:
    return digits if len(digits) <= 20 else digits[:19] + "…"


#: The exact decoder, for what the fast one cannot do.
DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite, parse_int=_integer)


def parse(raw: bytes) -> Any:
    """The value of one line. Raises NotJson, or UnicodeDecodeError."""
    if _LONG_NUMBER.search(raw) is None:
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            pass  # the exact decoder decides, and has the better message
    text = raw.decode("utf-8")
    try:
        return DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise NotJson(f"{error.msg} (column {error.colno})", error.pos) from None
    except RecursionError:
        raise NotJson("nested too deeply") from None
