"""Methods of one's own."""

import attrs
import pytest
from tests.server.conversation import MODERN, Conversation

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS
from sansmcp.server import Context, Server
from sansmcp.session import HandlerFailed, NotificationReceived


@attrs.frozen
class Found:
    names: list[str]


@pytest.fixture
def server():
    return Server("methods", version="1")


def answer(server, method, revision=MODERN, **params):
    found = Conversation(server, revision).result(method, **params)
    return {name: value for name, value in found.items() if name not in {"resultType", "_meta"}}


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_method_of_ones_own_has_typed_params_and_result_in_every_revision(server, revision):
    @server.method("acme/search")
    def search(query: str, limit: int = 2) -> Found:
        return Found([query] * limit)

    assert search("a").names == ["a", "a"]
    assert answer(server, "acme/search", revision, query="x") == {"names": ["x", "x"]}
    assert answer(server, "acme/search", revision, query="x", limit=1) == {"names": ["x"]}
    error = Conversation(server, revision).error("acme/search", query="x", limit="1")
    assert error == {"code": -32602, "message": "params.limit: expected an integer, found '1'"}


def test_meta_is_no_parameter(server):
    server.add_method("acme/echo", lambda a: {"a": a})
    assert answer(server, "acme/echo", a=1) == {"a": 1}


def test_a_method_may_take_a_context_and_wait(server):
    @server.method("acme/wait")
    async def wait(ctx: Context) -> dict[str, str]:
        ctx.progress(1)
        return {"revision": ctx.client.revision}

    peer = Conversation(server, meta={"progressToken": 1})
    assert peer.start("acme/wait").is_async
    progress, reply = peer.request("acme/wait")
    assert progress["method"] == "notifications/progress"
    assert reply["result"]["revision"] == MODERN


def test_a_method_that_never_blocks_says_so(server):
    server.add_method("acme/slow", lambda: None)
    server.add_method("acme/quick", lambda: None, blocks=False)
    peer = Conversation(server)
    assert peer.start("acme/slow").blocks
    assert not peer.start("acme/quick").blocks


def test_nothing_is_an_empty_result_and_meta_stays_beside_it(server):
    server.add_method("acme/nothing", lambda: None)
    assert answer(server, "acme/nothing") == {}
    server.add_method("acme/meta", lambda: {"_meta": {"com.example/a": 1}, "b": 2})
    found = Conversation(server).result("acme/meta")
    assert found["b"] == 2
    assert found["_meta"]["com.example/a"] == 1


@pytest.mark.parametrize("value", [[1], "text", 3, {"resultType": "other"}])
def test_a_result_that_is_no_plain_object_is_a_failure_of_the_handler(server, value):
    server.add_method("acme/bad", lambda: value)
    peer = Conversation(server)
    assert peer.error("acme/bad")["code"] == -32603
    assert isinstance(peer.events[0], HandlerFailed)


@pytest.mark.parametrize(
    "name", ["", "tools/call", "ping", "notifications/progress", "tasks/get", "tasks/mine"]
)
def test_names_of_the_specification_are_not_ones_own(server, name):
    with pytest.raises(LocalProtocolError, match="expected a name that the specification does not have"):
        server.add_method(name, lambda: None)
    with pytest.raises(LocalProtocolError, match="expected a name that the specification does not have"):
        server.add_notification(name)


def test_a_name_is_taken_once(server):
    server.add_method("acme/a", lambda: None)
    with pytest.raises(LocalProtocolError, match="there is a method 'acme/a' already"):
        server.add_method("acme/a", lambda: None)
    server.add_notification("notifications/acme/a")
    with pytest.raises(LocalProtocolError, match="there is a notification 'notifications/acme/a' already"):
        server.add_notification("notifications/acme/a")


# Notifications


def notified(server, revision="2025-06-18", **params):
    """Send a notification of one's own, and return its invocation."""
    peer = Conversation(server, revision)
    peer.say({"method": "notifications/acme/moved", "params": params})
    (event,) = peer.events
    assert isinstance(event, NotificationReceived)
    return server.resolve_notification(event)


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_notification_of_a_client_has_typed_params(server, revision):
    seen = []

    @server.notification("notifications/acme/moved")
    def moved(to: Found, by: int = 1) -> None:
        seen.append((to, by))

    invocation = notified(server, revision, to={"names": ["a"]}, _meta={"com.example/a": 1})
    assert (invocation.name, invocation.is_async, invocation.blocks) == (
        "notifications/acme/moved",
        False,
        True,
    )
    invocation.succeed(invocation.call(), 0.0)
    invocation.cancel()
    assert seen == [(Found(["a"]), 1)]
    assert invocation.failure is None


def test_what_a_handler_of_a_notification_raises_is_kept_for_its_author(server):
    @server.notification("notifications/acme/moved", blocks=False)
    def moved(to: int) -> None:
        raise ValueError(to)

    invocation = notified(server, to="x")
    assert not invocation.blocks
    with pytest.raises(Exception, match=r"params\.to: expected an integer, found 'x'") as caught:
        invocation.call()
    invocation.raised(caught.value, 0.0)
    assert invocation.failure is caught.value


def test_a_handler_of_a_notification_may_wait(server):
    @server.notification("notifications/acme/moved")
    async def moved() -> None: ...

    invocation = notified(server)
    assert invocation.is_async
    invocation.call().close()


def test_a_notification_without_a_handler_has_no_invocation(server):
    server.add_notification("notifications/acme/moved")
    assert notified(server) is None


def test_a_handler_of_a_notification_has_no_context(server):
    def moved(ctx: Context) -> None: ...

    with pytest.raises(LocalProtocolError, match="so there is no Context for it"):
        server.add_notification("notifications/acme/moved", moved)


def test_a_method_that_nothing_answers_is_not_found():
    """A server may be told to declare what it does not have."""
    tasks = schema.ServerTasksCapability(list={})
    server = Server("x", version="1", capabilities=schema.ServerCapabilities(tasks=tasks))
    error = Conversation(server, "2025-11-25").error("tasks/list")
    assert error == {"code": -32601, "message": "nothing here answers 'tasks/list'"}
