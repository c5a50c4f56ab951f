"""One `async def` scenario for all runtimes: what a blocking client gives at once counts as awaited."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any

from tests.bindings.asyncio import running as running_asyncio
from tests.bindings.runtimes import Runtime
from tests.bindings.threads.counting import nothing_left
from tests.bindings.trio import running as running_trio


async def value(found: Any) -> Any:
    """Return what a client gives, now or when it is awaited."""
    return await found if hasattr(found, "__await__") else found


async def each(found: Any) -> AsyncIterator[Any]:
    """Iterate in the colour of what is given."""
    if hasattr(found, "__aiter__"):
        async for item in found:
            yield item
    else:
        for item in found:
            yield item


async def first(found: Any) -> Any:
    """Return the next item."""
    return await anext(found) if hasattr(found, "__anext__") else next(found)


@contextlib.asynccontextmanager
async def inside(found: Any) -> AsyncGenerator[Any, None]:
    """Enter in the colour of what is given."""
    if hasattr(found, "__aenter__"):
        async with found as entered:
            yield entered
    else:
        with found as entered:
            yield entered


def follow(runtime: Runtime, scenario: Callable[[], Awaitable[None]]) -> None:
    """Run a scenario on a runtime."""
    if runtime.name == "asyncio":
        running_asyncio.run(scenario)
    elif runtime.name == "trio":
        running_trio.run(scenario)
    else:
        with nothing_left():
            steps: Any = scenario()
            with contextlib.suppress(StopIteration):
                steps.send(None)
                raise AssertionError("unreachable: a blocking client never waits for a loop")
