"""A process that has imported the program and forks itself for each run: real processes without their start-up.

Reads one JSON object a line from its input. `{"run": ARGUMENTS, "folder", "environ", "out", "err", "sabotage",
"clock"}` is answered by `{"pid"}`, and `{"wait": PID}` by `{"status", "rss"}`, as os.waitstatus_to_exitcode and
ru_maxrss give them.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from batchctl.shell.cli import COMMANDS, main
from tests.campaign import clocks, saboteur


def serve() -> None:
    for section in COMMANDS.values():
        for _, module in section.values():
            import_module(f"batchctl.shell.commands.{module}")
    for module in ("batchctl.remote.http", "batchctl.act.passes", "batchctl.recorded.store", "batchctl.show.live"):
        import_module(module)
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            _, status, used = os.wait4(asked["wait"], 0)
            _say(status=os.waitstatus_to_exitcode(status), rss=used.ru_maxrss)
            continue
        pid = os.fork()
        if pid == 0:
            _become(asked)
        _say(pid=pid)


def _say(**fields: Any) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


def _become(asked: dict[str, Any]) -> NoReturn:
    """The program, in this process."""
    os.setsid()
    os.chdir(asked["folder"])
    for descriptor, name, flags in ((0, os.devnull, os.O_RDONLY), (1, asked["out"], os.O_WRONLY | os.O_CREAT),
                                    (2, asked["err"], os.O_WRONLY | os.O_CREAT)):
        os.dup2(os.open(name, flags, 0o600), descriptor)
    sys.stdin, sys.stdout, sys.stderr = (open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
                                         for number, mode in ((0, "r"), (1, "w"), (2, "w")))
    os.environ.clear()
    os.environ.update(asked["environ"])
    time.tzset()
    sys.argv = ["batchctl", *asked["run"]]
    if asked.get("clock"):
        clocks.wrong(**asked["clock"])
    code: object = 70
    try:
        with _sabotaged(**asked.get("sabotage") or {}):
            main()
    except SystemExit as end:
        code = end.code
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):  # whoever read it may have gone
                stream.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))


def _sabotaged(kind: str = "", folder: str = "", seen: str = "", **how: Any) -> AbstractContextManager[None]:
    """`kind`: `files` below `folder`, or `sends`; `how` as in Saboteur, its `seen` a file."""
    if not kind:
        return nullcontext()
    made = saboteur.Saboteur(**how, seen=saboteur.Noted(seen))
    return saboteur.sends(made) if kind == "sends" else saboteur.files(made, Path(folder))


if __name__ == "__main__":
    serve()
