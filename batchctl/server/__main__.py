"""`python -m batchctl.server`: the server by itself, for clients that start it and for services."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from batchctl.server.fault_spec import GRAMMAR
from batchctl.server.options import DIALECT_NAMES, ServeOptions


def main() -> int:
    """Reads the command line and serves; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m batchctl.server",
        description=__doc__,
        epilog=GRAMMAR,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="folder for files and database"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--dialect", default="openai", choices=DIALECT_NAMES)
    parser.add_argument("--upstream", metavar="URL", help="OpenAI-compatible API that answers the lines")
    parser.add_argument(
        "--upstream-key-env", metavar="NAME", help="environment variable with the upstream's key"
    )
    parser.add_argument("--concurrency", type=int, default=8, metavar="N", help="lines at a time")
    tests = parser.add_argument_group("for tests of clients")
    tests.add_argument(
        "--fault",
        action="append",
        default=[],
        dest="faults",
        metavar="SPEC",
        help="let calls go wrong, e.g. 'POST /batches after drop' (repeatable; see below)",
    )
    tests.add_argument("--ledger", type=Path, metavar="FILE", help="add a line of JSON for each call")
    tests.add_argument(
        "--expire-after", type=int, metavar="N", help="every batch expires after N answered lines"
    )
    tests.add_argument(
        "--hold", action="store_true", help="batches wait in in_progress for POST /_batchctl/release"
    )
    parser.add_argument("--ephemeral", action="store_true", help="end with the last client")
    arguments = parser.parse_args()
    # After the options are known to be good, for it takes most of the time of a start.
    from batchctl.server.serve import serve

    values = vars(arguments)
    return serve(ServeOptions(**{**values, "faults": tuple(values["faults"])}))


if __name__ == "__main__":
    sys.exit(main())
