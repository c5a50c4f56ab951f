"""The bridge from a program's own log to the client whose request is being worked on."""

import contextvars

import pytest
from tests.server.conversation import MODERN, Conversation, finish

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS
from sansmcp.server import Context, Server, current_context, relay
from sansmcp.session import SessionLimits


@pytest.fixture(autouse=True)
def _outside(request):
    """Run each test where no request is worked on, whatever other tests left behind."""
    function = request.node.obj
    request.node.obj = lambda **arguments: contextvars.Context().run(function, **arguments)


DEBUG = {"io.modelcontextprotocol/logLevel": "debug"}


def talk(function, revision=MODERN, *, logs=True, **options):
    server = Server("server", version="1")
    server.add_tool(function, name="tool")
    if logs:
        server.expect_logs()
        server.expect_logs()
    peer = Conversation(server, revision, meta=DEBUG if revision == MODERN else None, **options)
    if revision != MODERN and logs:
        peer.request("logging/setLevel", level="debug")
    return peer


def said(sent):
    """Return what the log records say, with their levels and loggers."""
    params = [message["params"] for message in sent if message.get("method") == "notifications/message"]
    return [(record["level"], record.get("logger"), record["data"]) for record in params]


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(
    ("number", "level"),
    [
        (0, "debug"),
        (10, "debug"),
        (19, "debug"),
        (20, "info"),
        (25, "notice"),
        (30, "warning"),
        (40, "error"),
        (50, "critical"),
        (99, "critical"),
    ],
)
def test_a_record_goes_to_the_client_of_the_request(revision, number, level):
    def tool() -> None:
        relay("mine", number, lambda: "text")

    assert said(talk(tool, revision).request("tools/call", name="tool")) == [(level, "mine", "text")]


def test_outside_of_requests_nothing_is_sent_nor_written():
    relay("mine", 20, lambda: pytest.fail("nobody reads it"))
    assert current_context() is None


def test_what_sansmcp_logs_itself_is_not_sent():
    def tool() -> None:
        relay("sansmcp", 20, lambda: "a")
        relay("sansmcp.more", 20, lambda: "b")
        relay("sansmcp_like", 20, lambda: "c")

    assert said(talk(tool).request("tools/call", name="tool")) == [("info", "sansmcp_like", "c")]


def test_what_is_logged_because_of_a_record_is_not_sent():
    def text():
        relay("mine", 20, lambda: "inner")
        return "outer"

    def tool() -> None:
        relay("mine", 20, text)
        relay("mine", 20, lambda: "after")

    sent = said(talk(tool).request("tools/call", name="tool"))
    assert [data for _, _, data in sent] == ["outer", "after"]


def test_after_a_record_that_cannot_be_written_others_are_sent():
    def tool() -> None:
        with pytest.raises(ZeroDivisionError):
            relay("mine", 20, lambda: 1 / 0)
        with pytest.raises(LocalProtocolError):
            relay("mine", 20, lambda: "\ud800")
        relay("mine", 20, lambda: "after")

    assert said(talk(tool).request("tools/call", name="tool")) == [("info", "mine", "after")]


def test_a_request_ends_with_its_handler():
    seen = []

    def tool() -> None:
        seen.append(current_context())

    talk(tool).request("tools/call", name="tool")
    assert isinstance(seen[0], Context)
    assert current_context() is None


def test_a_handler_that_fails_leaves_nothing_behind():
    def tool() -> None:
        raise ValueError

    talk(tool).request("tools/call", name="tool")
    assert current_context() is None


def test_without_a_bridge_a_handler_without_a_context_has_none():
    def tool() -> str:
        return repr(current_context())

    assert talk(tool, logs=False).text("tool") == "None"


def test_a_server_with_a_bridge_says_that_it_logs():
    def tool() -> None: ...

    assert talk(tool, "2025-06-18").initialized["result"]["capabilities"]["logging"] == {}
    without = talk(tool, "2025-06-18", logs=False).initialized["result"]["capabilities"]
    assert "logging" not in without


def test_a_handler_that_is_done_at_once_is_spared_the_cost():
    server = Server("server", version="1")

    @server.tool(blocks=False)
    def tool() -> str:
        return repr(current_context())

    server.expect_logs()
    assert Conversation(server).text("tool") == "None"


def test_records_keep_the_pace_of_their_logger_and_level():
    def tool() -> None:
        for number in range(5):
            relay("mine", 20, lambda number=number: str(number))
        relay("mine", 40, lambda: "another level")
        relay("other", 20, lambda: "another logger")

    peer = talk(tool, limits=SessionLimits(log_burst=2, log_interval=1.0))
    invocation = peer.start("tools/call", name="tool")
    finish(invocation, 0.0)
    assert [data for _, _, data in said(peer.sent())] == ["0", "1", "another level", "another logger"]
    peer.now = 1.0
    sent = [data for _, _, data in said(peer.request("tools/call", name="tool"))]
    assert sent[:2] == ["3 messages were left out here: there were too many at once", "0"]
