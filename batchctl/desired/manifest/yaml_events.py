"""YAML as a stream of events under limits, so that a hostile document is refused before anything is built from it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from batchctl.desired.manifest.source import Source

#: Nesting of a document. libyaml's composer recurses on the C stack and dies at some 30,000 levels; its event
#: parser does not recurse, but takes quadratic time in flow collections, so it is left at this depth.
MAX_DEPTH = 64
#: Scalars, lists and mappings of a file: tens of thousands of inline rows, and no more.
MAX_NODES = 400_000
#: Characters of a manifest, for the same reason; far more than people write.
MAX_LENGTH = 4 * 2**20

_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OPEN_BRACES = re.compile(r"(?:^|[:\-,\[{]\s+)(\{\{|\{%|\{#)")
_STARTS = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_ENDS = (yaml.MappingEndEvent, yaml.SequenceEndEvent)

#: What libyaml says, and what to do about it. The first whose words are in the problem is shown.
_HINTS = (
    ("mapping values are not allowed", 'a text that holds ": " must stand in quotes'),
    ("could not find expected ':'", 'a ":" after a key is missing, or a text must be indented'),
    ("did not find expected key", "check the indentation here and on the line above, and that quotes are closed"),
    ("expected <block end>", "check the indentation here and on the line above"),
    ("did not find expected '-' indicator", "check the indentation here and on the line above"),
    ("cannot start any token", "a text that starts with this character must stand in quotes"),
    ("unexpected end of stream", "a quote is not closed"),
    ("unknown escape character", "in double quotes a backslash starts an escape: double it, or use single quotes"),
    ("did not find expected ',' or", "a bracket or brace is not closed, or a text in it must stand in quotes"),
    ("undefined tag handle", 'a text that starts with "!" must stand in quotes'),
    ("while scanning an alias", 'a text that starts with "*" must stand in quotes'),
    ("while scanning an anchor", 'a text that starts with "&" must stand in quotes'),
    ("block scalar", 'after "|" or ">" the text starts on the next line'),
)
_HINT = "check quotes, brackets and indentation, here and on the line above"


def start_of(event: yaml.Event) -> int:
    """The character at which an event starts."""
    return event.start_mark.index if event.start_mark else 0


def end_of(event: yaml.Event) -> int:
    """The character before which an event ends."""
    return event.end_mark.index if event.end_mark else 0


class Refused(Exception):
    """The rest of a file cannot be read: why, where, and what to do."""

    def __init__(self, code: str, message: str, place: tuple[int, int], label: str) -> None:
        super().__init__(message)
        self.code, self.message, self.place, self.label = code, message, place, label


def events(source: Source) -> Iterator[yaml.Event]:
    """The events of a file's documents. Raises Refused where the file cannot or must not be read further."""
    if len(source.text) > MAX_LENGTH:
        message = f"the manifest is longer than {MAX_LENGTH:,} characters"
        raise Refused("file-too-large", message, (0, 1), "move the rows to a file of their own, and name it by path")
    try:
        yield from _limited(yaml.parse(source.text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, source) from None
    except (yaml.YAMLError, ValueError) as error:
        raise _bad_character(error, source) from None


def _limited(stream: Iterator[yaml.Event]) -> Iterator[yaml.Event]:
    depth = nodes = 0
    for event in stream:
        if isinstance(event, _STARTS):
            depth += 1
            if depth > MAX_DEPTH:
                raise _too_deep(start_of(event))
        elif isinstance(event, _ENDS):
            depth -= 1
            yield event
            continue
        nodes += 1
        if nodes > MAX_NODES:
            place = start_of(event), start_of(event) + 1
            label = "move the rows to a file of their own, and name it by path"
            raise Refused("too-many-values", f"the file holds more than {MAX_NODES:,} values", place, label)
        yield event


def _too_deep(index: int) -> Refused:
    return Refused("too-deep", f"more than {MAX_DEPTH} levels of nesting", (index, index + 1), "flatten the data")


def _bad_character(error: Exception, source: Source) -> Refused:
    """What the reader below the parser refused; it tells no usable place, so that is looked for here."""
    bad = _FORBIDDEN.search(source.text)
    if bad is None:
        return Refused("yaml-syntax", f"this is not YAML: {error}", (0, 1), "check the file")
    label = "remove it, or write it as an escape in double quotes"
    return Refused("control-character", f"the character U+{ord(bad[0]):04X} may not stand in YAML", bad.span(), label)


def _syntax_error(error: yaml.MarkedYAMLError, source: Source) -> Refused:
    mark = error.problem_mark or error.context_mark
    index = min(mark.index, len(source.text)) if mark else 0
    if "maximum nesting depth" in (error.problem or ""):
        # PyYAML 6.0.4 and later: the scanner, which reads ahead, has a limit of its own.
        return _too_deep(index)
    line = source.line_text(source.line_of(index))
    if "\t" in line[: len(line) - len(line.lstrip())]:
        start = source.start_of_line(source.line_of(index)) + line.index("\t")
        return Refused("tab-indentation", "a tab in the indentation", (start, start + 1), "indent with spaces")
    context = error.context_mark.index if error.context_mark else index
    for number in {source.line_of(index): 0, source.line_of(context): 0}:
        braces = _OPEN_BRACES.search(source.line_text(number))
        if braces:
            start = source.start_of_line(number) + braces.start(1)
            return unquoted_template((start, start + 2))
    problem = " ".join(part for part in (error.context, error.problem) if part)
    label = next((hint for words, hint in _HINTS if words in problem), _HINT)
    return Refused("yaml-syntax", f"this is not YAML: {error.problem or problem}", (index, index + 1), label)


def unquoted_template(place: tuple[int, int]) -> Refused:
    """A template that YAML takes for a mapping."""
    return Refused("unquoted-template", "a template must stand in quotes", place, 'write it as "{{ … }}"')
