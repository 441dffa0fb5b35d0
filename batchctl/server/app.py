"""The HTTP application: all routes, and one shape for every refusal."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp

from batchctl.server import envelope
from batchctl.server.batch_routes import BatchRoutes
from batchctl.server.errors import ApiError
from batchctl.server.file_routes import FileRoutes
from batchctl.server.front import Front
from batchctl.server.own_routes import OwnRoutes
from batchctl.server.site import Site
from batchctl.server.sync_routes import SyncRoutes


def make_app(site: Site) -> ASGIApp:
    """The ASGI application of one server."""

    async def refuse(request: Request, error: Exception) -> Response:
        return envelope.refusal(_as_refusal(request, error), site.dialect, request.headers)

    app = Starlette(
        routes=[
            route
            for part in (FileRoutes, BatchRoutes, SyncRoutes, OwnRoutes)
            for route in part(site).routes()
        ],
        exception_handlers={
            ApiError: refuse,
            HTTPException: refuse,
            ClientDisconnect: refuse,
            Exception: refuse,
        },
    )
    # The vendors do not redirect `/files/` to `/files`, and a redirected POST is a second POST.
    app.router.redirect_slashes = False
    return Front(app, site.dialect, site.token, any_host=site.open_to_others)


def _as_refusal(request: Request, error: Exception) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, HTTPException):
        asked = f"{request.method} {request.url.path}"
        if error.status_code == 404:
            return ApiError(404, f"Invalid URL ({asked})")
        if error.status_code == 405:
            return ApiError(405, f"Not allowed to {request.method} on {request.url.path}.")
        return ApiError(error.status_code, error.detail)
    if isinstance(error, ClientDisconnect):
        # Nobody reads this; but a client that went away is no fault of ours, to be logged as one.
        return ApiError(400, "The client went away.")
    return ApiError(500, "The server had an error while processing your request.", kind="server_error")
