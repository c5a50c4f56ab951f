"""What handlers do besides answering, seen on every runtime: waiting, logging, asking."""

import asyncio
import logging
from typing import Annotated, Any

import pytest
from tests.bindings.runtimes import THREADS, Runtime, each_awaiting_runtime, each_runtime

from sansmcp import Context, Server, accept
from sansmcp.schema import REVISIONS
from sansmcp.server import Elicit, Elicited

MANY = 400
LONG = 10_000


def records(server: Server, runtime: Runtime, name: str = "tool", **settings: Any) -> list[Any]:
    """Call a tool of a server and return the log records that its client got."""
    told: list[Any] = []

    def scenario(client: Any) -> Any:
        yield client.set_log_level("debug")
        yield client.call_tool(name)

    runtime.use(server, scenario, on_log=told.append, **settings)
    return told


# Waiting


@each_runtime
def test_a_thread_that_drains_now_and_then_loses_nothing_of_what_it_says(runtime: Runtime) -> None:
    server = Server("server", version="1")

    @server.tool
    def tool(ctx: Context) -> None:
        for number in range(MANY):
            ctx.info(f"{number} ".ljust(LONG))
            ctx.drain()

    told = records(server, runtime)
    assert [int(record.data) for record in told] == list(range(MANY))


@each_awaiting_runtime
def test_a_coroutine_that_drains_now_and_then_loses_nothing_of_what_it_says(runtime: Runtime) -> None:
    server = Server("server", version="1")

    @server.tool
    async def tool(ctx: Context) -> None:
        for number in range(MANY):
            ctx.info(f"{number} ".ljust(LONG))
            await ctx.drain()

    told = records(server, runtime)
    assert [int(record.data) for record in told] == list(range(MANY))


@each_awaiting_runtime
def test_a_coroutine_that_never_drains_tells_how_much_was_left_out(runtime: Runtime) -> None:
    server = Server("server", version="1")

    @server.tool
    async def tool(ctx: Context) -> None:
        for number in range(MANY):
            ctx.info(f"{number} ".ljust(LONG))

    *told, note = [record.data for record in records(server, runtime)]
    assert sum(len(text) for text in told) <= 1024 * 1024
    assert note.startswith(f"{MANY - len(told)} messages were left out here")


# Logging


def logs_of(runtime: Runtime, server: Server, name: str) -> logging.Logger:
    """Return a logger of its own that a server's clients hear."""
    logger = logging.getLogger(f"tests.{name}.{runtime.name}")
    logger.handlers.clear()
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    logger.addHandler(runtime.binding.LogHandler(server))
    return logger


@each_runtime
@pytest.mark.parametrize("revision", REVISIONS)
def test_a_record_of_the_program_reaches_the_client_of_the_request(runtime: Runtime, revision: str) -> None:
    server = Server("server", version="1")
    logger = logs_of(runtime, server, "reaches")

    @server.tool
    def tool() -> None:
        logger.debug("one of %d", 2)
        logger.log(25, "two")
        logger.critical("three")

    logger.info("nobody asks yet")
    told = records(server, runtime, revisions=[revision])
    name = f"tests.reaches.{runtime.name}"
    assert [(record.level, record.logger, record.data) for record in told] == [
        ("debug", name, "one of 2"),
        ("notice", name, "two"),
        ("critical", name, "three"),
    ]


@each_awaiting_runtime
def test_a_record_of_a_coroutine_reaches_the_client_of_the_request(runtime: Runtime) -> None:
    server = Server("server", version="1")
    logger = logs_of(runtime, server, "coroutine")
    checkpoint = runtime.checkpoint
    assert checkpoint is not None

    @server.tool
    async def tool() -> None:
        logger.info("before")
        await checkpoint()
        logger.info("after")

    assert [record.data for record in records(server, runtime)] == ["before", "after"]


@each_runtime
def test_a_record_says_no_more_than_its_message_unless_it_is_told_to(runtime: Runtime) -> None:
    server = Server("server", version="1")
    logger = logs_of(runtime, server, "message")

    @server.tool
    def tool() -> None:
        try:
            int("secret")
        except ValueError:
            logger.exception("it failed")
            logger.handlers[0].setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
            logger.warning("again")

    plain, formatted = records(server, runtime)
    assert plain.data == "it failed"
    assert formatted.data == "WARNING: again"


@each_runtime
def test_a_record_that_cannot_be_sent_does_not_end_the_handler(
    runtime: Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    server = Server("server", version="1")
    logger = logs_of(runtime, server, "unsayable")

    @server.tool
    def tool() -> str:
        logger.info("\ud800")
        logger.info("on")
        return "done"

    assert [record.data for record in records(server, runtime)] == ["on"]
    assert "--- Logging error ---" in capsys.readouterr().err


@each_runtime
def test_what_is_logged_because_of_a_record_is_not_sent(runtime: Runtime) -> None:
    server = Server("server", version="1")
    logger = logs_of(runtime, server, "loop")
    own = logging.getLogger("sansmcp.tests")
    own.addHandler(logger.handlers[0])

    class Chatty:
        def __str__(self) -> str:
            logger.warning("I am written")
            return "chatty"

    @server.tool
    def tool() -> None:
        own.warning("of the binding")
        logger.info("%s", Chatty())

    try:
        assert [record.data for record in records(server, runtime)] == ["chatty"]
    finally:
        own.handlers.clear()


# Declared inputs


@each_runtime
@pytest.mark.parametrize("revision", [revision for revision in REVISIONS if revision >= "2025-06-18"])
def test_a_handler_with_a_declared_input_runs_once(runtime: Runtime, revision: str) -> None:
    server = Server("server", version="1")
    runs: list[str] = []

    @server.tool
    def tool(city: str, days: Annotated[Elicited[int], Elicit("How many days in {city}?")]) -> str:
        runs.append(city)
        return f"{city} {days}"

    results: list[Any] = []

    def scenario(client: Any) -> Any:
        results.append((yield client.call_tool("tool", {"city": "A"})))

    elicitation = runtime.handler(lambda request: accept({"value": len(request.message)}))
    runtime.use(server, scenario, revisions=[revision], elicitation=elicitation)
    assert results[0].content[0].text == f"A Accepted(value={len('How many days in A?')})"
    assert runs == ["A"]


def test_on_threads_a_coroutine_waits_and_logs_on_the_thread_of_its_runner() -> None:
    server = Server("server", version="1")
    logger = logs_of(THREADS, server, "coroutine on a thread")

    @server.tool
    async def tool(ctx: Context) -> None:
        for number in range(MANY):
            ctx.info(f"{number} ".ljust(LONG))
            await ctx.drain()
        logger.info("done")

    told = records(server, THREADS, async_runner=asyncio.run)
    assert len(told) == MANY + 1
    assert told[-1].data == "done"
