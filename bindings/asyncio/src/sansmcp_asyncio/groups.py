"""Several servers behind one client on asyncio."""

import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Unpack

from sansmcp.client import AwaitableGroup, ClientSettings, ServerEntry, configured
from sansmcp.errors import NotConnected
from sansmcp.session import Report, Severity
from sansmcp_asyncio.client import Client, connect
from sansmcp_asyncio.handlers import write_report
from sansmcp_asyncio.openers import Target


class Group(AwaitableGroup[Client]):
    """Several servers behind one client; make it with `connect_group`."""

    async def close(self, *names: str) -> None:
        """End the connections to some servers, in any order; without names, to all.

        Args:
            names: the names of the servers.
        """
        for name in names or tuple(self):
            await self.remove(name).close()


class ConnectingGroup:
    """Connections in the making; enter it with `async with`."""

    def __init__(
        self,
        entries: Mapping[str, ServerEntry],
        *,
        separator: str,
        stderr: int | IO[bytes] | None,
        settings: ClientSettings,
    ) -> None:
        self._entries = entries
        self._group = Group(separator=separator)
        self._stderr = stderr
        self._settings: ClientSettings = settings
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Group:
        try:
            for name, entry in self._entries.items():
                await self._open(name, entry)
        except BaseException as error:
            await self._stack.__aexit__(type(error), error, error.__traceback__)
            raise
        return self._group

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return await self._stack.__aexit__(exception_type, exception, traceback)

    async def _open(self, name: str, entry: ServerEntry) -> None:
        try:
            connecting = connect(
                entry.reachable(),
                env=entry.env or None,
                cwd=entry.cwd,
                stderr=self._stderr if entry.is_command else None,
                **self._settings,
            )
            client = await self._stack.enter_async_context(connecting)
        except (NotConnected, OSError) as error:
            self._group.lose(name, error)
            write_report(
                Report(severity=Severity.WARNING, text=f"the server {name!r:.80} is left out: {error}")
            )
        else:
            self._group.add(name, client)


def connect_group(
    servers: Mapping[str, Target] | str | os.PathLike[str],
    *,
    separator: str = "_",
    stderr: int | IO[bytes] | None = None,
    **settings: Unpack[ClientSettings],
) -> ConnectingGroup:
    """Connect to several servers as one, one after the other; enter the result with `async with`.

    A server that cannot be reached is left out: `lost` of the group says why, and so does the log.

    Args:
        servers: a file as desktop hosts write it (`{"mcpServers": ...}`), the same as a parsed value, or by
            names of your own what `connect` takes.
        separator: what stands between the name of a server and that of its tool or prompt.
        stderr: where the standard error of commands goes; see `connect`.
        settings: how each of the clients is set up; see `ClientSettings`.

    Returns:
        What to enter; leaving it ends all connections.

    Raises:
        LocalProtocolError: the configuration is none, or an entry of it leads to no server.
        OSError: the file cannot be read.
    """
    given = servers if isinstance(servers, Mapping) else Path(servers).expanduser().read_bytes()
    entries = configured(given, os.environ)
    return ConnectingGroup(entries, separator=separator, stderr=stderr, settings=settings)
