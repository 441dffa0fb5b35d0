"""The door: lets in who has a key and says which provider is meant, and gives each reply an id."""

from __future__ import annotations

import hmac
import secrets
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from batchctl.server import envelope
from batchctl.server.dialects import ServerDialect
from batchctl.server.errors import ApiError
from batchctl.server.hosts import is_own_name

OWN_PATHS = "/_batchctl/"


class Front:
    """In front of all routes; with a token, only who has this one is let in."""

    def __init__(self, app: ASGIApp, dialect: ServerDialect, token: str | None, *, any_host: bool) -> None:
        """Without `any_host`, calls must name this machine in their `Host` header."""
        self._app = app
        self._dialect = dialect
        self._token = token
        self._any_host = any_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return
        began = time.monotonic()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = f"req_{secrets.token_hex(16)}"
                headers["openai-processing-ms"] = str(round((time.monotonic() - began) * 1000))
            await send(message)

        refusal = self._refusal(scope["path"], Headers(scope=scope))
        await (refusal or self._app)(scope, receive, send_with_id)

    def _refusal(self, path: str, headers: Headers) -> JSONResponse | None:
        host = headers.get("host", "")
        if not self._any_host and not is_own_name(host):
            error = ApiError(403, f"This server answers calls to this machine, not to '{host[:100]}'.")
            return envelope.refusal(error, self._dialect, headers)
        own = path.startswith(OWN_PATHS)
        wanted = self._dialect.gateway_headers
        if wanted and not own and not any(headers.get(name) for name in wanted):
            names = " or ".join(f"'{name}'" for name in wanted)
            return envelope.gateway_refusal(f"Either {names} header is required")
        refused = self._key_error(headers)
        return None if refused is None else envelope.refusal(refused, self._dialect, headers)

    def _key_error(self, headers: Headers) -> ApiError | None:
        keys = [found for name in self._dialect.key_headers if (found := _key(name, headers))]
        if not keys:
            return ApiError(401, "You didn't provide an API key. " + _how(self._dialect.key_headers))
        if self._token is not None and not hmac.compare_digest(keys[0].encode(), self._token.encode()):
            return ApiError(401, "Incorrect API key provided.", code="invalid_api_key")
        return None


def _key(name: str, headers: Headers) -> str:
    value = headers.get(name, "")
    if name != "authorization":
        return value.strip()
    scheme, _, bearer = value.partition(" ")
    return bearer.strip() if scheme.lower() == "bearer" else ""


def _how(names: tuple[str, ...]) -> str:
    ways = [
        "in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)"
        if name == "authorization"
        else f"in the header {name}"
        for name in names
    ]
    return f"You need to provide your API key {', or '.join(ways)}."
