"""Both ends over HTTP in memory, in every revision, however the bytes are cut and whatever breaks."""

import pytest

from sansmcp import Context, Server
from sansmcp.client import call_tool
from sansmcp.errors import NotConnected, RequestLost
from sansmcp.http import MemoryEventStore
from sansmcp.schema import Side
from sansmcp.testing import Pause, WorkCancelled, byte_by_byte, connect_http, pieces_of, whole

STREAMABLE = ("2025-03-26", "2025-06-18", "2025-11-25")
REVISIONS = (*STREAMABLE, "2026-07-28")


def offering():
    server = Server("offering", version="1")
    server.stopped = []

    @server.tool
    def add(a: int, b: int) -> int:
        return a + b

    @server.tool
    async def count(steps: int, *, ctx: Context) -> str:
        for step in range(steps):
            ctx.info(f"step {step}")
            await Pause(1)
        return f"counted to {steps}"

    @server.tool
    async def quiet(seconds: float) -> str:
        await Pause(seconds)
        return "said at last"

    @server.resource("memo://one")
    def memo() -> str:
        return "one"

    @server.tool
    def touch() -> str:
        server.resource_updated("memo://one")
        return "touched"

    @server.tool
    async def hold(*, ctx: Context) -> str:
        ctx.info("holding")
        try:
            await Pause(100)
        except BaseException:
            server.stopped.append("hold")
            raise
        return "held"

    return server


def text_of(result):
    return result.content[0].text


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("cut", [whole, byte_by_byte, pieces_of(7)])
@pytest.mark.parametrize("responses", ["auto", "json", "stream"])
def test_both_ends_speak_http_with_each_other(revision, cut, responses):
    serving = {"responses": responses}
    with connect_http(offering(), revisions=(revision,), cut=cut, serving=serving) as client:
        assert client.revision == revision
        assert text_of(client.call_tool("add", {"a": 1, "b": 2})) == "3"
        assert text_of(client.call_tool("count", {"steps": 3})) == "counted to 3"
    assert client.requests == ()
    assert [report for report in client.reports if report.severity.value in ("WARNING", "ERROR")] == []


@pytest.mark.parametrize("sessions", [True, False])
def test_the_era_is_found(sessions):
    with connect_http(offering(), serving={"sessions": sessions}) as client:
        assert client.revision == "2026-07-28"
    legacy = Server("old", version="1", revisions=STREAMABLE)
    with connect_http(legacy, serving={"sessions": sessions}) as client:
        assert client.revision == "2025-11-25"


def test_a_server_that_refuses_the_client_is_no_connection():
    with pytest.raises(NotConnected, match="403"):
        connect_http(offering(), url="http://evil.example/mcp")
    with pytest.raises(NotConnected, match="404"):
        connect_http(offering(), url="http://127.0.0.1:8000/other")


def test_the_users_fields_reach_the_server():
    seen = []

    def verify(head):
        seen.append(head.headers.get("authorization"))

    with connect_http(
        offering(), serving={"verify": verify}, headers={"Authorization": "Bearer x"}
    ) as client:
        client.call_tool("add", {"a": 1, "b": 2})
    assert set(seen) == {"Bearer x"}


@pytest.mark.parametrize("revision", STREAMABLE)
@pytest.mark.parametrize("cut_at", range(1, 6))
def test_a_call_goes_on_after_a_cut_at_every_event_and_each_message_comes_once(revision, cut_at):
    logs = []
    settings = {
        "revisions": (revision,),
        "log_level": "info",
        "on_log": lambda event: logs.append(event.data),
    }
    with connect_http(offering(), **settings) as client:
        waiting = client.begin(call_tool("count", {"steps": 5}))
        client.run_until(lambda: len(logs) >= cut_at)
        (post,) = [each for each in client.requests if each.request.method == "POST"]
        client.break_off_request(post)
        assert text_of(client.wait(waiting)) == "counted to 5"
    assert logs == [f"step {step}" for step in range(5)]


@pytest.mark.parametrize("revision", STREAMABLE)
def test_only_a_stream_that_was_begun_can_be_gone_on_with(revision):
    with connect_http(offering(), revisions=(revision,), serving={"responses": "stream"}) as client:
        waiting = client.begin(call_tool("quiet", {"seconds": 10}))
        client.break_off_request(client.requests[-1])
        if revision == "2025-11-25":
            assert text_of(client.wait(waiting)) == "said at last"
        else:
            # Nothing had come that a client could go on from.
            with pytest.raises(RequestLost):
                client.wait(waiting)


@pytest.mark.parametrize("revision", STREAMABLE)
def test_a_call_goes_on_after_cut_upon_cut(revision):
    logs = []

    def hear(event):
        logs.append(event.data)
        unbroken.update(client.requests)

    unbroken = set()
    with connect_http(offering(), revisions=(revision,), log_level="info", on_log=hear) as client:
        waiting = client.begin(call_tool("count", {"steps": 9}))
        while not waiting.done():
            client.run_until(lambda: unbroken or waiting.done())
            while unbroken:
                client.break_off_request(unbroken.pop())
        assert text_of(client.wait(waiting)) == "counted to 9"
    assert logs == [f"step {step}" for step in range(9)]


def test_a_modern_call_is_lost_with_its_request_and_stopped():
    server = offering()
    with connect_http(server) as client:
        waiting = client.begin(call_tool("hold"))
        client.break_off_request(client.requests[0])
        with pytest.raises(RequestLost):
            client.wait(waiting)
        assert server.stopped == ["hold"]
        assert text_of(client.call_tool("add", {"a": 1, "b": 2})) == "3"


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_call_that_is_given_up_is_stopped(revision):
    server = offering()
    with connect_http(server, revisions=(revision,)) as client:
        waiting = client.begin(call_tool("hold"))
        client.give_up(waiting)
        with pytest.raises(WorkCancelled):
            client.wait(waiting)
        assert server.stopped == ["hold"]
        assert text_of(client.call_tool("add", {"a": 1, "b": 2})) == "3"


def test_what_is_held_back_comes_later():
    with connect_http(offering(), revisions=("2025-11-25",)) as client:
        client.stop_reading(Side.CLIENT)
        waiting = client.begin(call_tool("add", {"a": 1, "b": 2}))
        client.settle()
        assert not waiting.done()
        client.go_on_reading()
        assert text_of(client.wait(waiting)) == "3"


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_quiet_call_is_kept_alive(revision):
    with connect_http(offering(), revisions=(revision,)) as client:
        assert text_of(client.call_tool("quiet", {"seconds": 50})) == "said at last"


@pytest.mark.parametrize("revision", REVISIONS)
def test_changes_are_heard_also_after_the_stream_was_cut(revision):
    with (
        connect_http(offering(), revisions=(revision,)) as client,
        client.resource_updates("memo://one") as updates,
    ):
        client.call_tool("touch")
        assert next(updates) == "memo://one"
        (listening,) = client.requests
        client.break_off_request(listening)
        client.run_until(lambda: client.requests)
        client.call_tool("touch")
        assert next(updates) == "memo://one"
    assert client.requests == ()


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_server_that_ends_in_good_order_answers_what_runs(revision):
    with connect_http(offering(), revisions=(revision,)) as client:
        waiting = client.begin(call_tool("quiet", {"seconds": 1}))
        client.close_server()
        assert text_of(client.wait(waiting)) == "said at last"
        with pytest.raises(RequestLost, match="status 503"):
            client.call_tool("add", {"a": 1, "b": 2})


class SlowStore:
    """A store that is asked by errands; one of the machine's own keeps the events."""

    def __init__(self):
        self._kept = MemoryEventStore()
        self.asked = []

    def __getattr__(self, name):
        self.asked.append(name)
        return getattr(self._kept, name)


@pytest.mark.parametrize("revision", STREAMABLE)
def test_events_may_be_kept_elsewhere(revision):
    store = SlowStore()
    settings = {"revisions": (revision,), "log_level": "info", "serving": {"event_store": store}}
    with connect_http(offering(), **settings) as client:
        waiting = client.begin(call_tool("count", {"steps": 5}))
        client.run_until(lambda: "store" in store.asked)
        client.break_off_request(client.requests[-1])
        assert text_of(client.wait(waiting)) == "counted to 5"
    assert {"store", "load", "forget"} <= set(store.asked)


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_server_that_is_cut_off_is_heard_of_no_more(revision):
    with connect_http(offering(), revisions=(revision,)) as client:
        client.cut_off()
        with pytest.raises(RequestLost, match="connection was lost"):
            client.call_tool("add", {"a": 1, "b": 2})
