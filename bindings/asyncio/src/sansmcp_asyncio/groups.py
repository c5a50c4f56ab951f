"""Several servers behind one client on asyncio."""

import asyncio
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Unpack

from sansmcp.client import AwaitableGroup, ClientSettings, configured
from sansmcp.session import Report, Severity
from sansmcp_asyncio.client import Client, Connecting, connect
from sansmcp_asyncio.handlers import write_report
from sansmcp_asyncio.openers import Target


class Group(AwaitableGroup[Client]):
    """Several servers behind one client; make it with `connect_group`."""

    async def close(self, *names: str) -> None:
        """End the connections to some servers, in any order and all at once; without names, to all.

        Args:
            names: the names of the servers.

        Raises:
            LocalProtocolError: there is none of such a name; then all go on.
            Exception: what a stream raised, but for the news that its server is gone.
        """
        leaving = {name: self[name] for name in names or tuple(self)}
        async with AsyncExitStack() as stack:
            for name, client in leaving.items():
                self.remove(name)
                client.perform(client.endpoint.close)
                stack.push_async_callback(client.close)

    def leave_out(self, name: str, error: Exception) -> None:
        """Take note that a server could not be reached, and tell the log."""
        self.lose(name, error)
        write_report(Report(severity=Severity.WARNING, text=f"the server {name!r:.80} is left out: {error}"))


class ConnectingGroup:
    """Connections in the making; enter it with `async with`."""

    def __init__(self, group: Group, connecting: Mapping[str, Connecting]) -> None:
        self._group = group
        self._connecting = connecting
        self._clients: dict[str, Client] = {}

    async def __aenter__(self) -> Group:
        try:
            async with asyncio.TaskGroup() as tasks:
                for name, connecting in self._connecting.items():
                    tasks.create_task(self._open(name, connecting), name="sansmcp connect")
            # In the order in which they were named, whichever was first.
            for name in self._connecting:
                if name in self._clients:
                    self._group.add(name, self._clients[name])
        except BaseException as error:
            await self.__aexit__(type(error), error, error.__traceback__)
            raise
        return self._group

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        leaving = [
            self._connecting[name].__aexit__(exception_type, exception, traceback) for name in self._clients
        ]
        for fault in await asyncio.gather(*leaving, return_exceptions=True):
            if fault is not None:
                text = "a connection of the group failed"
                write_report(Report(severity=Severity.ERROR, text=text, error=fault))

    async def _open(self, name: str, connecting: Connecting) -> None:
        try:
            self._clients[name] = await connecting.__aenter__()
        except Exception as error:  # noqa: BLE001  # the others go on, whatever it is
            self._group.leave_out(name, error)


def connect_group(
    servers: Mapping[str, Target] | str | os.PathLike[str],
    *,
    separator: str = "_",
    stderr: int | IO[bytes] | None = None,
    **settings: Unpack[ClientSettings],
) -> ConnectingGroup:
    """Connect to several servers as one, side by side; enter the result with `async with`.

    It takes as long as the slowest of them; `timeouts=` bounds that. One that cannot be reached is left out:
    `lost` of the group says why, and so does the log.

    Args:
        servers: a file as desktop hosts write it (`{"mcpServers": ...}`), the same as a parsed value, or by
            names of your own what `connect` takes.
        separator: what stands between the name of a server and that of its tool or prompt.
        stderr: where the standard error of commands goes; see `connect`.
        settings: how each of the clients is set up; see `ClientSettings`.

    Returns:
        What to enter; leaving it ends all connections, side by side.

    Raises:
        LocalProtocolError: the configuration is none, or an entry of it leads to no server.
        OSError: the file cannot be read.
    """
    given = servers if isinstance(servers, Mapping) else Path(servers).expanduser().read_bytes()
    group = Group(separator=separator)
    connecting: dict[str, Connecting] = {}
    for name, entry in configured(given, os.environ, file=str(servers)).items():
        connecting[name] = connect(
            entry.target,
            env=entry.env or None,
            cwd=entry.cwd,
            stderr=stderr if entry.is_command else None,
            headers=entry.headers or None,
            **settings,
        )
    return ConnectingGroup(group, connecting)
