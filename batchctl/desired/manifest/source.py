"""The text of one manifest, and where its characters stand."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property

from batchctl.words.diagnostics import Span

_BREAK = re.compile(r"\r\n|\r|\n")

#: What follows these names on a line is not shown, whatever is wrong with the line. `{env: …}` is no secret.
_CREDENTIAL_LINE = re.compile(
    r"""(?i)((?:authorization|cookie|secret|passw(?:or)?d|api[-_]?key|virtual-key|(?<![a-z])token)["']?\s*:\s*)[^\s{].*"""
)
#: Texts that look like the keys that vendors hand out.
_KEY = re.compile(r"\b(?:sk|gsk|csk|pk|key)[-_][A-Za-z0-9_-]{16,}|(?<=://)[^\s/@]*:[^\s/@]*(?=@)")

HIDDEN = "***"

#: Characters of a line that is shown at all; a longer one is no help on a screen.
_MAX_SHOWN = 1500


def without_keys(text: str) -> str:
    """The text without what looks like an API key, or like the user and password of a URL."""
    return _KEY.sub(HIDDEN, text)


class Source:
    """One file's text under the name that the user gave it. Characters are counted from 0, lines from 1."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self._concealed: set[tuple[int, int]] = set()
        self._lines: dict[int, str] = {}

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _BREAK.finditer(self.text))]

    def line_of(self, index: int) -> int:
        """The line on which a character stands."""
        return bisect_right(self._starts, index)

    def start_of_line(self, line: int) -> int:
        """The first character of a line."""
        return self._starts[min(max(line, 1), len(self._starts)) - 1]

    def column_of(self, index: int) -> int:
        """The column, from 1, of a character on its line."""
        return index - self.start_of_line(self.line_of(index)) + 1

    def line_text(self, line: int) -> str:
        """A line without its break, as it is in the file."""
        if not 1 <= line <= len(self._starts):
            return ""
        found = self._lines.get(line)
        if found is None:  # kept, as a very long line is asked for once for each value in it
            found = self.text[self._starts[line - 1] : self._end_of(line)].rstrip("\r\n")
            self._lines[line] = found
        return found

    def span(self, start: int, end: int) -> Span:
        """The place from `start` up to `end`, cut at the end of its first line; at least one character."""
        line = self.line_of(start)
        column = self.column_of(start)
        rest = len(self.line_text(line)) - column + 1
        return Span(self.name, line, column, max(1, min(end - start, rest)), self.shown_line(line))

    def conceal(self, start: int, end: int) -> None:
        """Never show these characters in a diagnostic."""
        self._concealed.add((start, end))

    def shown_line(self, line: int) -> str | None:
        """A line as a diagnostic may show it: secrets are stars of the same width, and a very long line is None."""
        text, offset = self.line_text(line), self.start_of_line(line)
        if len(text) > _MAX_SHOWN:
            return None
        for start, end in sorted(self._concealed, reverse=True):
            first, last = max(start - offset, 0), min(end - offset, len(text))
            if first < last:
                text = text[:first] + "*" * (last - first) + text[last:]
        text = _CREDENTIAL_LINE.sub(lambda match: match[1] + "*" * (match.end() - match.end(1)), text)
        return _KEY.sub(lambda match: "*" * len(match[0]), text)

    def _end_of(self, line: int) -> int:
        return self._starts[line] if line < len(self._starts) else len(self.text)
