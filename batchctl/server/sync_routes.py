"""The synchronous endpoints: one request, answered at once by what answers the lines of batches. Nothing is kept."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import orjson
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from batchctl.server.errors import ApiError, invalid_type
from batchctl.server.site import Site
from batchctl.server.upstream import Answer, LineRequest, UnreachableError, streaming_refused
from batchctl.words.audio import AUDIO

MAX_BODY_BYTES = 64 * 1024 * 1024


class SyncRoutes:
    """Handlers for each endpoint that a line may be for."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[Route]:
        """Below the dialect's prefix, which stands for the `/v1` of an endpoint."""
        dialect = self._site.dialect
        return [
            Route(dialect.prefix + endpoint.removeprefix("/v1"), self.ask, methods=["POST"], name=endpoint)
            for endpoint in dialect.endpoints
        ]

    async def ask(self, request: Request) -> Response:
        """Asked once. Lines that wait for somebody to want them hold their places meanwhile, so that there is none to
        wait for here; the upstream's own connections bound how many are under way."""
        site = self._site
        url = "/v1" + request.url.path.removeprefix(site.dialect.prefix)
        spoken = url in AUDIO and request.headers.get("content-type", "").startswith("multipart/form-data")
        body = await (_form(request) if spoken else _json(request))
        # The id of an answer follows from what was asked, as that of a line does.
        line = LineRequest(hashlib.sha256(orjson.dumps(body)).hexdigest(), url, body)
        if body.get("stream"):
            return _response(streaming_refused("here"))
        try:
            return _response(await site.upstream.once(line))
        except UnreachableError as error:
            message = f"The upstream cannot be connected to: {error}"
            raise ApiError(503, message, code="upstream_unreachable", kind="server_error") from error


def _response(answer: Answer) -> Response:
    """Raises `ApiError` 502 where the upstream gave no answer that can be passed on."""
    if answer.status is None:
        raise ApiError(502, answer.error_message or "", code=answer.error_code, kind="server_error")
    return Response(orjson.dumps(answer.body), answer.status, media_type="application/json")


async def _json(request: Request) -> dict[str, Any]:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BODY_BYTES:
            raise ApiError(413, f"The body of the request is larger than {MAX_BODY_BYTES} bytes.")
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise ApiError(400, "The body of the request is not JSON.") from None
    if not isinstance(body, dict):
        raise invalid_type("body", "an object", body)
    return body


async def _form(request: Request) -> dict[str, Any]:
    """The fields as a line's body would have them: a recording becomes a `data:` URL."""
    made: dict[str, Any] = {}
    async with request.form(max_part_size=MAX_BODY_BYTES) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                kind = (value.filename or "").rpartition(".")[2] or "wav"
                content = base64.b64encode(await value.read()).decode()
                made["url"] = f"data:audio/{kind};base64,{content}"
            elif name.endswith("[]"):
                made.setdefault(name.removesuffix("[]"), []).append(value)
            else:
                made[name] = value
    return made
