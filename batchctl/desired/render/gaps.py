"""The value that a row puts into one gap of the body: encoded, and checked where a row could make it invalid."""

from __future__ import annotations

from typing import Any

from jinja2.runtime import Context, Undefined

from batchctl.desired.inputs.row import RowError
from batchctl.desired.render.bodies import Gap, path_text
from batchctl.desired.render.values import ValueKind, kind_of
from batchctl.desired.templates.compiling import Compiled
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.digest import canonical_json, canonical_string

_TEXT: frozenset[ValueKind] = frozenset(("text", "empty"))


class GapFiller:
    """One template of a body. `fill` gives canonical JSON and whether it is known to be valid there."""

    __slots__ = ("_always_valid", "_fixed", "_valid", "compiled", "gap")

    def __init__(self, gap: Gap, compiled: Compiled, valid: frozenset[ValueKind]) -> None:
        self.gap = gap
        self.compiled = compiled
        self._valid = valid
        self._fixed: tuple[bytes, bool] | None = None
        self._always_valid = not compiled.typed and valid >= _TEXT

    def fill(self, context: Context) -> tuple[bytes, bool]:
        """The encoded value for a row. Raises RowError and TemplateFailed."""
        if self.compiled.fixed:
            self._fixed = self._fixed or self._fill(context)
            return self._fixed
        return self._fill(context)

    def _fill(self, context: Context) -> tuple[bytes, bool]:
        value = self.compiled.evaluate(context)
        try:
            if type(value) is str:
                return canonical_string(value), self._always_valid or kind_of(value) in self._valid
            if type(value) in (int, float) and "text" in self._valid and kind_of(value) not in self._valid:
                # A number where only text can stand, such as a prompt that is one column.
                return canonical_string(str(value)), True
            encoded = canonical_json(_jsonable(value, 0))
        except (TypeError, ValueError) as error:
            raise RowError(self.finding("template-type", self._complaint(error))) from None
        return encoded, kind_of(value) in self._valid

    def units(self, context: Context) -> int:
        """How many embedding inputs the value is, where it is the `input` of a request."""
        return units_of(self.compiled.evaluate(context)) if self.compiled.typed else 1

    def finding(self, code: str, message: str) -> Diagnostic:
        return Diagnostic(code, message, self.compiled.template.place(1))

    def _complaint(self, error: Exception) -> str:
        where = path_text(self.gap.path)
        if isinstance(error, UnicodeEncodeError) or "surrogate" in str(error):
            return f"{where}: the text has half of a surrogate pair, which is no character"
        return f"{where}: the value cannot stand in JSON: {error}"


def units_of(value: Any) -> int:
    """Embedding inputs of an `input`: one for a text or a list of tokens, else one for each item."""
    if isinstance(value, (list, tuple)) and value and not isinstance(value[0], int):
        return len(value)
    return 1


def _jsonable(value: Any, depth: int) -> Any:
    """The value if it is JSON through and through. Keys must be text, as other keys sort differently once they
    are read back."""
    if depth > 64:
        raise ValueError("it is nested too deeply")
    if isinstance(value, Undefined):
        str(value)  # raises, with the message that a strict undefined value has
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [_jsonable(item, depth + 1) for item in value]
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r} is no text")
        return {key: _jsonable(inner, depth + 1) for key, inner in value.items()}
    raise TypeError(f"a {type(value).__name__} is none of text, number, true, false, null, list, object")
