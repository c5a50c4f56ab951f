"""A client on asyncio: a plain object that any task may use and close."""

import asyncio
import contextlib
import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from functools import partial
from os import PathLike
from types import TracebackType
from typing import IO, TypeAlias, TypeVar, Unpack

import attrs

from sansmcp import schema
from sansmcp.client import AwaitableCalls, Call, InputInvocation, value_of
from sansmcp.client.options import ClientOptions, ClientSettings
from sansmcp.errors import LocalProtocolError, NotConnected
from sansmcp.schema import LEGACY_REVISIONS, Revision
from sansmcp.server import Server
from sansmcp.session import (
    CallHandle,
    ChangeReceived,
    ClientEvent,
    ClientSession,
    Connected,
    Disconnected,
    Finding,
    InputCancelled,
    InputHandle,
    InputRequested,
    LineLink,
    LogReceived,
    MessageDropped,
    ProgressReceived,
    ProtocolViolated,
    RequestFailed,
    RequestLost,
    RequestTimedOut,
    ResponseReceived,
)
from sansmcp_asyncio.driver import Driver
from sansmcp_asyncio.outcomes import awaited_outcome_of, outcome_of
from sansmcp_asyncio.processes import Process, start_process
from sansmcp_asyncio.serving import serve_stream
from sansmcp_asyncio.streams import ByteStream, memory_pair
from sansmcp_asyncio.workers import Workers

T = TypeVar("T")

Target: TypeAlias = Sequence[str] | Server | ByteStream
"""A command to start, a server of this process, or a stream that leads to one."""

logger = logging.getLogger("sansmcp")


class Client(AwaitableCalls):
    """A connection to one server; make it with `connect`.

    Args:
        options: how it is set up.
        stream: where the server is.
        company: what runs as long as the connection, and ends with it.
    """

    def __init__(
        self, options: ClientOptions, stream: ByteStream, company: Coroutine[None, None, None] | None = None
    ) -> None:
        self._options = options
        self._session = options.session()
        self._driver = Driver(LineLink(self._session), stream, self._deliver)
        self._calls: dict[CallHandle, tuple[Call[object], asyncio.Future[object]]] = {}
        self._answering: dict[InputHandle, tuple[InputInvocation, asyncio.Task[None] | None]] = {}
        self._workers = Workers()
        self._loop = loop = asyncio.get_running_loop()
        self._connected: asyncio.Future[Connected] = loop.create_future()
        self._disconnected: Disconnected | None = None
        self._company = None if company is None else loop.create_task(company, name="sansmcp server")
        self._running = loop.create_task(self._driver.run(), name="sansmcp client")

    async def open(self) -> None:
        """Find out what the server speaks, and agree on it.

        Raises:
            NotConnected: if there is no common ground, or the server is gone.
        """
        self._session.connect(self._driver.now())
        self._driver.settle()
        try:
            await asyncio.shield(self._connected)
        except BaseException:
            await self.close()
            raise

    @property
    def session(self) -> ClientSession:
        """The session underneath; after a command of yours to it call `settle`."""
        return self._session

    @property
    def revision(self) -> Revision:
        """The revision that is spoken."""
        return self._connected.result().revision

    @property
    def server_info(self) -> schema.Implementation | None:
        """Who the server says it is."""
        return self._connected.result().server_info

    @property
    def server_capabilities(self) -> schema.ServerCapabilities:
        """What the server can do."""
        return self._connected.result().capabilities

    @property
    def instructions(self) -> str | None:
        """How the server wants to be used."""
        return self._connected.result().instructions

    @property
    def finding(self) -> Finding | None:
        """What was learned about the server: pass it to the next `connect` to save the probe."""
        return self._session.finding

    @property
    def disconnected(self) -> Disconnected | None:
        """How the connection ended; None while it lasts."""
        return self._disconnected

    def now(self) -> float:
        """Return the time that the session is told."""
        return self._driver.now()

    def settle(self) -> None:
        """Let the driver see what a command to the session has changed."""
        self._driver.settle()

    async def call(self, call: Call[T]) -> T:
        """Make a call and return its value; cancelling the task that waits cancels the call.

        Raises:
            CallEnded: as the outcome says.
            NotConnected: if the connection has ended.
            LocalProtocolError: if the call is not legal.
        """
        if self._disconnected is not None:
            raise NotConnected(self._disconnected.reason)
        handle = call.send(self._session, self._driver.now())
        if handle is None:
            return call.read(None)
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._calls[handle] = (call, future)
        self._driver.settle()
        try:
            return await future  # type: ignore[return-value]  # the future holds what this call reads
        except asyncio.CancelledError:
            self._calls.pop(handle, None)
            self._session.cancel(handle, self._driver.now(), reason="the caller gave it up")
            self._driver.settle()
            raise

    async def close(self) -> None:
        """End the connection, and the server's process with it; it may be called again, from any task."""
        self._session.close(self._driver.now())
        self._driver.settle()
        try:
            await asyncio.shield(self._running)
        finally:
            self._workers.close()
        if self._company is not None:
            await asyncio.shield(self._company)

    # Events

    def _deliver(self) -> None:
        while (event := self._session.next_event()) is not None:
            self._handle(event)

    def _handle(self, event: ClientEvent) -> None:
        match event:
            case ResponseReceived() | RequestFailed() | RequestTimedOut() | RequestLost():
                self._finish(event)
            case ProgressReceived():
                call, _ = self._calls.get(event.handle, (None, None))
                _tell(None if call is None else call.on_progress, event)
            case InputRequested():
                self._answer(event)
            case InputCancelled():
                self._withdraw(event.handle)
            case LogReceived():
                _tell(self._options.on_log, event)
            case ChangeReceived():
                _tell(self._options.on_change, event)
            case Connected():
                if not self._connected.done():
                    self._connected.set_result(event)
            case Disconnected():
                self._end(event)
            case ProtocolViolated() | MessageDropped():
                _tell(self._options.on_violation or _log_violation, event)
            case _:
                logger.debug("%s", event)

    def _finish(self, event: ResponseReceived | RequestFailed | RequestTimedOut | RequestLost) -> None:
        call, future = self._calls.pop(event.handle, (None, None))
        if call is None or future is None or future.done():
            return
        try:
            future.set_result(value_of(call, event))
        except Exception as error:  # noqa: BLE001  # it belongs to the one who waits for the call
            future.set_exception(error)

    def _end(self, event: Disconnected) -> None:
        self._disconnected = event
        if not self._connected.done():
            self._connected.set_exception(NotConnected(event.reason))
            # Nobody may be waiting for it.
            self._connected.exception()

    # Questions of the server

    def _answer(self, event: InputRequested) -> None:
        invocation = self._options.handlers.resolve(event, self._session)
        task = None
        if invocation.is_async:
            task = asyncio.create_task(self._await_answer(invocation, event.handle), name=invocation.name)
        elif invocation.blocks:
            self._workers.submit(partial(self._work, invocation, event.handle))
        else:
            self._answered(event.handle, outcome_of(invocation))
            return
        self._answering[event.handle] = (invocation, task)

    async def _await_answer(self, invocation: InputInvocation, handle: InputHandle) -> None:
        self._answered(handle, await awaited_outcome_of(invocation))
        self._driver.settle()

    def _work(self, invocation: InputInvocation, handle: InputHandle) -> None:
        outcome = outcome_of(invocation)
        # The loop may be gone before a thread comes to its end.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._answered_by_thread, handle, outcome)

    def _answered_by_thread(self, handle: InputHandle, outcome: Callable[[float], None]) -> None:
        self._answered(handle, outcome)
        self._driver.settle()

    def _answered(self, handle: InputHandle, outcome: Callable[[float], None]) -> None:
        invocation, _ = self._answering.pop(handle, (None, None))
        outcome(self._driver.now())
        if invocation is not None and invocation.failure is not None:
            logger.error("%s failed", invocation.name, exc_info=invocation.failure)

    def _withdraw(self, handle: InputHandle) -> None:
        invocation, task = self._answering.get(handle, (None, None))
        if invocation is not None:
            invocation.cancel()
        if task is not None:
            task.cancel()


class Connecting:
    """A connection in the making: await it, or use it in `async with`."""

    def __init__(self, opening: Callable[[], Awaitable[Client]]) -> None:
        self._opening = opening
        self._client: Client | None = None

    def __await__(self) -> Generator[object, None, Client]:
        return self._opening().__await__()

    async def __aenter__(self) -> Client:
        self._client = await self._opening()
        return self._client

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._client is not None:
            await self._client.close()


def connect(
    target: Target,
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | PathLike[str] | None = None,
    stderr: int | IO[bytes] | None = None,
    **settings: Unpack[ClientSettings],
) -> Connecting:
    """Connect to a server: enter the result with `async with`, or await it.

    Args:
        target: a command as a list of words, which is started; a `Server`, which is served in memory; or a
            stream that leads to a server.
        env: variables for the command beside the few that are passed on.
        cwd: the folder for the command.
        stderr: where the command's standard error goes; by default where ours goes.
        settings: how the client is set up; see `ClientSettings`.

    Returns:
        What to await or enter; `Client.close` ends it.

    Raises:
        LocalProtocolError: if the target is a string: a command is a list of words.
    """
    if isinstance(target, str):
        raise LocalProtocolError(
            f"connect({target[:80]!r}): expected a list of words, such as ['python', 'server.py']"
        )
    chosen = ClientOptions.of(settings)

    async def opening() -> Client:
        if isinstance(target, Server):
            near, far = memory_pair()
            client = Client(chosen, near, serve_stream(target, far))
        elif isinstance(target, Sequence):
            return await _open_command(
                partial(start_process, target, env=env, cwd=cwd, stderr=stderr), chosen
            )
        else:
            client = Client(chosen, target)
        await client.open()
        return client

    return Connecting(opening)


async def _open_command(start: Callable[[], Awaitable[Process]], options: ClientOptions) -> Client:
    process = await start()
    client = Client(options, process)
    try:
        await client.open()
    except NotConnected as error:
        legacy = [revision for revision in options.revisions if revision in LEGACY_REVISIONS]
        ended = client.disconnected
        if ended is not None and ended.while_probing and legacy != list(options.revisions) and legacy:
            # Some legacy servers exit on a request before initialize (2026-07-28, stdio).
            return await _open_command(start, attrs.evolve(options, revisions=legacy))
        raise NotConnected(f"{error}; {process}") from None
    return client


def _log_violation(event: ProtocolViolated | MessageDropped) -> None:
    if isinstance(event, ProtocolViolated):
        logger.warning("the server broke a rule: %s", event.reason)
    else:
        logger.info("a message was dropped: %s", event.reason)


def _tell(listener: Callable[[T], object] | None, event: T) -> None:
    if listener is None:
        return
    try:
        told = listener(event)
        if inspect.iscoroutine(told):
            told.close()
            logger.error("a listener is a plain def; %r is an async def and was not awaited", listener)
    except Exception:
        logger.exception("a listener failed")
