"""Requests and responses on their way, in virtual time."""

import json

import anyio
import pytest
from tests.bindings.asgi.talking import answer, asking, each_loop, living, post, scope_of
from tests.bindings.http.speaking import call, modern

from sansmcp import Context, Server
from sansmcp.http import HttpLimits
from sansmcp_asgi import App


class Served:
    """A server whose handlers say what becomes of them."""

    def __init__(self, **settings):
        self.ends = []
        self.server = Server("asgi", version="1.0")
        self.server.tool(self.sleep)
        self.server.tool(self.greet)
        self.server.tool(self.leave)
        self.app = App(self.server, **settings)

    async def sleep(self, seconds: float, ctx: Context) -> str:
        """Sleep after a word."""
        ctx.progress(1)
        began = anyio.current_time()
        try:
            await anyio.sleep(seconds)
        except anyio.get_cancelled_exc_class():
            self.ends.append(anyio.current_time() - began)
            raise
        return "slept"

    async def greet(self, name: str, ctx: Context) -> str:
        """Greet somebody."""
        return f"{name} {ctx.client.principal}"

    async def leave(self) -> str:
        """Try to end the program."""
        raise SystemExit(3)


GREET = modern("tools/call", call("greet", {"name": "Ann"}))
SLEEP = modern("tools/call", call("sleep", {"seconds": 95}), token="t")


def greeted(asked):
    return asked.json["result"]["content"][0]["text"]


@each_loop
def test_a_body_comes_in_pieces(run):
    async def work():
        served, data = Served(), json.dumps(GREET).encode()
        async with living(served.app), asking(served.app, post(GREET)) as asked:
            for place in range(0, len(data), 7):
                await asked.body(data[place : place + 7], more=True)
            await asked.body()
        assert (asked.status, greeted(asked)) == (200, "Ann None")
        assert [message["type"] for message in asked.sent] == ["http.response.start", "http.response.body"]

    run(work)


@each_loop
def test_a_body_that_does_not_come_is_given_up_in_time(run):
    async def work():
        served = Served(http_limits=HttpLimits(body_timeout=7.0))
        async with living(served.app):
            began = anyio.current_time()
            async with asking(served.app, post(GREET)) as asked:
                await asked.body(b'{"jsonrpc"', more=True)
                await asked.until(lambda asked: asked.sent)
                assert anyio.current_time() - began == pytest.approx(7.0)
                await asked.ended.wait()
                # The rest is waited for a little, so that the client sees the answer.
                assert anyio.current_time() - began == pytest.approx(8.0)
            assert (asked.status, asked.headers["connection"]) == (408, "close")

    run(work)


@each_loop
def test_what_is_left_of_a_body_that_is_not_wanted_is_read(run):
    async def work():
        served = Served()
        scope = post(GREET, host="evil.example")
        async with living(served.app), asking(served.app, scope) as asked:
            await asked.body(b"x" * 1000, more=True)
            await asked.body(b"x" * 1000)
        assert asked.status == 403

    run(work)


@each_loop
def test_a_client_that_goes_away_in_its_body_is_forgotten(run):
    async def work():
        served = Served()
        async with living(served.app), asking(served.app, post(GREET)) as asked:
            await asked.body(b"{", more=True)
            await asked.leave()
        assert asked.sent == []

    run(work)


@each_loop
def test_who_says_the_body_again_and_again_holds_nobody_up(run):
    async def work():
        served, sent = Served(), []

        async def receive():
            return {"type": "http.request", "body": json.dumps(GREET).encode()}

        async def send(message):
            sent.append(message)

        async with living(served.app):
            await served.app(post(GREET), receive, send)
        assert sent[0]["status"] == 200

    run(work)


@each_loop
def test_a_modern_call_is_given_up_when_its_client_goes_away(run):
    async def work():
        served = Served()
        async with living(served.app), asking(served.app, post(SLEEP), SLEEP) as asked:
            await asked.until(lambda asked: b"progress" in asked.text)
            await anyio.sleep(3)
            await asked.leave()
        assert served.ends == [pytest.approx(3.0)]

    run(work)


@each_loop
def test_a_client_that_reads_nothing_is_given_up_in_time(run):
    async def work():
        served = Served(http_limits=HttpLimits(write_stall=5.0))
        async with living(served.app), asking(served.app, post(SLEEP), SLEEP) as asked:
            asked.reads = False
        assert served.ends == [pytest.approx(5.0)]

    run(work)


@each_loop
def test_a_server_may_say_that_a_client_is_gone_when_something_is_sent(run):
    async def work():
        served = Served()
        async with living(served.app), asking(served.app, post(SLEEP), SLEEP) as asked:
            asked.broken = True
        assert served.ends == [pytest.approx(0.0)]

    run(work)


@each_loop
def test_a_quiet_stream_is_kept_open_by_comments(run):
    async def work():
        served = Served(http_limits=HttpLimits(keep_alive=10.0))
        async with living(served.app), asking(served.app, post(SLEEP), SLEEP) as asked:
            await asked.until(lambda asked: b"slept" in asked.text)
        assert asked.text.split(b"\n\n").count(b":") == 9
        assert asked.headers["x-accel-buffering"] == "no"

    run(work)


@each_loop
def test_cancelling_the_task_of_a_request_ends_its_exchange(run):
    async def work():
        served = Served()
        async with living(served.app):
            with anyio.move_on_after(4):
                async with asking(served.app, post(SLEEP), SLEEP):
                    await anyio.sleep_forever()
            await anyio.sleep(0.1)
        assert served.ends == [pytest.approx(4.0)]

    run(work)


@each_loop
def test_a_handler_cannot_end_the_program(run):
    async def work():
        served = Served()
        leave = modern("tools/call", call("leave"))
        async with living(served.app):
            asked = await answer(served.app, leave)
            assert asked.status == 200
            assert greeted(await answer(served.app, GREET)) == "Ann None"

    run(work)


@each_loop
def test_who_calls_is_found_in_the_scope(run):
    async def work():
        served = Served(principal_of=lambda scope: scope["user"])
        async with living(served.app):
            asked = await answer(served.app, GREET, {**post(GREET), "user": "ann@example"})
        assert greeted(asked) == "Ann ann@example"

    run(work)


@each_loop
@pytest.mark.parametrize(
    ("path", "root", "settings", "status"),
    [
        ("/mcp", "", {}, 200),
        ("/other", "", {}, 404),
        ("/other", "", {"path": "/other"}, 200),
        ("/anything", "", {"path": None}, 200),
        ("/tools", "/tools", {}, 200),
        ("/tools/", "/tools", {}, 200),
        ("/tools/mcp", "/tools", {}, 200),
        ("/tools/other", "/tools", {}, 404),
        ("/größe", "", {"path": "/gr%C3%B6%C3%9Fe"}, 200),
    ],
)
def test_it_answers_at_its_path_and_where_it_is_mounted(run, path, root, settings, status):
    async def work():
        served = Served(**settings)
        async with living(served.app):
            asked = await answer(served.app, GREET, {**post(GREET, path), "root_path": root})
        assert asked.status == status

    run(work)


@each_loop
def test_later_versions_of_http_have_no_connection_to_close(run):
    async def work():
        served = Served()
        huge = {**post(GREET), "http_version": "2"}
        huge["headers"] = [*huge["headers"], (b"content-length", b"99999999")]
        async with living(served.app):
            asked = await answer(served.app, GREET, huge)
        assert asked.status == 413
        assert "connection" not in asked.headers

    run(work)


@each_loop
def test_a_get_without_a_session_is_refused_at_once(run):
    async def work():
        served = Served()
        scope = scope_of("GET", headers={"host": "localhost", "accept": "text/event-stream"})
        async with living(served.app):
            assert (await answer(served.app, {}, scope)).status == 400

    run(work)
