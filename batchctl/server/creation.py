"""Checks what a client asks for when it creates a batch, with the vendor's refusals."""

from __future__ import annotations

import re
from typing import Any

import orjson

from batchctl.server.batches import NewBatch
from batchctl.server.dialects import DAY_S, ServerDialect
from batchctl.server.errors import ApiError, invalid_type, invalid_value, missing

PARAMETERS = ("input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after")
MAX_PAIRS, MAX_KEY, MAX_VALUE = 16, 64, 512
WINDOW = re.compile(r"([1-9]\d{0,2})([hd])")
HOUR_S = 3_600
LONGEST_S = 7 * DAY_S


def read_creation(raw: bytes, dialect: ServerDialect) -> NewBatch:
    """The wish, if it can be granted; that its file exists is still to be seen. Raises `ApiError` 400."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise ApiError(400, "We could not parse the JSON body of your request.") from None
    if not isinstance(body, dict):
        raise ApiError(400, "The body of the request must be a JSON object.")
    for name in body:
        if name not in PARAMETERS:
            raise ApiError(400, f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
    endpoint = _text(body, "endpoint")
    if endpoint not in dialect.endpoints:
        raise invalid_value("endpoint", _not_among(endpoint, dialect.endpoints))
    window = _text(body, "completion_window")
    return NewBatch(
        endpoint=endpoint,
        input_file_id=_text(body, "input_file_id"),
        completion_window=window,
        window_s=window_s(window),
        metadata=_metadata(body.get("metadata")),
        output_expires_s=_output_expiry(body.get("output_expires_after"), dialect),
    )


def window_s(window: str) -> int:
    """Seconds of `1h` to `168h` or `1d` to `7d`. Raises `ApiError` 400 for anything else."""
    match = WINDOW.fullmatch(window)
    seconds = int(match[1]) * (HOUR_S if match[2] == "h" else DAY_S) if match else 0
    if not 0 < seconds <= LONGEST_S:
        message = (
            f"Invalid value: '{window}'. Supported values are: '24h', and '1h' to '168h' or '1d' to '7d'."
        )
        raise invalid_value("completion_window", message)
    return seconds


def expiry_s(param: str, anchor: object, seconds: object, dialect: ServerDialect) -> int:
    """Seconds of an `expires_after`. Raises `ApiError` 400 for another anchor, or seconds out of range."""
    if anchor is None:
        raise missing(f"{param}.anchor")
    if anchor != "created_at":
        raise invalid_value(f"{param}.anchor", _not_among(anchor, ("created_at",)))
    if seconds is None:
        raise missing(f"{param}.seconds")
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise invalid_type(f"{param}.seconds", "an integer", seconds)
    least, most = dialect.expiry_s
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


def _metadata(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise invalid_type("metadata", "an object", value)
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
    return orjson.dumps(value).decode()


def _too_long(param: str, longest: int, text: str) -> ApiError:
    message = (
        f"Invalid '{param}': string too long. Expected a string with maximum length {longest},"
        f" but got a string with length {len(text)} instead."
    )
    return ApiError(400, message, param=param, code="string_above_max_length")


def _output_expiry(value: object, dialect: ServerDialect) -> int | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise invalid_type("output_expires_after", "an object", value)
    return expiry_s("output_expires_after", value.get("anchor"), value.get("seconds"), dialect)


def _not_among(value: object, allowed: tuple[str, ...]) -> str:
    names = ", ".join(f"'{name}'" for name in allowed)
    return f"Invalid value: '{value}'. Supported values are: {names}."
