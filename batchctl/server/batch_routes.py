"""The calls below `/batches`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from batchctl.server import batches
from batchctl.server.batches import Batch
from batchctl.server.creation import read_creation
from batchctl.server.errors import ApiError
from batchctl.server.objects import batch_object, page_object
from batchctl.server.paging import limit_of
from batchctl.server.site import Site

MAX_BODY_BYTES = 1024 * 1024


class BatchRoutes:
    """Handlers that read a request, move a batch, and shape the reply."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[Route]:
        """Below the dialect's prefix."""
        dialect = self._site.dialect
        base = f"{dialect.prefix}/batches"
        return [
            Route(base, self.create, methods=["POST"]),
            Route(base, self.list, methods=["GET"]),
            Route(base + "/{id}", self.retrieve, methods=["GET"]),
            Route(base + "/{id}" + dialect.cancel_path, self.cancel, methods=[dialect.cancel_method]),
        ]

    async def create(self, request: Request) -> Response:
        """Makes a batch; it is on the disk when the reply is sent."""
        site = self._site
        new = read_creation(await _body(request), site.dialect)
        file = site.shelf.find(new.input_file_id, site.now())
        if file is None:
            message = f"Cannot find file {new.input_file_id}, or this server does not have it any more."
            raise ApiError(400, message, param="file_id", code="invalid_request")
        if file.purpose not in site.dialect.file_purposes:
            message = f"The purpose of {file.id} is '{file.purpose}', which a batch cannot be made from."
            raise ApiError(400, message, param="input_file_id", code="invalid_request")
        site.uptime.save()
        batch = batches.add(
            site.database,
            new,
            now=site.now(),
            uptime_s=site.uptime.seconds(),
            anchor=site.uptime.anchor(),
        )
        site.engine.adopt(batch)
        return self._reply(batch)

    async def list(self, request: Request) -> Response:
        """One page of the batches, newest first."""
        query = request.query_params
        limit = limit_of(query, self._site.dialect.batches_page)
        after: Batch | None = self._site.batch(query["after"]) if "after" in query else None
        found = batches.page(self._site.database, after=after, limit=limit + 1)
        items = [batch_object(batch, self._site.uptime.expires_at(batch)) for batch in found[:limit]]
        return JSONResponse(page_object(items, has_more=len(found) > limit))

    async def retrieve(self, request: Request) -> Response:
        """One batch's object."""
        return self._reply(self._site.batch(request.path_params["id"]))

    async def cancel(self, request: Request) -> Response:
        """Begins to cancel; asking again is answered the same."""
        batch = self._site.batch(request.path_params["id"])
        if batch.status != "cancelling" and not self._site.engine.cancel(batch):
            raise ApiError(
                400, f"Cannot cancel a batch with status '{batch.status}'.", code="invalid_request"
            )
        return self._reply(self._site.batch(batch.id))

    def _reply(self, batch: Batch) -> Response:
        return JSONResponse(batch_object(batch, self._site.uptime.expires_at(batch)))


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise ApiError(413, f"The body of the request is larger than {MAX_BODY_BYTES} bytes.")
    return bytes(body)
