"""How a vendor words a refusal: the JSON around an `ApiError`."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.responses import JSONResponse

from batchctl.server.dialects import ServerDialect
from batchctl.server.errors import ApiError

USUAL_PROVIDER = "openai"


def refusal(error: ApiError, dialect: ServerDialect, headers: Headers) -> JSONResponse:
    """`{"error": {…}}` with the dialect's fields, and with the provider if the dialect names it."""
    fields: dict[str, Any] = {
        "message": error.message,
        "type": error.kind,
        "param": error.param,
        "code": error.code,
    }
    body: dict[str, Any] = {"error": {name: fields[name] for name in dialect.error_fields}}
    if dialect.names_provider:
        provider = provider_of(headers)
        body["error"]["message"] = f"{provider} error: {error.message}"
        body["provider"] = provider
    return JSONResponse(body, status_code=error.status)


def gateway_refusal(message: str) -> JSONResponse:
    """What a gateway says by itself, without any provider."""
    return JSONResponse({"status": "failure", "message": message}, status_code=400)


def provider_of(headers: Headers) -> str:
    """The provider that a call to a gateway names, in a header of its own or in its configuration."""
    named = headers.get("x-portkey-provider") or _configured(headers.get("x-portkey-config", ""))
    return named.removeprefix("@") or USUAL_PROVIDER


def _configured(config: str) -> str:
    """A configuration is JSON, or the name of one that is stored elsewhere."""
    try:
        named = orjson.loads(config).get("provider")
    except (orjson.JSONDecodeError, AttributeError):
        return ""
    return named if isinstance(named, str) else ""
