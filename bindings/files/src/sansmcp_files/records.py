"""Records in files that are only ever added to; one that was not written whole is none.

Each is its length and a checksum of four bytes each, then its data.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zlib import crc32

_HEAD: Final = 8
_BINARY: Final[int] = getattr(os, "O_BINARY", 0)
"""What keeps Windows from changing line ends."""


def framed(data: bytes) -> bytes:
    """Return a record as it stands in a file."""
    length = len(data).to_bytes(4)
    return length + crc32(data, crc32(length)).to_bytes(4) + data


def read(path: Path) -> Iterator[bytes]:
    """Yield the records of a file, up to the first that is not whole."""
    data = path.read_bytes()
    place = 0
    while place + _HEAD <= len(data):
        length = data[place : place + 4]
        end = place + _HEAD + int.from_bytes(length)
        record = data[place + _HEAD : end]
        # Of a file that was never written whole, zeros may be there; their checksum is not zero.
        if end > len(data) or crc32(record, crc32(length)).to_bytes(4) != data[place + 4 : place + _HEAD]:
            return
        yield record
        place = end


def add(path: Path, record: bytes, *, sync: bool) -> None:
    """Write a record at the end of a file, which is made where it is not there.

    Args:
        path: the file.
        record: the record, framed.
        sync: whether to wait until it is on the disk.
    """
    _write(path, os.O_APPEND, record, sync=sync)


def replace(path: Path, record: bytes, *, sync: bool) -> None:
    """Let a record be all that a file has; whoever reads finds the one before, or this.

    Args:
        path: the file.
        record: the record, framed.
        sync: whether to wait until it is on the disk.
    """
    new = path.with_suffix(".new")
    _write(new, os.O_TRUNC, record, sync=sync)
    new.replace(path)
    if sync:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where a system can say so."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write(path: Path, how: int, data: bytes, *, sync: bool) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | how | _BINARY, 0o600)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
