"""The calls that are this server's own and no vendor's: leases, and the release of held batches."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from batchctl.server.front import OWN_PATHS
from batchctl.server.lease import LeaseResponse
from batchctl.server.site import Site


class OwnRoutes:
    """Handlers below `/_batchctl`."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[Route]:
        """A release can be asked for only where batches are held."""
        found = [Route(OWN_PATHS + "lease", self.lease, methods=["GET"])]
        if self._site.hold is not None:
            found.append(Route(OWN_PATHS + "release", self.release, methods=["POST"]))
        return found

    async def lease(self, request: Request) -> Response:
        """An answer that does not end while the client wants the server."""
        return LeaseResponse(
            self._site.leases, request.query_params.get("mode", "run"), self._site.instance
        )

    async def release(self, request: Request) -> Response:
        """Lets the lines of all batches run that there are now."""
        assert self._site.hold is not None
        self._site.hold.release()
        return JSONResponse({"released": True})
