"""Files that are the old one or the new one after a crash at any instruction, never something between.

The rules, which every writer in batchctl follows by using this module (the local server, which shares no code with the
client, has the same in server/files.py; a test names what else writes, and why it need not):

1. A file is written under a temporary name in its own folder, flushed to the disk, and renamed over the old one;
   then the folder is flushed, so that the new name survives a power cut.
2. An error before the rename removes the temporary file and leaves the old one alone. A failed flush is an error:
   the same descriptor is never flushed again (the kernel may have dropped the pages).
3. A symlinked target is followed first, so that the link stays a link.
4. Temporary files of a killed process are ignored by readers, and swept by the next run, under the run lock.
5. A folder is flushed after each rename in it. Only that a system cannot flush folders at all is let pass; a disk that
   fails to is an error. The new content is in place then, and may be the old one after a power cut: whoever writes
   must be right with both.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_SUFFIX = ".tmp"
_BUFFER = 1 << 20

#: What file systems answer that have no such thing as flushing a folder (network and FUSE mounts, for some), and, to
#: opening one for it, where a folder may be written and not read. An EIO or ENOSPC is none of these.
_NO_FLUSH = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
_NO_READ = frozenset({errno.EACCES, errno.EPERM})


@contextlib.contextmanager
def replacing(path: Path, *, private: bool = False) -> Iterator[BinaryIO]:
    """Opens a new file that takes the place of `path` when the block ends without an error.

    The new file keeps the permissions of the old one; a file that was not there gets the usual ones, or is
    readable by its owner only where `private`. Raises OSError, also for a device or a pipe: nothing takes its place.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        raise OSError(errno.EINVAL, "it is not a regular file", str(target))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}{_SUFFIX}")
    mode = _mode_of(target, private)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), mode)
    try:
        if target.exists() and hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)  # what the umask took away
        with open(descriptor, "wb", buffering=_BUFFER) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_folder(target.parent)


def write(path: Path, data: bytes, *, private: bool = False) -> None:
    """Replaces the whole content of `path`. Raises OSError, with the old content still there."""
    with replacing(path, private=private) as file:
        file.write(data)


def move_folder(source: Path, target: Path) -> None:
    """Gives a finished folder its final name, in one step; its files are flushed first. Raises OSError when `target`
    exists."""
    for file in sorted(source.iterdir()):
        with open(file, "rb") as opened:
            os.fsync(opened.fileno())
    sync_folder(source)
    os.rename(source, target)
    sync_folder(target.parent)


def move_file(source: Path, target: Path) -> None:
    """Gives a finished file its final name in the same file system, in one step. It is flushed first: a name must not
    stand for less than the whole, not even after a power cut. Raises OSError."""
    with open(source, "rb") as opened:
        os.fsync(opened.fileno())
    os.replace(source, target)
    sync_folder(target.parent)


def make_folder(path: Path) -> None:
    """Creates a folder and those above it, and makes their names durable."""
    if path.is_dir():
        return
    make_folder(path.parent)
    with contextlib.suppress(FileExistsError):
        path.mkdir()
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes renames in `folder` durable. Systems and file systems that cannot flush a folder are left at that. Raises
    OSError where the flush itself failed."""
    if os.name == "nt":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        if error.errno in _NO_READ:
            return
        raise
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FLUSH:
            raise
    finally:
        os.close(descriptor)


def sweep(path: Path) -> None:
    """Removes what killed writers of `path` have left beside it. Only where nobody else can be writing it."""
    target = Path(os.path.realpath(path))  # where links go in circles, there is nothing to sweep, and no error
    with contextlib.suppress(OSError):
        for left in target.parent.glob(f".{glob.escape(target.name)}.*{_SUFFIX}"):
            left.unlink(missing_ok=True)


def is_temporary(path: Path) -> bool:
    """True for what `replacing` leaves behind when it is killed."""
    return path.name.startswith(".") and path.name.endswith(_SUFFIX)


def _mode_of(target: Path, private: bool) -> int:
    try:
        return target.stat().st_mode & 0o777
    except FileNotFoundError:
        return 0o600 if private else 0o666
