"""A file that one process has at a time; it lets go when it ends, whatever ends it."""

import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def lock(path: Path) -> int | None:
    """Take a file for this process.

    Args:
        path: the file; it is made where it is not there.

    Returns:
        What is to be closed to let go; None if somebody has it already, here or in another process.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        # Windows says PermissionError, the others BlockingIOError; a file system without locks says neither.
        if isinstance(error, BlockingIOError | PermissionError):
            return None
        raise
    return descriptor
