"""GitHub's expressions, as far as the action and the examples use them: contexts, comparison, and, or, not, and the
functions that ask how the job stands (docs.github.com, "Evaluate expressions in workflows and actions")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|([A-Za-z_][\w.-]*)|(==|!=|&&|\|\||[!()]))")
_STATUS = ("always", "success", "failure", "cancelled")


class Expression:
    """One expression. `status` is "success", "failure" or "cancelled"."""

    def __init__(self, text: str, contexts: Mapping[str, Any], status: str = "success") -> None:
        self._tokens = tokens(text)
        self._contexts = contexts
        self._status = status

    def value(self) -> Any:
        found = self._or()
        assert not self._tokens, f"left over: {self._tokens}"
        return found

    def _or(self) -> Any:
        left = self._and()
        while self._take("||"):
            right = self._and()
            left = left if truth(left) else right
        return left

    def _and(self) -> Any:
        left = self._comparison()
        while self._take("&&"):
            right = self._comparison()
            left = right if truth(left) else left
        return left

    def _comparison(self) -> Any:
        left = self._term()
        for sign in ("==", "!="):
            if self._take(sign):
                right = self._term()
                # Strings are compared without regard to case; nothing is an empty string.
                equal = spelled(left).lower() == spelled(right).lower()
                return equal if sign == "==" else not equal
        return left

    def _term(self) -> Any:
        if self._take("!"):
            return not truth(self._term())
        if self._take("("):
            found = self._or()
            assert self._take(")")
            return found
        token = self._tokens.pop(0)
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if self._take("("):
            assert self._take(")")
            assert token in _STATUS, token
            return token == "always" or token == self._status
        return self._context(token)

    def _context(self, path: str) -> Any:
        first, *rest = path.split(".")
        found: Any = self._contexts[first]  # a context that does not exist is a mistake
        for name in rest:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    def _take(self, token: str) -> bool:
        if self._tokens and self._tokens[0] == token:
            self._tokens.pop(0)
            return True
        return False


def tokens(text: str) -> list[str]:
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        assert match, f"not an expression: {text[at:]}"
        found.append(match[match.lastindex or 0])
        at = match.end()
    return found


def truth(value: Any) -> bool:
    return value not in (None, False, "", 0)


def spelled(value: Any) -> str:
    """As it stands in a text."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def filled(text: str, contexts: Mapping[str, Any]) -> str:
    """A text with its `${{ … }}` evaluated."""
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: spelled(Expression(found[1], contexts).value()), str(text))


def holds(condition: str | None, contexts: Mapping[str, Any], status: str) -> bool:
    """An `if:`. Without a status function it asks for success, too."""
    text = re.sub(r"^\s*\$\{\{(.*)\}\}\s*$", r"\1", condition or "success()", flags=re.DOTALL)
    asks = any(re.search(rf"\b{name}\(\)", text) for name in _STATUS)
    return (asks or status == "success") and truth(Expression(text, contexts, status).value())
