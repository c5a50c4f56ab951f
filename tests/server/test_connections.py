"""What runs the handlers of a server for all of its sessions, in whatever colour a binding has.

The colour of these tests starts a handler at once, or keeps it until the test lets it go on.
"""

import asyncio
import json
import ssl
from functools import partial

import pytest
from tests.server.conversation import EVERYTHING, MODERN, environment

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LATEST_LEGACY
from sansmcp.server import Context, Server, ServerConnections, expect_server, expect_tls
from sansmcp.session import (
    AnswerDropped,
    Disconnected,
    RequestCancelled,
    RequestReceived,
    Severity,
    outcome_of,
)

TOLD = "notifications/acme/told"


class Kept:
    """A handler that was started and has not been called."""

    def __init__(self, work, finish, now):
        self.work = work
        self.stopped = 0
        self._finish = finish
        self._now = now

    def stop(self):
        self.stopped += 1

    def go_on(self):
        self._finish(outcome_of(self.work), self._now)

    def raise_(self, error):
        self._finish(partial(self.work.raised, error), self._now)


class Serving:
    """A server with any number of peers; what `keeps` names is kept, the rest runs at once."""

    def __init__(self, server, *, keeps=(), stops=True, eager=False, **settings):
        self.endpoint = server.endpoint(environment(), settings)
        self.keeps = set(keeps)
        self.stops = stops
        self.eager = eager
        self.kept = []
        self.reports = []
        self.order = []
        self.connections = ServerConnections(
            server,
            start=self._start,
            outlet=lambda command: command(0.0),
            tell=lambda told: told(),
            report=self.reports.append,
            settings=settings,
            deadlines=self.endpoint.deadlines,
        )

    def peer(self):
        return Peer(self)

    def settle(self):
        while (found := self.endpoint.next_event()) is not None:
            self.connections.handle(*found)

    def texts(self, severity=Severity.ERROR):
        return [report.text for report in self.reports if report.severity is severity]

    def _start(self, work, finish):
        self.order.append(work.name)
        if work.name in self.keeps:
            self.kept.append(Kept(work, finish, 0.0))
            if self.eager:
                # A task may run before whoever made it has it.
                self.kept[-1].go_on()
            return self.kept[-1].stop if self.stops else None
        finish(outcome_of(work), 0.0)
        return None


class Peer:
    """A modern client, or with `initialize` a legacy one, on a link of its own."""

    def __init__(self, serving):
        self.serving = serving
        self.link = serving.endpoint.accept(0.0)

    def say(self, *messages):
        """Say it all in one read; return what is answered."""
        data = b"".join(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n" for message in messages)
        self.link.receive_data(data, 0.0)
        self.serving.settle()
        return self.answers()

    def answers(self):
        self.serving.settle()
        return [json.loads(line) for line in self.link.data_to_send().splitlines()]

    def initialize(self):
        info = {"name": "client", "version": "7"}
        params = {"protocolVersion": LATEST_LEGACY, "capabilities": {}, "clientInfo": info}
        self.say({"id": 0, "method": "initialize", "params": params}, {"method": "notifications/initialized"})
        return self

    def leave(self):
        self.link.receive_eof(0.0)
        self.serving.settle()


META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": EVERYTHING,
}


def call(id_, name, **arguments):
    return {
        "id": id_,
        "method": "tools/call",
        "params": {"name": name, "arguments": arguments, "_meta": META},
    }


def cancel(id_):
    return {"method": "notifications/cancelled", "params": {"requestId": id_}}


def told(number):
    return {"method": TOLD, "params": {"number": number}}


@pytest.fixture
def heard():
    return []


@pytest.fixture
def server(heard):
    server = Server("test", version="1")

    @server.tool
    def slow() -> str:
        return "slow"

    @server.tool
    def fast() -> str:
        return "fast"

    @server.notification(TOLD)
    def hear(number: int) -> None:
        heard.append(number)

    return server


def text_of(answer):
    return answer["result"]["content"][0]["text"]


# Requests


def test_a_handler_that_runs_at_once_answers_before_start_returns(server):
    serving = Serving(server)
    (answer,) = serving.peer().say(call(1, "fast"))
    assert (answer["id"], text_of(answer)) == (1, "fast")


def test_handlers_of_several_peers_run_beside_each_other_and_answer_their_own(server):
    serving = Serving(server, keeps=["slow"])
    first, second = serving.peer(), serving.peer()
    # Equal ids of different peers are different requests.
    assert first.say(call(1, "slow")) == []
    assert second.say(call(1, "slow")) == []
    assert text_of(first.say(call(2, "fast"))[0]) == "fast"
    serving.kept[1].go_on()
    assert [answer["id"] for answer in second.answers()] == [1]
    assert first.answers() == []
    serving.kept[0].go_on()
    assert [answer["id"] for answer in first.answers()] == [1]


def test_a_request_that_is_cancelled_is_stopped_once_and_its_outcome_dropped(server):
    serving = Serving(server, keeps=["slow"])
    peer = serving.peer()
    peer.say(call(1, "slow"), call(2, "slow"), cancel(1), cancel(1))
    assert [kept.stopped for kept in serving.kept] == [1, 0]
    serving.kept[0].raise_(asyncio.CancelledError())
    serving.kept[1].go_on()
    assert [answer["id"] for answer in peer.answers()] == [2]
    (dropped,) = serving.texts(Severity.DEBUG)
    assert dropped == str(AnswerDropped(request_id=1))
    assert serving.texts() == []


def test_the_end_of_a_connection_stops_what_runs_for_it_once_and_nothing_else(server):
    serving = Serving(server, keeps=["slow"])
    leaving, staying = serving.peer(), serving.peer()
    leaving.say(call(1, "slow"), call(2, "slow"), cancel(1))
    staying.say(call(1, "slow"))
    leaving.leave()
    leaving.link.handle_timeout(10.0)
    serving.settle()
    # A second time would interrupt what a handler does to end well.
    assert [kept.stopped for kept in serving.kept] == [1, 1, 0]
    for kept in serving.kept:
        kept.go_on()
    assert [text_of(answer) for answer in staying.answers()] == ["slow"]


def test_a_handler_that_has_ended_is_not_stopped(server):
    serving = Serving(server, keeps=["slow"])
    peer = serving.peer()
    peer.say(call(1, "slow"))
    serving.kept[0].go_on()
    peer.say(cancel(1))
    peer.leave()
    assert serving.kept[0].stopped == 0


def test_nor_is_one_that_ended_before_start_returned(server, heard):
    serving = Serving(server, keeps=["slow", TOLD], eager=True)
    peer = serving.peer().initialize()
    (answer,) = peer.say(call(1, "slow"), told(1))
    peer.say(cancel(1))
    peer.leave()
    assert (text_of(answer), heard) == ("slow", [1])
    assert [kept.stopped for kept in serving.kept] == [0, 0]


def test_a_handler_that_waits_for_its_turn_never_begins_when_nobody_waits_for_it():
    server, seen = Server("test", version="1"), []

    @server.tool
    def slow(ctx: Context) -> str:
        seen.append(ctx.cancelled)
        return "late"

    serving = Serving(server, keeps=["slow"], stops=False)
    peer = serving.peer()
    peer.say(call(1, "slow"), cancel(1))
    serving.kept[0].go_on()
    assert (seen, peer.answers()) == ([], [])


def test_to_close_stops_what_runs_for_everybody_and_may_be_said_again(server):
    serving = Serving(server, keeps=["slow", TOLD])
    peers = [serving.peer().initialize() for _ in range(2)]
    for peer in peers:
        peer.say(call(1, "slow"), told(1))
    serving.connections.close()
    serving.connections.close()
    # What the sessions tell of their own ends comes later.
    for peer in peers:
        peer.leave()
        peer.link.handle_timeout(10.0)
        serving.settle()
    assert [(kept.work.name, kept.stopped) for kept in serving.kept] == [("slow", 1), (TOLD, 1)] * 2


def test_to_forget_a_session_that_nothing_runs_for_does_nothing(server):
    serving = Serving(server)
    serving.peer()
    (link,) = serving.endpoint.links
    serving.connections.forget(link.session)
    assert serving.reports == []


def test_nothing_is_told_of_a_session_after_its_end_though_its_peer_never_read(server):
    @server.tool
    def talks() -> str:
        return "done"

    events = []
    serving = Serving(server, keeps={"talks"}, on_event=lambda _, event: events.append(type(event)))
    peer = serving.peer()
    peer.say(call(1, "talks"))
    session = peer.link.session
    session.notify(TOLD, {"number": 1}, 0.0, related=1)
    session.drain(1, 0.0)
    peer.leave()
    peer.link.handle_timeout(10.0)
    serving.settle()
    assert len(peer.answers()) == 1
    serving.settle()
    assert events[-1] is Disconnected


# Notifications


def test_notifications_are_handled_in_the_order_they_came_one_after_the_other(server, heard):
    serving = Serving(server, keeps=[TOLD])
    peer = serving.peer().initialize()
    peer.say(told(1), told(2), told(3))
    assert (len(serving.kept), heard) == (1, [])
    for number in (1, 2, 3):
        serving.kept[-1].go_on()
        assert heard == list(range(1, number + 1))
        assert len(serving.kept) == min(number + 1, 3)


def test_requests_do_not_wait_for_notifications_nor_one_peer_for_another(server, heard):
    serving = Serving(server, keeps=[TOLD])
    first, second = serving.peer().initialize(), serving.peer().initialize()
    first.say(told(1))
    assert [text_of(answer) for answer in first.say(call(1, "fast"))] == ["fast"]
    second.say(told(2))
    serving.kept[1].go_on()
    assert heard == [2]


def test_ten_thousand_notifications_that_wait_are_handled_without_recursion(server, heard):
    serving = Serving(server, keeps=[TOLD])
    peer = serving.peer().initialize()
    peer.say(*(told(number) for number in range(9_999)))
    serving.keeps.clear()
    serving.kept[0].go_on()
    assert heard == list(range(9_999))


def test_a_notification_that_fails_is_reported_and_the_next_is_handled(server, heard):
    serving = Serving(server, keeps=[TOLD])
    peer = serving.peer().initialize()
    peer.say(told(1), told(2))
    error = ValueError("no")
    serving.kept[0].raise_(error)
    (report,) = [report for report in serving.reports if report.severity is Severity.ERROR]
    assert (report.text, report.error) == (f"{TOLD} failed", error)
    serving.kept[1].go_on()
    assert heard == [2]


def test_params_that_do_not_fit_are_a_failure_of_the_notification(server, heard):
    serving = Serving(server)
    serving.peer().initialize().say({"method": TOLD, "params": {"number": "many"}}, told(2))
    assert (serving.texts(), heard) == ([f"{TOLD} failed"], [2])


def test_the_end_of_a_connection_stops_its_notification_and_drops_those_that_wait(server, heard):
    serving = Serving(server, keeps=[TOLD])
    peer = serving.peer().initialize()
    peer.say(told(1), told(2))
    peer.leave()
    (kept,) = serving.kept
    assert kept.stopped == 1
    # How a runtime stops a handler is no failure of it.
    kept.raise_(asyncio.CancelledError())
    assert (len(serving.kept), heard, serving.texts()) == (1, [], [])


def test_a_stopped_notification_that_fails_by_itself_is_reported(server):
    serving = Serving(server, keeps=[TOLD])
    peer = serving.peer().initialize()
    peer.say(told(1))
    peer.leave()
    serving.kept[0].raise_(ValueError("no"))
    assert serving.texts() == [f"{TOLD} failed"]


def test_a_notification_that_nobody_handles_is_no_matter(server):
    server.add_notification("notifications/acme/sent")
    serving = Serving(server)
    serving.peer().initialize().say({"method": "notifications/acme/sent"})
    assert serving.texts() == []


# Who is told


def test_whoever_looks_on_is_told_of_every_event_before_anything_is_done_about_it(server):
    seen = []

    def look(session, event):
        seen.append(session)
        serving.order.append(type(event))

    serving = Serving(server, keeps=["slow"], on_event=look)
    peer = serving.peer()
    peer.say(call(1, "slow"), cancel(1))
    peer.leave()
    assert serving.order == [RequestReceived, "slow", RequestCancelled, Disconnected]
    assert len(set(seen)) == 1


def test_whoever_looks_on_and_fails_is_reported_and_the_request_answered(server):
    def fail(_session, _event):
        raise ValueError("no")

    serving = Serving(server, on_event=fail)
    assert [text_of(answer) for answer in serving.peer().say(call(1, "fast"))] == ["fast"]
    assert serving.texts() == ["a listener failed"]


def test_breaches_and_the_end_are_reported(server):
    serving = Serving(server)
    peer = serving.peer()
    peer.link.receive_data(b"no\n", 0.0)
    peer.leave()
    assert [report.severity for report in serving.reports] == [Severity.WARNING, Severity.INFO]


def test_what_is_no_server_is_refused_before_it_is_served():
    expect_server(Server("sums", version="1.0"))
    said = "^serve: expected a sansmcp Server, found type <class .*>; make one with Server"
    with pytest.raises(LocalProtocolError, match=said):
        expect_server(Server)


def test_what_cannot_make_a_server_speak_tls_is_refused_before_it_is_served():
    expect_tls(None)
    expect_tls(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))
    with pytest.raises(
        LocalProtocolError, match=r"^ssl: expected an ssl.SSLContext, or None for no TLS, found True$"
    ):
        expect_tls(True)
    with pytest.raises(LocalProtocolError, match="found one for clients; make it with"):
        expect_tls(ssl.create_default_context())
