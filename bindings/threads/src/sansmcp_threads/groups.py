"""Several servers behind one client that blocks."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Self, Unpack

from sansmcp.client import BlockingGroup, ClientSettings, configured
from sansmcp.session import Report, Severity
from sansmcp_threads.client import Client, prepared
from sansmcp_threads.handlers import AsyncRunner, write_report
from sansmcp_threads.joining import Threads
from sansmcp_threads.openers import Target


class Group(BlockingGroup[Client]):
    """Several servers behind one client; make it with `connect_group`, and close it or use it in `with`."""

    def close(self, *names: str) -> None:
        """End the connections to some servers, in any order and all at once; without names, to all.

        Args:
            names: the names of the servers.

        Raises:
            LocalProtocolError: there is none of such a name; then all go on.
            BaseException: what a stream raised, but for the news that its server is gone.
        """
        leaving = {name: self[name] for name in names or tuple(self)}
        for name in leaving:
            self.remove(name)
        _close(leaving)

    def open(self, clients: Mapping[str, Client]) -> None:
        """Open clients side by side and take them in; one that cannot be opened is left out."""
        threads, opened = Threads(), set[str]()

        def opening(name: str, client: Client) -> None:
            try:
                client.open()
            except Exception as error:  # noqa: BLE001  # the others go on, whatever it is
                self.leave_out(name, error)
            else:
                opened.add(name)

        try:
            for name, client in clients.items():
                threads.start("sansmcp connect", partial(opening, name, client))
            threads.join()
            # In the order in which they were named, whichever was first.
            for name in clients:
                if name in opened:
                    self.add(name, clients[name])
        except BaseException:
            # What is still being opened ends with it.
            _close(clients)
            threads.join()
            raise

    def leave_out(self, name: str, error: Exception) -> None:
        """Take note that a server could not be reached, and tell the log."""
        self.lose(name, error)
        write_report(Report(severity=Severity.WARNING, text=f"the server {name!r:.80} is left out: {error}"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _close(clients: Mapping[str, Client]) -> None:
    """Close clients; none waits for another one to end."""
    with ExitStack() as stack:
        for client in clients.values():
            stack.callback(client.close)
            client.perform(client.endpoint.close)


def connect_group(
    servers: Mapping[str, Target] | str | os.PathLike[str],
    *,
    separator: str = "_",
    stderr: int | IO[bytes] | None = None,
    async_runner: AsyncRunner | None = None,
    **settings: Unpack[ClientSettings],
) -> Group:
    """Connect to several servers as one, side by side; use it in `with`, or close it.

    It takes as long as the slowest of them; `timeouts=` bounds that. One that cannot be reached is left out:
    `lost` of the group says why, and so does the log.

    Args:
        servers: a file as desktop hosts write it (`{"mcpServers": ...}`), the same as a parsed value, or by
            names of your own what `connect` takes.
        separator: what stands between the name of a server and that of its tool or prompt.
        stderr: where the standard error of commands goes; see `connect`.
        async_runner: runs handlers that are an `async def`; see `connect`.
        settings: how each of the clients is set up; see `ClientSettings`.

    Returns:
        The group, connected.

    Raises:
        LocalProtocolError: the configuration is none, or an entry of it leads to no server.
        OSError: the file cannot be read.
    """
    given = servers if isinstance(servers, Mapping) else Path(servers).expanduser().read_bytes()
    group = Group(separator=separator)
    clients: dict[str, Client] = {}
    try:
        for name, entry in configured(given, os.environ, file=str(servers)).items():
            clients[name] = prepared(
                entry.target,
                env=entry.env or None,
                cwd=entry.cwd,
                stderr=stderr if entry.is_command else None,
                headers=entry.headers or None,
                async_runner=async_runner,
                settings=settings,
            )
        group.open(clients)
    except BaseException:
        _close(clients)
        raise
    return group
