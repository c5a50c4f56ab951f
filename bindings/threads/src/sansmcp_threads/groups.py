"""Several servers behind one client that blocks."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Self, Unpack

from sansmcp.client import BlockingGroup, ClientSettings, configured
from sansmcp.errors import NotConnected
from sansmcp.session import Report, Severity
from sansmcp_threads.client import Client, connect
from sansmcp_threads.handlers import AsyncRunner, write_report
from sansmcp_threads.openers import Target


class Group(BlockingGroup[Client]):
    """Several servers behind one client; make it with `connect_group`, and close it or use it in `with`."""

    def close(self, *names: str) -> None:
        """End the connections to some servers, in any order; without names, to all.

        Args:
            names: the names of the servers.
        """
        with ExitStack() as stack:
            for name in names or tuple(self):
                stack.callback(self.remove(name).close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def connect_group(
    servers: Mapping[str, Target] | str | os.PathLike[str],
    *,
    separator: str = "_",
    stderr: int | IO[bytes] | None = None,
    async_runner: AsyncRunner | None = None,
    **settings: Unpack[ClientSettings],
) -> Group:
    """Connect to several servers as one, one after the other; use it in `with`, or close it.

    A server that cannot be reached is left out: `lost` of the group says why, and so does the log.

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
    entries = configured(given, os.environ)
    group = Group(separator=separator)
    try:
        for name, entry in entries.items():
            try:
                client = connect(
                    entry.reachable(),
                    env=entry.env or None,
                    cwd=entry.cwd,
                    stderr=stderr if entry.is_command else None,
                    async_runner=async_runner,
                    **settings,
                )
            except (NotConnected, OSError) as error:
                group.lose(name, error)
                text = f"the server {name!r:.80} is left out: {error}"
                write_report(Report(severity=Severity.WARNING, text=text))
            else:
                group.add(name, client)
    except BaseException:
        group.close()
        raise
    return group
