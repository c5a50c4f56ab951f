"""What the tests of every binding look at."""

import subprocess
from pathlib import Path

from sansmcp.schema import TextContent


def text(result) -> str:
    """Return the only text of a result that is no error."""
    assert not result.is_error, result
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


def descriptors() -> int:
    """Return how many descriptors this process has open."""
    return len(list(Path("/dev/fd").iterdir()))


def has_ended(pid: int) -> bool:
    """Look again until a killed process is gone that is no child of ours, or for as long as is bearable.

    The kernel and its new parent may need a moment; a zombie runs no more.
    """
    return any(_state(pid) in {b"", b"Z"} for _ in range(200))


def _state(pid: int) -> bytes:
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False)
    return done.stdout.strip()[:1]
