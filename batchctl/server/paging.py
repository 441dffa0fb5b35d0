"""The query parameters by which a client walks a list."""

from __future__ import annotations

from starlette.datastructures import QueryParams

from batchctl.server.errors import ApiError, invalid_value


def limit_of(query: QueryParams, page: tuple[int, int]) -> int:
    """`limit`, given the default and the largest. Raises `ApiError` 400 for what is not in 1..largest."""
    default, largest = page
    text = query.get("limit")
    if text is None:
        return default
    try:
        limit = int(text)
    except ValueError:
        raise ApiError(
            400, "Invalid type for 'limit': expected an integer.", param="limit", code="invalid_type"
        ) from None
    if not 1 <= limit <= largest:
        raise invalid_value("limit", f"Invalid 'limit': must be from 1 to {largest}, but is {limit}.")
    return limit


def newest_first(query: QueryParams) -> bool:
    """`order`, desc by default. Raises `ApiError` 400 for another word."""
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise invalid_value("order", f"Invalid value: '{order}'. Supported values are: 'asc' and 'desc'.")
    return order == "desc"
