"""Requests to an endpoint, so many in flight, and nothing kept. Arguments: URL, how many, in flight."""

from __future__ import annotations

import asyncio
import sys

import httpx

_BODY = {"model": "m", "messages": [{"role": "user", "content": "Say positive or negative."}]}


async def main(url: str, requests: int, in_flight: int) -> None:
    """Asks all."""
    numbers = iter(range(requests))
    limits = httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
    async with httpx.AsyncClient(limits=limits, timeout=60) as client:

        async def work() -> None:
            for _ in numbers:
                (await client.post(url, json=_BODY)).raise_for_status()

        await asyncio.gather(*(work() for _ in range(in_flight)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
