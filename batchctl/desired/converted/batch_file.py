"""Reads the lines of a batch file (custom_id, method, url, body), with every mistake at its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from batchctl.desired.converted.other_files import looks_like
from batchctl.desired.inputs.json_values import NotJson, parse
from batchctl.desired.manifest.values import is_dynamic
from batchctl.desired.render.findings import Findings
from batchctl.desired.render.selection import MAX_KEY, has_control
from batchctl.words.diagnostics import Diagnostic, Span
from batchctl.words.digest import canonical_json
from batchctl.words.errors import InvalidInput, StateError

_PATH = re.compile(r"/[!-~]{0,199}")
_MEMBERS = {"custom_id": "a text", "method": "a text", "url": "a text", "body": "an object"}
_TYPES: dict[str, type] = {"custom_id": str, "method": str, "url": str, "body": dict}
_LINE = 'a line is {"custom_id": …, "method": "POST", "url": …, "body": {…}}'


class Line(NamedTuple):
    """One request of the file."""

    number: int
    custom_id: str
    url: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BatchFile:
    """A file that is read as often as it is needed; it is not kept in memory."""

    path: Path
    shown: str

    def lines(self) -> Iterator[Line]:
        """Its requests; what is no request is passed over. Raises StateError where it cannot be read."""
        for _, found in self._parsed():
            if isinstance(found, Line):
                yield found

    def check(self) -> None:
        """Raises InvalidInput with what keeps the file from being one job, and StateError where it cannot be read."""
        self._check_begin()
        findings = Findings()
        first: Line | None = None
        seen: dict[str, int] = {}
        for number, found in self._parsed():
            if isinstance(found, Line):
                first = first or found
                findings.add(self._of_file(found, first, seen))
                seen.setdefault(found.custom_id, number)
            else:
                findings.add([found])
            if findings.full:
                break
        if first is None and not findings:
            raise InvalidInput([Diagnostic("no-requests", f"{self.shown} holds no requests", Span(self.shown, 1))])
        if findings:
            raise InvalidInput(findings.result())

    def _check_begin(self) -> None:
        """What is no batch file at all is one mistake, and not one a line. Raises InvalidInput and StateError."""
        number, line = next(self._raw(), (1, b""))
        found = looks_like(line, _MEMBERS) if line else None
        if found is not None:
            raise InvalidInput([Diagnostic(
                "not-a-batch-file", f"{self.shown} is no batch file; it looks like {found}", Span(self.shown, number),
                notes=(_LINE, "rows of data are `inputs` of a manifest; `batchctl init` writes one to start from"))])

    def finding(self, code: str, number: int, message: str, *notes: str) -> Diagnostic:
        return Diagnostic(code, f"line {number}: {message}", Span(self.shown, number), notes=notes)

    def _parsed(self) -> Iterator[tuple[int, Line | Diagnostic]]:
        for number, text in self._raw():
            yield number, self._line(number, text)

    def _raw(self) -> Iterator[tuple[int, bytes]]:
        """Lines that are not empty."""
        try:
            with self.path.open("rb") as file:
                for number, raw in enumerate(file, 1):
                    text = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
                    if text.strip():
                        yield number, text
        except OSError as error:
            raise StateError(f"{self.shown} cannot be read: {error.strerror or error}") from error

    def _line(self, number: int, raw: bytes) -> Line | Diagnostic:
        try:
            value = parse(raw)
        except (NotJson, UnicodeDecodeError) as error:
            return self.finding("json-syntax", number, f"this is not JSON: {error}")
        if not isinstance(value, dict):
            return self.finding("not-a-request", number, "this is no JSON object")
        wrong = [f'"{name}" must be {what}' for name, what in _MEMBERS.items()
                 if type(value.get(name, "POST" if name == "method" else None)) is not _TYPES[name]]
        unknown = sorted(value.keys() - _MEMBERS.keys())
        if unknown:
            wrong.append(f'"{unknown[0]}" is not a part of a request')
        if wrong:
            return self.finding("not-a-request", number, "; ".join(wrong), _LINE)
        return self._usable(number, value)

    def _usable(self, number: int, value: Mapping[str, Any]) -> Line | Diagnostic:
        custom_id, body = value["custom_id"], value["body"]
        if not 0 < len(custom_id) <= MAX_KEY or has_control(custom_id):
            return self.finding("key-invalid", number, "a custom_id has 1 to 512 characters, none of them a control "
                                                       "character")
        try:
            canonical_json([custom_id, body])
        except UnicodeEncodeError:
            return self.finding("json-syntax", number, "a text has half of a surrogate pair, which is no character")
        return Line(number, custom_id, value["url"], body) if value.get("method", "POST") == "POST" else self.finding(
            "method-not-post", number, f'the method is "{value["method"]}"; requests of a batch are POSTs')

    def _of_file(self, line: Line, first: Line, seen: Mapping[str, int]) -> Iterator[Diagnostic]:
        if line.custom_id in seen:
            yield self.finding("duplicate-key", line.number, f'the custom_id "{line.custom_id}" is that of line '
                               f"{seen[line.custom_id]} too", "each needs its own, as answers are told apart by it")
        if not _PATH.fullmatch(line.url):
            yield self.finding("bad-url", line.number, f'the url "{line.url}" is no path such as /v1/chat/completions')
        elif line.url != first.url:
            yield self.finding("mixed-endpoints", line.number, f'the url is "{line.url}", and on line {first.number} '
                               f'"{first.url}"', "a job has one endpoint: split the file by url, and convert each part")
        model = line.body.get("model")
        if not isinstance(model, str) or not model or is_dynamic(model):
            yield self.finding("no-model", line.number, "the body has no model that a job can name")
        elif model != first.body.get("model") and isinstance(first.body.get("model"), str):
            yield self.finding("mixed-models", line.number, f'the model is "{model}", and on line {first.number} '
                               f'"{first.body["model"]}"', "a job has one model: split the file by model, and convert "
                               "each part")
        if line.body.get("stream"):
            yield self.finding("stream-in-body", line.number, "a batch cannot stream its answers", "remove it")
