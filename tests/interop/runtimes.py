"""Our client on each runtime: one conversation, written once, held in three colours.

A conversation is a generator: it is given the connected client, yields calls, and is sent what came of each,
or has the exception thrown into it that a caller would have got.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeAlias

import attrs

from sansmcp.client import Call


@dataclass(frozen=True)
class GiveUp:
    """Make a call, give it up in the way of the runtime once its first progress came, and tell if it was."""

    call: Call[Any]


Step: TypeAlias = Call[Any] | GiveUp
Conversation: TypeAlias = Callable[[Any], Generator[Step, Any, None]]

# Against hanging: a conversation takes a few seconds.
PATIENCE = 60.0


def hold_on_asyncio(command: Sequence[str], conversation: Conversation, settings: Mapping[str, Any]) -> None:
    """Connect on asyncio and go through the conversation."""
    from sansmcp_asyncio import connect  # noqa: PLC0415 - one runtime at a time

    async def work() -> None:
        async with asyncio.timeout(PATIENCE), connect(command, **settings) as client:

            async def make(step: Step) -> Any:
                if isinstance(step, Call):
                    return await client.call(step)
                call = attrs.evolve(step.call, on_progress=lambda _event: given_up.cancel())
                given_up = asyncio.ensure_future(client.call(call))
                await asyncio.wait([given_up])
                return given_up.cancelled()

            await _await_each(conversation(client), make)

    asyncio.run(work())


def hold_on_trio(command: Sequence[str], conversation: Conversation, settings: Mapping[str, Any]) -> None:
    """Connect on trio and go through the conversation."""
    import trio  # noqa: PLC0415 - one runtime at a time

    from sansmcp_trio import connect  # noqa: PLC0415

    async def work() -> None:
        with trio.fail_after(PATIENCE):
            async with connect(command, **settings) as client:

                async def make(step: Step) -> Any:
                    if isinstance(step, Call):
                        return await client.call(step)
                    with trio.CancelScope() as scope:
                        await client.call(attrs.evolve(step.call, on_progress=lambda _event: scope.cancel()))
                    return scope.cancelled_caught

                await _await_each(conversation(client), make)

    trio.run(work)


def hold_on_threads(command: Sequence[str], conversation: Conversation, settings: Mapping[str, Any]) -> None:
    """Connect with threads and go through the conversation."""
    raise NotImplementedError


async def _await_each(steps: Generator[Step, Any, None], make: Callable[[Step], Awaitable[Any]]) -> None:
    try:
        step = next(steps)
        while True:
            try:
                value = await make(step)
            except Exception as error:  # noqa: BLE001 - it belongs to the conversation
                step = steps.throw(error)
            else:
                step = steps.send(value)
    except StopIteration:
        return


_HOLDERS = {"asyncio": hold_on_asyncio, "trio": hold_on_trio, "threads": hold_on_threads}

# Those that are written: a package may be there before what is in it.
RUNTIMES = tuple(
    name
    for name in _HOLDERS
    if find_spec(f"sansmcp_{name}") and hasattr(import_module(f"sansmcp_{name}"), "connect")
)


def hold(runtime: str, command: Sequence[str], conversation: Conversation, **settings: Any) -> None:
    """Connect on a runtime and go through the conversation."""
    _HOLDERS[runtime](command, conversation, settings)
