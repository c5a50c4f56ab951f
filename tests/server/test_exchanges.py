"""What handlers and sessions do for requests that come one by one: each with a session of its own."""

import gc
import json
import weakref

import pytest
from tests.server.conversation import EVERYTHING, MODERN, Conversation, environment
from tests.server.test_connections import Serving
from tests.session.ends import call_of, tell

from sansmcp.errors import LocalProtocolError, UrlElicitationRequired
from sansmcp.schema import LATEST_LEGACY, LEGACY_REVISIONS, REVISIONS
from sansmcp.server import Context, Server
from sansmcp.session import ExchangeEnded, Release, Send, Severity

EACH = pytest.mark.parametrize("revision", REVISIONS)
EACH_LEGACY = pytest.mark.parametrize("revision", LEGACY_REVISIONS)
PAGES = {"elicitation": {"form": {}, "url": {}}}
LOUD = {"io.modelcontextprotocol/logLevel": "debug"}


class Alone:
    """One request with a session of its own, as HTTP makes it."""

    def __init__(self, serving, server, revision, **settings):
        self.serving = serving
        self.session = server.open_session(environment(), **settings)
        if revision != MODERN:
            self.session.resume(revision, 0.0)
        self.revision = revision

    def ask(self, method, params):
        meta = LOUD if self.revision == MODERN else {}
        tell(self.session, call_of(self.revision, 1, method, params, **meta))
        self.settle()
        return self.said()

    def call(self, name, **arguments):
        return self.ask("tools/call", {"name": name, "arguments": arguments})

    def settle(self):
        while (event := self.session.next_event()) is not None:
            self.serving.connections.handle(self.session, event)

    def said(self):
        """Return what the session has to do, in order."""
        told = []
        for action in self.session.actions():
            match action:
                case Release():
                    told.append(("release", action.request_id, action.retry))
                case Send():
                    told.append(json.loads(action.data))
        return told


def pass_on(message, proceed):
    return (yield from proceed(message))


def polling(**settings):
    server = Server("polling", version="1", **settings)

    @server.tool
    def long(ctx: Context, retry: float = 3.0) -> str:
        ctx.info("before")
        ctx.release(retry)
        ctx.info("after")
        return "done"

    return server


# Polling


@pytest.mark.parametrize("middleware", [(), (pass_on,)])
@pytest.mark.parametrize("arguments", [{}, {"retry": 1.5}])
@EACH
def test_a_handler_lets_its_client_go_and_come_back(revision, arguments, middleware):
    server = polling(sending_middleware=middleware)
    told = Alone(Serving(server), server, revision).call("long", **arguments)
    before, *middle, after, answer = told
    assert (before["params"]["data"], after["params"]["data"]) == ("before", "after")
    assert middle == ([("release", 1, arguments.get("retry", 3.0))] if revision == LATEST_LEGACY else [])
    assert answer["result"]["content"][0]["text"] == "done"


@pytest.mark.parametrize("retry", [-1, float("nan"), float("inf"), 1e300, 86_401, "soon", None, True])
def test_what_is_no_time_is_refused_in_the_handler(retry):
    server, caught = Server("polling", version="1"), []

    @server.tool
    def hasty(ctx: Context) -> str:
        with pytest.raises(LocalProtocolError, match=r"release\(retry=.*: .* from 0 to 86400$") as error:
            ctx.release(retry)
        caught.append(error.value)
        return "done"

    told = Alone(Serving(server), server, LATEST_LEGACY).call("hasty")
    assert (len(told), len(caught)) == (1, 1)


def test_who_was_answered_or_given_up_is_not_let_go_any_more():
    server, contexts = Server("polling", version="1"), []

    @server.tool
    def keeps(ctx: Context) -> str:
        contexts.append(ctx)
        return "done"

    commands = []
    peer = Conversation(server, LATEST_LEGACY)
    peer.outlet = commands.append
    invocation = peer.start("tools/call", name="keeps", arguments={})
    invocation.call()
    contexts[0].release()
    invocation.succeed("done", 0.0)
    contexts[0].release()
    for command in commands:
        command(0.0)
    assert [type(action) for action in peer.session.actions()] == [Send]


# Sessions of one exchange


@EACH
def test_the_end_of_an_exchange_stops_its_handler_and_is_told_nobody(revision):
    server, events = polling(), []
    serving = Serving(server, keeps=["long"], on_event=lambda _, event: events.append(event))
    alone = Alone(serving, server, revision)
    alone.call("long")
    (kept,) = serving.kept
    count = len(events)
    for _ in range(2):
        serving.connections.handle(alone.session, ExchangeEnded(reason="answered"))
    assert (kept.stopped, len(events)) == (1, count)
    assert not [report for report in serving.reports if "answered" in report.text]
    assert serving.texts(Severity.INFO) == []


@EACH_LEGACY
def test_a_question_where_no_session_is_kept_fails_with_words(revision):
    server = Server("asking", version="1")

    @server.tool
    def asks(ctx: Context) -> str:
        assert not ctx.client.can("elicitation")
        return str(ctx.elicit("who", "Who?", str))

    (answer,) = Alone(Serving(server), server, revision, sessions_off=True).call("asks")
    (block,) = answer["result"]["content"]
    assert answer["result"]["isError"]
    assert block["text"] == (
        "nothing but answers reaches this client here, so nothing can be asked that needs 'elicitation'"
    )


def test_a_page_that_an_error_names_is_shown_where_only_answers_go():
    peer = Conversation(shop(), LATEST_LEGACY, capabilities=PAGES, answers_only=True)
    assert peer.error("tools/call", name="must_pay", arguments={"page": "one"})["code"] == -32042


# What is promised


@pytest.mark.parametrize(
    ("settings", "able"),
    [
        ({}, {"tools": {"listChanged": True}, "logging": {}}),
        ({"sessions_off": True}, {"tools": {}, "logging": {}}),
        ({"answers_only": True}, {"tools": {}}),
        ({"answers_only": True, "sessions_off": True}, {"tools": {}}),
    ],
)
@EACH_LEGACY
def test_nothing_is_promised_that_cannot_be_kept(revision, settings, able):
    server = polling()
    peer = Conversation(server, revision, capabilities=EVERYTHING, **settings)
    assert peer.initialized["result"]["capabilities"] == able


@EACH_LEGACY
def test_a_request_that_stands_alone_hears_of_no_change(revision):
    server = polling()
    serving = Serving(server)
    alone = Alone(serving, server, revision)
    alone.ask("tools/list", {})
    server.add_tool(lambda: 1, name="late")
    alone.session.handle_timeout(1.0)
    assert alone.said() == []


# Pages


def shop():
    server = Server("shop", version="1")

    @server.tool
    def must_pay(page: str) -> str:
        raise UrlElicitationRequired("Pay first.", "https://example.com/pay", page)

    return server


def visiting(serving):
    peer = serving.peer()
    params = {
        "protocolVersion": LATEST_LEGACY,
        "capabilities": PAGES,
        "clientInfo": {"name": "client", "version": "7"},
    }
    peer.say({"id": 0, "method": "initialize", "params": params}, {"method": "notifications/initialized"})
    return peer


def pay(peer, *pages):
    for number, page in enumerate(pages, 1):
        params = {"name": "must_pay", "arguments": {"page": page}}
        peer.say({"id": number, "method": "tools/call", "params": params})


def done(peer):
    return [message["params"]["elicitationId"] for message in peer.answers()]


def test_only_who_was_sent_to_a_page_is_told_that_it_is_done():
    server = shop()
    serving = Serving(server)
    first, second = visiting(serving), visiting(serving)
    pay(first, "one", "two")
    pay(second, "three")
    server.elicitation_completed("two")
    server.elicitation_completed("unknown")
    assert (done(first), done(second)) == (["two"], [])
    server.elicitation_completed("three")
    assert (done(first), done(second)) == ([], ["three"])


def test_pages_that_were_left_long_ago_are_forgotten_and_so_are_those_of_who_has_gone():
    server = shop()
    serving = Serving(server)
    peer, other = visiting(serving), visiting(serving)
    pay(peer, *(str(number) for number in range(1025)))
    pay(other, "other")
    other.leave()
    other.link.handle_timeout(10.0)
    serving.settle()
    for page in ("0", "1", "other"):
        server.elicitation_completed(page)
    assert (done(peer), done(other)) == (["1"], [])


@EACH
def test_the_session_of_an_exchange_is_gone_with_it(revision):
    server = polling()
    alone = Alone(Serving(server), server, revision)
    alone.call("long")
    alone.session.close(0.0)
    alone.session.actions()
    alone.serving.connections.handle(alone.session, ExchangeEnded(reason="answered"))
    gone = weakref.ref(alone.session)
    # A cycle would wait for the collector, which costs more than the exchange.
    gc.disable()
    try:
        del alone
        assert gone() is None
    finally:
        gc.enable()
