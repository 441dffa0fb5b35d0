"""The HTTP application: routes, the check of the bearer, and one shape for every refusal."""

from __future__ import annotations

import hmac
import secrets
import time

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from batchctl.server.batch_routes import BatchRoutes
from batchctl.server.errors import ApiError
from batchctl.server.file_routes import FileRoutes
from batchctl.server.lease import LeaseResponse
from batchctl.server.site import Site

LEASE_PATH = "/_batchctl/lease"


def make_app(site: Site) -> ASGIApp:
    """The ASGI application of one server."""

    async def lease(request: Request) -> Response:
        return LeaseResponse(site.leases, request.query_params.get("mode", "run"), site.instance)

    app = Starlette(
        routes=[
            *FileRoutes(site).routes(),
            *BatchRoutes(site).routes(),
            Route(LEASE_PATH, lease, methods=["GET"]),
        ],
        exception_handlers={
            ApiError: _refusal,
            HTTPException: _framework_refusal,
            ClientDisconnect: _gone,
            Exception: _fault,
        },
    )
    # The vendors do not redirect `/files/` to `/files`, and a redirected POST is a second POST.
    app.router.redirect_slashes = False
    return Front(app, site.token)


class Front:
    """Lets in who has a bearer, and gives each reply an id."""

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._token = token

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

        refusal = self._refusal(Headers(scope=scope).get("authorization", ""))
        if refusal is None:
            await self._app(scope, receive, send_with_id)
        else:
            await _json(refusal)(scope, receive, send_with_id)

    def _refusal(self, authorization: str) -> ApiError | None:
        scheme, _, bearer = authorization.partition(" ")
        bearer = bearer.strip()
        if scheme.lower() != "bearer" or not bearer:
            message = (
                "You didn't provide an API key. You need to provide your API key in an Authorization header"
                " using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
            )
            return ApiError(401, message)
        if self._token is not None and not hmac.compare_digest(bearer.encode(), self._token.encode()):
            return ApiError(401, "Incorrect API key provided.", code="invalid_api_key")
        return None


def _json(error: ApiError) -> JSONResponse:
    return JSONResponse(error.body(), status_code=error.status)


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return _json(error)


async def _framework_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    asked = f"{request.method} {request.url.path}"
    if error.status_code == 404:
        message = f"Invalid URL ({asked})"
    elif error.status_code == 405:
        message = f"Not allowed to {request.method} on {request.url.path}."
    else:
        message = error.detail
    return _json(ApiError(error.status_code, message))


async def _gone(request: Request, error: Exception) -> Response:
    # Nobody reads this; but a client that went away is no fault of ours, to be logged as one.
    return _json(ApiError(400, "The client went away."))


async def _fault(request: Request, error: Exception) -> Response:
    return _json(ApiError(500, "The server had an error while processing your request.", kind="server_error"))
