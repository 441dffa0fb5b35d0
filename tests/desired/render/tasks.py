"""Tasks for the pool's tests, in a module that a worker can import."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from batchctl.words.diagnostics import Diagnostic, Span
from batchctl.words.errors import InvalidInput

Frames = Generator[tuple[dict[str, Any], bytes], None, dict[str, Any] | None]


@dataclass(frozen=True)
class Numbers:
    """Blocks 0 to count - 1, each with its number and some bytes; `trouble` happens at block `at`."""

    count: int
    trouble: str = ""
    at: int = 0
    size: int = 10

    def blocks(self, worker: int, workers: int, beat: Callable[[int], None]) -> Frames:
        for number in range(worker, self.count, workers):
            beat(number)
            if number == self.at:
                self._trouble(beat)
            if self.trouble == "pieces":
                yield {"n": number, "more": True}, b"a"
            yield {"n": number}, b"%d " % number * self.size
        return {"worker": worker}

    def locate(self, place: int) -> str:
        return f"block {place}"

    def _trouble(self, beat: Callable[[int], None]) -> None:
        if self.trouble == "exit":
            os._exit(3)
        if self.trouble == "kill":
            os.kill(os.getpid(), 9)
        if self.trouble == "bug":
            raise KeyError("oops")
        if self.trouble == "mistake":
            raise InvalidInput([Diagnostic("some-code", "a mistake", Span("a.csv", 3), notes=("a note",))])
        if self.trouble == "print":
            print("stray " * 1000)
            sys.stdout.flush()
        if self.trouble == "memory":
            held = [bytes(2**20) for _ in range(10**6)]
            raise AssertionError(len(held))
        if self.trouble == "loop":
            while True:
                pass
        if self.trouble == "c-loop":  # holds the interpreter's lock, and no signal handler of Python's can run
            sum(range(10**12))
        if self.trouble == "slow":
            for row in range(8):
                beat(self.at + row)
                time.sleep(0.2)


@dataclass(frozen=True)
class Environment:
    """One block that tells what a worker is given."""

    def blocks(self, worker: int, workers: int, beat: Callable[[int], None]) -> Frames:
        import resource
        import signal

        beat(0)
        yield {
            "names": sorted(os.environ), "path": sys.path, "cores": resource.getrlimit(resource.RLIMIT_CORE)[0],
            "interrupt": signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
            "modules": sorted(sys.modules), "descriptors": sorted(os.listdir("/proc/self/fd")),
        }, b""  # fmt: skip
        return None

    def locate(self, place: int) -> str:
        return ""
