"""Middleware of a server: around requests and notifications that come in, and around all that goes out."""

import attrs
import pytest
from tests.middleware.taped import Name, Taped, every_revision, stalling, text
from tests.server.surrounded import asking_revisions, connect, served
from tests.server.test_connections import TOLD, Serving, call, told

from sansmcp import Context, RequestFailed, RpcError, Server, ToolError, schema
from sansmcp.client import accept
from sansmcp.session import (
    Delay,
    HandlerFailed,
    IncomingNotification,
    IncomingRequest,
)

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
