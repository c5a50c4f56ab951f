"""A client whose legacy session the server forgets: what it said before holds in the next session.

The endpoint of these tests has neither links nor bytes, so it also shows that a connection needs no more
than `ClientEndpoint` promises.
"""

from concurrent.futures import Future

import pytest
from tests.server.conversation import environment, finish

from sansmcp.client import ClientConnection, ClientOptions, Roots, call_tool, list_tools, set_log_level
from sansmcp.client.listening import Wish
from sansmcp.errors import RequestLost
from sansmcp.schema import LEGACY_REVISIONS, SubscriptionFilter
from sansmcp.server import Context, Server
from sansmcp.session import Deadlines, LogReceived, RequestReceived, Send, Severity

EACH_LEGACY = pytest.mark.parametrize("revision", LEGACY_REVISIONS)


class Direct:
    """A client's endpoint that hands messages to a session of a server, and forgets that session at will."""

    def __init__(self, options, server):
        self.session = options.session()
        self.deadlines = Deadlines()
        self.server = server
        self.far = server.open_session(environment())
        self.holds = False
        self.held = []
        self.methods = []
        self.now = 0.0

    def connect(self, now):
        self.session.connect(now)

    def cancel(self, handle, now, *, reason=None):
        self.session.cancel(handle, now, reason=reason)

    def close(self, now):
        self.session.close(now)

    def next_event(self):
        event = self.session.next_event()
        return None if event is None else (self.session, event)

    def actions(self):
        return []

    def ready(self):
        return []

    def next_deadline(self):
        return self.deadlines.next_deadline()

    def handle_timeout(self, now):
        while (act := self.deadlines.take_due(now)) is not None:
            act()

    def forget(self):
        """Let the server forget the session, as one does that was restarted."""
        self.far.close(self.now)
        self.far = self.server.open_session(environment())
        self.methods.clear()
        self.session.receive_session_lost(self.now, "HTTP 404: the session is gone")

    def carry(self):
        """Carry messages both ways; say whether there were any."""
        there = [action.message for action in self.session.actions() if isinstance(action, Send)]
        for message in there:
            self.methods.append(getattr(message, "method", "answer"))
            self.far.receive_message(message, self.now)
        while (event := self.far.next_event()) is not None:
            if isinstance(event, RequestReceived):
                invocation = self.server.resolve(event, self.far, lambda command: command(self.now))
                if self.holds:
                    self.held.append(invocation)
                else:
                    finish(invocation, self.now)
        back = [action.message for action in self.far.actions() if isinstance(action, Send)]
        for message in back:
            self.session.receive_message(message, self.now)
        return bool(there or back)


class Renewing:
    """A client over such an endpoint."""

    def __init__(self, server, revision, **settings):
        self.events = []
        options = ClientOptions.of({"revisions": (revision,), **settings})
        self.endpoint = Direct(options, server)
        self.reports = []
        self.connection = ClientConnection(
            options,
            self.endpoint,
            opened=Future(),
            start=lambda *_: None,
            tell=lambda told: told(),
            post=self._post,
            report=self.reports.append,
        )
        self.endpoint.connect(0.0)
        self.settle()

    def settle(self):
        moved = True
        while moved:
            moved = self.endpoint.carry()
            while (found := self.endpoint.next_event()) is not None:
                self.events.append(found[1])
                self.connection.handle(*found)
                moved = True

    def send(self, call):
        waiter = Future()
        self.connection.send(call, waiter, self.endpoint.now)
        return waiter

    def call(self, call):
        waiter = self.send(call)
        self.settle()
        return waiter

    def forget(self):
        self.endpoint.forget()
        self.settle()

    def _post(self, command):
        command(self.endpoint.now)
        self.settle()


def serving():
    server = Server("forgetful", version="1")
    server.add_resource("config:app", "x")

    @server.tool
    def talk(ctx: Context) -> str:
        ctx.debug("a detail")
        ctx.error("a fault")
        return "done"

    return server


@EACH_LEGACY
def test_the_log_level_that_was_set_last_holds_in_the_next_session(revision):
    logged = []
    client = Renewing(serving(), revision, log_level="error", on_log=logged.append)
    client.call(call_tool("talk"))
    client.call(set_log_level("debug"))
    client.forget()
    client.call(call_tool("talk"))
    assert [event.data for event in logged] == ["a fault", "a detail", "a fault"]
    assert all(isinstance(event, LogReceived) for event in logged)


@EACH_LEGACY
def test_calls_in_flight_are_lost_and_those_after_them_wait_for_the_next_session(revision):
    client = Renewing(serving(), revision)
    client.endpoint.holds = True
    lost = client.call(call_tool("talk"))
    client.endpoint.holds = False
    client.endpoint.forget()
    waiting = [client.send(call_tool("talk")), client.send(list_tools())]
    assert not any(waiter.done() for waiter in waiting)
    client.settle()
    assert isinstance(lost.exception(timeout=0), RequestLost)
    assert "HTTP 404: the session is gone" in str(lost.exception(timeout=0))
    assert [waiter.exception(timeout=0) for waiter in waiting] == [None, None]
    assert client.endpoint.methods == [
        "initialize",
        "notifications/initialized",
        "tools/call",
        "tools/list",
    ]


@EACH_LEGACY
def test_who_listens_hears_on_and_is_told_that_something_may_have_been_missed(revision):
    server = serving()
    told = []
    client = Renewing(server, revision, on_list=told.append, list_delay=0.0)
    wish = Wish(SubscriptionFilter(resource_subscriptions=("config:app",)))
    client.connection.listening.add(wish, 0.0)
    client.settle()
    assert wish.honoured is not None
    client.forget()
    assert client.endpoint.methods.count("resources/subscribe") == 1
    client.endpoint.handle_timeout(1.0)
    client.settle()
    assert {refreshed.kind.value for refreshed in told} == {"tools", "resources"}
    server.resource_updated("config:app")
    client.endpoint.far.catch_up(0.0)
    client.endpoint.far.handle_timeout(1.0)
    client.settle()
    assert [type(event).__name__ for event in client.events].count("ChangeReceived") == 1


@EACH_LEGACY
def test_news_of_roots_do_not_disturb_a_session_that_is_being_renewed(revision):
    roots = Roots(["file:///a"])
    client = Renewing(serving(), revision, roots=roots)
    client.endpoint.forget()
    # The server asks for them anew: they are part of what it is told.
    roots.add("file:///b")
    client.settle()
    assert "notifications/roots/list_changed" not in client.endpoint.methods
    roots.add("file:///c")
    assert client.endpoint.methods.count("notifications/roots/list_changed") == 1
    assert [report for report in client.reports if report.severity is Severity.ERROR] == []
