"""Middleware of a server: around requests and notifications that come in, and around all that goes out."""

import asyncio
import gc
import weakref
from functools import partial

import attrs
import pytest
from tests.server.test_connections import META, TOLD, Peer, Serving, call, cancel, told

from sansmcp import Accepted, Context, LocalProtocolError, RequestFailed, RpcError, Server, ToolError, schema
from sansmcp.client import accept, call_tool
from sansmcp.schema import REVISIONS
from sansmcp.session import (
    Change,
    ChangeKind,
    Delay,
    HandlerFailed,
    IncomingNotification,
    IncomingRequest,
    OutgoingError,
    OutgoingNotification,
    OutgoingQuestions,
    OutgoingResult,
    RequestCancelled,
    RequestDrained,
    SessionLimits,
    Severity,
)
from sansmcp.testing import Pause
from sansmcp.testing import connect as connect_in_memory
from sansmcp.values import ABSENT

every_revision = pytest.mark.parametrize("revision", REVISIONS)
# Clients that check results ask for the list of tools, which is a message more.
connect = partial(connect_in_memory, validate="off")

asking_revisions = pytest.mark.parametrize("revision", [name for name in REVISIONS if name >= "2025-06-18"])


@attrs.frozen
class Name:
    """Who somebody is."""

    name: str


def served(**settings):
    server = Server("test", version="1", **settings)

    @server.tool
    def add(a: int, b: int) -> int:
        return a + b

    @server.tool
    async def wait(seconds: float, ctx: Context) -> str:
        ctx.log("info", "waiting")
        ctx.progress(1)
        await Pause(seconds)
        return "waited"

    @server.tool
    def fail() -> str:
        raise ValueError("inside")

    @server.tool
    def ask(ctx: Context) -> str:
        match ctx.elicit("name", "Who?", Name):
            case Accepted(value=found):
                return found.name
            case other:
                return type(other).__name__

    return server


def text(result):
    return result.content[0].text


class Taped:
    """Middleware that lets everything pass and remembers it."""

    def __init__(self):
        self.messages = []
        self.outcomes = []

    def __call__(self, message, proceed):
        self.messages.append(message)
        try:
            outcome = yield from proceed(message)
        except BaseException as error:
            self.outcomes.append(error)
            raise
        self.outcomes.append(outcome)
        return outcome

    def kinds(self):
        return [(type(message), message.method) for message in self.messages]


# Received


@every_revision
def test_every_request_passes_with_its_typed_params_and_gets_its_typed_result(revision):
    taped = Taped()
    with connect(served(middleware=[taped]), revisions=[revision]) as client:
        assert text(client.call_tool("add", {"a": 1, "b": 2})) == "3"
        assert [tool.name for tool in client.tools()] == ["add", "wait", "fail", "ask"]
    assert taped.kinds() == [(IncomingRequest, "tools/call"), (IncomingRequest, "tools/list")]
    assert taped.messages[0].params.arguments == {"a": 1, "b": 2}
    assert [message.name for message in taped.messages] == ["add", None]
    assert [type(outcome) for outcome in taped.outcomes] == [schema.CallToolResult, schema.ListToolsResult]


def test_registered_middleware_stands_inside_of_what_was_given_and_comes_back_as_it_was():
    order = []

    def named(name):
        def wrap(message, proceed):
            order.append(name)
            return (yield from proceed(message))

        return wrap

    server = served(middleware=[named("first")], sending_middleware=[named("out 1")])
    second, third = named("second"), named("out 2")
    assert server.middleware(second) is second
    assert server.sending_middleware(third) is third
    with connect(server) as client:
        client.call_tool("add", {"a": 1, "b": 2})
    assert order == ["first", "second", "out 1", "out 2"]


def test_a_session_that_has_begun_goes_on_with_the_middleware_it_had():
    server, taped = served(), Taped()
    with connect(server) as client:
        client.call_tool("add", {"a": 1, "b": 2})
        server.middleware(taped)
        client.call_tool("add", {"a": 1, "b": 2})
        with connect(server) as other:
            other.call_tool("add", {"a": 1, "b": 2})
    assert len(taped.messages) == 1


@every_revision
def test_it_may_change_the_request_and_the_result(revision):
    def double(message, proceed):
        arguments = {name: value * 10 for name, value in message.params.arguments.items()}
        result = yield from proceed(message.with_params(attrs.evolve(message.params, arguments=arguments)))
        block = schema.TextContent(text=f"<{text(result)}>")
        return attrs.evolve(result, content=(block,))

    with connect(served(middleware=[double]), revisions=[revision]) as client:
        assert text(client.call_tool("add", {"a": 1, "b": 2})) == "<30>"


@every_revision
def test_it_may_answer_by_itself_and_no_handler_runs(revision):
    def answer(message, proceed):
        if message.name == "fail":
            return schema.CallToolResult(content=(schema.TextContent(text="well"),))
        return (yield from proceed(message))

    with connect(served(middleware=[answer]), revisions=[revision]) as client:
        assert text(client.call_tool("fail")) == "well"
        assert text(client.call_tool("add", {"a": 1, "b": 2})) == "3"


@every_revision
def test_it_may_do_it_again_after_a_delay(revision):
    runs = []

    def again(message, proceed):
        try:
            return (yield from proceed(message))
        except ValueError:
            runs.append(message.clock())
            yield Delay(2.5)
            runs.append(message.clock())
            return (yield from proceed(message))

    server = Server("test", version="1", middleware=[again])

    @server.tool
    def flaky() -> str:
        runs.append("run")
        if runs.count("run") == 1:
            raise ValueError("not yet")
        return "now"

    with connect(server, revisions=[revision]) as client:
        began = client.now
        assert text(client.call_tool("flaky")) == "now"
        assert client.now - began == 2.5
    assert runs == ["run", began, began + 2.5, "run"]


@every_revision
@pytest.mark.parametrize(
    ("error", "shown"), [(ToolError("too late"), "too late"), (ValueError("secret"), None)]
)
def test_what_it_raises_is_answered_as_if_a_handler_had_raised_it(revision, error, shown):
    def refuse(_message, _proceed):
        raise error
        yield

    events = []
    serving = {"on_event": lambda _session, event: events.append(event)}
    with connect(served(middleware=[refuse]), revisions=[revision], serving=serving) as client:
        result = client.call_tool("add", {"a": 1, "b": 2})
        assert result.is_error
        assert text(result) == (shown or "It failed; the reason stays with the server.")
        with pytest.raises(RequestFailed):
            client.list_tools()
    failures = [event for event in events if isinstance(event, HandlerFailed)]
    assert {failure.middleware for failure in failures if shown is None} <= {refuse.__qualname__}
    assert len(failures) == (2 if shown is None else 0)


def test_the_log_says_which_middleware_failed():
    def careless(message, proceed):
        yield from proceed(message)
        raise KeyError("lost")

    serving = Serving(served(middleware=[careless]))
    serving.peer().say(call(1, "add", a=1, b=2), call(2, "fail"))
    assert serving.texts() == [
        f"tools/call 'add' failed in middleware {careless.__qualname__}",
        "tools/call 'fail' failed",
    ]


def test_the_log_says_which_middleware_made_what_is_no_result():
    def passes_on(message, proceed):
        return (yield from proceed(message))

    def spoils(message, proceed):
        yield from proceed(message)
        return 5

    def forgets(message, proceed):
        yield from proceed(message)

    for made_it in (spoils, forgets):
        serving = Serving(served(middleware=[passes_on, made_it, passes_on]))
        serving.peer().say(call(1, "add", a=1, b=2))
        assert serving.texts() == [f"tools/call 'add' failed in middleware {made_it.__qualname__}"]


def test_an_rpc_error_of_its_own_goes_to_the_peer_as_it_is():
    def refuse(_message, _proceed):
        raise RpcError(-32603, "not today", {"retryAfter": 1})
        yield

    with connect(served(middleware=[refuse])) as client, pytest.raises(RequestFailed) as failed:
        client.list_tools()
    assert (failed.value.code, str(failed.value.data)) == (-32603, "{'retryAfter': 1}")


def test_a_result_that_is_none_fails_the_request_and_no_other():
    def forget(message, proceed):
        yield from proceed(message)

    with connect(served(middleware=[forget])) as client:
        assert client.call_tool("add", {"a": 1, "b": 2}).is_error
        with pytest.raises(RequestFailed):
            client.list_tools()


def test_a_result_that_cannot_be_said_fails_the_request():
    def spoil(message, proceed):
        yield from proceed(message)
        return object()

    with connect(served(middleware=[spoil])) as client:
        assert client.call_tool("add", {"a": 1, "b": 2}).is_error


@asking_revisions
def test_a_handler_that_asks_passes_again_with_the_answer(revision):
    taped = Taped()
    serving = {"elicitation": lambda _request: accept({"name": "Ada"})}
    with connect(served(middleware=[taped]), revisions=[revision], **serving) as client:
        assert text(client.call_tool("ask")) == "Ada"
    assert [type(outcome).__name__ for outcome in taped.outcomes] == ["InputNeeded", "CallToolResult"]


def test_a_question_that_is_swallowed_is_told_to_the_author():
    def swallow(message, proceed):
        try:
            return (yield from proceed(message))
        except BaseException as error:
            raise ValueError("swallowed") from error

    events = []
    serving = {"on_event": lambda _session, event: events.append(event)}
    answers = {"elicitation": lambda _request: accept({"name": "Ada"})}
    with connect(served(middleware=[swallow]), serving=serving, **answers) as client:
        assert client.call_tool("ask").is_error
    (failure,) = [event for event in events if isinstance(event, HandlerFailed)]
    assert (str(failure.error), failure.middleware) == ("swallowed", swallow.__qualname__)


def test_a_handler_that_swallows_its_own_question_is_told_so_through_middleware():
    server = Server("test", version="1", middleware=[Taped()])

    @server.tool
    def ask(ctx: Context) -> str:
        try:
            ctx.elicit("name", "Who?", Name)
        except BaseException:  # noqa: BLE001
            return "went on"

    events = []
    serving = {"on_event": lambda _session, event: events.append(event)}
    with connect(server, serving=serving, elicitation=lambda _request: accept({"name": "A"})) as client:
        assert client.call_tool("ask").is_error
    (failure,) = [event for event in events if isinstance(event, HandlerFailed)]
    assert "caught InputNeeded" in str(failure.error)


def test_who_asks_is_known_where_somebody_found_out():
    taped = Taped()
    with connect(served(middleware=[taped]), serving={"principal": "ann"}) as client:
        client.list_tools()
    assert taped.messages[0].principal == "ann"


# Cancelling


def stalling(closed, *, first=False):
    def stall(message, proceed):
        try:
            if first:
                yield Delay(60)
            outcome = yield from proceed(message)
            yield Delay(60)
        finally:
            closed.append(message.method)
        return outcome

    return stall


@every_revision
@pytest.mark.parametrize("first", [False, True])
def test_a_request_that_is_cancelled_in_a_delay_closes_its_middleware_at_once(revision, first):
    closed = []
    with connect(served(middleware=[stalling(closed, first=first)]), revisions=[revision]) as client:
        waiting = client.begin(call_tool("add", {"a": 1, "b": 2}))
        assert closed == []
        client.give_up(waiting)
        assert closed == ["tools/call"]
        assert [report for report in client.reports if report.severity is Severity.ERROR] == []


def test_a_handler_that_is_cancelled_passes_its_end_through_the_middleware():
    taped = Taped()
    with connect(served(middleware=[taped])) as client:
        waiting = client.begin(call_tool("wait", {"seconds": 10.0}))
        client.give_up(waiting)
    assert [type(outcome).__name__ for outcome in taped.outcomes] == ["WorkCancelled"]


def test_what_a_handler_that_nothing_stops_returns_late_passes_too():
    taped = Taped()
    serving = Serving(served(middleware=[taped]), keeps={"add"}, stops=False)
    peer = serving.peer()
    peer.say(call(1, "add", a=1, b=2))
    peer.say(cancel(1))
    assert taped.outcomes == []
    serving.kept[0].go_on()
    assert len(taped.outcomes) == 1
    assert peer.answers() == []


def test_a_handler_is_stopped_once_however_often_it_is_cancelled():
    serving = Serving(served(middleware=[Taped()]), keeps={"add"})
    peer = serving.peer()
    peer.say(call(1, "add", a=1, b=2))
    session = next(iter(serving.endpoint.links)).session
    serving.connections.handle(session, RequestCancelled(request_id=1))
    serving.connections.handle(session, RequestCancelled(request_id=1))
    assert serving.kept[0].stopped == 1
    serving.kept[0].raise_(asyncio.CancelledError())
    assert serving.texts() == []


def test_a_task_that_runs_before_whoever_made_it_has_it_is_not_stopped_later():
    serving = Serving(served(middleware=[stalling([])]), keeps={"add"}, eager=True)
    peer = serving.peer()
    peer.say(call(1, "add", a=1, b=2))
    peer.say(cancel(1))
    assert serving.kept[0].stopped == 0


@pytest.mark.parametrize("keeps", [(), {"add"}])
def test_a_peer_that_goes_away_closes_all_middleware_at_once(keeps):
    closed = []
    serving = Serving(served(middleware=[stalling(closed)]), keeps=keeps)
    peer = serving.peer()
    peer.say(call(1, "add", a=1, b=2), call(2, "add", a=1, b=2))
    serving.connections.close()
    assert closed == ["tools/call", "tools/call"]
    assert serving.endpoint.next_deadline() is None
    for kept in serving.kept:
        kept.go_on()
    assert serving.texts() == []


def test_a_handler_that_is_stopped_with_its_session_tells_nobody_of_it():
    serving = Serving(served(middleware=[stalling([])]), keeps={"add"})
    serving.peer().say(call(1, "add", a=1, b=2))
    serving.connections.close()
    serving.kept[0].raise_(asyncio.CancelledError())
    assert serving.texts() == []


def test_what_middleware_raises_when_it_is_closed_is_told():
    def sore(message, proceed):
        try:
            return (yield from proceed(message))
        finally:
            raise OSError("sore")

    serving = Serving(served(middleware=[sore]), keeps={"add"})
    serving.peer().say(call(1, "add", a=1, b=2))
    serving.connections.close()
    assert f"middleware {sore.__qualname__} failed when its session was gone" in serving.texts()


def test_a_handler_hears_when_what_it_said_is_on_its_way():
    serving = Serving(served(middleware=[stalling([], first=True)]), keeps={"add"})
    peer = serving.peer()
    peer.say(call(1, "add", a=1, b=2))
    session = next(iter(serving.endpoint.links)).session
    serving.connections.handle(session, RequestDrained(request_id=1))
    serving.endpoint.handle_timeout(60.0)
    serving.connections.handle(session, RequestDrained(request_id=1))
    serving.kept[0].go_on()
    serving.endpoint.handle_timeout(120.0)
    serving.connections.handle(session, RequestDrained(request_id=1))
    assert [answer["id"] for answer in peer.answers()] == [1]


# Notifications


def hearing(*layers):
    server = served(middleware=layers)
    heard = []

    @server.notification(TOLD)
    def hear(number: int) -> None:
        if number < 0:
            raise ValueError("negative")
        heard.append(number)

    return server, heard


def test_notifications_pass_in_their_order_with_or_without_a_handler():
    taped = Taped()
    server, heard = hearing(taped)
    server.add_notification("notifications/acme/other", lambda: None)
    Serving(server).peer().initialize().say(told(1), told(2))
    assert heard == [1, 2]
    assert taped.kinds() == [(IncomingNotification, TOLD)] * 2
    assert taped.messages[0].params == {"number": 1}


def test_a_notification_that_nobody_takes_passes_all_the_same():
    taped = Taped()
    Serving(served(middleware=[taped])).peer().initialize().say(
        {"method": "notifications/roots/list_changed"}
    )
    assert taped.kinds() == [(IncomingNotification, "notifications/roots/list_changed")]
    assert taped.outcomes == [None]


def test_a_notification_that_is_delayed_holds_up_those_behind_it():
    def hold(message, proceed):
        if message.params["number"] == 1:
            yield Delay(5)
        return (yield from proceed(message))

    server, heard = hearing(hold)
    serving = Serving(server)
    serving.peer().initialize().say(told(1), told(2))
    assert heard == []
    serving.endpoint.handle_timeout(5.0)
    assert heard == [1, 2]


def test_a_notification_may_be_dropped_and_one_whose_middleware_fails_is_dropped_and_told():
    def choose(message, proceed):
        if message.params["number"] == 2:
            return None
        if message.params["number"] == 3:
            raise KeyError("three")
        return (yield from proceed(message))

    server, heard = hearing(choose)
    serving = Serving(server)
    serving.peer().initialize().say(told(1), told(2), told(3), told(-1), told(4))
    assert heard == [1, 4]
    assert serving.texts() == [
        f"middleware {choose.__qualname__} failed; {TOLD} goes no further",
        f"{TOLD} failed; {TOLD} goes no further",
    ]


def test_a_notification_that_waits_first_ends_with_its_session():
    server, heard = hearing(stalling([], first=True))
    serving = Serving(server)
    serving.peer().initialize().say(told(1))
    serving.connections.close()
    assert heard == []


@pytest.mark.parametrize("keeps", [(), {TOLD}])
def test_notifications_end_with_their_session(keeps):
    server, heard = hearing(stalling([]))
    serving = Serving(server, keeps=keeps)
    peer = serving.peer().initialize()
    peer.say(told(1), told(2))
    serving.connections.close()
    assert len(heard) == (0 if keeps else 1)
    assert [kept.stopped for kept in serving.kept] == [1] * len(keeps)
    for kept in serving.kept:
        kept.go_on()
    assert serving.texts() == []


# Sent


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

    def stall(message, proceed):
        try:
            yield Delay(60)
            return (yield from proceed(message))
        finally:
            closed.append(message.method)

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


# What a session answers by itself


@every_revision
def test_what_a_session_answers_by_itself_passes_too(revision):
    received, sent, heard = Taped(), Taped(), []
    server = served(middleware=[received], sending_middleware=[sent])
    server.add_resource("a://b", lambda: "", name="b")
    with connect(server, revisions=[revision], on_change=lambda event: heard.append(event.change)) as client:
        if revision == "2026-07-28":
            wanted = schema.SubscriptionFilter(resource_subscriptions=("a://b",))
            client.session.listen(wanted, client.now)
            client.settle()
            expected = {"subscriptions/listen"}
        else:
            client.set_log_level("info")
            client.request("resources/subscribe", {"uri": "a://b"})
            expected = {"logging/setLevel", "resources/subscribe"}
        server.resource_updated("a://b")
        client.call_tool("wait", {"seconds": 1.0})
        assert heard == [Change(kind=ChangeKind.RESOURCE, uri="a://b")]
        if revision != "2026-07-28":
            client.request("resources/unsubscribe", {"uri": "a://b"})
            server.resource_updated("a://b")
            client.call_tool("wait", {"seconds": 1.0})
            assert len(heard) == 1
    methods = {message.method for message in received.messages}
    assert expected <= methods
    answered = {message.method for message in sent.messages if isinstance(message, OutgoingResult)}
    assert expected - {"subscriptions/listen"} <= answered


@every_revision
def test_what_a_session_answers_may_be_refused_before_it_is_done(revision):
    def refuse(message, proceed):
        if message.method in {"resources/subscribe", "subscriptions/listen"}:
            raise RpcError(-32603, "not you")
        return (yield from proceed(message))

    heard = []
    server = served(middleware=[refuse])
    server.add_resource("a://b", lambda: "", name="b")
    with connect(server, revisions=[revision], on_change=heard.append) as client:
        if revision == "2026-07-28":
            wanted = schema.SubscriptionFilter(resource_subscriptions=("a://b",))
            client.session.listen(wanted, client.now)
            client.settle()
        else:
            with pytest.raises(RequestFailed, match="not you"):
                client.request("resources/subscribe", {"uri": "a://b"})
        server.resource_updated("a://b")
        client.call_tool("wait", {"seconds": 1.0})
    assert heard == []


def test_a_session_that_refuses_says_so_through_middleware():
    taped = Taped()
    serving = Serving(served(middleware=[taped]), limits=SessionLimits(subscriptions=1))
    peer = serving.peer()
    answers = peer.say(*(listening(number) for number in (1, 2)))
    (refused,) = [answer for answer in answers if "error" in answer]
    assert (refused["id"], refused["error"]["code"]) == (2, -32603)
    assert [type(outcome) for outcome in taped.outcomes] == [type(ABSENT), RpcError]
    assert [answer["id"] for answer in peer.say(cancel(1), call(3, "add", a=1, b=2))] == [3]


def test_the_handshake_is_not_kept_waiting():
    serving = Serving(served(middleware=[stalling([], first=True)]))
    (answer,) = serving.peer().say({"id": 1, "method": "server/discover", "params": {"_meta": META}})
    assert "capabilities" in answer["result"]


def test_a_subscription_that_is_cancelled_in_a_delay_never_begins():
    closed = []
    serving = Serving(served(middleware=[stalling(closed, first=True)], sending_middleware=[Taped()]))
    peer = serving.peer()
    peer.say(listening(1))
    assert peer.say(cancel(1)) == []
    assert closed == ["subscriptions/listen"]
    assert serving.endpoint.next_deadline() is None


def listening(request_id):
    params = {"notifications": {"toolsListChanged": True}, "_meta": META}
    return {"id": request_id, "method": "subscriptions/listen", "params": params}


@pytest.mark.parametrize("layers", [[], ["sent"]])
def test_what_middleware_does_after_a_subscription_has_begun_is_told_and_answers_nothing(layers):
    def spoil(message, proceed):
        yield from proceed(message)
        raise ValueError("late")

    def replace(message, proceed):
        yield from proceed(message)
        return {}

    for layer, told_of in ((spoil, 1), (replace, 0)):
        serving = Serving(served(middleware=[layer], sending_middleware=[Taped() for _ in layers]))
        peer = serving.peer()
        (acknowledged,) = peer.say(listening(1))
        assert acknowledged["method"] == "notifications/subscriptions/acknowledged"
        assert len(serving.texts()) == told_of
        assert all(text.endswith("after a subscription had begun, which goes on") for text in serving.texts())
        assert peer.say(cancel(1)) == []


def test_a_subscription_whose_middleware_waits_after_it_has_begun_ends_with_its_session():
    closed = []
    serving = Serving(served(middleware=[stalling(closed, first=False)]))
    peer = serving.peer()
    assert len(peer.say(listening(1))) == 1
    peer.leave()
    assert closed == ["subscriptions/listen"]
    assert serving.texts() == []
