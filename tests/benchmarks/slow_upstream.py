"""A model's endpoint that takes a while for each answer, however many it is asked at once. Arguments: port, seconds."""

from __future__ import annotations

import asyncio
import sys

_BODY = (b'{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":'
         b'{"role":"assistant","content":"positive"},"finish_reason":"stop"}],'
         b'"usage":{"prompt_tokens":9,"completion_tokens":1}}')
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(_BODY) + _BODY


async def main(port: int, seconds: float) -> None:
    """Serves until it is ended."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = next(int(line.split(b":")[1]) for line in head.lower().splitlines()
                          if line.startswith(b"content-length"))
            await reader.readexactly(length)
            await asyncio.sleep(seconds)
            writer.write(_ANSWER)

    server = await asyncio.start_server(answer, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
