"""Servers that change while they serve, on every runtime."""

import itertools
import threading
import time

import pytest
from tests.bindings.runtimes import each_runtime

from sansmcp import Server
from sansmcp.schema import LEGACY_REVISIONS
from sansmcp.session import ChangeKind, ChangeReceived

GUARD = 30


def changing():
    server = Server("changing", version="1", page_size=10_000)
    server.add_resource("config:app", "x")

    @server.tool
    def grow() -> str:
        """Register a tool on the thread of a handler."""
        server.add_tool(lambda: "new", name="new")
        server.resource_updated("config:app")
        return threading.current_thread().name

    @server.tool(blocks=False)
    def shrink() -> str:
        """Remove a tool on the thread that serves, where there is one."""
        server.tools["new"].remove()
        return "removed"

    return server


class Heard:
    """What a client heard of changes."""

    def __init__(self):
        self.changes = []

    def __call__(self, _session, event):
        if isinstance(event, ChangeReceived):
            self.changes.append((event.change.kind, event.change.uri))

    def until(self, client, count):
        """Make calls until so many changes were heard."""
        end = time.monotonic() + GUARD
        while len(self.changes) < count and time.monotonic() < end:
            yield client.list_tools()


@each_runtime
@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_a_client_hears_of_what_handlers_change(runtime, revision):
    heard = Heard()

    def scenario(client):
        yield client.list_tools()
        yield client.request("resources/subscribe", {"uri": "config:app"})
        yield client.call_tool("grow")
        yield from heard.until(client, 2)
        assert (yield client.call_tool("new")).content[0].text == "new"
        yield client.call_tool("shrink")
        yield from heard.until(client, 3)

    runtime.use(changing(), scenario, revisions=[revision], on_event=heard)
    assert heard.changes == [
        (ChangeKind.TOOLS, None),
        (ChangeKind.RESOURCE, "config:app"),
        (ChangeKind.TOOLS, None),
    ]


@each_runtime
def test_another_thread_changes_what_is_served(runtime):
    server, heard = changing(), Heard()
    numbers = itertools.count()
    stop = threading.Event()

    def change():
        while not stop.is_set():
            number = next(numbers)
            handle = server.add_tool(lambda: 1, name=f"tool{number}")
            server.resource_updated("config:app")
            if number % 50:
                handle.remove()

    thread = threading.Thread(target=change, daemon=True)

    def scenario(client):
        yield client.request("resources/subscribe", {"uri": "config:app"})
        thread.start()
        yield from heard.until(client, 6)
        stop.set()
        thread.join(GUARD)
        names = {tool.name for tool in (yield client.list_tools()).tools}
        assert names == set(server.tools)

    runtime.use(server, scenario, revisions=[LEGACY_REVISIONS[-1]], on_event=heard)
    assert set(heard.changes) == {(ChangeKind.TOOLS, None), (ChangeKind.RESOURCE, "config:app")}


@each_runtime
def test_a_server_that_is_served_no_more_can_be_changed(runtime, caplog):
    server = changing()

    def scenario(client):
        yield client.call_tool("grow")

    for _ in range(2):
        runtime.use(server, scenario)
        server.tools["new"].remove()
    assert list(server.tools) == ["grow", "shrink"]
    assert caplog.records == []
