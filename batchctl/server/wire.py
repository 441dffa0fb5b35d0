"""uvicorn's HTTP, with the connection within the application's reach, so that a fault can cut it."""

from __future__ import annotations

import asyncio
from typing import cast

from starlette.types import Receive, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

TRANSPORT = "batchctl.transport"


class CuttableProtocol(H11Protocol):
    """Puts its transport into the state of each call's scope."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by asyncio; the state is shared by all connections, and this one gets a copy."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, TRANSPORT: transport}


def transport_of(scope: Scope) -> asyncio.Transport:
    """The connection that a call came on. Raises `LookupError` where the server is another."""
    return cast("asyncio.Transport", scope["state"][TRANSPORT])


async def cut(scope: Scope, receive: Receive, *, flush: bool = False) -> None:
    """Ends the connection; with `flush` only after what was sent has left. Returns when it has ended."""
    transport = transport_of(scope)
    if flush:
        transport.close()
    else:
        transport.abort()
    # uvicorn takes an application that returns without an answer for broken, unless it knows of the end.
    while (await receive())["type"] != "http.disconnect":
        pass
