"""The folder of a session, and what another process left.

Its name is a digest of the session's id: no id becomes part of a path, and who reads the folder cannot use
the ids. In it stand `session`, what is to be known of it, and its events, `1.events` and so on, which are
only added to. `left` says since when nobody has come for a session that another process left.
"""

import json
import os
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

import attrs

from sansmcp.http import StoredEvent
from sansmcp_files.records import framed, read

SESSION: Final = "session"
LEFT: Final = "left"
_EVENTS: Final = ".events"


@attrs.define(eq=False)
class Events:
    """A file of events."""

    path: Path
    session: "Session"
    size: int = 0
    streams: dict[str, int] | None = attrs.field(factory=dict[str, int])
    """The last number of each stream in it; None before it was read."""

    @property
    def weight(self) -> int:
        """For how many streams it counts."""
        return 1 if self.streams is None else len(self.streams)

    def last_of(self, stream: str) -> int:
        """Return the last number of a stream, or -1."""
        if self.streams is None:
            self.streams = {}
            for record in read(self.path):
                name, number, _ = json.loads(record.partition(b"\n")[0])
                self.note(name, number)
        return self.streams.get(stream, -1)

    def note(self, stream: str, number: int) -> None:
        """Take in that it has an event."""
        if self.streams is None:
            raise AssertionError("unreachable: it was read before, or is new")
        self.streams[stream] = number

    def events(self, stream: str, number: int) -> Iterator[StoredEvent]:
        """Yield the events of a stream, from a number on."""
        # Most are told by their first bytes, which costs a tenth of reading them.
        wanted = f"[{json.dumps(stream)},".encode()
        for record in read(self.path):
            if record.startswith(wanted):
                head, _, data = record.partition(b"\n")
                _, found, awaited = json.loads(head)
                if found >= number:
                    yield StoredEvent(number=found, data=data, awaited=tuple(awaited))


@attrs.define(eq=False)
class Session:
    """The folder of a session."""

    folder: Path
    files: list[Events] = attrs.field(factory=list[Events])
    last: int = 0
    """The highest number of a file."""
    current: Events | None = None
    """The file that is added to: never one of another process, which may end in the middle of a record."""
    since: float = 0.0
    """Since when nobody came for it, where another process left it."""
    used: int = 0
    """When another process last wrote something of it, in nanoseconds."""

    def begin(self) -> Events:
        """Begin a file of events."""
        self.last += 1
        self.current = Events(self.folder / f"{self.last}{_EVENTS}", self)
        self.files.append(self.current)
        return self.current

    def drop(self, file: Events) -> None:
        """Take in that a file of it goes."""
        self.files.remove(file)
        if file is self.current:
            self.current = None

    def remove(self) -> None:
        """Remove it; whatever ends the process meanwhile, the session is gone first."""
        (self.folder / SESSION).unlink(missing_ok=True)
        if self.folder.exists():
            shutil.rmtree(self.folder)


def name_of(session: str) -> str:
    """Return the name of a session's folder."""
    return sha256(session.encode("utf-8", "surrogatepass")).hexdigest()


def event_record(stream: str, event: StoredEvent) -> bytes:
    """Return what is added to a file for an event."""
    head = json.dumps([stream, event.number, event.awaited], separators=(",", ":"))
    return framed(head.encode() + b"\n" + event.data)


def find(folder: Path, now: float) -> tuple[list[Session], list[Events]]:
    """Find what another process left, by names and sizes alone.

    Args:
        folder: where the folders of sessions are.
        now: the time.

    Returns:
        The sessions and their files, each in the order in which they were used last.
    """
    sessions: list[Session] = []
    files: list[tuple[int, Events]] = []
    with os.scandir(folder) as entries:
        folders = [Path(entry.path) for entry in entries if _is_ours(entry)]
    for one in folders:
        session = Session(one, since=now)
        for path in one.iterdir():
            status = path.stat()
            if path.name == LEFT:
                session.since = status.st_mtime
            else:
                session.used = max(session.used, status.st_mtime_ns)
            if path.suffix == _EVENTS:
                files.append((status.st_mtime_ns, Events(path, session, status.st_size, None)))
        if session.since == now:
            (one / LEFT).touch(0o600)
            os.utime(one / LEFT, (now, now))
        sessions.append(session)
    # Of the same time, the one that was begun first was used first.
    ordered = [file for _, file in sorted(files, key=lambda found: (found[0], _number(found[1])))]
    for file in sorted(ordered, key=_number):
        file.session.files.append(file)
        file.session.last = _number(file)
    return sorted(sessions, key=lambda session: session.used), ordered


def _is_ours(entry: "os.DirEntry[str]") -> bool:
    return len(entry.name) == len(name_of("")) and entry.is_dir(follow_symlinks=False)


def _number(file: Events) -> int:
    return int(file.path.stem)
