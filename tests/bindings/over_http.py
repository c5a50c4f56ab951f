"""Servers of each runtime over HTTP, in threads of this process, for the tests of what comes over sockets."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import trio
from tests.bindings.runtimes import Scenario, follow_awaiting, follow_blocking

import sansmcp_asyncio
import sansmcp_threads
import sansmcp_trio
from sansmcp import Server

GUARD = 60.0


def use(runtime: str, target: object, scenario: Scenario, **settings: Any) -> None:
    """Connect to a server of this process and follow a scenario; what is left is not counted meanwhile."""
    if runtime == "threads":
        with sansmcp_threads.connect(target, **settings) as client:
            follow_blocking(scenario(client))
        return

    async def work() -> None:
        async with binding.connect(target, **settings) as client:
            await follow_awaiting(scenario(client))

    binding: Any = sansmcp_asyncio if runtime == "asyncio" else sansmcp_trio
    if runtime == "asyncio":
        asyncio.run(work())
    else:
        trio.run(work)


@contextlib.contextmanager
def served(runtime: str, server: Server, **settings: Any) -> Iterator[str]:
    """Serve over HTTP on a free port, and give the URL."""
    settings = {"port": 0, **settings}
    with {"asyncio": _on_asyncio, "trio": _on_trio, "threads": _on_threads}[runtime](server, settings) as url:
        yield url


@contextlib.contextmanager
def _on_threads(server: Server, settings: dict[str, Any]) -> Iterator[str]:
    with sansmcp_threads.listen_http(server, **settings) as listener:
        yield listener.address


@contextlib.contextmanager
def _on_asyncio(server: Server, settings: dict[str, Any]) -> Iterator[str]:
    loops: list[asyncio.AbstractEventLoop] = []
    tasks: list[asyncio.Task[Any]] = []

    async def serve(started: Callable[[str], object]) -> None:
        loops.append(asyncio.get_running_loop())
        tasks.append(asyncio.ensure_future(sansmcp_asyncio.serve_http(server, started=started, **settings)))
        with contextlib.suppress(asyncio.CancelledError):
            await tasks[0]

    def stop() -> None:
        loops[0].call_soon_threadsafe(tasks[0].cancel)

    with _in_thread(lambda started: asyncio.run(serve(started)), stop) as url:
        yield url


@contextlib.contextmanager
def _on_trio(server: Server, settings: dict[str, Any]) -> Iterator[str]:
    scope = trio.CancelScope()
    tokens: list[trio.lowlevel.TrioToken] = []

    async def serve(started: Callable[[str], object]) -> None:
        tokens.append(trio.lowlevel.current_trio_token())
        with scope:
            await sansmcp_trio.serve_http(server, started=started, **settings)

    def stop() -> None:
        tokens[0].run_sync_soon(scope.cancel)

    with _in_thread(partial(trio.run, serve), stop) as url:
        yield url


@contextlib.contextmanager
def _in_thread(serve: Callable[[Callable[[str], object]], object], stop: Callable[[], None]) -> Iterator[str]:
    urls: list[str] = []
    is_started = threading.Event()
    raised: list[Exception] = []

    def started(url: str) -> None:
        urls.append(url)
        is_started.set()

    def work() -> None:
        try:
            serve(started)
        except Exception as error:  # noqa: BLE001  # it is raised where the server is wanted
            raised.append(error)
        finally:
            is_started.set()

    thread = threading.Thread(target=work, name="test server")
    thread.start()
    try:
        assert is_started.wait(GUARD)
        if raised:
            raise raised[0]
        yield urls[0]
    finally:
        if urls:
            stop()
        thread.join(GUARD)
        assert not thread.is_alive()
    if raised:
        raise raised[0]
