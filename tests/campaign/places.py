"""Where a call may end up instead of at the provider: nowhere, at a door that nobody opens, at somebody else's host."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

import trustme


class Route(StrEnum):
    """What a connection meets instead of the provider."""

    UNKNOWN_HOST = "DNS fail"
    REFUSED = "refused"
    SILENT = "connect timeout"
    BAD_CERTIFICATE = "TLS bad cert"


@dataclass
class Places:
    """Origins by route, as scheme, host and port. `heard` is all that was said to a host that is not the provider."""

    origins: dict[Route, tuple[str, str, int]] = field(default_factory=dict)
    elsewhere: str = ""
    heard: list[bytes] = field(default_factory=list)


@contextmanager
def places() -> Iterator[Places]:
    made = Places()
    with ExitStack() as stack:
        closed = _listening(stack)
        refused = closed.getsockname()[1]
        closed.close()
        silent = stack.enter_context(socket.socket())
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        for _ in range(3):  # its queue is full: the next one is not let in
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(silent.getsockname())
        authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        made.origins = {
            Route.UNKNOWN_HOST: ("http", "provider.invalid", 80),
            Route.REFUSED: ("http", "127.0.0.1", refused),
            Route.SILENT: ("http", "127.0.0.1", silent.getsockname()[1]),
            Route.BAD_CERTIFICATE: ("https", "127.0.0.1", _hearing(stack, made, context)),
        }
        made.elsewhere = f"http://127.0.0.1:{_hearing(stack, made)}"
        yield made


def _listening(stack: ExitStack) -> socket.socket:
    made = stack.enter_context(socket.socket())
    made.bind(("127.0.0.1", 0))
    made.listen()
    return made


def _hearing(stack: ExitStack, made: Places, context: ssl.SSLContext | None = None) -> int:
    """A port that takes down what it is told, and says that all is well."""
    listening = _listening(stack)

    def serve() -> None:
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            with plain:
                try:
                    plain.settimeout(5)
                    connection = context.wrap_socket(plain, server_side=True) if context else plain
                    made.heard.append(connection.recv(1 << 16))
                    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
                    connection.close()
                except OSError:
                    continue

    threading.Thread(target=serve, daemon=True).start()
    stack.callback(listening.shutdown, socket.SHUT_RDWR)
    return int(listening.getsockname()[1])
