"""A client on trio: it lives in an `async with`, and any task may use and close it."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from ssl import SSLContext
from types import TracebackType
from typing import IO, TypeVar, Unpack

import trio

from sansmcp.client import AwaitableClient, Call, ClientConnection, ClientOptions, ClientSettings
from sansmcp.errors import LocalProtocolError, NotConnected
from sansmcp.session import (
    ClientEvent,
    ClientSession,
    Connected,
    Report,
    Severity,
)
from sansmcp_trio.driver import Driver
from sansmcp_trio.handlers import Handlers, write_report
from sansmcp_trio.openers import Opener, Target, opener_of
from sansmcp_trio.replies import Reply
from sansmcp_trio.tasks import Tasks
from sansmcp_trio.workers import Workers

T = TypeVar("T")


class Client(AwaitableClient):
    """A connection to one server; make it with `connect`.

    Args:
        options: how it is set up.
        opener: opens what leads to the server.
        tasks: where its tasks run.
    """

    def __init__(self, options: ClientOptions, opener: Opener, tasks: Tasks) -> None:
        self._endpoint = opener.endpoint(options)
        self._driver: Driver[ClientSession, ClientEvent] = Driver(
            self._endpoint, self._handle, tasks, partial(opener.dial, tasks.nursery)
        )
        self._workers = Workers()
        handlers = Handlers(tasks, self._workers, now=self._driver.now, settle=self._driver.settle)
        self._opened: Reply[Connected] = Reply()
        self._connection = ClientConnection(
            options,
            self._endpoint,
            opened=self._opened,
            start=handlers.start,
            tell=lambda told: told(),
            post=handlers.outlet,
            report=write_report,
        )

    async def open(self) -> None:
        """Find out what the server speaks, and agree on it.

        Raises:
            NotConnected: if there is no common ground, or the server is gone.
        """
        self._endpoint.connect(self._driver.now())
        self._driver.settle()
        await self._opened.wait()

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
        """Make a call and return its value; cancelling the scope around it cancels the call.

        Raises:
            CallEnded: as the outcome says.
            NotConnected: if the connection has ended.
            LocalProtocolError: if the call is not legal.
        """
        reply: Reply[T] = Reply()
        pending = self._connection.send(call, reply, self._driver.now())
        self._driver.settle()
        if pending is None:
            await trio.lowlevel.checkpoint()
            return call.read(None)
        try:
            return await reply.wait()
        finally:
            if not reply.done():
                self._connection.give_up(pending, self._driver.now())
                self._driver.settle()

    async def aclose(self) -> None:
        """End the connection, and the server's process with it; it may be called again, from any task.

        A task that is cancelled waits no longer, but the connection ends all the same.

        Raises:
            Exception: what the stream raised, but for the news that the server is gone; once.
        """
        self._endpoint.close(self._driver.now())
        self._driver.settle()
        self._workers.close()
        await self._driver.wait_done()

    async def _pause(self) -> None:
        await trio.lowlevel.checkpoint()

    def _handle(self, session: ClientSession, event: ClientEvent) -> None:
        self._connection.handle(session, event)


class Connecting:
    """A connection in the making; enter it with `async with`."""

    def __init__(self, options: ClientOptions, opener: Opener) -> None:
        self._options = options
        self._opener = opener
        self._tasks = Tasks()
        self._client: Client | None = None

    async def __aenter__(self) -> Client:
        await self._tasks.__aenter__()
        try:
            client = self._client = Client(self._options, self._opener, self._tasks)
        except BaseException as error:
            # Such as that nothing is installed that speaks HTTP.
            await self._tasks.__aexit__(type(error), error, error.__traceback__)
            raise
        try:
            await client.open()
        except BaseException as error:
            await self.__aexit__(type(error), error, error.__traceback__)
            raise
        return client

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        if self._client is None:
            raise AssertionError("unreachable: it is entered before it is left")
        fault = await _closed(self._client)
        ended = await self._tasks.__aexit__(exception_type, exception, traceback)
        if fault is None:
            return ended
        if exception is None or isinstance(exception, NotConnected):
            raise fault
        write_report(Report(severity=Severity.ERROR, text="the connection failed", error=fault))
        return ended


async def _closed(client: Client) -> Exception | None:
    """Close a client, whatever is cancelled meanwhile: its own limits bound it. Return what went wrong."""
    with trio.CancelScope(shield=True):
        try:
            await client.aclose()
        except Exception as fault:  # noqa: BLE001  # it is raised, or told, by the caller
            return fault
    return None


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
    """Connect to a server; enter the result with `async with`.

    It cannot be awaited: a connection has tasks, and on trio every task has a nursery that waits for it.
    An exception of the body comes out as itself, and a fault of the connection does too: never in a group.

    Args:
        target: a URL, such as `https://example.com/mcp`; a command as a list of words, which is started; an
            address, `tcp://HOST:PORT`, `tls://HOST:PORT` or `unix:PATH`; a `Server`, which is served in
            memory; or a stream of trio's that leads to a server.
        env: variables for the command beside the few that are passed on.
        cwd: the folder for the command.
        stderr: where the command's standard error goes, by default where ours goes; with `subprocess.PIPE`
            it is drained, and its last words are told when the server exits.
        ssl: how the certificate of `https://` and `tls://` is verified; by default as the system does.
        headers: header fields that go with every request to a URL, such as `Authorization`.
        settings: how the client is set up; see `ClientSettings`.

    Returns:
        What to enter. Leaving it ends the connection, and `Client.aclose` does before that.

    Raises:
        LocalProtocolError: if the target is none of these: a command is a list of words.
    """
    options = ClientOptions.of(settings)
    opener = opener_of(target, env=env, cwd=cwd, stderr=stderr, ssl=ssl, headers=headers)
    if options.restart is not None and not opener.opens_again:
        raise LocalProtocolError("connect(): restart goes with a command or an address; found a stream")
    return Connecting(options, opener)
