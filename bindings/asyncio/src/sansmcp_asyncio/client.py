"""A client on asyncio: a plain object that any task may use and close."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Generator, Mapping
from ssl import SSLContext
from types import TracebackType
from typing import IO, TypeVar, Unpack

from sansmcp.client import AwaitableClient, Call, ClientConnection, ClientOptions, ClientSettings
from sansmcp.errors import LocalProtocolError
from sansmcp.session import (
    ClientEvent,
    ClientSession,
    Connected,
    Report,
    Severity,
)
from sansmcp_asyncio.driver import Driver
from sansmcp_asyncio.handlers import Handlers, write_report
from sansmcp_asyncio.openers import Opener, Target, opener_of
from sansmcp_asyncio.workers import Workers

T = TypeVar("T")


class Client(AwaitableClient):
    """A connection to one server; make it with `connect`.

    Args:
        options: how it is set up.
        opener: opens what leads to the server.
    """

    def __init__(self, options: ClientOptions, opener: Opener) -> None:
        self._endpoint = opener.endpoint(options)
        self._driver: Driver[ClientSession, ClientEvent] = Driver(self._endpoint, self._handle, opener.dial)
        self._workers = Workers()
        handlers = Handlers(self._workers, self._driver)
        self._opened: asyncio.Future[Connected] = asyncio.get_running_loop().create_future()
        self._connection = ClientConnection(
            options,
            self._endpoint,
            opened=self._opened,
            start=handlers.start,
            tell=lambda told: told(),
            post=handlers.outlet,
            report=write_report,
        )
        self._closing: asyncio.Task[None] | None = None
        self._fault: Exception | None = None

    async def open(self) -> None:
        """Find out what the server speaks, and agree on it; if that fails, the client is closed.

        Raises:
            NotConnected: if there is no common ground, or the server is gone.
        """
        self._endpoint.connect(self._driver.now())
        self._driver.settle()
        try:
            await self._opened
        except BaseException:
            await _close(self)
            raise

    def now(self) -> float:
        """Return the time that the session is told."""
        return self._driver.now()

    def perform(self, command: Callable[[float], T]) -> T:
        """Run a command of yours on the endpoint or its session, and let the driver see what it changed.

        Args:
            command: what to do; it is told the time.

        Returns:
            What the command returns.
        """
        try:
            return command(self._driver.now())
        finally:
            self._driver.settle()

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
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        pending = self._connection.send(call, future, self._driver.now())
        self._driver.settle()
        if pending is None:
            return call.read(None)
        try:
            return await future
        except asyncio.CancelledError:
            self._connection.give_up(pending, self._driver.now())
            self._driver.settle()
            raise

    async def close(self) -> None:
        """End the connection, and the server's process with it; it may be called again, from any task.

        A task that is cancelled waits no longer, but the connection ends all the same.

        Raises:
            Exception: what the stream raised, but for the news that the server is gone; once.
        """
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close(), name="sansmcp close")
        await asyncio.wait({self._closing})
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    async def _close(self) -> None:
        self._endpoint.close(self._driver.now())
        self._driver.settle()
        try:
            await self._driver.wait_done()
        except Exception as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
            self._fault = fault
        finally:
            await self._driver.cancel()
            self._workers.close()

    def _handle(self, session: ClientSession, event: ClientEvent) -> None:
        self._connection.handle(session, event)


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
        if self._client is None:
            raise AssertionError("unreachable: it is entered before it is left")
        try:
            await _close(self._client)
        except Exception as fault:
            if exception is None:
                raise
            # The exception of the body tells more of what the user did.
            write_report(Report(severity=Severity.ERROR, text="the connection failed", error=fault))


def connect(
    target: Target,
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    stderr: int | IO[bytes] | None = None,
    ssl: SSLContext | None = None,
    headers: Mapping[str, str] | None = None,
    **settings: Unpack[ClientSettings],
) -> Connecting:
    """Connect to a server: enter the result with `async with`, or await it.

    Args:
        target: a URL, such as `https://example.com/mcp`; a command as a list of words, which is started; an
            address, `tcp://HOST:PORT`, `tls://HOST:PORT` or `unix:PATH`; a `Server`, which is served in
            memory; or a stream that leads to a server.
        env: variables for the command beside the few that are passed on.
        cwd: the folder for the command.
        stderr: where the command's standard error goes, by default where ours goes; with `subprocess.PIPE`
            it is drained, and its last words are told when the server exits.
        ssl: how the certificate of `https://` and `tls://` is verified; by default as the system does.
        headers: header fields that go with every request to a URL, such as `Authorization`.
        settings: how the client is set up; see `ClientSettings`.

    Returns:
        What to await or enter; `Client.close` ends it.

    Raises:
        LocalProtocolError: if the target is none of these: a command is a list of words.
    """
    options = ClientOptions.of(settings)
    opener = opener_of(target, env=env, cwd=cwd, stderr=stderr, ssl=ssl, headers=headers)
    if options.restart is not None and not opener.opens_again:
        raise LocalProtocolError("connect(): restart goes with a command or an address; found a stream")

    async def opening() -> Client:
        client = Client(options, opener)
        await client.open()
        return client

    return Connecting(opening)


async def _close(client: Client) -> None:
    """Close a client, and wait for the end even if that is cancelled: its own limits bound it."""
    closing = asyncio.create_task(client.close(), name="sansmcp close")
    cancelled: asyncio.CancelledError | None = None
    while not closing.done():
        try:
            await asyncio.wait({closing})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        # Looked at, so that nobody complains that nobody did.
        closing.exception()
        raise cancelled
    closing.result()
