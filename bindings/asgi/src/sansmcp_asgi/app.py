"""The application: it finds the loop that it is called on, and serves there."""

from collections.abc import Callable
from typing import Unpack

from sansmcp.errors import LocalProtocolError
from sansmcp.http import RequestHead
from sansmcp.server import ServeHttpSettings, Server, check_principal_of, expect_server
from sansmcp_asgi.exchanges import Carried, Receive, Send
from sansmcp_asgi.heads import Scope, ScopedHead
from sansmcp_asgi.living import Living
from sansmcp_asgi.runtime import loop_here, runtime_of_this_loop
from sansmcp_asgi.serving import ENVIRONMENT


class App:
    """A server as an ASGI application, which any server runs and any framework mounts.

    It needs no start-up call: where it is told nothing of a lifespan, what it needs begins with the first
    request and ends with the loop. One may be run on several loops; each has sessions of its own.

    Args:
        server: what is offered.
        principal_of: says of a request's scope whom the client was found to be, such as the name of the user
            that other middleware has put there; by default nobody looks.
        settings: how it is served; see `ServeHttpSettings`. Only loopback names are served as hosts unless
            `allowed_hosts` says which.

    Raises:
        LocalProtocolError: it is no server, or there is no such setting.
    """

    def __init__(
        self,
        server: Server,
        *,
        principal_of: Callable[[Scope], str | None] | None = None,
        **settings: Unpack[ServeHttpSettings],
    ) -> None:
        expect_server(server)
        self._server = server
        check_principal_of(principal_of, settings)
        if principal_of is not None:
            settings["verify"] = lambda head: principal_of(_scope_of(head))
        self._settings = settings
        # What cannot work is said here, and not to the first client.
        server.http_endpoint(ENVIRONMENT, settings)
        self._livings: dict[object, Living] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or live as long as the framework says."""
        match scope["type"]:
            case "http":
                serving = await self._living().serving()
                await Carried(serving, scope, receive, send).run()
            case "lifespan":
                await self._live(receive, send)
            case "websocket":
                # There is none; closing before accepting refuses it.
                await receive()
                await send({"type": "websocket.close", "code": 1000})
            case found:
                raise LocalProtocolError(f"App: expected a scope of type http or lifespan, found {found!r}")

    def drain(self) -> None:
        """Begin to end in good order on every loop: streams get their ends, running requests a grace.

        It returns at once and may be called from any thread and from signal handlers. SIGTERM and SIGINT do
        the same by themselves where the server that runs the application handles them in the main thread.
        """
        for living in tuple(self._livings.values()):
            living.drain()

    def _living(self) -> Living:
        loop = loop_here()
        living = self._livings.get(loop)
        if living is None:
            # Loops that have ended by themselves say nothing.
            for other, there in tuple(self._livings.items()):
                if there.is_over:
                    del self._livings[other]
            living = self._livings[loop] = Living(
                runtime_of_this_loop(),
                self._server,
                self._settings,
                ended=lambda: self._livings.pop(loop, None),
            )
        return living

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        living = self._living()
        try:
            await living.serving()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": _said(error)})
            raise
        await send({"type": "lifespan.startup.complete"})
        try:
            await receive()
        finally:
            # Be it that the server has not the patience to say so.
            living.leave()
        try:
            await living.close()
        except Exception as error:
            await send({"type": "lifespan.shutdown.failed", "message": _said(error)})
            raise
        await send({"type": "lifespan.shutdown.complete"})


def _scope_of(head: RequestHead) -> Scope:
    match head:
        case ScopedHead(scope=scope):
            return scope
        case _:
            raise AssertionError("unreachable: the application made the head itself")


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
