"""Each runtime for the tests of what is the same on all: its server, and how to use its client.

A scenario is a generator that is given the client. It yields what a method of the client returned, is sent
what came of that, and finds an error where it yielded: `result = yield client.call_tool(...)`.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Generator
from types import ModuleType
from typing import Any

import attrs
import pytest
import tests.bindings.asyncio.servers
import tests.bindings.threads.servers
import tests.bindings.trio.servers
import trio
from tests.bindings.asyncio import running as running_asyncio
from tests.bindings.threads.counting import nothing_left
from tests.bindings.trio import running as running_trio

import sansmcp_asyncio
import sansmcp_threads
import sansmcp_trio
from sansmcp import Server

Scenario = Callable[[Any], Generator[Any, Any, None]]

_OVER = object()


def _next(steps: Generator[Any, Any, None], outcome: Any) -> Any:
    try:
        return steps.throw(outcome) if isinstance(outcome, Exception) else steps.send(outcome)
    except StopIteration:
        return _OVER


async def follow_awaiting(steps: Generator[Any, Any, None]) -> None:
    """Follow a scenario with a client whose calls are awaited."""
    outcome: Any = None
    while (found := _next(steps, outcome)) is not _OVER:
        try:
            outcome = [item async for item in found] if hasattr(found, "__aiter__") else await found
        except Exception as error:  # noqa: BLE001 - the scenario says which it expects
            outcome = error


def follow_blocking(steps: Generator[Any, Any, None]) -> None:
    """Follow a scenario with a client whose calls block."""
    outcome = None
    # What a method of this client returned is what came of it; what it raises is raised in the scenario.
    while (found := _next(steps, outcome)) is not _OVER:
        outcome = list(found) if hasattr(found, "__next__") else found


def use_asyncio(target: object, scenario: Scenario, **settings: Any) -> None:
    async def work() -> None:
        async with sansmcp_asyncio.connect(target, **settings) as client:
            await follow_awaiting(scenario(client))

    running_asyncio.run(work)


def use_trio(target: object, scenario: Scenario, **settings: Any) -> None:
    async def work() -> None:
        async with sansmcp_trio.connect(target, **settings) as client:
            await follow_awaiting(scenario(client))

    running_trio.run(work)


def use_threads(target: object, scenario: Scenario, **settings: Any) -> None:
    with nothing_left(), sansmcp_threads.connect(target, **settings) as client:
        follow_blocking(scenario(client))


@attrs.frozen(kw_only=True)
class Runtime:
    """One runtime."""

    name: str
    binding: ModuleType
    server: Server
    """Its server for tests."""
    use: Callable[..., None]
    """Connect to a target and follow a scenario; the settings are those of `connect`."""
    quick: str = "add_later"
    """The tool that adds two numbers and needs no thread of its own."""
    checkpoint: Callable[[], Awaitable[None]] | None = None
    """Lets other tasks run, where there are any."""

    @property
    def command(self) -> list[str]:
        """What starts its server as a program."""
        return [sys.executable, "-m", f"tests.bindings.{self.name}.servers"]

    def handler(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return a handler as one writes it for this runtime: one that awaits, where that is possible."""
        checkpoint = self.checkpoint
        if checkpoint is None:
            return function

        async def handle(request: Any) -> Any:
            await checkpoint()
            return function(request)

        return handle


ASYNCIO = Runtime(
    name="asyncio",
    binding=sansmcp_asyncio,
    server=tests.bindings.asyncio.servers.server,
    use=use_asyncio,
    checkpoint=lambda: asyncio.sleep(0),
)
TRIO = Runtime(
    name="trio",
    binding=sansmcp_trio,
    server=tests.bindings.trio.servers.server,
    use=use_trio,
    checkpoint=trio.lowlevel.checkpoint,
)
THREADS = Runtime(
    name="threads",
    binding=sansmcp_threads,
    server=tests.bindings.threads.servers.server,
    use=use_threads,
    quick="add_at_once",
)


def each(*runtimes: Runtime) -> pytest.MarkDecorator:
    """Run a test on each of some runtimes."""
    return pytest.mark.parametrize("runtime", runtimes, ids=[runtime.name for runtime in runtimes])


each_runtime = each(ASYNCIO, TRIO, THREADS)
each_awaiting_runtime = each(ASYNCIO, TRIO)


def never(_client: Any) -> Generator[Any, Any, None]:
    """Follow connecting where that is going to fail."""
    raise AssertionError("unreachable: it must not succeed")
