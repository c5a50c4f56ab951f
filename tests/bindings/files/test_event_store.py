"""A store of events in files: what it keeps, what it lets go, and what is left when a process dies."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.http.server.exchanging import Exchanging
from tests.http.server.offered import served

from sansmcp.errors import LocalProtocolError
from sansmcp.http import MemoryEventStore, StoredEvent
from sansmcp_files import FileEventStore


@attrs.define
class Clock:
    """A clock that stands still."""

    now: float = 1_000_000_000.0

    def __call__(self) -> float:
        return self.now


def event(number: int, size: int = 100) -> StoredEvent:
    return StoredEvent(number=number, data=b"x" * size, awaited=(number, "a"))


def stored(store: FileEventStore, session: str, stream: str, numbers: Iterator[int] | range) -> None:
    for number in numbers:
        store.store(session, stream, event(number))


def loaded(store: FileEventStore, session: str, stream: str, number: int) -> list[int]:
    return [found.number for found in store.load(session, stream, number)]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def event_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*.events"), key=lambda path: int(path.stem))


# What is kept


@pytest.mark.parametrize("is_anew", [True, False])
@pytest.mark.parametrize("sync", [True, False])
def test_an_event_and_all_after_it_are_found_by_the_next_process_too(
    tmp_path: Path, *, is_anew: bool, sync: bool
) -> None:
    events = [
        StoredEvent(number=0, data=b"", awaited=(7, "seven")),
        StoredEvent(number=1, data='{"text":"\u2028 \xfc\n"}'.encode(), awaited=(7,)),
        StoredEvent(number=2, data=bytes(range(256))),
    ]
    store = FileEventStore(tmp_path / "a" / "b", sync=sync)
    for one in events:
        store.store("s", "s-1", one)
        store.store("s", "s-2", one)
    store.store_session("s", b"first")
    store.store_session("s", b"\x00second")
    if is_anew:
        store.close()
        store = FileEventStore(tmp_path / "a" / "b", sync=sync)
    for number in range(3):
        assert list(store.load("s", "s-1", number)) == events[number:]
    for session, stream, number in (("s", "s-1", 3), ("s", "s-3", 0), ("other", "s-1", 0)):
        assert list(store.load(session, stream, number)) == []
    assert store.load_session("s") == b"\x00second"
    assert store.load_session("other") is None


def test_a_stream_goes_on_in_the_next_process(tmp_path: Path) -> None:
    for turn in range(3):
        with FileEventStore(tmp_path) as store:
            assert loaded(store, "s", "t", 0) == list(range(2 * turn))
            stored(store, "s", "t", range(2 * turn, 2 * turn + 2))
            assert loaded(store, "s", "t", 1) == list(range(1, 2 * turn + 2))


def test_a_session_that_is_over_leaves_nothing(tmp_path: Path) -> None:
    store = FileEventStore(tmp_path)
    stored(store, "s", "t", range(3))
    store.store_session("s", b"known")
    stored(store, "other", "t", range(1))
    store.forget("s")
    store.forget("never")
    assert (store.load_session("s"), loaded(store, "s", "t", 0)) == (None, [])
    assert loaded(store, "other", "t", 0) == [0]
    store.forget("other")
    assert store.size == 0
    assert names_in(tmp_path) == ["lock"]


@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("store"), st.sampled_from("ab"), st.sampled_from("st")),
            st.tuples(st.just("record"), st.sampled_from("ab"), st.binary(max_size=3)),
            st.tuples(st.just("forget"), st.sampled_from("ab")),
            st.tuples(st.just("anew")),
        ),
        max_size=25,
    )
)
def test_it_answers_as_the_store_in_memory_does(
    steps: list[tuple[str, ...]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("store")
    files, memory = FileEventStore(folder), MemoryEventStore()
    numbers: dict[tuple[str, str], int] = {}
    for kind, *rest in steps:
        match kind, rest:
            case "store", (session, stream):
                one = event(numbers.setdefault((session, stream), 0), size=numbers[session, stream])
                numbers[session, stream] += 1
                files.store(session, stream, one)
                memory.store(session, stream, one)
            case "record", (session, record):
                files.store_session(session, record)
                memory.store_session(session, record)
            case "forget", (session,):
                files.forget(session)
                memory.forget(session)
            case _:
                files.close()
                files = FileEventStore(folder)
        for session in "ab":
            assert files.load_session(session) == memory.load_session(session)
            for stream in "st":
                for number in range(numbers.get((session, stream), 0) + 1):
                    found = files.load(session, stream, number)
                    assert list(found) == list(memory.load(session, stream, number))
    files.close()


# What is written when a process dies


def test_a_process_may_die_at_any_byte(tmp_path: Path) -> None:
    folder = tmp_path / "whole"
    ends = []
    with FileEventStore(folder) as store:
        for number in range(3):
            store.store("s", "t", event(number, size=5))
            ends.append(store.size)
    (file,) = event_files(folder)
    data = file.read_bytes()
    assert ends[-1] == len(data)
    for cut in range(len(data) + 1):
        for rest in (b"", bytes(20)):
            file.write_bytes(data[:cut] + rest)
            whole = sum(end <= cut for end in ends)
            with FileEventStore(folder) as store:
                assert loaded(store, "s", "t", 0) == list(range(whole))
                # What comes next stands behind no half event.
                store.store("s", "t", event(whole))
                assert loaded(store, "s", "t", 0) == list(range(whole + 1))
            event_files(folder)[-1].unlink()


def test_a_record_of_a_session_that_is_not_whole_is_none(tmp_path: Path) -> None:
    with FileEventStore(tmp_path) as store:
        store.store_session("s", b"known")
    (file,) = tmp_path.glob("*/session")
    data = file.read_bytes()
    for cut in range(len(data)):
        file.write_bytes(data[:cut])
        with FileEventStore(tmp_path) as store:
            assert store.load_session("s") is None


def test_a_file_that_was_not_put_in_place_changes_nothing(tmp_path: Path) -> None:
    with FileEventStore(tmp_path) as store:
        store.store_session("s", b"known")
    (file,) = tmp_path.glob("*/session")
    file.with_suffix(".new").write_bytes(b"ha")
    with FileEventStore(tmp_path) as store:
        assert store.load_session("s") == b"known"
        store.store_session("s", b"more")
        assert store.load_session("s") == b"more"


def test_what_was_kept_before_an_event_that_could_not_be_is_not_gone_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileEventStore(tmp_path)
    stored(store, "s", "t", range(2))
    write = os.write
    with monkeypatch.context() as full:
        full.setattr(
            os, "write", lambda descriptor, data: write(descriptor, data[:9]) if len(data) > 50 else no()
        )
        for number in (2, 3):
            with pytest.raises(OSError, match="full"):
                store.store("s", "t", event(number))
    stored(store, "s", "t", range(4, 6))
    # Nobody would ever hear of 2 and 3.
    assert [loaded(store, "s", "t", number) for number in range(7)] == [[], [], [], [], [4, 5], [5], []]
    assert len(event_files(tmp_path)) == 2


def no() -> int:
    raise OSError("the disk is full")


# Room


@pytest.mark.parametrize("is_anew", [True, False])
def test_the_oldest_go_where_there_is_no_room(tmp_path: Path, *, is_anew: bool) -> None:
    store = FileEventStore(tmp_path, limit=16_000)
    for number in range(200):
        for session in "ab":
            store.store(session, "t", event(number))
        assert store.size <= 16_000
    size = store.size
    if is_anew:
        store.close()
        store = FileEventStore(tmp_path, limit=16_000)
    assert store.size == size > 14_000
    assert sum(path.stat().st_size for path in event_files(tmp_path)) == size
    for session in "ab":
        found = [number for number in range(100, 200) if loaded(store, session, "t", number)]
        assert found == list(range(found[0], 200))
        assert 50 < len(found) < 75


def test_a_folder_that_has_too_much_is_made_smaller(tmp_path: Path) -> None:
    with FileEventStore(tmp_path, limit=16_000) as store:
        stored(store, "s", "t", range(100))
    with FileEventStore(tmp_path, limit=5_000) as store:
        assert 3_000 < store.size <= 5_000
        assert loaded(store, "s", "t", 99) == [99]
    with FileEventStore(tmp_path, limit=0) as store:
        assert store.size == 0
        store.store("s", "t", event(100))
        assert loaded(store, "s", "t", 100) == []


def test_what_is_added_to_stays_however_old_its_session_is(tmp_path: Path) -> None:
    store = FileEventStore(tmp_path, limit=8_000)
    store.store("old", "t", event(0, size=1))
    for number in range(1, 100):
        store.store("new", "t", event(number))
        store.store("old", "t", event(number, size=1))
    assert loaded(store, "old", "t", 97) == [97, 98, 99]
    assert loaded(store, "old", "t", 0) == []


def test_the_oldest_streams_go_where_there_are_too_many(tmp_path: Path) -> None:
    store = FileEventStore(tmp_path, streams=32)
    for number in range(200):
        store.store("s", f"t-{number}", event(0, size=1))
    found = [number for number in range(200) if loaded(store, "s", f"t-{number}", 0)]
    assert found == list(range(found[0], 200))
    assert 28 <= len(found) <= 32
    store.close()
    # What is not read yet counts by files.
    store = FileEventStore(tmp_path, streams=4)
    assert loaded(store, "s", "t-100", 0) == []
    assert len([number for number in range(200) if loaded(store, "s", f"t-{number}", 0)]) <= 4


def test_only_so_many_sessions_of_others_are_taken_over(tmp_path: Path) -> None:
    with FileEventStore(tmp_path) as store:
        for number in range(6):
            store.store_session(str(number), b"known")
            (newest,) = [path for path in tmp_path.glob("*/session") if path.stat().st_mtime > 1000]
            os.utime(newest, (number, number))
    with FileEventStore(tmp_path, sessions=2) as store:
        assert [number for number in range(6) if store.load_session(str(number))] == [4, 5]


# Sessions that nobody comes for


def test_who_is_left_has_its_idle_time_from_then_on_whatever_starts_meanwhile(tmp_path: Path) -> None:
    clock = Clock()

    def opened() -> FileEventStore:
        return FileEventStore(tmp_path, idle=100.0, utc=clock)

    with opened() as store:
        for session in ("left", "used", "late"):
            store.store_session(session, b"known")
            store.store(session, "t", event(0))
        # However long it was quiet: its endpoint says when it is over.
        clock.now += 10_000.0
        assert store.load_session("left") == b"known"
    with opened() as store:
        clock.now += 60.0
        assert store.load_session("used") == b"known"
    clock.now += 30.0
    with opened() as store:
        store.store_session("other", b"known")
        assert (store.load_session("late"), loaded(store, "late", "t", 0)) == (b"known", [0])
        clock.now += 9.0
        assert len(names_in(tmp_path)) == 5
        clock.now += 1.0
        assert store.load_session("used") == b"known"
        assert store.load_session("left") is None
        assert len(names_in(tmp_path)) == 4
        clock.now += 10_000.0
        assert store.load_session("late") == b"known"
    clock.now += 10_000.0
    with opened() as store:
        clock.now += 100.0
        assert store.load_session("late") is None
        assert (store.size, names_in(tmp_path)) == (0, ["lock"])


def test_what_was_not_quite_forgotten_goes_with_the_idle(tmp_path: Path) -> None:
    clock = Clock()
    with FileEventStore(tmp_path) as store:
        store.store("s", "t", event(0))
        store.store_session("gone", b"known")
    (record,) = tmp_path.glob("*/session")
    record.unlink()
    (tmp_path / "notes.txt").write_text("not of ours")
    (tmp_path / ("f" * 64)).write_text("nor this")
    with FileEventStore(tmp_path, idle=1.0, utc=clock) as store:
        clock.now += 1.0
        assert store.load_session("gone") is None
        assert loaded(store, "s", "t", 0) == []
    assert names_in(tmp_path) == ["f" * 64, "lock", "notes.txt"]


def test_what_cannot_be_removed_harms_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    with FileEventStore(tmp_path) as store:
        store.store("s", "t", event(0))

    def fail(path: Path) -> None:
        raise PermissionError(f"{path} is in use")

    with FileEventStore(tmp_path, idle=1.0, utc=clock) as store:
        clock.now += 1.0
        with monkeypatch.context() as held:
            held.setattr(shutil, "rmtree", fail)
            store.store("other", "t", event(0))
        assert loaded(store, "s", "t", 0) == []
        assert loaded(store, "other", "t", 0) == [0]
    with FileEventStore(tmp_path, idle=1.0, utc=clock):
        assert len(names_in(tmp_path)) == 2


# Names, and who may read


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..", ".", "", "a/b", "a\\b", "CON", "nul.txt", "a" * 5000, "\udc80", "\0", "é:*?"],
)
def test_no_name_becomes_part_of_a_path(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "events"
    with FileEventStore(folder) as store:
        store.store_session(name, b"known")
        store.store(name, name, event(0))
        assert (store.load_session(name), loaded(store, name, name, 0)) == (b"known", [0])
    with FileEventStore(folder) as store:
        assert (store.load_session(name), loaded(store, name, name, 0)) == (b"known", [0])
        names = {path.name for path in folder.rglob("*")} - {"lock", "session", "1.events"}
        assert all(len(one) == 64 and set(one) <= set("0123456789abcdef") for one in names)
        store.forget(name)
    assert names_in(tmp_path) == ["events"]
    assert names_in(folder) == ["lock"]


@pytest.mark.skipif(os.name != "posix", reason="others have no such modes")
def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        for _ in range(2):
            with FileEventStore(tmp_path / "events") as store:
                store.store_session("s", b"known")
                store.store("s", "t", event(0))
                store.store("left", "t", event(0))
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "events").rglob("*")}
    assert {mode for name, mode in modes.items() if len(name) == 64} == {0o700}
    assert {mode for name, mode in modes.items() if len(name) != 64} == {0o600}
    assert stat.S_IMODE((tmp_path / "events").stat().st_mode) == 0o700


# Who has it


def test_two_stores_in_one_folder_are_refused(tmp_path: Path) -> None:
    store = FileEventStore(tmp_path)
    with pytest.raises(LocalProtocolError, match="is used by another store"):
        FileEventStore(tmp_path)
    store.close()
    with pytest.raises(LocalProtocolError, match="the store is closed"):
        store.store("s", "t", event(0))
    kept = FileEventStore(tmp_path)
    del kept
    FileEventStore(tmp_path).close()


def test_a_process_that_was_forked_from_the_one_that_has_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileEventStore(tmp_path)
    with monkeypatch.context() as forked:
        forked.setattr(os, "getpid", lambda: 1)
        with pytest.raises(LocalProtocolError, match="was forked after the store was opened"):
            store.store("s", "t", event(0))
    store.store("s", "t", event(0))


def test_a_file_system_that_knows_no_locks_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")

    def fail(descriptor: int, how: int) -> None:
        raise OSError(f"no locks available for {descriptor} and {how}")

    monkeypatch.setattr(fcntl, "flock", fail)
    with pytest.raises(OSError, match="no locks available"):
        FileEventStore(tmp_path)


@pytest.mark.parametrize("name", ["limit", "streams", "sessions", "idle"])
def test_a_setting_that_makes_no_sense_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(LocalProtocolError, match=f"{name}: expected a number from 0, found -1"):
        FileEventStore(tmp_path / "events", **{name: -1})
    assert names_in(tmp_path) == []


def test_endpoints_of_one_process_share_a_store(tmp_path: Path) -> None:
    store = FileEventStore(tmp_path)
    worlds = [Exchanging(served(), seed=seed, event_store=store) for seed in range(2)]
    clients = [world.handshake("2025-11-25") for world in worlds]
    told = [client.call("talk", {"times": 3}) for client in clients]
    for client, one in zip(clients, told, strict=True):
        first, *rest = one.events
        assert client.listen(first.event_id).events == rest
        client.delete()
    assert names_in(tmp_path) == ["lock"]


def test_a_client_goes_on_where_the_server_was_started_anew(tmp_path: Path) -> None:
    with FileEventStore(tmp_path) as store:
        client = Exchanging(served(), event_store=store).handshake("2025-11-25")
        first, *rest = client.call("talk", {"times": 2}).events
    with FileEventStore(tmp_path) as store:
        client.world = Exchanging(served(), seed=2, event_store=store)
        again = client.listen(first.event_id)
        assert (again.status, again.events) == (200, rest)
