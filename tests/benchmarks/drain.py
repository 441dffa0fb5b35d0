"""A server that throws away what it is sent and has one file, as fast as a socket goes. Arguments: port, file."""

from __future__ import annotations

import os
import socket
import sys
import threading

_STORED = b'{"id":"file-1","object":"file","bytes":1,"created_at":1,"filename":"batch.jsonl","purpose":"batch"}'
_BLOCK = 1 << 20


def serve(connection: socket.socket, name: str) -> None:
    """Answers one client until it goes."""
    into = memoryview(bytearray(_BLOCK))
    with connection, connection.makefile("rb", buffering=_BLOCK) as stream:
        while line := stream.readline():
            headers = {}
            while header := stream.readline().strip():
                key, _, value = header.partition(b":")
                headers[key.lower()] = value.strip()
            if line.startswith(b"GET"):
                with open(name, "rb") as file:
                    connection.sendall(_head(b"application/octet-stream", os.fstat(file.fileno()).st_size))
                    connection.sendfile(file)
                continue
            if headers.get(b"expect"):
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            left = int(headers[b"content-length"])
            while left:
                left -= stream.readinto(into[: min(left, _BLOCK)])
            connection.sendall(_head(b"application/json", len(_STORED)) + _STORED)


def _head(kind: bytes, length: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n" % (kind, length)


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0], sys.argv[2]), daemon=True).start()
