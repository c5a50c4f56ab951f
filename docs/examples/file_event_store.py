"""Events of sessions in files, so that clients go on with their streams after the server was started anew."""

import json
import shutil
from pathlib import Path

from sansmcp.http import StoredEvent


class FileEventStore:
    """A folder for each session, and in it a file for each stream; names of both fit into a path."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def store(self, session: str, stream: str, event: StoredEvent) -> None:
        """Add an event to the file of its stream."""
        line = json.dumps([event.number, event.data.decode(), event.awaited])
        folder = self._folder / session
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{stream}.events").open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def load(self, session: str, stream: str, number: int) -> list[StoredEvent]:
        """Return an event and all that came after it."""
        file = self._folder / session / f"{stream}.events"
        lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []
        numbers = [line[0] for line in lines]
        first = numbers.index(number) if number in numbers else len(lines)
        return [
            StoredEvent(number=number, data=data.encode(), awaited=tuple(awaited))
            for number, data, awaited in lines[first:]
        ]

    def store_session(self, session: str, record: bytes) -> None:
        """Keep what is to be known of a session."""
        folder = self._folder / session
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "session").write_bytes(record)

    def load_session(self, session: str) -> bytes | None:
        """Return what was kept of a session."""
        file = self._folder / session / "session"
        return file.read_bytes() if file.exists() else None

    def forget(self, session: str) -> None:
        """Forget a session and all of its streams."""
        shutil.rmtree(self._folder / session, ignore_errors=True)
