"""The binding that the documentation shows is a whole one: questions, progress, deadlines, both ends."""

import socket
import threading
from pathlib import Path

import pytest

from sansmcp.client import InputHandlers, accept
from sansmcp.errors import NotConnected, RequestFailed, RequestLost, RequestTimedOut
from sansmcp.server import Accepted, Context, Server

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"

server = Server("examples", version="1.0")


@server.tool
def greet(*, ctx: Context) -> str:
    """Greet the user by name."""
    ctx.progress(1, total=2)
    match ctx.elicit("name", "Who are you?", str):
        case Accepted(name):
            return f"Hello {name}"
        case _:
            return "Hello"


@server.tool
def echo(text: str) -> str:
    """Give back what came."""
    return text


@server.tool
def fail() -> str:
    """Fail."""
    raise RuntimeError("a secret")


@pytest.fixture
def binding(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    import blocking_client  # noqa: PLC0415  # it is found only now

    return blocking_client


@pytest.fixture
def connect(binding):
    clients, threads = [], []

    def connect(**handlers):
        ours, theirs = socket.socketpair()
        threads.append(threading.Thread(target=binding.serve, args=(server, theirs)))
        threads[-1].start()
        clients.append(binding.Client(ours, InputHandlers(**handlers)))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()
    for thread in threads:
        thread.join()


def test_a_question_is_answered_and_progress_is_heard(connect):
    heard = []
    client = connect(elicitation=lambda _: accept({"value": "Ada"}))
    result = client.call_tool("greet", on_progress=heard.append)
    assert result.content[0].text == "Hello Ada"
    assert [progress.progress for progress in heard] == [1]


def test_more_bytes_than_the_socket_holds_come_back_whole(connect):
    text = "x" * 2_000_000
    assert connect().call_tool("echo", {"text": text}).content[0].text == text


def test_a_failing_handler_is_shown_to_its_author_alone(connect, capsys):
    result = connect().call_tool("fail")
    assert result.is_error
    assert "secret" not in result.content[0].text
    assert "a secret" in capsys.readouterr().err


def test_an_error_of_the_server_is_an_exception(connect):
    with pytest.raises(RequestFailed, match="there is no tool"):
        connect().call_tool("missing")


def test_a_server_that_says_nothing_is_told_from_one_that_is_gone(binding):
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=_answer_once_and_leave, args=(theirs,))
    thread.start()
    client = binding.Client(ours, InputHandlers())
    with pytest.raises(RequestTimedOut):
        client.call_tool("echo", timeout=0.01)
    with pytest.raises(RequestLost):
        client.call_tool("echo")
    client.close()
    thread.join()


def test_a_server_that_goes_at_once_was_never_connected(binding):
    ours, theirs = socket.socketpair()
    theirs.close()
    with pytest.raises(NotConnected):
        binding.Client(ours, InputHandlers())
    ours.close()


def _answer_once_and_leave(stream):
    """Answer server/discover, swallow a call and its cancellation, and leave at the next call."""
    with stream, stream.makefile("rwb") as lines:
        lines.readline()
        lines.write(
            b'{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","supportedVersions":["2026-07-28"],'
            b'"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"private"}}\n'
        )
        lines.flush()
        for _ in range(3):
            lines.readline()
