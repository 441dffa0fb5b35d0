"""`python -m batchctl` is the same program as `batchctl`."""

from batchctl.shell.cli import main

if __name__ == "__main__":
    main()
