"""Beginning, ending, and what the application refuses."""

import asyncio
import contextlib
import contextvars
import signal
import threading

import anyio
import anyio.lowlevel
import pytest
from tests.bindings.asgi.talking import (
    Asked,
    answer,
    asking,
    each_loop,
    each_real_loop,
    living,
    post,
    scope_of,
)
from tests.bindings.http.speaking import BOTH, LEGACY, call, legacy, modern

from sansmcp import Context, LocalProtocolError, Server
from sansmcp.http import LATER, MayWait, MemoryEventStore, Refused
from sansmcp_asgi import App

WORDS = modern("tools/call", call("words"))
LISTEN = modern("subscriptions/listen", {"notifications": {"toolsListChanged": True}}, id="l")
HOLD = modern("tools/call", call("hold", {"seconds": 3}), id="h")
BASE = {"host": "localhost", "content-type": "application/json", "accept": BOTH}
CLIENT = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
HELLO = legacy("initialize", CLIENT)
BEGUN = legacy("notifications/initialized", id=None)
variable = contextvars.ContextVar("variable", default="unset")


def serving(lifespan=None):
    server = Server("asgi", version="1.0", lifespan=lifespan)

    @server.tool
    async def words(ctx: Context) -> str:
        return str(ctx.lifespan) if lifespan else "no lifespan"

    @server.tool
    async def hold(seconds: float) -> str:
        await anyio.sleep(seconds)
        return "held"

    @server.tool
    async def talk(ctx: Context) -> str:
        ctx.progress(1)
        await ctx.drain()
        return "talked"

    @server.tool
    def on_a_thread() -> str:
        return f"{threading.current_thread().name} {variable.get()}"

    return server


def said(asked):
    return asked.json["result"]["content"][0]["text"]


@each_loop
def test_the_lifespan_of_the_server_is_that_of_the_application(run):
    steps = []

    @contextlib.asynccontextmanager
    async def lifespan(_server):
        steps.append("entered")
        yield "alive"
        steps.append("left")

    async def work():
        app = App(serving(lifespan))
        async with living(app) as lived:
            assert steps == ["entered"]
            assert said(await answer(app, WORDS)) == "alive"
        assert steps == ["entered", "left"]
        assert [message["type"] for message in lived.sent] == [
            "lifespan.startup.complete",
            "lifespan.shutdown.complete",
        ]

    run(work)


@each_loop
@pytest.mark.parametrize("when", ["startup", "shutdown"])
def test_a_lifespan_that_fails_is_told(run, when):
    @contextlib.contextmanager
    def lifespan(_server):
        if when == "startup":
            raise ValueError("no database")
        yield
        raise ValueError("no database")

    async def work():
        app, lived = App(serving(lifespan)), Asked()
        for word in ("startup", "shutdown"):
            await lived._say.send({"type": f"lifespan.{word}"})
        with pytest.raises(ValueError, match="no database"):
            await app({"type": "lifespan"}, lived.receive, lived.send)
        assert lived.sent[-1] == {"type": f"lifespan.{when}.failed", "message": "ValueError: no database"}
        lived.close()

    run(work)


@each_real_loop
def test_without_a_lifespan_it_begins_with_the_first_request_and_ends_with_the_loop(run):
    steps = []

    @contextlib.asynccontextmanager
    async def lifespan(_server):
        steps.append("entered")
        try:
            yield "alive"
        finally:
            steps.append("left")

    app = App(serving(lifespan))

    async def work():
        assert steps[-1:] in ([], ["left"])
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(answer, app, WORDS)
        assert said(await answer(app, WORDS)) == "alive"
        assert steps[-1] == "entered"

    # A loop that ends cancels what is left, so nothing may be counted here.
    for _ in range(2):
        if "asyncio" in run.__module__:
            asyncio.run(work())
        else:
            run(work)
    assert steps == ["entered", "left"] * 2


@each_real_loop
def test_a_lifespan_that_fails_fails_the_request_and_is_tried_again_by_the_next_one(run):
    tries = []

    @contextlib.contextmanager
    def lifespan(_server):
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("no database")
        yield "alive"

    async def work():
        app = App(serving(lifespan))
        asked = Asked()
        with pytest.raises(ValueError, match="no database"):
            await app(post(WORDS), asked.receive, asked.send)
        asked.close()
        assert said(await answer(app, WORDS)) == "alive"

    if "asyncio" in run.__module__:
        asyncio.run(work())
    else:
        run(work)


@each_loop
def test_it_ends_in_good_order(run):
    async def work():
        app = App(serving())
        async with anyio.create_task_group() as tasks:
            async with living(app):
                listening, held = await tasks.start(_ask, app, LISTEN), await tasks.start(_ask, app, HOLD)
                await listening.until(lambda asked: b"acknowledged" in asked.text)
                began = anyio.current_time()
            # The call got its grace.
            assert anyio.current_time() - began == pytest.approx(3.0)
            assert said(held) == "held"
            assert listening.text.count(b"data:") == 2
            assert listening.sent[-1]["more_body"] is False

    run(work)


async def _ask(app, message, *, task_status):
    async with asking(app, post(message), message) as asked:
        task_status.started(asked)
        await asked.ended.wait()


@each_loop
def test_drain_ends_streams_and_refuses_what_comes_then(run):
    async def work():
        app = App(serving())
        app.drain()
        async with living(app), asking(app, post(LISTEN), LISTEN) as listening:
            await listening.until(lambda asked: b"acknowledged" in asked.text)
            await anyio.to_thread.run_sync(app.drain)
            await listening.ended.wait()
            assert (await answer(app, WORDS)).status == 503

    if run.__module__.endswith("trio.running"):
        run(work)
    else:
        # The threads of anyio outlive a run in virtual time.
        asyncio.run(work())


@each_real_loop
def test_the_signals_that_end_a_server_end_its_streams_first(run):
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: heard.append(number))
    ours = signal.getsignal(signal.SIGTERM)

    async def work():
        app = App(serving())
        async with living(app), asking(app, post(LISTEN), LISTEN) as listening:
            await listening.until(lambda asked: b"acknowledged" in asked.text)
            signal.raise_signal(signal.SIGTERM)
            await listening.ended.wait()

    try:
        run(work)
        assert heard == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) is ours
    finally:
        signal.signal(signal.SIGTERM, before)


@each_real_loop
def test_a_def_handler_runs_on_a_thread_with_the_variables_of_its_request(run):
    async def work():
        app = App(serving())
        message = modern("tools/call", call("on_a_thread"))
        async with living(app):
            variable.set("of the request")
            assert said(await answer(app, message)) == "sansmcp handler of the request"

    run(work)


class SlowStore(MemoryEventStore):
    """Keeps events where that takes a thread."""

    def __init__(self):
        super().__init__()
        self.threads = set()

    def store(self, session, stream, event):
        self.threads.add(threading.current_thread().name)
        super().store(session, stream, event)


@each_real_loop
def test_events_are_kept_on_threads_and_forgotten_at_the_end(run):
    store = SlowStore()

    async def work():
        app = App(serving(), event_store=store)
        async with living(app):
            found = await answer(app, HELLO, scope_of("POST", headers=BASE))
            session = {**BASE, "mcp-session-id": found.headers["mcp-session-id"]}
            await answer(app, BEGUN, scope_of("POST", headers=session))
            asked = {**HOLD, "params": {**call("talk"), "_meta": {"progressToken": "t"}}}
            spoken = await answer(app, asked, scope_of("POST", headers=session))
            assert spoken.text.count(b"id: ") >= 2
            assert store.size > 0
            assert (await answer(app, {}, scope_of("DELETE", headers=session))).status == 200
        assert store.size == 0
        assert store.threads == {"sansmcp handler"}

    run(work)


@each_loop
def test_methods_are_kept_in_order_where_that_is_asked(run):
    server, steps = Server("asgi", version="1.0", ordered=["tools/call"]), []

    @server.tool
    async def step(number: int) -> str:
        steps.append(f"begin {number}")
        await anyio.sleep(1)
        steps.append(f"end {number}")
        return "done"

    async def work():
        app = App(server)
        async with living(app), anyio.create_task_group() as tasks:
            found = await answer(app, HELLO, scope_of("POST", headers=BASE))
            session = {**BASE, "mcp-session-id": found.headers["mcp-session-id"]}
            await answer(app, BEGUN, scope_of("POST", headers=session))
            for number in range(3):
                message = legacy("tools/call", call("step", {"number": number}), id=number)
                tasks.start_soon(answer, app, message, scope_of("POST", headers=session))
                await anyio.sleep(0.01)
        assert steps == [f"{word} {number}" for number in range(3) for word in ("begin", "end")]

    run(work)


@each_real_loop
def test_a_verifier_that_needs_time_has_nobody_to_ask(run):
    async def work():
        app = App(serving(), verify=lambda _head: LATER)
        async with living(app):
            assert (await answer(app, WORDS)).status == 500

    run(work)


@each_real_loop
@pytest.mark.parametrize("is_awaited", [False, True])
def test_a_verifier_may_wait(run, is_awaited):
    threads = []

    def find(head):
        threads.append(threading.current_thread().name)
        name = head.headers.get("x-name")
        return name or Refused(status=401, reason="it names nobody")

    async def find_in_time(head):
        await anyio.lowlevel.checkpoint()
        return find(head)

    async def work():
        app = App(serving(), verify=find_in_time if is_awaited else MayWait(find))
        async with living(app):
            named = post(WORDS)
            named["headers"] = [*named["headers"], (b"x-name", b"ann")]
            assert (await answer(app, WORDS, named)).status == 200
            assert (await answer(app, WORDS)).status == 401
        here = threading.current_thread().name
        assert {name == here for name in threads} == {is_awaited}

    run(work)


@each_loop
def test_a_websocket_is_refused(run):
    async def work():
        asked = Asked()
        await asked._say.send({"type": "websocket.connect"})
        await App(serving())({"type": "websocket"}, asked.receive, asked.send)
        assert asked.sent == [{"type": "websocket.close", "code": 1000}]
        asked.close()

    run(work)


@each_loop
def test_a_scope_of_another_kind_is_refused(run):
    async def work():
        asked = Asked()
        with pytest.raises(LocalProtocolError, match="expected a scope of type http or lifespan"):
            await App(serving())({"type": "telnet"}, asked.receive, asked.send)
        asked.close()

    run(work)


def test_what_cannot_work_is_said_when_the_application_is_made():
    with pytest.raises(LocalProtocolError, match="expected a sansmcp Server"):
        App("server")
    with pytest.raises(LocalProtocolError, match="there is no such setting"):
        App(serving(), allowed_host=["mcp.example"])
    with pytest.raises(LocalProtocolError, match="path: expected a path"):
        App(serving(), path="mcp")
    with pytest.raises(LocalProtocolError, match="both say who calls"):
        App(serving(), principal_of=str, verify=str)
    with pytest.raises(LocalProtocolError, match="principal_of: expected a function, found 'x'"):
        App(serving(), principal_of="x")
