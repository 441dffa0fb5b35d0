"""200 MB to a provider and back, beside curl."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks import servers
from tests.benchmarks.benchmark import Benchmark, Contender, Place

_MB = 200
#: So often in one process, so that its start does not count for much.
_TIMES = 5
_BLOCK = b"0123456789abcdef" * (1 << 16)


def contenders(place: Place) -> list[Contender]:
    """The server drains what it is sent, and sends a file from the kernel: it is never what is waited for."""
    path, port = place.folder / "file", servers.free_port()
    if not path.exists():
        with open(path, "wb") as file:
            for _ in range(_MB * 10**6 // len(_BLOCK) + 1):
                file.write(_BLOCK)
            file.truncate(_MB * 10**6)
    base = f"http://127.0.0.1:{port}/v1"

    @contextmanager
    def drain() -> Iterator[None]:
        with servers.running(servers.module("drain", str(port), str(path)), port):
            yield

    def contender(name: str, *command: str, is_baseline: bool = False) -> Contender:
        return Contender(name, command, _MB * _TIMES, "MB", is_baseline=is_baseline, around=drain)

    out = str(place.folder / "out")
    up = ["-sf", "-F", "purpose=batch", "-F", f"file=@{path}", "-o", out, f"{base}/files", "--next"] * _TIMES
    down = ["-sf", "-o", out, f"{base}/files/file-1/content", "--next"] * _TIMES
    return [
        contender("curl up", "curl", *up[:-1], is_baseline=True),
        contender("curl down", "curl", *down[:-1], is_baseline=True),
        contender("curl up, together", "curl", "--parallel", "--parallel-immediate", *up[:-1], is_baseline=True),
        contender("batchctl up", *servers.module("transfers", "up", base, str(path), str(_TIMES))),
        contender("batchctl up, together", *servers.module("transfers", "together", base, str(path), str(_TIMES))),
        contender("batchctl down", *servers.module("transfers", "down", base, out, str(_TIMES))),
    ]


BENCHMARK = Benchmark("200 MB up and down on loopback", contenders, sizes=(_MB,))
