"""Our client on each runtime: one conversation, written once, held in three colours.

A conversation is a generator: it is given the connected client, yields calls, and is sent what came of each,
or has the exception thrown into it that a caller would have got.
"""

import asyncio
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import attrs

from sansmcp.client import Call


@dataclass(frozen=True)
class GiveUp:
    """Make a call, give it up in the way of the runtime once its first progress came, and tell if it was."""

    call: Call[Any]


@dataclass(frozen=True)
class Together:
    """Make calls at the same time in the way of the runtime, and give their values in the same order."""

    calls: Sequence[Call[Any]]


@dataclass(frozen=True)
class Hear:
    """Listen for changes, make a call meanwhile, and give the first change that came."""

    changes: Callable[[Any], Any]
    """Returns an iterator over changes of the client that it is given."""
    call: Call[Any]


Step: TypeAlias = Call[Any] | GiveUp | Together | Hear
Conversation: TypeAlias = Callable[[Any], Generator[Step, Any, None]]

# Against hanging: a conversation takes a few seconds.
PATIENCE = 60.0


def hold_on_asyncio(
    command: Sequence[str] | str, conversation: Conversation, settings: Mapping[str, Any]
) -> None:
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
        case Hear(changes=changes, call=call):
            async with changes(client) as heard:
                await client.call(call)
                return await anext(heard)
        case GiveUp(call=call):
            call = attrs.evolve(call, on_progress=lambda _event: given_up.cancel())
            given_up = asyncio.ensure_future(client.call(call))
            await asyncio.wait([given_up])
            return given_up.cancelled()


def hold_on_trio(
    command: Sequence[str] | str, conversation: Conversation, settings: Mapping[str, Any]
) -> None:
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
        case Hear(changes=changes, call=call):
            async with changes(client) as heard:
                await client.call(call)
                return await anext(heard)
        case GiveUp(call=call):
            with trio.CancelScope() as scope:
                await client.call(attrs.evolve(call, on_progress=lambda _event: scope.cancel()))
            return scope.cancelled_caught


def hold_on_threads(
    command: Sequence[str] | str, conversation: Conversation, settings: Mapping[str, Any]
) -> None:
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
        case Hear(changes=changes, call=call):
            with changes(client) as heard:
                client.call(call)
                return next(heard)
        case GiveUp(call=call):
            return _interrupted(client, call)


class _Interruption(BaseException):
    """What a signal raises in the thread that waits, as Control-C does."""


def _interrupted(client: Any, call: Call[Any]) -> bool:
    """Make a call that a signal interrupts; the tests run in the main thread, where signals are handled."""
    begun, interrupted = threading.Event(), threading.Event()

    def interrupt(_number: int, _frame: Any) -> None:
        if not interrupted.is_set():
            interrupted.set()
            raise _Interruption

    before = signal.signal(signal.SIGUSR1, interrupt)
    interrupting = threading.Thread(target=_interrupt_main_thread, args=[begun, interrupted], daemon=True)
    interrupting.start()
    try:
        client.call(attrs.evolve(call, on_progress=lambda _event: begun.set()))
    except _Interruption:
        return True
    finally:
        begun.set()
        interrupted.set()
        interrupting.join()
        signal.signal(signal.SIGUSR1, before)
    return False


def _interrupt_main_thread(begun: threading.Event, interrupted: threading.Event) -> None:
    """Send signals once the call has begun and its caller waits, which is when it may be interrupted.

    Progress can be here before the caller has come to wait, and Python misses a signal that comes between its
    last look and the wait, so there may have to be more than one.
    """
    main = threading.main_thread().ident
    assert main is not None
    begun.wait(PATIENCE)
    while not interrupted.wait(0.01):
        frame = sys._current_frames()[main]
        if frame.f_globals["__name__"].startswith("sansmcp_threads") and frame.f_code.co_name == "wait":
            signal.pthread_kill(main, signal.SIGUSR1)


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

RUNTIMES = tuple(_HOLDERS)


def hold(runtime: str, command: Sequence[str] | str, conversation: Conversation, **settings: Any) -> None:
    """Connect on a runtime and go through the conversation."""
    _HOLDERS[runtime](command, conversation, settings)
