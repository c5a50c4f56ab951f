"""A client on threads: a plain object that any thread may use and close."""

import os
import threading
from collections.abc import Callable, Mapping
from functools import partial
from ssl import SSLContext
from types import TracebackType
from typing import IO, Generic, Self, TypeVar, Unpack

from sansmcp.client import (
    BlockingClient,
    Call,
    ClientConnection,
    ClientOptions,
    ClientSettings,
    Pending,
)
from sansmcp.errors import LocalProtocolError
from sansmcp.session import (
    ClientEvent,
    ClientSession,
    Connected,
    Report,
)
from sansmcp_threads.driver import Command, Driver
from sansmcp_threads.handlers import AsyncRunner, Handlers, refuse_async_handlers, write_report
from sansmcp_threads.openers import Opener, Target, opener_of
from sansmcp_threads.shelter import Shelter
from sansmcp_threads.waiters import Answer
from sansmcp_threads.workers import Workers

T = TypeVar("T")


class Client(BlockingClient):
    """A connection to one server; make it with `connect`, and close it or use it in `with`.

    Args:
        options: how it is set up.
        opener: opens what leads to the server.
        async_runner: runs handlers that are an `async def`.
    """

    def __init__(self, options: ClientOptions, opener: Opener, *, async_runner: AsyncRunner | None) -> None:
        self._endpoint = opener.endpoint(options)
        self._driver: Driver[ClientSession, ClientEvent] = Driver(self._endpoint, self._handle, opener.dial)
        self._shelter = Shelter()
        self._workers = Workers()
        self._opened: Answer[Connected] = Answer()
        self._connection = ClientConnection(
            options,
            self._endpoint,
            opened=self._opened,
            start=Handlers(self._driver, self._workers, async_runner).start,
            tell=self._driver.tell,
            post=self._driver.post,
            report=self._report,
        )
        self._closing = threading.Lock()
        self._is_closed = False

    def open(self) -> None:
        """Find out what the server speaks, and agree on it.

        Raises:
            NotConnected: if there is no common ground, or the server is gone.
        """
        try:
            self.perform(self._endpoint.connect)
            self._opened.wait()
        except BaseException:
            self.close()
            raise

    def perform(self, command: Callable[[float], T]) -> T:
        """Run a command of yours on the endpoint or its session, while no other thread does anything to them.

        Args:
            command: what to do; it is told the time.

        Returns:
            What the command returns.
        """
        answer: Answer[T] = Answer()
        self._shelter.do(partial(_answer, self._driver, command, answer))
        return answer.wait()

    def call(self, call: Call[T]) -> T:
        """Make a call and return its value; an exception that interrupts the wait cancels the call.

        Raises:
            CallEnded: as the outcome says.
            NotConnected: if the connection has ended.
            LocalProtocolError: if the call is not legal, a listener of this client makes it, or the process
                was forked since.
        """
        if self._driver.is_telling:
            raise LocalProtocolError(
                f"{call.method}: a listener runs on the thread that delivers answers, so it cannot wait for "
                "one; make the call on another thread"
            )
        making = _Making(self._connection, call)
        try:
            self._post(making.send)
            return making.answer.wait()
        finally:
            # Whatever interrupted the wait, such as KeyboardInterrupt: nobody waits any more.
            if not making.answer.done():
                self._post(making.give_up)

    def close(self) -> None:
        """End the connection, and the server's process with it; it may be called again, from any thread.

        In a process that was forked since, nothing is done: the connection is of the one before.

        Raises:
            LocalProtocolError: a listener of this client calls it.
        """
        if self._driver.is_telling:
            raise LocalProtocolError(
                "close(): a listener runs on the thread that has to end; close the client on another thread"
            )
        if self._shelter.is_of_another_process:
            return
        with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
            try:
                self.perform(self._endpoint.close)
                self._driver.wait_done()
            finally:
                self._driver.cancel()
                self._shelter.stop()
                self._workers.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _post(self, command: Command) -> None:
        self._shelter.do(partial(self._driver.post, command))

    def _handle(self, session: ClientSession, event: ClientEvent) -> None:
        self._connection.handle(session, event)

    def _report(self, report: Report) -> None:
        self._driver.tell(partial(write_report, report))


def _answer(
    driver: Driver[ClientSession, ClientEvent], command: Callable[[float], T], answer: Answer[T]
) -> None:
    try:
        value = driver.perform(command)
    except BaseException as error:  # noqa: BLE001  # it comes out where the caller waits
        answer.set_exception(error)
    else:
        answer.set_result(value)


class _Making(Generic[T]):
    """A call on its way, which whoever waits for it may give up at any time, before it was sent too."""

    def __init__(self, connection: ClientConnection, call: Call[T]) -> None:
        self.answer: Answer[T] = Answer()
        self._connection = connection
        self._call = call
        self._pending: Pending | None = None
        self._is_given_up = False

    def send(self, now: float) -> None:
        if self._is_given_up:
            return
        try:
            self._pending = self._connection.send(self._call, self.answer, now)
            if self._pending is None:
                self.answer.set_result(self._call.read(None))
        except Exception as error:  # noqa: BLE001  # it comes out where the caller waits
            self.answer.set_exception(error)

    def give_up(self, now: float) -> None:
        self._is_given_up = True
        if self._pending is not None:
            self._connection.give_up(self._pending, now)


def connect(
    target: Target,
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    stderr: int | IO[bytes] | None = None,
    ssl: SSLContext | None = None,
    headers: Mapping[str, str] | None = None,
    async_runner: AsyncRunner | None = None,
    **settings: Unpack[ClientSettings],
) -> Client:
    """Connect to a server.

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
        async_runner: runs handlers that are an `async def` on threads, such as `asyncio.run`.
        settings: how the client is set up; see `ClientSettings`.

    Returns:
        The client, connected: use it in `with`, or close it.

    Raises:
        LocalProtocolError: if the target is none of these: a command is a list of words; or if a handler is
            an `async def`, and no `async_runner` is given.
        NotConnected: if there is no common ground with the server, or it is gone.
    """
    client = prepared(
        target,
        env=env,
        cwd=cwd,
        stderr=stderr,
        ssl=ssl,
        headers=headers,
        async_runner=async_runner,
        settings=settings,
    )
    client.open()
    return client


def prepared(
    target: Target,
    *,
    env: Mapping[str, str] | None,
    cwd: str | os.PathLike[str] | None,
    stderr: int | IO[bytes] | None,
    ssl: SSLContext | None = None,
    headers: Mapping[str, str] | None = None,
    async_runner: AsyncRunner | None,
    settings: ClientSettings,
) -> Client:
    """Return a client that is still to be opened; see `connect`.

    Raises:
        LocalProtocolError: as `connect` does.
    """
    options = ClientOptions.of(settings)
    if async_runner is None:
        refuse_async_handlers(options.handlers)
    opener = opener_of(
        target, env=env, cwd=cwd, stderr=stderr, ssl=ssl, headers=headers, async_runner=async_runner
    )
    if options.restart is not None and not opener.opens_again:
        raise LocalProtocolError("connect(): restart goes with a command or an address; found a stream")
    return Client(options, opener, async_runner=async_runner)
