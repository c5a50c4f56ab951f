"""What a client shows of its connection, the same in every binding."""

from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeVar

from sansmcp import schema
from sansmcp.client.connection import ClientConnection
from sansmcp.client.icons import with_safe_icons
from sansmcp.client.listening import Wish
from sansmcp.errors import NotConnected
from sansmcp.schema import Revision
from sansmcp.session import ClientEndpoint, ClientEvent, ClientSession, Disconnected, Finding

ValueT = TypeVar("ValueT")


class Perform(Protocol):
    """Runs a command on the endpoint or its session; see `perform` of a client."""

    def __call__(self, command: Callable[[float], ValueT], /) -> ValueT:
        """Run it."""
        ...


class ListeningFrom:
    """The wishes of a connection, from outside of its driver.

    Args:
        connection: the connection.
        perform: runs a command on it.
    """

    def __init__(self, connection: ClientConnection, perform: Perform) -> None:
        self._connection = connection
        self._perform = perform

    def add(self, wish: Wish) -> None:
        """Take in what somebody wants to hear.

        Raises:
            NotConnected: if the connection has ended.
        """
        ended = self._connection.disconnected
        if ended is not None:
            raise NotConnected(f"{ended.reason}; connect again to hear of changes")
        self._perform(partial(self._connection.listening.add, wish))

    def remove(self, wish: Wish) -> None:
        """Tell somebody nothing more."""
        self._perform(partial(self._connection.listening.remove, wish))

    def leave(self, wish: Wish) -> None:
        """Take in that nobody looks at a wish any more."""
        self._connection.listening.leave(wish)


class KnownServer:
    """The part of a binding's client that waits for nothing: its parts, and what is known of the server."""

    _connection: ClientConnection
    _endpoint: ClientEndpoint[ClientSession, ClientEvent]

    @property
    def endpoint(self) -> ClientEndpoint[ClientSession, ClientEvent]:
        """The endpoint underneath; the driver must hear of each command to it or to its session."""
        return self._endpoint

    @property
    def session(self) -> ClientSession:
        """The session underneath; after a restart it is another one."""
        return self._endpoint.session

    @property
    def revision(self) -> Revision:
        """The revision that is spoken."""
        return self._connection.connected.revision

    @property
    def server_info(self) -> schema.Implementation | None:
        """Who the server says it is, without icons that are not safe to show."""
        info = self._connection.connected.server_info
        return None if info is None else with_safe_icons(info)

    @property
    def server_capabilities(self) -> schema.ServerCapabilities:
        """What the server can do."""
        return self._connection.connected.capabilities

    @property
    def instructions(self) -> str | None:
        """How the server wants to be used."""
        return self._connection.connected.instructions

    @property
    def finding(self) -> Finding | None:
        """What was learned about the server: pass it to the next `connect` to save the probe."""
        return self._endpoint.session.finding

    @property
    def disconnected(self) -> Disconnected | None:
        """How the connection ended; None while it lasts."""
        return self._connection.disconnected
