"""What one request may leave unwritten, and waiting until it is written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.conversation import MODERN, Conversation, environment

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS
from sansmcp.server import Context, Server, ServerConnections
from sansmcp.session import NotificationsLeftOut, RequestDrained, SessionLimits, outcome_of
from sansmcp.wire import Notification, encode

DEBUG = {"io.modelcontextprotocol/logLevel": "debug"}
TOKEN = {"progressToken": "t"}
LIMIT = SessionLimits().request_bytes
# A record of so many letters takes so many bytes more on the wire.
AROUND = len('{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":""}}')


def talk(function, **options):
    server = Server("server", version="1")
    server.add_tool(function, name="tool")
    server.add_notification("notifications/acme/moved")
    return Conversation(server, meta={**DEBUG, **TOKEN}, **options)


def started(peer, **arguments):
    """Start the tool, and return its invocation."""
    return peer.start("tools/call", request_id=1, name="tool", arguments=arguments)


def data_of(messages):
    """Return what log records say."""
    return [message["params"]["data"] for message in messages if message.get("method", "")[-7:] == "message"]


def events(peer):
    """Take the events of a session."""
    found = []
    while (event := peer.session.next_event()) is not None:
        found.append(event)
    return found


@pytest.mark.parametrize(("over", "left_out"), [(-1, 0), (0, 0), (1, 1), (LIMIT * 2, 1)])
def test_what_a_request_says_may_wait_up_to_the_limit(over, left_out):
    def tool(ctx: Context) -> None:
        half = LIMIT // 2
        ctx.info("a" * (half - AROUND))
        ctx.info("b" * (LIMIT - half - AROUND + over))

    peer = talk(tool)
    invocation = started(peer)
    invocation.succeed(invocation.call(), 0.0)
    told = [text for text in data_of(peer.sent()) if "left out" in text]
    assert len(told) == left_out
    expected = [NotificationsLeftOut(request_id=1, method="notifications/message", count=1)]
    assert events(peer) == expected[:left_out]
    assert peer.session.stats().left_out == left_out


def test_what_was_left_out_is_counted_and_told_where_it_was():
    def tool(ctx: Context) -> None:
        for number in range(5):
            ctx.log("warning" if number == 4 else "info", str(number) * 400, logger="mine")
        peer.first = peer.sent()
        ctx.info("on")

    peer = talk(tool, limits=SessionLimits(request_bytes=1024))
    invocation = started(peer)
    invocation.succeed(invocation.call(), 0.0)
    assert data_of(peer.first) == ["0" * 400, "1" * 400]
    note, after, _ = peer.sent()
    assert note["params"] == {
        "level": "warning",
        "logger": "mine",
        "data": "3 messages were left out here: too much of this request waited to be written",
    }
    assert after["params"]["data"] == "on"
    assert events(peer) == [NotificationsLeftOut(request_id=1, method="notifications/message", count=3)]


def test_what_was_left_out_last_is_told_before_the_result():
    def tool(ctx: Context) -> str:
        ctx.info("a" * 2000)
        ctx.info("b" * 2000)
        return "done"

    peer = talk(tool, limits=SessionLimits(request_bytes=1024))
    note, answer = peer.request("tools/call", name="tool")
    assert note["params"]["data"].startswith("2 messages were left out")
    assert answer["result"]["content"][0]["text"] == "done"


def test_room_comes_back_when_it_was_written():
    def tool(ctx: Context) -> None:
        for number in range(20):
            ctx.info(str(number % 10) * 500)
            sent.extend(peer.sent())

    sent = []
    peer = talk(tool, limits=SessionLimits(request_bytes=1024))
    invocation = started(peer)
    invocation.succeed(invocation.call(), 0.0)
    assert len(data_of(sent)) == 20
    assert events(peer) == []


def test_requests_do_not_take_room_from_each_other():
    def tool(ctx: Context) -> None:
        ctx.info("a" * 800)

    peer = talk(tool, limits=SessionLimits(request_bytes=1024))
    for request_id in (1, 2):
        peer.start("tools/call", request_id=request_id, name="tool").call()
    assert len(data_of(peer.sent())) == 2


def test_what_a_thread_says_before_the_session_looks_is_bounded_too():
    def tool(ctx: Context) -> None:
        for number in range(1000):
            ctx.progress(number + 1)
            ctx.info("a" * 100)

    commands = []
    peer = talk(tool, limits=SessionLimits(request_bytes=1024))
    peer.outlet = commands.append
    invocation = started(peer)
    value = invocation.call()
    assert len(commands) < 20
    for command in commands:
        command(0.0)
    sent = peer.sent()
    reported = [message["params"]["progress"] for message in sent if "progress" in message["params"]]
    assert reported == [1000]
    said = data_of(sent)
    invocation.succeed(value, 0.0)
    (note,) = data_of(peer.sent())
    assert note.startswith(f"{1000 - len(said)} messages were left out")
    assert sum(event.count for event in events(peer)) == 1000 - len(said)


def test_a_notification_of_ones_own_past_the_limit_is_refused_where_it_is_sent():
    def tool(ctx: Context) -> None:
        ctx.notify("notifications/acme/moved", {"to": "a" * 900})
        with pytest.raises(LocalProtocolError, match=r"wait to be written .*; at most 1024 may wait"):
            ctx.notify("notifications/acme/moved", {"to": "a" * 900})
        peer.sent()
        ctx.notify("notifications/acme/moved", {"to": "a" * 900})

    peer = talk(tool, limits=SessionLimits(request_bytes=1024))
    invocation = started(peer)
    invocation.succeed(invocation.call(), 0.0)
    assert len(peer.sent()) == 2


def test_after_its_outcome_nothing_is_said_though_nothing_was_measured():
    kept = []

    def tool(ctx: Context) -> None:
        kept.append(ctx)

    peer = talk(tool)
    peer.request("tools/call", name="tool")
    kept[0].info("late")
    kept[0].notify("notifications/acme/moved")
    kept[0].progress(1)
    assert peer.sent() == []


# Waiting


class Waiting:
    """Notes who waits, as a binding would, and waits for nobody."""

    def __init__(self, peer):
        self.peer = peer
        self.colours = []
        self.woken = 0

    def __call__(self, when, /, *, is_async):
        self.colours.append(is_async)
        when(self.wake)

    def wake(self):
        self.woken += 1

    def start(self):
        """Start the tool of the peer, and return its invocation."""
        peer = self.peer
        peer.receive(peer.message("tools/call", 1, None, {"name": "tool", "arguments": {}}))
        return peer.server.resolve(peer.session.next_event(), peer.session, peer.outlet, self)

    def route(self, invocation):
        """Take the events, as whoever runs the handlers does."""
        found = events(self.peer)
        for event in found:
            if isinstance(event, RequestDrained):
                invocation.drained()
        return found


def test_a_handler_waits_until_what_it_said_was_taken_to_be_written():
    def tool(ctx: Context) -> None:
        ctx.info("a")
        ctx.drain()

    peer = talk(tool)
    waiting = Waiting(peer)
    invocation = waiting.start()
    invocation.call()
    assert (waiting.colours, waiting.route(invocation), waiting.woken) == ([False], [], 0)
    assert len(peer.sent()) == 1
    assert waiting.route(invocation) == [RequestDrained(request_id=1)]
    assert waiting.woken == 1
    invocation.succeed(None, 0.0)


def test_who_has_said_nothing_need_not_wait():
    async def tool(ctx: Context) -> None:
        await ctx.drain()

    peer = talk(tool)
    waiting = Waiting(peer)
    invocation = waiting.start()
    with pytest.raises(StopIteration):
        invocation.call().send(None)
    assert waiting.route(invocation) == [RequestDrained(request_id=1)]
    assert (waiting.colours, waiting.woken) == ([True], 1)


def test_whoever_is_cancelled_waits_no_more():
    def tool(ctx: Context) -> None:
        ctx.info("a")
        ctx.drain()
        peer.say({"method": "notifications/cancelled", "params": {"requestId": 1}})
        invocation.cancel()
        assert waiting.woken == 1
        ctx.drain()
        assert waiting.woken >= 2

    peer = talk(tool)
    waiting = Waiting(peer)
    invocation = waiting.start()
    invocation.succeed(invocation.call(), 0.0)


def test_a_command_that_comes_after_the_outcome_asks_for_nothing():
    commands = []

    def tool(ctx: Context) -> None:
        ctx.drain()

    peer = talk(tool)
    peer.outlet = commands.append
    waiting = Waiting(peer)
    invocation = waiting.start()
    invocation.succeed(invocation.call(), 0.0)
    assert waiting.woken == 1
    for command in commands:
        command(0.0)
    assert waiting.route(invocation) == []


def test_a_handler_that_must_not_block_cannot_wait():
    server = Server("server", version="1")

    @server.tool(blocks=False)
    def tool(ctx: Context) -> None:
        with pytest.raises(LocalProtocolError, match="leave out blocks=False"):
            ctx.drain()

    peer = Conversation(server)
    waiting = Waiting(peer)
    waiting.start().call()
    assert waiting.colours == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_session_tells_when_what_belongs_to_a_request_is_on_its_way(revision):
    def tool(ctx: Context) -> None: ...

    server = Server("server", version="1")
    server.add_tool(tool)
    peer = Conversation(server, revision, meta=DEBUG if revision == MODERN else None)
    if revision != MODERN:
        peer.request("logging/setLevel", level="debug")
    peer.start("tools/call", request_id=7, name="tool")
    peer.session.notify("notifications/message", {"level": "info", "data": "a"}, 0.0, related=7)
    assert peer.session.unsent_bytes(7) > 0
    peer.session.drain(7, 0.0)
    peer.session.drain(7, 0.0)
    assert events(peer) == []
    peer.sent()
    assert peer.session.unsent_bytes(7) == 0
    assert events(peer) == [RequestDrained(request_id=7)]


def test_a_session_that_is_over_tells_nothing():
    def tool(ctx: Context) -> None: ...

    peer = talk(tool)
    peer.session.receive_eof(0.0)
    events(peer)
    peer.session.drain(7, 0.0)
    peer.session.leave_out(7, "notifications/message", 1, 0.0)
    assert events(peer) == []


def test_a_flood_of_records_is_one_event():
    def tool(ctx: Context) -> None:
        for number in range(1500):
            ctx.info(number)

    peer = talk(tool)
    invocation = started(peer)
    invocation.call()
    left_out = 1500 - SessionLimits().log_burst
    assert events(peer) == [
        NotificationsLeftOut(request_id=1, method="notifications/message", count=left_out)
    ]


def test_whoever_runs_handlers_hands_on_that_a_request_is_drained():
    def tool(ctx: Context) -> None:
        ctx.info("a")
        ctx.drain()

    server = Server("server", version="1")
    server.add_tool(tool)
    endpoint = server.endpoint(environment(), {})
    started, woken = [], []
    connections = ServerConnections(
        server,
        start=lambda work, finish: started.append((work, finish)),
        outlet=lambda command: command(0.0),
        tell=lambda told: told(),
        report=list[object]().append,
        settings={},
        wait=lambda when, is_async: when(lambda: woken.append(is_async)),
        deadlines=endpoint.deadlines,
    )

    def settle():
        while (found := endpoint.next_event()) is not None:
            connections.handle(*found)

    link = endpoint.accept(0.0)
    meta = {
        **DEBUG,
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "tool", "_meta": meta}}
    link.receive_data(json.dumps(message).encode() + b"\n", 0.0)
    settle()
    ((work, finish),) = started
    outcome = outcome_of(work)
    settle()
    assert woken == []
    link.data_to_send()
    settle()
    assert woken == [False]
    ((session, _),) = [(link.session, link) for link in endpoint.links]
    session.drain(1, 0.0)
    finish(outcome, 0.0)
    settle()
    assert b'"result"' in link.data_to_send()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("log"), st.integers(0, 600)),
        st.tuples(st.just("progress"), st.integers(1, 5)),
        st.tuples(st.sampled_from(["look", "write"]), st.just(0)),
    ),
    max_size=40,
)


@given(STEPS)
def test_whatever_a_handler_says_is_bounded_in_order_and_accounted_for(steps):
    sent, commands, waiting = [], [], []

    def look():
        while commands:
            commands.pop(0)(0.0)

    def tool(ctx: Context) -> None:
        reported = 0
        for number, (step, size) in enumerate(steps):
            if step == "log":
                ctx.info(f"{number} ".ljust(size))
            elif step == "progress":
                reported += size
                ctx.progress(reported)
            elif step == "look":
                look()
            else:
                sent.extend(peer.sent())
            waiting.append(peer.session.unsent_bytes(1))

    peer = talk(tool, limits=SessionLimits(request_bytes=1024))
    peer.outlet = commands.append
    invocation = started(peer)
    invocation.succeed(invocation.call(), 0.0)
    sent.extend(peer.sent())
    look()
    assert peer.sent() == []
    *said, answer = sent
    assert answer["id"] == 1
    reported = [message["params"]["progress"] for message in said if "progress" in message["params"]]
    assert reported == sorted(set(reported))
    total = sum(size for step, size in steps if step == "progress")
    assert reported[-1:] == ([total] if total else [])
    left_out, last = 0, -1
    for text in data_of(said):
        if "left out" in text:
            left_out += int(text.split()[0])
        else:
            assert int(text) > last
            last = int(text)
    kept = sum("left out" not in text for text in data_of(said))
    assert kept + left_out == sum(step == "log" for step, _ in steps)
    assert left_out == sum(event.count for event in events(peer))
    # Of the last note of what was left out there is one, of progress so many as may pass at once.
    assert max(waiting, default=0) <= 1024 + 200 + SessionLimits().progress_burst * 100


@given(
    st.text(max_size=20) | st.text('ab"\\/\x7f\n é', max_size=20) | st.integers(),
    st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
    st.sampled_from(["info", "emergency"]),
)
def test_a_record_counts_for_as_many_bytes_as_it_takes(data, logger, level):
    def tool(ctx: Context) -> None:
        ctx.log(level, data, logger)

    said = {"level": level, "data": data} | ({} if logger is None else {"logger": logger})
    size = len(encode(Notification(method="notifications/message", params=said)))
    for limit, left_out in ((size, 0), (size - 1, 1)):
        peer = talk(tool, limits=SessionLimits(request_bytes=limit))
        peer.request("tools/call", name="tool")
        assert peer.session.stats().left_out == left_out
