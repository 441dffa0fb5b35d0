"""Checks what a client asks for when it creates a batch, with the vendor's refusals."""

from __future__ import annotations

import re
from typing import Any

import orjson

from batchctl.server.batches import NewBatch
from batchctl.server.dialects import DAY_S, HOUR_S, ServerDialect
from batchctl.server.errors import ApiError, invalid_type, invalid_value, missing

MAX_PAIRS, MAX_KEY, MAX_VALUE = 16, 64, 512
WINDOW = re.compile(r"([1-9]\d{0,2})([hd])")


def read_creation(raw: bytes, dialect: ServerDialect) -> NewBatch:
    """The wish, if it can be granted; that its file exists is still to be seen. Raises `ApiError` 400."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise ApiError(400, "We could not parse the JSON body of your request.") from None
    if not isinstance(body, dict):
        raise ApiError(400, "The body of the request must be a JSON object.")
    for name in body:
        if name not in dialect.parameters and not dialect.drops_unknown:
            raise ApiError(400, f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
    endpoint = _text(body, "endpoint")
    if endpoint not in dialect.endpoints:
        raise invalid_value("endpoint", _not_among(endpoint, dialect.endpoints))
    window = _text({"completion_window": dialect.default_window, **body}, "completion_window")
    return NewBatch(
        endpoint=endpoint,
        input_file_id=_text(body, "input_file_id"),
        completion_window=window,
        window_s=window_s(window, dialect),
        metadata=_metadata(body.get("metadata"), dialect),
        output_expires_s=_output_expiry(body.get("output_expires_after"), dialect),
    )


def window_s(window: str, dialect: ServerDialect) -> int:
    """Seconds of a window such as `24h` or `7d`. Raises `ApiError` 400 for one that the dialect has not."""
    shortest, longest = dialect.windows_s
    if window in dialect.window_words:
        return shortest
    match = WINDOW.fullmatch(window)
    seconds = int(match[1]) * (HOUR_S if match[2] == "h" else DAY_S) if match else 0
    # Who offers one window alone takes it as a word: "1d" is not "24h" there.
    if shortest == longest and window != f"{shortest // HOUR_S}h":
        seconds = 0
    if not shortest <= seconds <= longest:
        message = f"Invalid value: '{window}'. Supported values are: {_windows(dialect)}."
        raise invalid_value("completion_window", message)
    return seconds


def _windows(dialect: ServerDialect) -> str:
    shortest, longest = (f"'{seconds // HOUR_S}h'" for seconds in dialect.windows_s)
    times = shortest if shortest == longest else f"{shortest} to {longest}, in hours or days"
    return ", ".join([times, *(f"'{word}'" for word in dialect.window_words)])


def expiry_s(param: str, anchor: object, seconds: object, allowed: tuple[int, int]) -> int:
    """Seconds of an `expires_after`. Raises `ApiError` 400 for another anchor, or seconds not `allowed`."""
    if anchor is None:
        raise missing(f"{param}.anchor")
    if anchor != "created_at":
        raise invalid_value(f"{param}.anchor", _not_among(anchor, ("created_at",)))
    if seconds is None:
        raise missing(f"{param}.seconds")
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise invalid_type(f"{param}.seconds", "an integer", seconds)
    least, most = allowed
    if not least <= seconds <= most:
        message = f"Invalid '{param}.seconds': must be from {least} to {most}, but is {seconds}."
        raise invalid_value(f"{param}.seconds", message)
    return seconds


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None:
        raise missing(name)
    if not isinstance(value, str):
        raise invalid_type(name, "a string", value)
    return value


def _metadata(value: object, dialect: ServerDialect) -> str | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise invalid_type("metadata", "an object", value)
    if dialect.metadata_strings:
        _check_pairs(value)
    return orjson.dumps(value).decode()


def _check_pairs(value: dict[str, object]) -> None:
    if len(value) > MAX_PAIRS:
        message = (
            f"Invalid 'metadata': too many properties. Expected an object with at most {MAX_PAIRS}"
            f" properties, but got an object with {len(value)} properties instead."
        )
        raise ApiError(400, message, param="metadata", code="object_above_max_properties")
    for key, text in value.items():
        if len(key) > MAX_KEY:
            raise _too_long("metadata", MAX_KEY, key)
        if not isinstance(text, str):
            raise invalid_type(f"metadata.{key}", "a string", text)
        if len(text) > MAX_VALUE:
            raise _too_long(f"metadata.{key}", MAX_VALUE, text)


def _too_long(param: str, longest: int, text: str) -> ApiError:
    message = (
        f"Invalid '{param}': string too long. Expected a string with maximum length {longest},"
        f" but got a string with length {len(text)} instead."
    )
    return ApiError(400, message, param=param, code="string_above_max_length")


def _output_expiry(value: object, dialect: ServerDialect) -> int | None:
    if value is None or dialect.expiry_s is None:
        return None
    if not isinstance(value, dict):
        raise invalid_type("output_expires_after", "an object", value)
    return expiry_s("output_expires_after", value.get("anchor"), value.get("seconds"), dialect.expiry_s)


def _not_among(value: object, allowed: tuple[str, ...]) -> str:
    names = ", ".join(f"'{name}'" for name in allowed)
    return f"Invalid value: '{value}'. Supported values are: {names}."
