"""How a handler's outcome becomes an answer, whatever it was."""

from dataclasses import dataclass
from typing import Annotated

import pytest
from tests.server.conversation import MODERN, Conversation

from sansmcp.errors import InputNeeded, LocalProtocolError, ResourceNotFound, RpcError, ToolError
from sansmcp.schema import REVISIONS
from sansmcp.server import Context, Server
from sansmcp.session import AnswerDropped, GivenUp, HandlerFailed, RequestCancelled, ServerSession

FAILED = "It failed; the reason stays with the server."
SECRET = "pw=hunter2"


def server_with(function, **options):
    """Return a server on which a tool, a prompt, a resource and a method are one function."""
    server = Server("outcomes", version="1", **options)
    server.add_tool(function, name="tool")
    server.add_prompt(function, name="prompt")
    server.add_resource("a:b", function)
    server.add_method("acme/do", function)
    return server


def raising(error, **options):
    def function():
        raise error

    return server_with(function, **options)


OTHERS = [("prompts/get", {"name": "prompt"}), ("resources/read", {"uri": "a:b"}), ("acme/do", {})]


def text_of(result):
    return "".join(block["text"] for block in result["content"])


# What is raised


@pytest.mark.parametrize(
    "error", [ValueError(SECRET), SystemExit(SECRET), KeyboardInterrupt(SECRET), GeneratorExit()]
)
@pytest.mark.parametrize("revision", REVISIONS)
def test_the_peer_is_told_that_a_handler_failed_and_the_author_why(error, revision):
    peer = Conversation(raising(error), revision)
    result = peer.call("tool")
    assert result["isError"] is True
    assert text_of(result) == FAILED
    (failed,) = peer.events
    assert isinstance(failed, HandlerFailed)
    assert (failed.method, failed.error) == ("tools/call", error)


@pytest.mark.parametrize(("method", "params"), OTHERS)
def test_what_has_no_result_for_failures_answers_with_an_error(method, params):
    error = ValueError(SECRET)
    peer = Conversation(raising(error))
    assert peer.error(method, **params) == {"code": -32603, "message": FAILED}
    (failed,) = peer.events
    assert (failed.method, failed.error) == (method, error)


def test_the_text_of_an_exception_is_shown_where_the_author_wants_it():
    peer = Conversation(raising(ValueError("shown"), reveal_errors=True))
    assert text_of(peer.call("tool")) == "ValueError: shown"
    assert peer.error("acme/do") == {"code": -32603, "message": "ValueError: shown"}


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_tool_error_shows_its_message_and_is_no_failure(revision):
    peer = Conversation(raising(ToolError("shown")), revision)
    result = peer.call("tool")
    assert (text_of(result), result["isError"]) == ("shown", True)
    for method, params in OTHERS:
        assert peer.error(method, **params) == {"code": -32603, "message": "shown"}
    assert peer.events == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_protocol_error_goes_out_unchanged(revision):
    peer = Conversation(raising(RpcError(7, "seven", {"a": None})), revision)
    expected = {"code": 7, "message": "seven", "data": {"a": None}}
    assert peer.error("tools/call", name="tool") == expected
    for method, params in OTHERS:
        assert peer.error(method, **params) == expected
    assert peer.events == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_resource_that_is_not_there_has_the_code_of_the_revision(revision):
    peer = Conversation(raising(ResourceNotFound("a:c")), revision)
    code = -32602 if revision == MODERN else -32002
    for method, params in [("tools/call", {"name": "tool"}), *OTHERS]:
        assert peer.error(method, **params) == {
            "code": code,
            "message": "there is no resource 'a:c'",
            "data": {"uri": "a:c"},
        }


@pytest.mark.parametrize("error", [RpcError(7, "x", object()), RpcError("7", "x"), RpcError(7, "\ud800")])
def test_an_error_that_cannot_be_said_is_a_failure_of_the_handler(error):
    peer = Conversation(raising(error))
    assert peer.error("tools/call", name="tool") == {"code": -32603, "message": FAILED}
    (failed,) = peer.events
    assert isinstance(failed.error, LocalProtocolError)


def test_a_tool_error_that_cannot_be_said_is_a_failure_of_the_handler():
    peer = Conversation(raising(ToolError("\ud800")))
    assert peer.error("tools/call", name="tool") == {"code": -32603, "message": FAILED}
    assert len(peer.events) == 1


def test_several_exceptions_at_once_are_a_failure():
    group = BaseExceptionGroup("both", [InputNeeded("a"), ValueError(SECRET)])
    peer = Conversation(raising(group))
    assert text_of(peer.call("tool")) == FAILED
    assert peer.events[0].error is group


def test_a_need_for_input_without_a_question_is_a_failure():
    error = InputNeeded("made by hand")
    peer = Conversation(raising(error))
    assert text_of(peer.call("tool")) == FAILED
    assert peer.events[0].error is error


@pytest.mark.parametrize(("method", "params"), OTHERS)
def test_a_value_that_cannot_be_said_is_a_failure_of_the_handler(method, params):
    peer = Conversation(server_with(lambda: {1: object()}))
    assert peer.error(method, **params) == {"code": -32603, "message": FAILED}
    assert isinstance(peer.events[0], HandlerFailed)


# Handlers that fail when what they returned or raised is read


class Evil:
    """What a handler may hand over: it says nothing, and raises whenever it is looked at."""

    def __getattribute__(self, name):
        raise RuntimeError(SECRET)

    def __repr__(self):
        raise RuntimeError(SECRET)


@dataclass
class LateFault:
    """A record that cannot be read any more."""

    name: str = "a"

    def __getattribute__(self, name):
        if name == "name":
            raise ZeroDivisionError(SECRET)
        return super().__getattribute__(name)


class BadText:
    def __str__(self):
        raise RuntimeError(SECRET)


class BadError(BadText, Exception):
    pass


class BadToolError(BadText, ToolError):
    pass


class BadNotFound(ResourceNotFound):
    def __init__(self, uri):
        super().__init__(uri)
        self.uri = Evil()


class BadRpcError(RpcError):
    def __init__(self):
        pass


@pytest.mark.parametrize("make", [lambda: 10**5000, Evil, lambda: {"a": Evil()}, lambda: [Evil()], LateFault])
@pytest.mark.parametrize("revision", REVISIONS)
def test_a_value_that_raises_when_it_is_read_is_a_failure_of_the_handler(make, revision):
    def function():
        return make()

    peer = Conversation(server_with(function), revision)
    assert text_of(peer.call("tool")) == FAILED
    for method, params in OTHERS:
        assert peer.error(method, **params) == {"code": -32603, "message": FAILED}
    assert [type(event) for event in peer.events] == [HandlerFailed] * 4


@pytest.mark.parametrize("type_", [int, LateFault, Annotated[LateFault, "noted"], dict[str, LateFault]])
def test_a_typed_value_that_raises_when_it_is_read_is_a_failure_of_the_handler(type_):
    values = {int: 10**5000, dict[str, LateFault]: {"a": LateFault()}}

    def function():
        return values.get(type_, LateFault())

    function.__annotations__["return"] = type_
    server = Server("outcomes", version="1")
    server.add_tool(function, name="tool")
    peer = Conversation(server)
    assert text_of(peer.call("tool")) == FAILED
    assert [type(event) for event in peer.events] == [HandlerFailed]


@pytest.mark.parametrize("reveals", [True, False])
@pytest.mark.parametrize("class_", [BadError, BadToolError, BadNotFound])
def test_an_exception_that_raises_when_it_is_read_is_a_failure_of_the_handler(class_, reveals):
    error = class_("a:b")
    peer = Conversation(raising(error, reveal_errors=reveals))
    result = peer.call("tool")
    assert result["isError"] is True
    assert SECRET not in text_of(result) or reveals
    for method, params in OTHERS:
        assert peer.error(method, **params)["code"] == -32603
    assert [type(event) for event in peer.events] == [HandlerFailed] * 4


def test_a_protocol_error_that_was_never_made_is_a_failure_of_the_handler():
    peer = Conversation(raising(BadRpcError()))
    assert text_of(peer.call("tool")) == FAILED
    assert isinstance(peer.events[0].error, AttributeError)


def test_the_answer_after_a_value_that_raises_is_answered_as_ever():
    values = [10**5000, "fine"]
    peer = Conversation(server_with(lambda: values.pop(0)))
    assert text_of(peer.call("tool")) == FAILED
    assert text_of(peer.call("tool")) == "fine"


def test_a_notification_that_is_no_object_is_refused_where_it_is_said():
    def function(ctx: Context) -> str:
        ctx.notify("acme/said", 10**5000)
        return "not reached"

    server = server_with(function)
    server.add_notification("acme/said", lambda: None)
    peer = Conversation(server)
    assert text_of(peer.call("tool")) == FAILED
    assert "expected an object" in str(peer.events[0].error)


# An outcome, once


def test_an_invocation_ends_once():
    peer = Conversation(server_with(lambda: "a"))
    invocation = peer.start("tools/call", name="tool")
    invocation.succeed(invocation.call(), 0.0)
    with pytest.raises(LocalProtocolError, match=r"tool: request 1 has its outcome already"):
        invocation.succeed("b", 0.0)
    with pytest.raises(LocalProtocolError, match="has its outcome already"):
        invocation.raised(ValueError(), 0.0)
    invocation.cancel()
    assert len(peer.sent()) == 1


# Cancellation


def started_and_cancelled(function):
    peer = Conversation(server_with(function))
    invocation = peer.start("tools/call", request_id=1, name="tool")
    peer.say({"method": "notifications/cancelled", "params": {"requestId": 1}})
    assert peer.events == [RequestCancelled(request_id=1)]
    peer.events.clear()
    invocation.cancel()
    invocation.cancel()
    return peer, invocation


def events(peer):
    found = []
    while (event := peer.session.next_event()) is not None:
        found.append(event)
    return found


def test_the_answer_to_a_cancelled_request_is_dropped():
    peer, invocation = started_and_cancelled(lambda: "a")
    invocation.succeed("a", 0.0)
    assert events(peer) == [AnswerDropped(request_id=1)]
    assert peer.sent() == []


def test_how_a_runtime_stops_a_handler_is_no_failure_of_it():
    class Stopped(BaseException):
        pass

    peer, invocation = started_and_cancelled(lambda: "a")
    invocation.raised(Stopped(), 0.0)
    assert events(peer) == [AnswerDropped(request_id=1)]


def test_a_handler_that_fails_while_it_is_stopped_failed():
    peer, invocation = started_and_cancelled(lambda: "a")
    error = ValueError(SECRET)
    invocation.raised(error, 0.0)
    failed, dropped = events(peer)
    assert failed == HandlerFailed(request_id=1, method="tools/call", name="tool", error=error)
    assert dropped == AnswerDropped(request_id=1)


def test_a_cancelled_handler_that_asks_is_done():
    def function(ctx: Context) -> str:
        peer.say({"method": "notifications/cancelled", "params": {"requestId": 1}})
        invocation.cancel()
        return ctx.elicit("key", "?", str).value

    peer = Conversation(server_with(function))
    invocation = peer.start("tools/call", request_id=1, name="tool")
    with pytest.raises(InputNeeded) as caught:
        invocation.call()
    invocation.raised(caught.value, 0.0)
    assert events(peer) == [AnswerDropped(request_id=1)]
    assert peer.sent() == []


def test_a_cancelled_handler_that_did_not_begin_is_never_run():
    ran = []
    peer, invocation = started_and_cancelled(lambda: ran.append("a"))
    with pytest.raises(GivenUp) as caught:
        invocation.call()
    invocation.raised(caught.value, 0.0)
    assert (ran, events(peer), peer.sent()) == ([], [AnswerDropped(request_id=1)], [])


# Asking


def asking(body):
    def function(ctx: Context) -> str:
        return body(ctx)

    return server_with(function)


def ask(ctx):
    return ctx.elicit("key", "?", str).value


def swallows_and_returns(ctx):
    try:
        return ask(ctx)
    except BaseException:  # noqa: BLE001  # the mistake that this is about
        return "default"


def swallows_and_raises(ctx):
    try:
        return ask(ctx)
    except BaseException as error:
        raise ToolError("other") from error


@pytest.mark.parametrize("body", [swallows_and_returns, swallows_and_raises])
@pytest.mark.parametrize("revision", ["2025-06-18", MODERN])
def test_a_handler_that_swallows_the_need_for_input_hears_of_it(body, revision):
    peer = Conversation(asking(body), revision)
    assert text_of(peer.call("tool")) == FAILED
    (failed,) = peer.events
    assert isinstance(failed.error, LocalProtocolError)
    assert "the handler asked 'key' and went on: it caught InputNeeded" in str(failed.error)


def test_questions_out_of_a_group_of_tasks_are_asked_together():
    def body(ctx):
        needed = []
        for key in "ab":
            try:
                ctx.elicit(key, "?", str)
            except InputNeeded as error:
                needed.append(error)
        raise BaseExceptionGroup("tasks", [needed[0], BaseExceptionGroup("inner", needed[1:])])

    result = Conversation(asking(body)).call("tool")
    assert sorted(result["inputRequests"]) == ["a", "b"]


@pytest.mark.parametrize(("method", "params"), [("tools/call", {"name": "tool"}), *OTHERS[:2]])
@pytest.mark.parametrize("revision", ["2025-06-18", MODERN])
def test_tools_prompts_and_resources_can_ask(method, params, revision):
    peer = Conversation(asking(ask), revision)
    (message,) = peer.request(method, **params)
    said = {"action": "accept", "content": {"value": "answered"}}
    if revision == MODERN:
        state = message["result"]["requestState"]
        (message,) = peer.request(method, **params, requestState=state, inputResponses={"key": said})
    else:
        (message,) = peer.say({"id": message["id"], "result": said})
    assert "answered" in str(message["result"])


def test_a_method_of_ones_own_cannot_ask():
    peer = Conversation(asking(ask))
    assert peer.error("acme/do")["message"] == FAILED
    assert "cannot ask the client" in str(peer.events[0].error)


def test_only_a_session_of_the_server_can_ask():
    server = asking(ask)
    peer = Conversation(server)
    peer.session = ServerSession(info=server.info, capabilities=server.capabilities)
    assert text_of(peer.call("tool")) == FAILED
    assert "Server.open_session" in str(peer.events[0].error)
    peer.events.clear()
    assert peer.error("tools/call", name="tool", requestState="x")["code"] == -32602


def test_what_is_too_long_to_keep_is_a_failure():
    def body(ctx):
        ctx.once("long", lambda: "x" * 300_000)
        return ask(ctx)

    peer = Conversation(asking(body))
    assert text_of(peer.call("tool")) == FAILED
    assert "at most 262144 are kept" in str(peer.events[0].error)
