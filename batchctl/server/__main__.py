"""`python -m batchctl.server`: the server by itself, for clients that start it and for services."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from batchctl.server.options import ServeOptions


def main() -> int:
    """Reads the command line and serves; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m batchctl.server", description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="folder for files and database"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--dialect", default="openai", choices=["openai"])
    parser.add_argument("--upstream", metavar="URL", help="OpenAI-compatible API that answers the lines")
    parser.add_argument(
        "--upstream-key-env", metavar="NAME", help="environment variable with the upstream's key"
    )
    parser.add_argument("--concurrency", type=int, default=8, metavar="N", help="lines at a time")
    parser.add_argument("--ephemeral", action="store_true", help="end with the last client")
    arguments = parser.parse_args()
    # After the options are known to be good, for it takes most of the time of a start.
    from batchctl.server.serve import serve

    return serve(ServeOptions(**vars(arguments)))


if __name__ == "__main__":
    sys.exit(main())
