"""The refusals of the API, in the vendor's envelope: one exception and the ones met most often."""

from __future__ import annotations


class ApiError(Exception):
    """A call that is answered with an error object and an HTTP status; `envelope.py` gives it its form."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code
        self.kind = kind


def no_such_file(file_id: str) -> ApiError:
    """404 for a file id that is unknown, deleted or past its expiry."""
    return ApiError(404, f"No such File object: {file_id}", param="id")


def no_such_batch(batch_id: str) -> ApiError:
    """404 for an unknown batch id."""
    return ApiError(404, f"No batch found with id '{batch_id}'.", param="batch_id")


def invalid_value(param: str, message: str) -> ApiError:
    """400 for a parameter whose value is not one of those allowed."""
    return ApiError(400, message, param=param, code="invalid_value")


def invalid_type(param: str, expected: str, got: object) -> ApiError:
    """400 for a parameter of the wrong JSON type."""
    message = f"Invalid type for '{param}': expected {expected}, but got {json_type(got)} instead."
    return ApiError(400, message, param=param, code="invalid_type")


def missing(param: str) -> ApiError:
    """400 for a required parameter that was not sent."""
    message = f"Missing required parameter: '{param}'."
    return ApiError(400, message, param=param, code="missing_required_parameter")


def json_type(value: object) -> str:
    """A JSON value's type with its article, as the vendor's messages name it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int):
        return "an integer"
    if isinstance(value, float):
        return "a decimal"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"
