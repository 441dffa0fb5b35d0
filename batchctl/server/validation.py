"""Checks a batch's input file line by line, as strictly as the vendor, and notes where each line is."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from batchctl.server.batches import BatchError
from batchctl.server.dialects import ServerDialect
from batchctl.server.embedding import embedding_inputs
from batchctl.server.errors import json_type
from batchctl.words.audio import AUDIO

MAX_SHOWN = 200
# What a line's body needs, by the line's url: one of each of these.
NEEDED = dict.fromkeys(AUDIO, (("model",), ("url", "file")))


@dataclass(slots=True)
class CheckedInput:
    """What was found: of each good line its number, place in bytes and custom_id; the model; and errors."""

    numbers: array[int] = field(default_factory=lambda: array("Q"))
    starts: array[int] = field(default_factory=lambda: array("Q"))
    sizes: array[int] = field(default_factory=lambda: array("Q"))
    custom_ids: list[str] = field(default_factory=list)
    model: str | None = None
    errors: list[BatchError] = field(default_factory=list)
    refused: bool = False
    """The batch fails; without it, errors are of lines that are left out."""


def check_input(path: Path, endpoint: str, dialect: ServerDialect) -> CheckedInput:
    """Reads the file once, holding one line at a time; stops at the vendor's maximum number of errors.

    Raises `OSError` if the file cannot be read.
    """
    if path.stat().st_size > dialect.max_input_bytes:
        limit = dialect.max_input_bytes
        return _refused("file_too_large", f"The input file is larger than the maximum of {limit} bytes.")
    checker = _Checker(endpoint, dialect)
    with path.open("rb") as stream:
        for number, raw in enumerate(stream, start=1):
            if number > dialect.max_requests:
                limit = dialect.max_requests
                return _refused("too_many_tasks", f"The batch has more than the maximum of {limit} requests.")
            checker.check(number, raw)
            if dialect.bad_line_fails and len(checker.found.errors) >= dialect.max_validation_errors:
                break
    return checker.finish()


def _refused(code: str, message: str) -> CheckedInput:
    return CheckedInput(errors=[BatchError(code, message)], refused=True)


class _Checker:
    def __init__(self, endpoint: str, dialect: ServerDialect) -> None:
        self.endpoint = endpoint
        self.dialect = dialect
        self.found = CheckedInput()
        self._urls = dialect.endpoints if dialect.mixed_urls else (endpoint,)
        self._lines = 0
        self._position = 0
        self._first_lines: dict[str, int] = {}
        self._model_line = 0
        self._embedding_inputs = 0

    def check(self, number: int, raw: bytes) -> None:
        row = _row(raw)
        errors = list(self._errors_of(number, row))
        # Those of a file of bad lines alone would be as large as the file.
        if len(self.found.errors) < self.dialect.max_validation_errors:
            self.found.errors += errors
        if not errors:
            assert isinstance(row, dict)
            self.found.custom_ids.append(row["custom_id"])
            self.found.numbers.append(number)
            self.found.starts.append(self._position)
            self.found.sizes.append(len(raw))
        self._lines += 1
        self._position += len(raw)

    def finish(self) -> CheckedInput:
        dialect, errors = self.dialect, self.found.errors
        self.found.refused = not self.found.numbers or (bool(errors) and dialect.bad_line_fails)
        if self._lines == 0:
            errors.append(
                BatchError("empty_file", "The input file is empty. It must hold at least one request.")
            )
        elif self._lines < dialect.min_requests and not errors:
            message = (
                f"The batch has {self._lines} requests, fewer than the minimum of {dialect.min_requests}."
            )
            return _refused("too_few_tasks", message)
        if self._embedding_inputs > dialect.max_embedding_inputs:
            message = (
                f"The batch has more than the maximum of {dialect.max_embedding_inputs} embedding inputs."
            )
            return _refused("too_many_tasks", message)
        del errors[dialect.max_validation_errors :]
        return self.found

    def _errors_of(self, number: int, row: object) -> Iterator[BatchError]:
        if not isinstance(row, dict):
            message = "This line is not parseable as valid JSON."
            if row is not None:
                message = f"This line is not a JSON object, but {json_type(row)}."
            yield BatchError("invalid_json_line", message, number)
            return
        yield from self._check_custom_id(number, row.get("custom_id"))
        yield from self._check_target(number, row)
        yield from self._check_body(number, row.get("url"), row.get("body"))

    def _check_custom_id(self, number: int, custom_id: object) -> Iterator[BatchError]:
        if custom_id is None:
            yield _missing("custom_id", number)
        elif not isinstance(custom_id, str):
            yield _wrong_type("custom_id", "a string", custom_id, number)
        elif not custom_id:
            yield BatchError("invalid_value", "The custom_id must not be empty.", number, "custom_id")
        elif custom_id in self._first_lines:
            message = (
                f"The custom_id {_shown(custom_id)} is a duplicate of line {self._first_lines[custom_id]}."
                " It must be unique for each request in a batch."
            )
            yield BatchError("duplicate_custom_id", message, number, "custom_id")
        else:
            self._first_lines[custom_id] = number

    def _check_target(self, number: int, row: dict[str, object]) -> Iterator[BatchError]:
        method, url = row.get("method"), row.get("url")
        if method is None:
            yield _missing("method", number)
        elif method != "POST":
            yield BatchError(
                "invalid_method",
                f"Invalid value: {_shown(method)}. Supported values are: 'POST'.",
                number,
                "method",
            )
        if url is None:
            yield _missing("url", number)
        elif url not in self._urls:
            wanted = ", ".join(f"'{url}'" for url in self._urls)
            message = f"The URL {_shown(url)} does not match the batch's endpoint {wanted}."
            yield BatchError("url_mismatch", message, number, "url")

    def _check_body(self, number: int, url: object, body: object) -> Iterator[BatchError]:
        if body is None:
            yield _missing("body", number)
            return
        if not isinstance(body, dict):
            yield _wrong_type("body", "an object", body, number)
            return
        if self.endpoint == "/v1/embeddings":
            self._embedding_inputs += len(embedding_inputs(body.get("input")))
        for names in NEEDED.get(str(url), ()):
            if not any(isinstance(body.get(name), str) for name in names):
                yield _missing(f"body.{names[0]}", number)
        model = body.get("model")
        if model is not None and not isinstance(model, str):
            yield _wrong_type("body.model", "a string", model, number)
        elif self._model_line == 0:
            self._model_line, self.found.model = number, model
        elif model != self.found.model and self.dialect.one_model:
            message = (
                f"The model {_shown(model)} does not match the model {_shown(self.found.model)} of line"
                f" {self._model_line}. A batch must use one model."
            )
            yield BatchError("model_mismatch", message, number, "body.model")


def _row(raw: bytes) -> object:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def _missing(param: str, number: int) -> BatchError:
    return BatchError("missing_required_parameter", f"Missing required parameter: '{param}'.", number, param)


def _wrong_type(param: str, expected: str, got: object, number: int) -> BatchError:
    message = f"Invalid type for '{param}': expected {expected}, but got {json_type(got)} instead."
    return BatchError("invalid_type", message, number, param)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"
