"""Reads small regular files: bounded, and never waiting for a pipe or a device."""

from __future__ import annotations

import os
import stat
from pathlib import Path


class Unreadable(Exception):
    """A file that cannot be read. The message completes "the file …"; `code` is that of a manifest."""

    def __init__(self, message: str, advice: str, code: str = "file-unreadable") -> None:
        super().__init__(message)
        self.advice = advice
        self.code = code


def read_regular(path: Path, limit: int) -> bytes:
    """The content of a regular file of at most `limit` bytes. Raises Unreadable."""
    try:
        with open(path, "rb", opener=_open_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise Unreadable("is not a regular file", "name a file")
            content = file.read(limit + 1)
    except FileNotFoundError:
        raise Unreadable("does not exist", "check the path", "file-missing") from None
    except IsADirectoryError:
        raise Unreadable("is a folder", "name a file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else error
        raise Unreadable(f"cannot be read: {reason}", "check the path and its permissions") from None
    if len(content) > limit:
        raise Unreadable(f"is larger than {limit:,} bytes", "move data to a file of its own", "file-too-large")
    return content


def _open_without_waiting(path: str, flags: int) -> int:
    """A FIFO without a writer must not hold the process."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
