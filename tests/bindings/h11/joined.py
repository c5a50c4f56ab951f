"""A client and a server of this process that speak HTTP/1.1 with each other, in memory."""

from sansmcp.client import ClientOptions
from sansmcp.testing import MemoryClient, whole
from sansmcp_h11 import H11Client, H11Server

URL = "http://127.0.0.1:8000/mcp"


class HttpMemoryClient(MemoryClient):
    """A client over HTTP/1.1; make it with `connect_http`."""

    def server_endpoint(self, server, environment, serving):
        return H11Server(server.http_endpoint(environment, serving, host="127.0.0.1"))

    def client_endpoint(self, options, environment):
        return H11Client(options.http_endpoint(URL, environment.random))

    @property
    def connections(self):
        """How many connections are open."""
        return len(self._ways) // 2


def connect_http(server, *, serving=None, cut=whole, **settings):
    """Connect a client to a server of this process over HTTP/1.1."""
    client = HttpMemoryClient(server, ClientOptions.of(settings), serving or {}, cut)
    try:
        client.open()
    except BaseException:
        client.close()
        raise
    return client
