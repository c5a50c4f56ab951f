"""See how a server ends that somebody else starts: a client of a peer, or a client of ours."""

import os
from collections.abc import Sequence
from pathlib import Path

# The shell stays the parent, so that the code is written only when the server ended by itself: a client
# that loses its patience ends the whole group, and the shell with it.
_SCRIPT = 'folder=$1; shift; echo $$ > "$folder/group"; "$@"; echo $? > "$folder/code"'


def watched(command: Sequence[str], folder: Path) -> list[str]:
    """Return the command of a server that leaves word in the folder; it needs a process group of its own."""
    return ["sh", "-c", _SCRIPT, "sh", str(folder), *command]


def ended_by_itself(folder: Path) -> bool:
    """Whether the server ended of its own accord with code 0, and left no process behind."""
    return code_of(folder) == 0 and not _lives(int((folder / "group").read_text()))


def code_of(folder: Path) -> int | None:
    """Return the code the server exited with; None if a signal ended it."""
    path = folder / "code"
    return int(path.read_text()) if path.exists() else None


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
