"""What a plain YAML scalar means: the YAML 1.2 core schema, and what older readers would make of the rest."""

from __future__ import annotations

import math
import re

Value = str | int | float | bool | None

_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_MAX_DIGITS = 400  # far above any number of a request, far below what makes int() slow

_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_BASED = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_MAY_BE_NUMBER = frozenset("+-.0123456789")

_YES = re.compile(r"(?:yes|Yes|YES|on|On|ON)\Z")
_NO = re.compile(r"(?:no|No|NO|off|Off|OFF)\Z")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+\Z")
_UNDERSCORE = re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?\Z")
_BINARY = re.compile(r"[-+]?0b[01_]+\Z")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}\S*(?:[ \t]*\S+)?)?\Z")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")


def resolve(text: str) -> Value:
    """The value of a plain scalar. What `trap` warns about stays the text that it is."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _MAY_BE_NUMBER or len(text) > _MAX_DIGITS:
        return text
    if _INT.match(text):
        return int(text)
    if _BASED.match(text):
        return int(text, 0)
    if _FLOAT.match(text) and not _LEADING_ZERO.match(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


def trap(text: str) -> str | None:
    """What to write instead of a plain scalar that is a text here but something else to other readers, or to its
    author; None for ordinary texts."""
    if _NO.match(text):
        return f'write false, or "{text}" in quotes for the text'
    if _YES.match(text):
        return f'write true, or "{text}" in quotes for the text'
    if text[:1] not in _MAY_BE_NUMBER:
        return None
    if _NOT_FINITE.match(text):
        return f'JSON has no such number; write null, or "{text}" in quotes for the text'
    if _SEXAGESIMAL.match(text) or _DATE.match(text):
        return f'write "{text}", in quotes'
    if _BINARY.match(text):
        return f'write the number in decimal, or "{text}" in quotes for the text'
    if _LEADING_ZERO.match(text) or (_UNDERSCORE.match(text) and "_" in text):
        number = text.replace("_", "").lstrip("+-0") or "0"
        sign = "-" if text.startswith("-") else ""
        return f'write {sign}{number}, or "{text}" in quotes for the text'
    if _FLOAT.match(text) and isinstance(resolve(text), str):
        return "this number is too large; put it in quotes for the text"
    return None
