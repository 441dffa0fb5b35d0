"""The calls below `/files`."""

from __future__ import annotations

import asyncio
import re

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from batchctl.server.creation import expiry_s
from batchctl.server.errors import ApiError, missing
from batchctl.server.files import StoredFile
from batchctl.server.objects import file_object
from batchctl.server.paging import newest_first
from batchctl.server.site import Site
from batchctl.server.uploads import Upload, receive

# Longer than any that is allowed, and short enough to be read as a number.
SECONDS = re.compile(r"[0-9]{1,18}")


class Content(FileResponse):
    """A file's bytes, or a range of them, in larger steps than the framework's."""

    chunk_size = 1024 * 1024


class FileRoutes:
    """Handlers that read a request, call the shelf, and shape the reply."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[Route]:
        """Below the dialect's prefix."""
        base = f"{self._site.dialect.prefix}/files"
        return [
            Route(base, self.upload, methods=["POST"]),
            Route(base, self.list, methods=["GET"]),
            Route(base + "/{id}", self.retrieve, methods=["GET"]),
            Route(base + "/{id}", self.delete, methods=["DELETE"]),
            Route(base + "/{id}/content", self.content, methods=["GET"]),
        ]

    async def upload(self, request: Request) -> Response:
        """Receives a file; it is on the disk when the reply is sent."""
        shelf, dialect = self._site.shelf, self._site.dialect
        file_id = dialect.ids.file()
        part = shelf.part_path(file_id)
        content_type = request.headers.get("content-type", "")
        try:
            form = await receive(content_type, request.stream(), part, dialect.max_upload_bytes)
            purpose, lifetime_s = self._checked(form)
            await asyncio.to_thread(shelf.make_durable, file_id)
        finally:
            part.unlink(missing_ok=True)
        now = self._site.now()
        file = shelf.add(
            file_id,
            purpose=purpose,
            filename=form.filename,
            size=form.size,
            now=now,
            expires_at=now + lifetime_s,
        )
        return JSONResponse(file_object(file, dialect.shape))

    def _checked(self, form: Upload) -> tuple[str, int]:
        dialect = self._site.dialect
        purpose = form.fields.get("purpose")
        if purpose is None:
            raise missing("purpose")
        if purpose not in dialect.file_purposes:
            message = f"'{purpose}' is not one of {list(dialect.file_purposes)} - 'purpose'"
            raise ApiError(400, message, param="purpose", code="invalid_value")
        anchor = form.fields.get("expires_after[anchor]")
        seconds = form.fields.get("expires_after[seconds]")
        if dialect.expiry_s is None or (anchor is None and seconds is None):
            return purpose, dialect.input_retention_s
        number = int(seconds) if seconds is not None and SECONDS.fullmatch(seconds) else seconds
        return purpose, expiry_s("expires_after", anchor, number, dialect.expiry_s)

    async def list(self, request: Request) -> Response:
        """One page of the files."""
        dialect, query = self._site.dialect, request.query_params
        limit = dialect.paging.limit(query, dialect.files_page)
        behind = dialect.paging.behind(query)
        after: StoredFile | None = None if behind is None else self._site.file(behind)
        found = self._site.shelf.page(
            now=self._site.now(),
            purpose=query.get("purpose"),
            after=after,
            newest_first=newest_first(query),
            limit=limit + 1,
        )
        items = [file_object(file, dialect.shape) for file in found[:limit]]
        return JSONResponse(dialect.paging.page(items, more=len(found) > limit))

    async def retrieve(self, request: Request) -> Response:
        """One file's object."""
        file = self._site.file(request.path_params["id"])
        return JSONResponse(file_object(file, self._site.dialect.shape))

    async def delete(self, request: Request) -> Response:
        """Forgets a file; a live batch that reads it goes on."""
        file = self._site.file(request.path_params["id"])
        self._site.shelf.delete(file)
        self._site.shelf.remove_gone(self._site.now())
        return JSONResponse({"id": file.id, "object": "file", "deleted": True})

    async def content(self, request: Request) -> Response:
        """The bytes, with `Range` and `If-Range`."""
        return content_of(self._site, request.path_params["id"])


def content_of(site: Site, file_id: str) -> Response:
    """The bytes of a file as a download. Raises `ApiError` 404 for a file that is unknown or gone."""
    file = site.file(file_id)
    path = site.shelf.path(file.id)
    if not path.is_file():
        raise ApiError(500, f"The bytes of {file.id} are missing from the data folder.", kind="server_error")
    return Content(path, media_type=site.dialect.content_type, filename=file.filename)
