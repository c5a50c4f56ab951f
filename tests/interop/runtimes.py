"""Our client on each runtime: one conversation, written once, held in three colours.

A conversation is a generator: it is given the connected client, yields calls, and is sent what came of each,
or has the exception thrown into it that a caller would have got.
"""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeAlias

import attrs

from sansmcp.client import Call
from sansmcp.session import ProgressReceived


@dataclass(frozen=True)
class GiveUp:
    """Make a call, give it up in the way of the runtime once its first progress came, and tell if it was."""

    call: Call[Any]


@dataclass(frozen=True)
class Together:
    """Make calls at the same time in the way of the runtime, and give their values in the same order."""

    calls: Sequence[Call[Any]]


Step: TypeAlias = Call[Any] | GiveUp | Together
Conversation: TypeAlias = Callable[[Any], Generator[Step, Any, None]]

# Against hanging: a conversation takes a few seconds.
PATIENCE = 60.0


def hold_on_asyncio(command: Sequence[str], conversation: Conversation, settings: Mapping[str, Any]) -> None:
    """Connect on asyncio and go through the conversation."""
    from sansmcp_asyncio import connect  # noqa: PLC0415 - one runtime at a time

    async def work() -> None:
        async with asyncio.timeout(PATIENCE), connect(command, **settings) as client:
            await _await_each(conversation(client), partial(_step_on_asyncio, client))

    asyncio.run(work())


async def _step_on_asyncio(client: Any, step: Step) -> Any:
    match step:
        case Call():
            return await client.call(step)
        case Together(calls=calls):
            return await asyncio.gather(*(client.call(call) for call in calls))
        case GiveUp(call=call):
            call = attrs.evolve(call, on_progress=lambda _event: given_up.cancel())
            given_up = asyncio.ensure_future(client.call(call))
            await asyncio.wait([given_up])
            return given_up.cancelled()


def hold_on_trio(command: Sequence[str], conversation: Conversation, settings: Mapping[str, Any]) -> None:
    """Connect on trio and go through the conversation."""
    import trio  # noqa: PLC0415 - one runtime at a time

    from sansmcp_trio import connect  # noqa: PLC0415

    async def work() -> None:
        with trio.fail_after(PATIENCE):
            async with connect(command, **settings) as client:
                await _await_each(conversation(client), partial(_step_on_trio, client))

    trio.run(work)


async def _step_on_trio(client: Any, step: Step) -> Any:
    import trio  # noqa: PLC0415 - one runtime at a time

    match step:
        case Call():
            return await client.call(step)
        case Together(calls=calls):
            values = [None] * len(calls)

            async def keep(number: int, call: Call[Any]) -> None:
                values[number] = await client.call(call)

            async with trio.open_nursery() as nursery:
                for number, call in enumerate(calls):
                    nursery.start_soon(keep, number, call)
            return values
        case GiveUp(call=call):
            with trio.CancelScope() as scope:
                await client.call(attrs.evolve(call, on_progress=lambda _event: scope.cancel()))
            return scope.cancelled_caught


def hold_on_threads(command: Sequence[str], conversation: Conversation, settings: Mapping[str, Any]) -> None:
    """Connect with threads and go through the conversation."""
    from sansmcp_threads import connect  # noqa: PLC0415 - one runtime at a time

    with connect(command, **settings) as client:
        steps = conversation(client)
        with suppress(StopIteration):
            step = next(steps)
            while True:
                try:
                    value = _step_on_threads(client, step)
                except Exception as error:  # noqa: BLE001 - it belongs to the conversation
                    step = steps.throw(error)
                else:
                    step = steps.send(value)


def _step_on_threads(client: Any, step: Step) -> Any:
    match step:
        case Call():
            return client.call(step)
        case Together(calls=calls):
            with ThreadPoolExecutor(len(calls)) as pool:
                return list(pool.map(client.call, calls))
        case GiveUp(call=call):
            return _interrupted(client, call)


class _Interruption(BaseException):
    """What a signal raises in the thread that waits, as Control-C does."""


def _interrupted(client: Any, call: Call[Any]) -> bool:
    """Make a call that a signal interrupts; the tests run in the main thread, where signals are handled."""

    def raise_it(_number: int, _frame: Any) -> None:
        raise _Interruption

    def on_progress(event: ProgressReceived) -> None:
        # Once: the call is on its way out when more progress comes.
        if event.progress == 1:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, raise_it)
    try:
        client.call(attrs.evolve(call, on_progress=on_progress))
    except _Interruption:
        return True
    finally:
        signal.signal(signal.SIGUSR1, before)
    return False


async def _await_each(steps: Generator[Step, Any, None], make: Callable[[Step], Awaitable[Any]]) -> None:
    with suppress(StopIteration):
        step = next(steps)
        while True:
            try:
                value = await make(step)
            except Exception as error:  # noqa: BLE001 - it belongs to the conversation
                step = steps.throw(error)
            else:
                step = steps.send(value)


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
