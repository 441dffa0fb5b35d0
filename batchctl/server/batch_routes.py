"""The calls below `/batches`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from batchctl.server import batches
from batchctl.server.batches import Batch, BatchError, errors_json
from batchctl.server.creation import read_creation
from batchctl.server.errors import ApiError
from batchctl.server.file_routes import content_of
from batchctl.server.objects import batch_object
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
        one = base + "/{id}"
        routes = [
            Route(base, self.create, methods=["POST"]),
            Route(base, self.list, methods=["GET"]),
            Route(one, self.retrieve, methods=["GET"]),
            Route(one + dialect.cancel_path, self.cancel, methods=[dialect.cancel_method]),
            *(Route(one + path, self.refuse, methods=["GET"]) for path in dialect.dead_paths),
        ]
        if dialect.output_path is not None:
            routes.append(Route(one + dialect.output_path, self.output, methods=["GET"]))
        return routes

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
            ids=site.dialect.ids,
        )
        site.engine.adopt(batch)
        return self._reply(batch, site.dialect.shape.created_nulls)

    async def list(self, request: Request) -> Response:
        """One page of the batches, newest first."""
        site, dialect, query = self._site, self._site.dialect, request.query_params
        behind = dialect.paging.behind(query)
        hidden = site.veil.hidden(walk_goes_on=behind is not None)
        if dialect.ids_per_list and "id" in query:
            found, limit = self._named(query.getlist("id"), hidden), dialect.ids_per_list
        else:
            limit = dialect.paging.limit(query, dialect.batches_page)
            after: Batch | None = None if behind is None else site.batch(behind)
            found = batches.page(site.database, after=after, limit=limit + 1, hidden=hidden)
        items = [self._object(batch) for batch in found[:limit]]
        return JSONResponse(dialect.paging.page(items, more=len(found) > limit))

    def _named(self, ids: Sequence[str], hidden: frozenset[str]) -> Sequence[Batch]:
        most = self._site.dialect.ids_per_list
        if len(ids) > most:
            raise ApiError(400, f"There may be at most {most} ids, but there are {len(ids)}.", param="id")
        return batches.named(self._site.database, [name for name in ids if name not in hidden])

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
        return self._reply(self._site.batch(batch.id), self._site.dialect.shape.cancelled_nulls)

    async def output(self, request: Request) -> Response:
        """The output file's content; without one, the batch's errors, also with status 200."""
        batch = self._site.batch(request.path_params["id"])
        if batch.output_file_id is None:
            return JSONResponse(self._object(batch)["errors"])
        return content_of(self._site, batch.output_file_id)

    async def refuse(self, request: Request) -> Response:
        """For a path where no method is allowed."""
        raise HTTPException(405)

    def _reply(self, batch: Batch, nulls: frozenset[str] = frozenset()) -> Response:
        return JSONResponse(self._object(batch, nulls))

    def _object(self, batch: Batch, nulls: frozenset[str] = frozenset()) -> dict[str, Any]:
        site = self._site
        told = self._with_outage(batch) if site.dialect.tells_outage else batch
        return batch_object(told, site.uptime.expires_at(batch), site.dialect.shape, nulls)

    def _with_outage(self, batch: Batch) -> Batch:
        message = self._site.outage.message
        if message is None or batch.status != "in_progress":
            return batch
        return replace(batch, errors=errors_json([BatchError("upstream_unreachable", message)]))


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise ApiError(413, f"The body of the request is larger than {MAX_BODY_BYTES} bytes.")
    return bytes(body)
