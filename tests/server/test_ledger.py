"""One server, changed and served by many threads at once."""

import itertools
import sys
import threading

import pytest
from tests.server.conversation import Conversation
from tests.server.watching import Watcher

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS
from sansmcp.server import Server

THREADS = 8
SESSIONS = 100


@pytest.fixture(autouse=True)
def hasty():
    """Let threads take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(work, count=THREADS):
    """Run a function on so many threads that begin together, and raise what one of them raised."""
    barrier, failures = threading.Barrier(count), []

    def run(number):
        barrier.wait()
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001  # it is raised below
            failures.append(error)

    threads = [threading.Thread(target=run, args=[number], daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    if failures:
        raise failures[0]


def test_no_registration_of_many_threads_is_lost_before_anything_serves():
    server = Server("shared", version="1")

    def register(thread):
        for number in range(50):
            server.add_tool(lambda: 1, name=f"tool-{thread}-{number}")

    at_once(register)
    assert set(server.tools) == {
        f"tool-{thread}-{number}" for thread in range(THREADS) for number in range(50)
    }
    for thread in range(THREADS):
        own = [name for name in server.tools if name.startswith(f"tool-{thread}-")]
        assert own == [f"tool-{thread}-{number}" for number in range(50)]


def test_of_equal_names_exactly_one_is_registered():
    server = Server("shared", version="1")
    registered = []

    def register(_thread):
        for number in range(30):
            try:
                server.add_tool(lambda: 1, name=f"tool{number}")
            except LocalProtocolError:
                continue
            registered.append(number)

    at_once(register)
    assert sorted(registered) == list(range(30))
    assert len(server.tools) == 30


def test_updates_of_different_things_both_stay():
    server = Server("shared", version="1")
    handle = server.add_tool(lambda: 1, name="tool")

    def update(thread):
        for number in range(20):
            if thread % 2:
                handle.update(title=f"title{number}")
            else:
                handle.update(description=f"description{number}")

    at_once(update)
    assert handle.definition.title == "title19"
    assert handle.definition.description == "description19"


def test_eight_threads_add_remove_list_and_publish_on_a_hundred_sessions():
    server = Server("shared", version="1", page_size=20)

    @server.tool
    def echo(text: str) -> str:
        return text

    server.add_resource("own:none", "x")
    heard = {}
    kept = []

    def serve(thread):
        revisions = itertools.cycle(REVISIONS)
        peers = [
            Watcher(server, next(revisions), [f"own:{number}"]) for number in range(thread, SESSIONS, THREADS)
        ]
        for turn, peer in enumerate(peers):
            brief = server.add_tool(lambda: 1, name=f"brief-{thread}-{turn}")
            server.add_tool(lambda: 1, name=f"kept-{thread}-{turn}")
            kept.append(f"kept-{thread}-{turn}")
            brief.remove()
            server.resource_updated(peer.uris[0])
            assert peer.text("echo", text=f"{thread}-{turn}") == f"{thread}-{turn}"
            listed = peer.result("tools/list")["tools"]
            assert listed[0]["name"] == "echo"
        for peer in peers:
            peer.heard()
            heard[peer.uris[0]] = peer.heard(after=0.01)

    at_once(serve)
    assert len(heard) == SESSIONS
    for uri, notices in heard.items():
        # Its own resource exactly once, and no other's.
        assert [notice for notice in notices if notice[0] == "resources/updated"] == [
            ("resources/updated", uri)
        ]
        assert notices.count(("tools/list_changed",)) == 1
    assert set(server.tools) == {"echo", *kept}
    assert len(kept) == SESSIONS
    peer, cursor, names = Conversation(server), {}, []
    while True:
        result = peer.result("tools/list", **cursor)
        names += [tool["name"] for tool in result["tools"]]
        if "nextCursor" not in result:
            break
        cursor = {"cursor": result["nextCursor"]}
    assert sorted(names) == sorted({"echo", *kept})


def test_a_registration_in_the_middle_of_another_is_none_the_worse():
    server = Server("shared", version="1")

    def inner(text: str) -> str:
        return text

    def wake():
        if "inner" not in server.tools:
            server.add_tool(inner)

    end = server.subscribe(wake)
    server.add_tool(lambda: 1, name="outer")
    assert list(server.tools) == ["outer", "inner"]
    end()
    end()
    server.tools["inner"].remove()
    assert list(server.tools) == ["outer"]
