"""The ways in which a client walks a list: by the last id it has seen, or by an opaque cursor."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Protocol

import orjson
from starlette.datastructures import QueryParams

from batchctl.server.errors import ApiError, invalid_value

CURSOR = "cursor_"

Object = dict[str, Any]


class Paging(Protocol):
    """What a dialect reads from a list's query, and how it shapes a page."""

    def behind(self, query: QueryParams) -> str | None:
        """The id behind which the page begins; None for the first page. Raises `ApiError` 400."""
        ...

    def limit(self, query: QueryParams, sizes: tuple[int, int]) -> int:
        """How many items, given the default and the largest. Raises `ApiError` 400."""
        ...

    def page(self, items: Sequence[Object], *, more: bool) -> Object:
        """The reply."""
        ...


class ByLastId:
    """`after` and `limit`; the page says whether there is more."""

    def behind(self, query: QueryParams) -> str | None:
        """`after`."""
        return query.get("after")

    def limit(self, query: QueryParams, sizes: tuple[int, int]) -> int:
        """`limit`."""
        return limit_of(query, sizes)

    def page(self, items: Sequence[Object], *, more: bool) -> Object:
        """With the first and the last id, and `has_more`."""
        return {
            "object": "list",
            "data": list(items),
            "first_id": items[0]["id"] if items else None,
            "last_id": items[-1]["id"] if items else None,
            "has_more": more,
        }


class ByLastIdWithNulls(ByLastId):
    """The same, but null stands for an empty list, and for there being no more."""

    def page(self, items: Sequence[Object], *, more: bool) -> Object:
        """Without the first and the last id."""
        return {"object": "list", "data": list(items) or None, "has_more": more or None}


class ByCursor:
    """`cursor` alone; other parameters are ignored, as unknown ones are, and pages have one size."""

    def behind(self, query: QueryParams) -> str | None:
        """What the `cursor` of an earlier page stands for."""
        cursor = query.get("cursor")
        return None if cursor is None else _id_in(cursor)

    def limit(self, query: QueryParams, sizes: tuple[int, int]) -> int:
        """The default."""
        return sizes[0]

    def page(self, items: Sequence[Object], *, more: bool) -> Object:
        """With `paging.next_cursor`, null at the end."""
        cursor = _cursor(items[-1]["id"]) if more and items else None
        return {"object": "list", "data": list(items), "paging": {"next_cursor": cursor}}


BY_LAST_ID = ByLastId()
BY_LAST_ID_WITH_NULLS = ByLastIdWithNulls()
BY_CURSOR = ByCursor()


def _cursor(item_id: str) -> str:
    return CURSOR + base64.urlsafe_b64encode(orjson.dumps({"id": item_id})).decode().rstrip("=")


def _id_in(cursor: str) -> str:
    text = cursor.removeprefix(CURSOR)
    try:
        found = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))["id"]
    except (binascii.Error, ValueError, KeyError, TypeError):
        found = None
    if not isinstance(found, str) or text == cursor:
        raise invalid_value("cursor", f"Invalid cursor: '{cursor[:200]}'.")
    return found


def limit_of(query: QueryParams, sizes: tuple[int, int]) -> int:
    """`limit`, given the default and the largest. Raises `ApiError` 400 for what is not in 1..largest."""
    default, largest = sizes
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
