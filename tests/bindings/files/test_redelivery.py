"""What the streams of sessions promise with events in memory, they promise with events in files."""

from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.http.server import test_streams as streams
from tests.http.server.exchanging import Exchanging

from sansmcp.server import Server
from sansmcp_files import FileEventStore

AT_ONCE = {
    "test_a_response_may_be_released_on_the_newest_and_goes_on_for_who_comes_back",
    "test_a_response_that_said_nothing_yet_may_be_released",
}
"""Where the handler ends before anything is stored, so that its result comes before the release."""

globals().update(
    {name: value for name, value in vars(streams).items() if name.startswith("test_") and name not in AT_ONCE}
)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = count()

    def store(limit: int = 10_000_000) -> FileEventStore:
        # In memory an event costs three times as much.
        return FileEventStore(tmp_path / f"store {next(numbers)}", limit=limit // 3)

    def exchanging(server: Server, **settings: Any) -> Exchanging:
        return Exchanging(server, **{"event_store": store(), **settings})

    monkeypatch.setattr(streams, "MemoryEventStore", store)
    monkeypatch.setattr(streams, "Exchanging", exchanging)
