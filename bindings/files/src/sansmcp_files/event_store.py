"""Sessions and the events of their streams in a folder.

Events are added to files of one session each, up to a part of what may be kept, and go by whole files: those
first that nothing was added to for the longest time.
"""

import os
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sansmcp.errors import LocalProtocolError
from sansmcp.http import StoredEvent
from sansmcp_files.folders import LEFT, SESSION, Events, Session, event_record, find, name_of
from sansmcp_files.locks import lock
from sansmcp_files.records import add, framed, read, replace, sync_folder

_PARTS: Final = 64
"""Into how many files at least what may be kept is cut, so that making room costs few events."""
_LONGEST: Final = 256 * 1024
"""A file that is longer is added to no more, so that to load is to read little."""


class FileEventStore:
    """Keeps sessions and their newest events in a folder, from which the next process goes on.

    The folder is one process's at a time; there, endpoints on any threads may share the store.

    Args:
        folder: the folder; it is made where it is not there.
        limit: how many bytes of events are kept; the oldest go first.
        streams: the events of how many streams are kept; the oldest go first.
        sessions: how many sessions that another process left are kept; the oldest go first.
        idle: after how many seconds a session that another process left is forgotten, if nobody comes for it.
        sync: whether an event waits until it is on the disk. Without, what is kept survives the end of the
            process, however it ends, but the end of the machine only as its system sees fit.
        utc: returns the time, in seconds since the epoch.

    Raises:
        LocalProtocolError: a setting makes no sense, or another store has the folder.
        OSError: the folder cannot be used.
    """

    # As much as in memory, and as many sessions and as long as an endpoint has them by default.
    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        limit: int = 10 * 1024 * 1024,
        streams: int = 10_000,
        sessions: int = 10_000,
        idle: float = 1800.0,
        sync: bool = False,
        utc: Callable[[], float] = time.time,
    ) -> None:
        for name, value in {"limit": limit, "streams": streams, "sessions": sessions, "idle": idle}.items():
            if value < 0:
                raise LocalProtocolError(f"{name}: expected a number from 0, found {value!r:.80}")
        self._folder = Path(folder)
        self._limit = limit
        self._most_streams = streams
        self._idle = idle
        self._sync = sync
        self._utc = utc
        self._process = os.getpid()
        self._mutex = threading.Lock()
        self._bytes = self._streams = 0
        self._sessions: dict[str, Session] = {}
        self._left: dict[str, float] = {}
        self._by_age: OrderedDict[Events, None] = OrderedDict()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = lock(self._folder / "lock")
        if descriptor is None:
            raise LocalProtocolError(
                f"folder: {str(self._folder)!r} is used by another store, of this process or of another; "
                "share that one, or take a folder for each process"
            )
        self._close = weakref.finalize(self, os.close, descriptor)
        self._take_over(sessions)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let another store have the folder, with all that is in it; the end of the process does so too."""
        with self._mutex:
            self._close()

    @property
    def size(self) -> int:
        """How many bytes of events it holds."""
        return self._bytes

    def store(self, session: str, stream: str, event: StoredEvent) -> None:
        """Keep an event; the oldest of all are forgotten where there is no room."""
        record = event_record(stream, event)
        with self._mutex:
            file = self._file(self._made(session))
            is_new = not file.size
            # Also where it fails, since some of it may be there.
            file.size += len(record)
            self._bytes += len(record)
            try:
                add(file.path, record, sync=self._sync)
                if is_new and self._sync:
                    sync_folder(file.path.parent)
            except OSError:
                # What would stand behind half an event would not be found.
                file.session.current = None
                if is_new:
                    self._drop(file)
                raise
            self._streams -= file.weight
            file.note(stream, event.number)
            self._streams += file.weight
            self._by_age.move_to_end(file)
            self._make_room()

    def load(self, session: str, stream: str, number: int) -> Sequence[StoredEvent]:
        """Return an event and all that came after it."""
        events: list[StoredEvent] = []
        with self._mutex:
            found = self._claimed(session)
            for file in () if found is None else found.files:
                self._streams -= file.weight
                last = file.last_of(stream)
                self._streams += file.weight
                if last >= number:
                    events += file.events(stream, number)
            self._make_room()
        # Who asks for what came before one that could not be kept would never hear of that one.
        is_whole = [event.number for event in events] == [*range(number, number + len(events))]
        return events if is_whole else ()

    def store_session(self, session: str, record: bytes) -> None:
        """Keep what is to be known of a session."""
        with self._mutex:
            replace(self._made(session).folder / SESSION, framed(record), sync=self._sync)

    def load_session(self, session: str) -> bytes | None:
        """Return what was kept of a session."""
        with self._mutex:
            found = self._claimed(session)
            with suppress(FileNotFoundError):
                return None if found is None else next(read(found.folder / SESSION), None)
            return None

    def forget(self, session: str) -> None:
        """Forget a session and all of its streams."""
        with self._mutex:
            found = self._claimed(session)
            if found is not None:
                self._forget(found)

    # Sessions

    def _claimed(self, session: str) -> Session | None:
        """Return a session that is there; from now on its endpoint says when it is over."""
        if not self._close.alive:
            raise LocalProtocolError("the store is closed; open its folder again")
        if os.getpid() != self._process:
            raise LocalProtocolError("the process was forked after the store was opened; open it afterwards")
        self._forget_idle()
        name = name_of(session)
        found = self._sessions.get(name)
        if found is not None and self._left.pop(name, None) is not None:
            (found.folder / LEFT).unlink(missing_ok=True)
        return found

    def _made(self, session: str) -> Session:
        found = self._claimed(session)
        if found is None:
            name = name_of(session)
            found = Session(self._folder / name)
            found.folder.mkdir(mode=0o700, exist_ok=True)
            if self._sync:
                sync_folder(self._folder)
            self._sessions[name] = found
        return found

    def _forget(self, session: Session) -> None:
        del self._sessions[session.folder.name]
        self._left.pop(session.folder.name, None)
        for file in session.files:
            self._count_out(file)
        session.remove()

    # What another process left

    def _take_over(self, most: int) -> None:
        sessions, files = find(self._folder, self._utc())
        for session in sessions:
            self._sessions[session.folder.name] = session
        for file in files:
            self._by_age[file] = None
            self._bytes += file.size
            self._streams += file.weight
        for session in sessions[: max(0, len(sessions) - most)]:
            self._forget_if_possible(session)
        # Those that were left first come first, and go first.
        left = sorted(self._sessions.values(), key=lambda session: session.since)
        self._left = {session.folder.name: session.since for session in left}
        self._forget_idle()
        self._make_room()

    def _forget_idle(self) -> None:
        while self._left:
            name, since = next(iter(self._left.items()))
            if since + self._idle > self._utc():
                break
            self._forget_if_possible(self._sessions[name])

    def _forget_if_possible(self, session: Session) -> None:
        # What cannot be removed costs nobody else anything; the next process tries again.
        with suppress(OSError):
            self._forget(session)

    # Room

    def _file(self, session: Session) -> Events:
        """Return the file that an event of a session is added to."""
        file = session.current
        if file is not None:
            is_short = file.size < min(self._limit // _PARTS, _LONGEST)
            if is_short and file.weight < self._most_streams // _PARTS:
                return file
        file = session.begin()
        self._by_age[file] = None
        return file

    def _make_room(self) -> None:
        while self._bytes > self._limit or self._streams > self._most_streams:
            self._drop(next(iter(self._by_age)))

    def _drop(self, file: Events) -> None:
        self._count_out(file)
        file.session.drop(file)
        with suppress(OSError):
            file.path.unlink(missing_ok=True)

    def _count_out(self, file: Events) -> None:
        del self._by_age[file]
        self._bytes -= file.size
        self._streams -= file.weight
