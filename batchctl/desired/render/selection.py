"""The templates that decide about a row before it is rendered: `where` and `key`."""

from __future__ import annotations

import re
from typing import Any

from jinja2.runtime import Context

from batchctl.desired.inputs.row import RowError
from batchctl.desired.templates.compiling import Compiled, Templates
from batchctl.words.diagnostics import Diagnostic

#: Characters of a key.
MAX_KEY = 512

_TRUTH = {"true": True, "false": False}
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def truth(where: Compiled, context: Context) -> bool:
    """Whether a row is wanted: the truth of a lone `{{ expression }}`, or the word that the text is.

    The words `true` and `false` mean what they say even where they come from a cell. Raises RowError.
    """
    value = where.evaluate(context)
    if isinstance(value, str):
        word = _TRUTH.get(value.strip().lower())
        if word is not None:
            return word
        if not where.typed:
            raise RowError(_finding(where, "where-not-boolean", f'"where" gave {_quoted(value)}, not true or false'))
    return bool(value)


def check_where(where: Compiled, templates: Templates) -> None:
    """Adds a finding for a `where` without any expression, which was surely meant to be one."""
    if where.constant is not None and where.constant.strip().lower() not in _TRUTH:
        example = f'where: "{{{{ {where.constant.strip()} }}}}"'
        templates.findings.append(
            _finding(where, "where-not-boolean", '"where" is no template', (f"perhaps you meant {example}",))
        )


def key_text(key: Compiled, context: Context) -> str:
    """The key of a row: a text of 1 to 512 characters, none of them a control character. Raises RowError."""
    value: Any = key.evaluate(context)
    if not isinstance(value, (str, int, float)):
        raise RowError(_finding(key, "key-empty" if value is None else "key-invalid", f"the key is {value!r:.80}"))
    text = str(value)
    if not text:
        raise RowError(_finding(key, "key-empty", "the key is empty"))
    if len(text) > MAX_KEY:
        raise RowError(_finding(key, "key-invalid", f"the key has {len(text):,} characters; the most is {MAX_KEY}"))
    if has_control(text):
        raise RowError(_finding(key, "key-invalid", f"the key {_quoted(text)} has a control character"))
    return text


def has_control(text: str) -> bool:
    """Whether a text holds a character that no key may have."""
    return not text.isprintable() and _CONTROL.search(text) is not None


def _quoted(text: str) -> str:
    shown = text if len(text) <= 40 else text[:39] + "…"
    return ascii(shown) if _CONTROL.search(shown) else f'"{shown}"'


def _finding(compiled: Compiled, code: str, message: str, notes: tuple[str, ...] = ()) -> Diagnostic:
    return Diagnostic(code, message, compiled.template.place(1), notes=notes)
