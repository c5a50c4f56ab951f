"""Middleware of a server around all that goes out."""

import gc
import weakref

import attrs
import pytest
from tests.middleware.taped import Taped, every_revision, stalling, text
from tests.server.surrounded import asking_revisions, connect, served
from tests.server.test_connections import Peer, Serving, call

from sansmcp import Context, LocalProtocolError, RequestFailed, Server, schema
from sansmcp.client import accept
from sansmcp.session import (
    Change,
    ChangeKind,
    Delay,
    HandlerFailed,
    OutgoingError,
    OutgoingNotification,
    OutgoingQuestions,
    OutgoingResult,
    RequestDrained,
    Severity,
)


@every_revision
def test_results_and_errors_pass_on_their_way_out(revision):
    taped = Taped()
    with connect(served(sending_middleware=[taped]), revisions=[revision]) as client:
        client.call_tool("add", {"a": 1, "b": 2})
        with pytest.raises(RequestFailed):
            client.call_tool("none")
    assert taped.kinds() == [(OutgoingResult, "tools/call"), (OutgoingError, "tools/call")]
    assert taped.messages[0].request.params.name == "add"
    assert taped.outcomes == [None, None]


@every_revision
def test_results_and_errors_may_be_changed(revision):
    def change(message, proceed):
        if isinstance(message, OutgoingError):
            return (yield from proceed(attrs.evolve(message, message="changed", data={"more": 1})))
        block = schema.TextContent(text="changed")
        return (yield from proceed(message.with_result(attrs.evolve(message.result, content=(block,)))))

    with connect(served(sending_middleware=[change]), revisions=[revision]) as client:
        assert text(client.call_tool("add", {"a": 1, "b": 2})) == "changed"
        with pytest.raises(RequestFailed, match="changed") as failed:
            client.call_tool("none")
    assert failed.value.data == {"more": 1}


@every_revision
def test_logs_and_progress_pass_before_their_result_and_in_order_even_when_delayed(revision):
    taped, heard = Taped(), []

    def slow_down(message, proceed):
        if message.method == "notifications/message":
            yield Delay(7)
        return (yield from proceed(message))

    server = served(sending_middleware=[taped, slow_down])
    with connect(
        server, revisions=[revision], log_level="info", on_log=lambda event: heard.append(event.data)
    ) as client:
        if revision != "2026-07-28":
            client.set_log_level("info")
        began = client.now
        client.call_tool("wait", {"seconds": 1.0}, on_progress=lambda event: heard.append(event.progress))
        assert client.now - began == 7
    assert heard == ["waiting", 1]
    assert [kind for kind in taped.kinds() if kind[1] != "logging/setLevel"] == [
        (OutgoingNotification, "notifications/message"),
        (OutgoingNotification, "notifications/progress"),
        (OutgoingResult, "tools/call"),
    ]


@every_revision
def test_changes_pass_where_somebody_hears_them_and_may_be_held_back(revision):
    taped, heard = Taped(), []

    def choose(message, proceed):
        if not isinstance(message, OutgoingNotification) or message.params.kind is not ChangeKind.PROMPTS:
            return (yield from proceed(message))

    server = served(sending_middleware=[taped, choose])
    server.add_prompt(lambda: "", name="before", description="a prompt")
    with connect(server, revisions=[revision], on_change=lambda event: heard.append(event.change)) as client:
        if revision == "2026-07-28":
            wanted = schema.SubscriptionFilter(tools_list_changed=True, prompts_list_changed=True)
            client.session.listen(wanted, client.now)
            client.settle()
        server.add_tool(lambda: "", name="late", description="a tool")
        server.add_prompt(lambda: "", name="late", description="a prompt")
        client.call_tool("wait", {"seconds": 1.0})
        server.resource_updated("nobody://hears")
        client.call_tool("wait", {"seconds": 1.0})
    assert set(heard) == {Change(kind=ChangeKind.TOOLS)}
    assert [message.params.kind for message in taped.messages if message.method.endswith("list_changed")] == [
        ChangeKind.TOOLS,
        ChangeKind.PROMPTS,
    ]


@asking_revisions
def test_questions_pass_and_may_be_changed(revision):
    taped = Taped()

    def rephrase(message, proceed):
        if isinstance(message, OutgoingQuestions):
            questions = {
                key: attrs.evolve(question, params=attrs.evolve(question.params, message="Your name?"))
                for key, question in message.questions.items()
            }
            return (yield from proceed(attrs.evolve(message, questions=questions)))
        return (yield from proceed(message))

    asked = []

    def answer(request):
        asked.append(request.message)
        return accept({"name": "Ada"})

    server = served(sending_middleware=[taped, rephrase])
    with connect(server, revisions=[revision], elicitation=answer) as client:
        assert text(client.call_tool("ask")) == "Ada"
    assert asked == ["Your name?"]
    assert taped.kinds() == [(OutgoingQuestions, "tools/call"), (OutgoingResult, "tools/call")]


@every_revision
def test_what_goes_wrong_on_the_way_out_is_a_failure_and_the_request_is_answered(revision):
    def break_results(message, proceed):
        if isinstance(message, OutgoingResult):
            raise KeyError("broken")
        return (yield from proceed(message))

    events = []
    serving = {"on_event": lambda _session, event: events.append(event)}
    server = served(sending_middleware=[break_results])
    with connect(server, revisions=[revision], serving=serving) as client:
        result = client.call_tool("add", {"a": 1, "b": 2})
        assert (result.is_error, text(result)) == (True, "It failed; the reason stays with the server.")
        with pytest.raises(RequestFailed, match="the reason stays"):
            client.list_tools()
    failures = [event for event in events if isinstance(event, HandlerFailed)]
    assert [failure.middleware for failure in failures] == [break_results.__qualname__] * 2


def test_an_answer_that_is_dropped_is_a_failure_with_words():
    def drop(_message, _proceed):
        return None
        yield

    events = []
    serving = {"on_event": lambda _session, event: events.append(event)}
    with connect(served(sending_middleware=[drop]), serving=serving) as client:
        assert client.call_tool("add", {"a": 1, "b": 2}).is_error
    (failure,) = [event for event in events if isinstance(event, HandlerFailed)]
    assert "did not proceed with an answer" in str(failure.error)


def test_a_result_that_middleware_makes_unsayable_fails_its_request():
    def spoil(message, proceed):
        return (yield from proceed(message.with_result(object())))

    with connect(served(sending_middleware=[spoil])) as client:
        assert client.call_tool("add", {"a": 1, "b": 2}).is_error


def test_what_is_raised_after_the_answer_went_out_is_told():
    def late(message, proceed):
        yield from proceed(message)
        raise KeyError("late")

    with connect(served(sending_middleware=[late])) as client:
        assert text(client.call_tool("add", {"a": 1, "b": 2})) == "3"
        assert [report.text for report in client.reports if report.severity is Severity.ERROR] == [
            f"middleware {late.__qualname__} failed after its message was done with"
        ]


def test_notifications_may_be_dropped_and_those_whose_middleware_fails_are_dropped_and_told():
    def choose(message, proceed):
        if message.method == "notifications/progress":
            return None
        if message.method == "notifications/message":
            raise KeyError("no")
        return (yield from proceed(message))

    heard = []
    with connect(served(sending_middleware=[choose]), log_level="info", on_log=heard.append) as client:
        client.call_tool("wait", {"seconds": 0.0}, on_progress=heard.append)
        assert heard == []
        assert [report.text for report in client.reports if report.severity is Severity.ERROR] == [
            f"middleware {choose.__qualname__} failed; notifications/message is not sent"
        ]


def test_what_the_server_did_not_declare_is_not_sent_and_blames_nobody():
    server = served(
        sending_middleware=[Taped()], capabilities=schema.ServerCapabilities(tools=schema.ToolsCapability())
    )
    with connect(server, log_level="info") as client:
        assert text(client.call_tool("wait", {"seconds": 0.0})) == "waited"
        assert [report for report in client.reports if report.severity is Severity.ERROR] == []


def test_what_waits_to_go_out_is_dropped_with_its_session():
    closed = []

    stall = stalling(closed, first=True, after=False)
    serving = Serving(served(sending_middleware=[stall]))
    peer = serving.peer()
    peer.say(call(1, "add", a=1, b=2), call(2, "fail"))
    sending = next(iter(serving.endpoint.links)).session.sending
    serving.connections.close()
    assert closed == ["tools/call", "tools/call"]
    assert serving.endpoint.next_deadline() is None
    assert serving.texts() == []
    sending.publish(Change(kind=ChangeKind.TOOLS), 0.0)
    assert closed == ["tools/call", "tools/call"]


def test_an_answer_that_comes_twice_is_told():
    def stall(message, proceed):
        yield Delay(60)
        return (yield from proceed(message))

    serving = Serving(served(sending_middleware=[stall]))
    peer = serving.peer()
    peer.say(call(1, "add", a=1, b=2))
    session = next(iter(serving.endpoint.links)).session
    session.respond(1, {}, 0.0)
    serving.endpoint.handle_timeout(60.0)
    serving.endpoint.handle_timeout(120.0)
    assert len(peer.answers()) == 1
    assert serving.texts() == ["tools/call has no answer"]


def test_an_answer_to_nothing_is_refused_at_once():
    serving = Serving(served(sending_middleware=[Taped()]))
    peer = serving.peer()
    peer.say(call(1, "add", a=1, b=2))
    session = next(iter(serving.endpoint.links)).session
    with pytest.raises(LocalProtocolError, match="the request 1 is not in flight"):
        session.respond(1, {}, 0.0)


@asking_revisions
def test_a_request_whose_handler_asked_is_not_kept_once_the_client_was_told(revision):
    kept = []

    def remember(message, proceed):
        if isinstance(message, OutgoingQuestions):
            kept.append(weakref.ref(message.request))
        return (yield from proceed(message))

    server = served(sending_middleware=[remember])
    with connect(server, revisions=[revision], elicitation=lambda _: accept({"name": "x"})) as client:
        for _ in range(3):
            assert client.call_tool("ask").content[0].text == "x"
        gc.collect()
        assert len(kept) == 3
        # What was received last may be looked at still.
        assert kept[0]() is kept[1]() is None


def test_a_flood_behind_a_delay_is_bounded_and_counted():
    def stall(message, proceed):
        yield Delay(60)
        return (yield from proceed(message))

    server = Server("test", version="1", sending_middleware=[stall])

    @server.tool
    def flood(count: int, ctx: Context) -> str:
        for number in range(count):
            ctx.log("info", number)
        return "done"

    events = []
    serving = Serving(server, on_event=lambda _session, event: events.append(type(event).__name__))
    peer = Peer(serving)
    message = call(1, "flood", count=1100)
    message["params"]["_meta"] = {
        **message["params"]["_meta"],
        "io.modelcontextprotocol/logLevel": "info",
    }
    peer.say(message)
    assert "NotificationsLeftOut" in events


def test_draining_waits_for_what_middleware_holds_up():
    def stall(message, proceed):
        yield Delay(60)
        return (yield from proceed(message))

    events = []
    serving = Serving(
        served(sending_middleware=[stall]),
        keeps={"add"},
        on_event=lambda _session, event: events.append(type(event)),
    )
    peer = serving.peer()
    peer.say(call(1, "add", a=1, b=2))
    session = next(iter(serving.endpoint.links)).session
    session.drain(1, 0.0)
    serving.settle()
    assert events.count(RequestDrained) == 1
    params = {"level": "info", "data": "said"}
    session.notify("notifications/message", params, 0.0, related=1)
    session.drain(1, 0.0)
    serving.settle()
    assert events.count(RequestDrained) == 1
    serving.endpoint.handle_timeout(60.0)
    serving.settle()
    assert events.count(RequestDrained) == 2


def test_a_change_that_nobody_hears_passes_nothing():
    taped = Taped()
    serving = Serving(served(sending_middleware=[taped]))
    peer = serving.peer()
    peer.say(call(1, "add", a=1, b=2))
    session = next(iter(serving.endpoint.links)).session
    session.publish(Change(kind=ChangeKind.TOOLS), 0.0)
    assert [type(message) for message in taped.messages] == [OutgoingResult]


def test_without_middleware_no_session_is_wrapped():
    serving = Serving(served())
    peer = serving.peer()
    peer.say(call(1, "add", a=1, b=2))
    assert next(iter(serving.endpoint.links)).session.sending is None
