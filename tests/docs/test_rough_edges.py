"""Each edge on the page about rough edges is there: nobody is warned of what was mended long ago."""

import asyncio
import base64
import json
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import sansmcp_asyncio
from sansmcp import Accepted, Context, Environment, RequestLost, RequestTimedOut, Server
from sansmcp.client import accept
from sansmcp.errors import CallCancelled
from sansmcp.schema import Revision
from sansmcp.server import CacheHint
from sansmcp.session import (
    ClientInitialized,
    LineLink,
    RequestReceived,
    ResponseReceived,
    SubscriptionClosed,
    SubscriptionOpened,
)
from sansmcp_threads import connect, memory_pair, serve_stream

PAGE = (Path(__file__).parents[2] / "docs" / "rough-edges.md").read_text(encoding="utf-8")
SHOWN: list[str] = []
MODERN: Revision = "2026-07-28"
LEGACY: Revision = "2025-11-25"

META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}},
}

PROGRAM = """
import sys, threading
from sansmcp import Server
from sansmcp_asyncio import serve_stdio

server = Server("piped", version="1.0")

@server.tool
def greet() -> str:
    print("a word in between")
    return "Hello"

@server.tool
def ask() -> str:
    return repr(sys.stdin.readline())

@server.tool
def wait() -> str:
    threading.Event().wait()
    return "waited"

serve_stdio(server)
"""


def edge(entry: str) -> Callable[[Any], Any]:
    """Say which entry of the page a test shows."""
    SHOWN.append(entry)
    return lambda test: test


def request(id_: int, method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id_, "method": method, "params": {**params, "_meta": META}}


def call(id_: int, name: str, **more: Any) -> dict[str, Any]:
    return request(id_, "tools/call", name=name, arguments={}, **more)


def piped(data: str) -> tuple[list[Any], str]:
    """Pipe text into a server; return its answers, and its standard error."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=data, capture_output=True, text=True, timeout=60, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def answer(server: Server, message: Any) -> Any:
    """Return a server's answer to one message of a modern client, from a session of its own."""
    session = server.open_session(Environment(random=lambda size: bytes(range(size)), utc=time.time))
    link = LineLink(session)
    link.receive_data(json.dumps(message).encode() + b"\n", 0.0)
    while (event := session.next_event()) is not None:
        if isinstance(event, RequestReceived):
            invocation = server.resolve(event, session, lambda command: command(0.0))
            try:
                value = invocation.call()
            except BaseException as error:  # noqa: BLE001 - it is the outcome, or a question
                invocation.raised(error, 0.0)
            else:
                invocation.succeed(value, 0.0)
    return json.loads(link.data_to_send().splitlines()[-1])


def test_every_edge_of_the_page_is_shown() -> None:
    tested = PAGE.partition("## Not tested")[0]
    assert sorted(re.findall(r"^### (.*)$", tested, re.MULTILINE)) == sorted(SHOWN)


# Handlers


@edge("A handler that asks runs again from the top")
@pytest.mark.parametrize("revision", [LEGACY, MODERN])
def test_what_stands_before_a_question_runs_twice(revision: Revision) -> None:
    server, ran = Server("asks", version="1.0"), []

    @server.tool
    def order(ctx: Context) -> str:
        ran.append("before")
        match ctx.elicit("name", "Who are you?", str):
            case Accepted(name):
                return name
            case _:
                return ""

    with connect(server, revisions=[revision], elicitation=lambda _: accept({"value": "Ada"})) as client:
        assert client.call_tool("order").content[0].text == "Ada"
    assert ran == ["before", "before"]


@edge("A def that nobody waits for goes on")
def test_a_def_is_not_stopped() -> None:
    server, given_up, ended = Server("slow", version="1.0"), threading.Event(), threading.Event()

    @server.tool
    def work() -> None:
        given_up.wait()
        ended.set()

    with connect(server) as client:
        with pytest.raises(RequestTimedOut):
            client.call_tool("work", timeout=0.05)
        given_up.set()
        assert ended.wait(60)


@edge("A def runs on another thread")
def test_what_belongs_to_a_thread_cannot_be_used_in_a_handler(caplog: pytest.LogCaptureFixture) -> None:
    server, database = Server("notes", version="1.0"), sqlite3.connect(":memory:")

    @server.tool
    def count() -> int:
        return len(database.execute("select 1").fetchall())

    @server.tool(blocks=False)
    def name() -> str:
        return threading.current_thread().name

    @server.tool
    def other_name() -> str:
        return threading.current_thread().name

    async def work() -> None:
        async with sansmcp_asyncio.connect(server) as client:
            assert (await client.call_tool("count")).is_error
            names = [await client.call_tool(tool, result_type=str) for tool in ("name", "other_name")]
            assert [name == threading.current_thread().name for name in names] == [True, False]

    asyncio.run(work())
    database.close()
    assert "SQLite objects created in a thread" in caplog.text


@edge("Requests of one client are worked on at the same time")
@pytest.mark.parametrize("ordered", [(), ("tools/call",)])
def test_two_calls_meet_unless_they_are_ordered(ordered: tuple[str, ...]) -> None:
    server = Server("meets", version="1.0", ordered=ordered)
    both = threading.Barrier(2)
    met = []

    @server.tool
    def meet() -> bool:
        try:
            both.wait(0.5)
        except threading.BrokenBarrierError:
            both.reset()
            return False
        return True

    def call_meet() -> None:
        met.append(client.call_tool("meet", result_type=bool))

    with connect(server) as client:
        callers = [threading.Thread(target=call_meet) for _ in range(2)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
    assert met == [not ordered, not ordered]


@edge("Progress is thinned out")
def test_not_every_progress_arrives_and_the_last_does() -> None:
    server, heard = Server("counts", version="1.0"), []

    @server.tool
    def count(ctx: Context) -> None:
        for number in range(1, 1001):
            ctx.progress(number)

    with connect(server) as client:
        client.call_tool("count", on_progress=lambda progress: heard.append(progress.progress))
    assert len(heard) < 1000
    assert heard[-1] == 1000


# Values


@edge("Nothing is converted")
@pytest.mark.parametrize(
    ("value", "is_taken"), [(1, True), (1.0, True), ("1", False), (True, False), (1.5, False), (None, False)]
)
def test_only_an_integer_is_an_integer(value: object, is_taken: bool) -> None:
    server = Server("sums", version="1.0")

    @server.tool
    def double(number: int) -> int:
        assert type(number) is int
        return number * 2

    with connect(server) as client:
        assert (not client.call_tool("double", {"number": value}).is_error) is is_taken


@edge("What is no object is wrapped for older revisions")
def test_the_shape_of_structured_content_depends_on_the_revision() -> None:
    server = Server("sums", version="1.0")

    @server.tool
    def numbers() -> list[int]:
        return [1, 2]

    def of(revision: Revision) -> object:
        with connect(server, revisions=[revision]) as client:
            result = client.call_tool("numbers")
            assert result.content[0].text == "[1,2]"
            assert client.call_tool("numbers", result_type=list[int]) == [1, 2]
            return result.structured_content

    assert (of(LEGACY), of(MODERN)) == ({"result": [1, 2]}, [1, 2])


@edge("NaN and infinity have no place in JSON")
@pytest.mark.parametrize("number", ["nan", "inf"])
def test_a_number_that_json_cannot_say_is_a_failure(number: str) -> None:
    server = Server("sums", version="1.0")

    @server.tool
    def odd() -> float:
        return float(number)

    with connect(server) as client:
        assert client.call_tool("odd").is_error


@edge("Large integers are exact here, and may not be elsewhere")
def test_a_large_integer_keeps_its_digits() -> None:
    server = Server("sums", version="1.0")

    @server.tool
    def double(number: int) -> int:
        return number * 2

    with connect(server) as client:
        assert client.call_tool("double", {"number": 2**60 + 1}, result_type=int) == 2**61 + 2


# Sessions and state


@edge("2026-07-28 has no session")
@pytest.mark.parametrize(("revision", "is_told"), [(LEGACY, True), (MODERN, False)])
def test_only_an_older_client_says_that_it_has_come(revision: Revision, is_told: bool) -> None:
    server, events = Server("stateless", version="1.0"), []

    def listen(_session: object, event: object) -> None:
        events.append(event)

    near, far = memory_pair()
    serving = threading.Thread(target=partial(serve_stream, server, far, on_event=listen))
    serving.start()
    with connect(near, revisions=[revision]) as client:
        assert client.revision == revision
    serving.join()
    assert any(isinstance(event, ClientInitialized) for event in events) is is_told


def asking() -> Server:
    server = Server("asks", version="1.0")

    @server.tool
    def order(ctx: Context) -> str:
        ctx.once("kept", lambda: "in plain sight")
        match ctx.elicit("name", "Who are you?", str):
            case Accepted(name):
                return name
            case _:
                return ""

    return server


@edge("What a handler keeps can be read by the client")
def test_a_state_is_sealed_and_not_secret() -> None:
    state = answer(asking(), call(1, "order"))["result"]["requestState"]
    readable = b"".join(
        base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in re.split(r"[^\w-]", state)
    )
    assert b"in plain sight" in readable


@edge("A restart between question and answer")
def test_a_state_that_another_process_sealed_is_refused() -> None:
    keys = [b"0123456789abcdef"]
    one, other = asking(), asking()
    one.rotate_state_key(keys[0])
    other.rotate_state_key(b"another key of16")
    asked = answer(one, call(1, "order"))["result"]
    response = {"name": {"action": "accept", "content": {"value": "Ada"}}}
    again = call(2, "order", requestState=asked["requestState"], inputResponses=response)
    assert answer(one, again)["result"]["content"][0]["text"] == "Ada"
    assert "error" in answer(other, again)


@edge("A loop over changes that is left goes on for a while")
def test_a_loop_that_is_left_is_told_to_the_server_with_the_next_event() -> None:
    server = Server("notes", version="1.0")
    told = []

    @server.resource("notes://a")
    def note() -> str:
        return "a"

    def listen(_session: object, event: object) -> None:
        if isinstance(event, SubscriptionOpened | SubscriptionClosed):
            told.append(type(event))

    near, far = memory_pair()
    thread = threading.Thread(target=partial(serve_stream, server, far, on_event=listen))
    thread.start()
    with connect(near, revisions=[LEGACY]) as client:
        updates = client.resource_updates("notes://a").__enter__()
        del updates
        assert told == [SubscriptionOpened]
        client.ping()
        client.ping()
        assert told == [SubscriptionOpened, SubscriptionClosed]
    thread.join()


@edge("A list may be older than it looks")
def test_a_list_that_may_be_kept_is_not_asked_for_again() -> None:
    server = Server("kept", version="1.0", cache=CacheHint(ttl_ms=60_000))
    asked = []

    def listen(_session: object, event: object) -> None:
        asked.append(event)

    @server.tool
    def first() -> None:
        pass

    def lists(event: object) -> bool:
        return isinstance(event, ResponseReceived)

    with connect(server, on_event=listen) as client:
        for _ in range(3):
            assert [tool.name for tool in client.tools()] == ["first"]
        assert sum(lists(event) for event in asked) == 1
    asked.clear()
    with connect(server, on_event=listen, cache=None) as client:
        for _ in range(3):
            list(client.tools())
        assert sum(lists(event) for event in asked) == 3


# Standard input and output


@edge("A last line without its newline is no message")
def test_only_a_line_with_its_end_is_answered() -> None:
    message = json.dumps(call(1, "greet"))
    (whole,), _ = piped(f"{message}\n")
    (cut,), _ = piped(message)
    assert (whole["id"], "result" in whole) == (1, True)
    assert (cut.get("id"), cut["error"]["code"]) == (None, -32700)


@edge("The end of the input is the end of the server")
def test_a_call_that_takes_long_is_not_answered_after_the_end_of_the_input() -> None:
    answers, _ = piped(f"{json.dumps(call(1, 'greet'))}\n{json.dumps(call(2, 'wait'))}\n")
    assert [message["id"] for message in answers] == [1]


@edge("A server has no standard input and output of its own")
def test_print_goes_to_standard_error_and_nothing_can_be_read() -> None:
    answers, errors = piped(f"{json.dumps(call(1, 'greet'))}\n{json.dumps(call(2, 'ask'))}\n")
    assert errors == "a word in between\n"
    texts = {message["id"]: message["result"]["content"][0]["text"] for message in answers}
    assert texts == {1: "Hello", 2: "''"}


@edge("A server that is started does not have your environment")
def test_only_a_few_variables_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "secret")
    source = """
import os
from sansmcp import Server
from sansmcp_asyncio import serve_stdio

server = Server("environment", version="1.0")

@server.tool
def key() -> str:
    return os.environ.get("API_KEY", "there is none")

serve_stdio(server)
"""
    command = [sys.executable, "-c", source]
    with connect(command) as client:
        assert client.call_tool("key", result_type=str) == "there is none"
    with connect(command, env={"API_KEY": "given"}) as client:
        assert client.call_tool("key", result_type=str) == "given"


# Runtimes


@edge("A call on threads that nobody can reach")
def test_a_call_on_threads_ends_with_its_client_or_is_started() -> None:
    server, begun, ended = Server("slow", version="1.0"), threading.Event(), threading.Event()
    lost = []

    @server.tool
    def work() -> None:
        begun.set()
        ended.wait()

    def call_work() -> None:
        with pytest.raises(RequestLost) as caught:
            client.call_tool("work")
        lost.append(str(caught.value))

    client = connect(server)
    running = client.start_tool("work")
    assert begun.wait(60)
    running.cancel()
    with pytest.raises(CallCancelled):
        running.result()
    begun.clear()
    caller = threading.Thread(target=call_work)
    caller.start()
    assert begun.wait(60)
    client.close()
    caller.join()
    ended.set()
    assert lost == ["tools/call: this side closed the connection"]


@edge("A def that must not block, and does")
def test_one_that_blocks_holds_up_its_connection() -> None:
    server, begun, answered = Server("held", version="1.0"), threading.Event(), threading.Event()
    held = []

    @server.tool(blocks=False)
    def hold() -> bool:
        begun.set()
        return answered.wait(0.3)

    @server.tool(blocks=False)
    def quick() -> None:
        answered.set()

    def call_hold() -> None:
        held.append(client.call_tool("hold", result_type=bool))

    with connect(server) as client:
        holding = threading.Thread(target=call_hold)
        holding.start()
        assert begun.wait(60)
        client.call_tool("quick")
        holding.join()
    assert held == [False]
