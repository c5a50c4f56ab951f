"""The application itself, without a server."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading

import pytest
from tests.bindings.http.speaking import call, legacy, modern
from tests.bindings.threads.counting import nothing_left
from tests.bindings.wsgi.talking import Answer, environ_of, post, said

from sansmcp import Context, LocalProtocolError, Server
from sansmcp.http import LATER, MayWait, Refused
from sansmcp_wsgi import App

CLIENT = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
WORDS = modern("tools/call", call("words"))
PROGRESS = modern("tools/call", call("step"), token="t")
LISTEN = modern("subscriptions/listen", {"notifications": {"resourceSubscriptions": ["note://one"]}}, id="l")


class Served:
    """A server, and what its handlers see."""

    def __init__(self, *, lifespan=None, **settings):
        self.go_on = threading.Event()
        self.given_up = threading.Event()
        self.server = Server("wsgi", version="1.0", lifespan=lifespan)
        for tool in (self.words, self.step, self.wait, self.thread, self.lifespan):
            self.server.tool(tool)
        self.server.resource("note://one", name="note")(lambda: "one")
        self.app = App(self.server, **settings)

    def words(self, ctx: Context) -> str:
        """Say a word, and who calls."""
        return f"word {ctx.client.principal}"

    def step(self, ctx: Context) -> str:
        """Go on when it is told to."""
        ctx.progress(1)
        assert self.go_on.wait(20)
        return "stepped"

    def wait(self, ctx: Context) -> str:
        """Wait until it is given up."""
        ctx.progress(1)
        while not ctx.cancelled:
            self.go_on.wait(0.01)
        self.given_up.set()
        return "nobody hears this"

    def thread(self) -> str:
        """Say where it runs."""
        return threading.current_thread().name

    def lifespan(self, ctx: Context) -> str:
        """Say what the lifespan gave."""
        return str(ctx.lifespan)


def test_a_call_is_answered_in_one_piece():
    served = Served()
    answer = Answer(served.app, post(WORDS), checked=True)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert said(answer) == "word None"


def test_pieces_of_a_stream_come_when_they_are_there():
    served = Served()
    answer = Answer(served.app, post(PROGRESS), checked=True)
    assert answer.headers["content-type"] == "text/event-stream"
    assert b"notifications/progress" in next(answer.pieces)
    served.go_on.set()
    assert b"stepped" in answer.body


def test_the_head_of_a_stream_leaves_before_its_first_event():
    served = Served()
    listening = Answer(served.app, post(LISTEN))
    assert b"acknowledged" in next(listening.pieces)
    listening.close()
    opened = Answer(served.app, environ_of(body=json.dumps(legacy("initialize", CLIENT)).encode()))
    session = {"mcp-session-id": opened.headers["mcp-session-id"], "accept": "text/event-stream"}
    assert opened.json["result"]["protocolVersion"] == "2025-06-18"
    begun = json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}).encode()
    assert Answer(served.app, environ_of(body=begun, headers=session | {"accept": "*/*"})).status == 202
    stream = Answer(served.app, environ_of("GET", headers=session))
    assert (stream.status, next(stream.pieces)) == (200, b":\n\n")
    stream.close()


def test_a_modern_call_is_given_up_when_its_response_is_closed():
    served = Served()
    answer = Answer(served.app, post(modern("tools/call", call("wait"), token="t")), checked=True)
    assert b"notifications/progress" in next(answer.pieces)
    answer.close()
    assert served.given_up.wait(20)


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"wsgi.multithread": False}, "request"),
        ({"wsgi.multithread": True}, "sansmcp handler"),
    ],
)
def test_handlers_run_on_the_threads_of_their_requests_where_nothing_else_can_happen(more, name):
    served, found = Served(), []
    message = modern("tools/call", call("thread"))
    thread = threading.Thread(
        target=lambda: found.append(said(Answer(served.app, post(message, **more)))), name="request"
    )
    thread.start()
    thread.join()
    assert found == [name]


def test_streams_may_be_done_without():
    served = Served(streams=False)
    served.go_on.set()
    answer = Answer(served.app, post(PROGRESS))
    assert answer.headers["content-type"] == "application/json"
    assert said(answer) == "stepped"
    assert "error" in Answer(served.app, post(LISTEN)).json


@pytest.mark.parametrize("is_multithread", [True, False])
def test_what_needs_streams_is_left_out_by_a_server_without_threads(is_multithread):
    served = Served(http_sse=True, responses="stream")
    threads = {"wsgi.multithread": is_multithread}
    answer = Answer(served.app, post(WORDS, **threads))
    assert (answer.status, b"word None" in answer.body) == (200, True)
    assert answer.headers["content-type"] == ("text/event-stream" if is_multithread else "application/json")
    headers = {"accept": "text/event-stream"}
    stream = Answer(served.app, environ_of("GET", headers=headers, PATH_INFO="/sse", **threads))
    assert stream.status == (200 if is_multithread else 404)
    stream.close()


def test_a_handler_that_waits_for_its_client_goes_on_when_nobody_reads_any_more():
    server, begun, spoken, ended = Server("wsgi", version="1.0"), *(threading.Event() for _ in range(3))

    @server.tool
    def talk(ctx: Context) -> str:
        ctx.info("heard")
        assert begun.wait(20)
        ctx.info("unheard")
        spoken.set()
        ctx.drain()
        ended.set()
        return "told"

    app = App(server)

    def ask(message):
        return Answer(app, environ_of(body=json.dumps(message).encode(), headers=session))

    session = {}
    session["mcp-session-id"] = ask(legacy("initialize", CLIENT)).headers["mcp-session-id"]
    ask(legacy("notifications/initialized", id=None)).close()
    ask(legacy("logging/setLevel", {"level": "info"}, id=2)).close()
    answer = ask(legacy("tools/call", call("talk"), id=3))
    begun.set()
    assert spoken.wait(20)
    answer.close()
    assert ended.wait(20)


def test_who_calls_is_found_in_the_environ():
    served = Served(principal_of=lambda environ: environ.get("REMOTE_USER"))
    assert said(Answer(served.app, post(WORDS, REMOTE_USER="ann"))) == "word ann"
    assert said(Answer(served.app, post(WORDS))) == "word None"


def test_a_verifier_that_needs_time_has_nobody_to_ask():
    assert Answer(Served(verify=lambda _head: LATER).app, post(WORDS)).status == 500


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("is_awaited", [True, False])
def test_a_verifier_may_wait(streams, is_awaited):
    def find(head):
        return head.headers.get("x-name") or Refused(status=401, reason="it names nobody")

    async def find_in_time(head):
        return find(head)

    if is_awaited:
        with pytest.raises(LocalProtocolError, match="verify is an async def: use a def"):
            Served(streams=streams, verify=find_in_time)
    served = Served(
        streams=streams,
        async_runner=asyncio.run if is_awaited else None,
        verify=find_in_time if is_awaited else MayWait(find),
    )
    assert Answer(served.app, post(WORDS, {"X-Name": "ann"})).status == 200
    assert Answer(served.app, post(WORDS)).status == 401


@pytest.mark.parametrize(
    ("path", "mount", "settings", "status"),
    [
        ("/mcp", "", {}, 200),
        ("/other", "", {}, 404),
        ("/anything", "", {"path": None}, 200),
        ("", "/tools", {}, 200),
        ("/", "/tools", {}, 200),
        ("/mcp", "/tools", {}, 200),
        ("/other", "/tools", {}, 404),
        ("/gr\u00c3\u00b6\u00c3\u009fe", "", {"path": "/gr%C3%B6%C3%9Fe"}, 200),
    ],
)
def test_it_answers_at_its_path_and_where_it_is_mounted(path, mount, settings, status):
    app = Served(**settings).app
    assert Answer(app, post(WORDS, PATH_INFO=path, SCRIPT_NAME=mount)).status == status


def test_a_query_does_not_change_the_path():
    assert Answer(Served().app, post(WORDS, QUERY_STRING="a=b")).status == 200


def test_several_requests_begin_a_process_once():
    entered = []

    @contextlib.contextmanager
    def lifespan(_server):
        entered.append(os.getpid())
        yield "alive"

    served = Served(lifespan=lifespan)
    assert entered == []
    message = modern("tools/call", call("lifespan"))
    threads = [threading.Thread(target=lambda: Answer(served.app, post(message)).close()) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert entered == [os.getpid()]
    assert said(Answer(served.app, post(message))) == "alive"


def test_a_process_that_is_forked_begins_by_itself_and_ends_at_its_exit():
    # In a process of its own: this one has threads, and a fork would leave their locks as they are.
    program = """
import contextlib, os, sys
from tests.bindings.wsgi.test_app import Served, WORDS
from tests.bindings.threads.counting import nothing_left
from tests.bindings.wsgi.talking import Answer, post, said

@contextlib.contextmanager
def lifespan(server):
    os.write(1, b"entered\\n")
    yield
    os.write(1, b"left\\n")

served = Served(lifespan=lifespan)
child = os.fork()
os.write(1, said(Answer(served.app, post(WORDS))).encode() + b"\\n")
if child:
    os.waitpid(child, 0)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    lines = sorted(done.stdout.splitlines())
    assert lines == ["entered", "entered", "left", "left", "word None", "word None"]


@pytest.mark.parametrize("streams", [True, False])
def test_methods_are_kept_in_order_where_that_is_asked(streams):
    server, inside, found = Server("wsgi", version="1.0", ordered=["tools/call"]), [], []

    @server.tool
    def step() -> str:
        inside.append(1)
        found.append(len(inside))
        # Whoever else is let in has the time to say so.
        threading.Event().wait(0.02)
        inside.pop()
        return "stepped"

    app = App(server, streams=streams)
    opened = Answer(app, environ_of(body=json.dumps(legacy("initialize", CLIENT)).encode()))
    session = {"mcp-session-id": opened.headers["mcp-session-id"]}
    begun = json.dumps(legacy("notifications/initialized", id=None)).encode()
    assert Answer(app, environ_of(body=begun, headers=session)).status == 202

    def ask(number):
        message = legacy("tools/call", call("step"), id=number)
        assert said(Answer(app, environ_of(body=json.dumps(message).encode(), headers=session))) == "stepped"

    threads = [threading.Thread(target=ask, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 4


def test_drain_ends_streams_and_refuses_what_comes_then():
    served = Served()
    # Nobody is served yet, so there is nothing to end.
    served.app.drain()
    listening = Answer(served.app, post(LISTEN))
    assert b"acknowledged" in next(listening.pieces)
    served.app.drain()
    assert b'"result"' in listening.body
    assert Answer(served.app, post(WORDS)).status == 503


def test_closing_ends_what_is_left_and_whoever_comes_then_begins_anew():
    steps = []

    @contextlib.contextmanager
    def lifespan(_server):
        steps.append("entered")
        yield
        steps.append("left")

    served = Served(lifespan=lifespan)
    served.app.close()
    assert steps == []
    with nothing_left():
        for _ in range(2):
            waiting = Answer(served.app, post(modern("tools/call", call("wait"), token="t")))
            assert b"notifications/progress" in next(waiting.pieces)
            served.app.close()
            assert served.given_up.wait(20)
            waiting.close()
    assert steps == ["entered", "left"] * 2


def test_closing_ends_whoever_only_listens():
    served = Served()
    listening = Answer(served.app, post(LISTEN))
    assert b"acknowledged" in next(listening.pieces)
    bodies = []
    reading = threading.Thread(target=lambda: bodies.append(listening.body), daemon=True)
    reading.start()
    served.app.close()
    reading.join(20)
    assert [b'"result"' in body for body in bodies] == [True]


def test_an_async_def_is_refused_unless_somebody_runs_it():
    server = Server("wsgi", version="1.0")

    @server.tool
    async def words() -> str:
        """Say a word."""
        await asyncio.sleep(0)
        return "awaited"

    with pytest.raises(LocalProtocolError, match="words"):
        App(server)
    for streams in (True, False):
        assert said(Answer(App(server, async_runner=asyncio.run, streams=streams), post(WORDS))) == "awaited"


def test_what_cannot_work_is_said_when_the_application_is_made():
    with pytest.raises(LocalProtocolError, match="expected a sansmcp Server"):
        App("server")
    with pytest.raises(LocalProtocolError, match="there is no such setting"):
        Served(allowed_host=["mcp.example"])
    with pytest.raises(LocalProtocolError, match="responses='stream'"):
        Served(streams=False, responses="stream")
    with pytest.raises(LocalProtocolError, match="both say who calls"):
        Served(principal_of=str, verify=str)
    with pytest.raises(LocalProtocolError, match="principal_of: expected a function, found 'x'"):
        Served(principal_of="x")
    with pytest.raises(LocalProtocolError, match="streams: expected a bool, found 'x'"):
        Served(streams="x")
