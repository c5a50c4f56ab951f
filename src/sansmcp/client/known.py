"""What a client shows of its connection, the same in every binding."""

from sansmcp import schema
from sansmcp.client.connection import ClientConnection
from sansmcp.schema import Revision
from sansmcp.session import ClientLines, ClientSession, Disconnected, Finding


class KnownServer:
    """The part of a binding's client that waits for nothing: its parts, and what is known of the server."""

    _connection: ClientConnection
    _endpoint: ClientLines

    @property
    def endpoint(self) -> ClientLines:
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
        """Who the server says it is."""
        return self._connection.connected.server_info

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
