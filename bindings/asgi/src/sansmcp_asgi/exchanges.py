"""One request and its response: what comes is fed to the exchange, what that says is sent at once."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeAlias

from sansmcp.http import ResponseAction, ResponseBody, ResponseEnd, ResponseHead
from sansmcp.session import Stop
from sansmcp_asgi.heads import AsgiMessage, Scope, head_of, start_of
from sansmcp_asgi.serving import Serving

Receive: TypeAlias = Callable[[], Awaitable[AsgiMessage]]
"""Waits for what the server says next of a request."""

Send: TypeAlias = Callable[[AsgiMessage], Awaitable[None]]
"""Hands a piece of the response to the server."""


_LINGER: Final = 1.0
"""For how many seconds the rest of a body that is not wanted is read."""

_MOST_DROPPED: Final = 1024
"""How many pieces of it are read; servers cut them at 64 KiB or less."""


class Carried:
    """One exchange on its way.

    Args:
        serving: its endpoint.
        scope: what the server says of the request.
        receive: waits for the body and for the end of the connection.
        send: takes the response.
    """

    def __init__(self, serving: Serving, scope: Scope, receive: Receive, send: Send) -> None:
        self._serving = serving
        self._runtime = serving.runtime
        self._scope = scope
        self._receive = receive
        self._send = send
        self._exchange, self._changed = serving.open_exchange(head_of(scope))
        self._is_read = False
        self._is_gone = False

    async def run(self) -> None:
        """Read the request and write the response, until that is complete or nobody reads it any more."""
        watching: Stop | None = None
        is_late = False
        try:
            self._serving.settle()
            while not (self._is_gone or self._exchange.done):
                # Cleared before anything is taken, so that no wake-up is lost.
                self._changed.clear()
                if actions := self._exchange.actions():
                    # Requests may have waited for it.
                    self._serving.settle()
                    await self._write(actions)
                elif not self._is_read:
                    await self._read_body()
                elif not is_late:
                    # Most answers come at once, and a watcher costs more than waiting for them.
                    is_late = True
                    await self._runtime.turn()
                else:
                    watching = watching or self._runtime.spawn(self._watch, "sansmcp watcher")
                    await self._changed.wait()
        finally:
            if watching is not None:
                watching()
            self._serving.end_exchange(self._exchange)

    # The request

    async def _read_body(self) -> None:
        if not await self._runtime.sleep_until(self._exchange.next_deadline(), self._take):
            self._exchange.handle_timeout(self._runtime.now())
            self._serving.settle()

    async def _drop_rest(self) -> None:
        """Read what is left of a body that is not wanted, as far as there is hope for its end.

        Servers close the connection once the response is complete, and what the client has not read by then
        is lost if it has not said everything.
        """
        await self._runtime.sleep_until(self._runtime.now() + _LINGER, self._drop)

    async def _drop(self) -> None:
        for _ in range(_MOST_DROPPED):
            if self._is_read:
                return
            await self._take()

    async def _watch(self) -> None:
        # After the body comes the end of the connection and nothing else; who says the body again will go on
        # with that without a pause.
        await self._take()

    async def _take(self) -> None:
        message = await self._receive()
        now = self._runtime.now()
        if message["type"] == "http.disconnect":
            self._leave()
        elif not self._is_read:
            if body := message.get("body", b""):
                self._exchange.receive_data(body, now)
            if not message.get("more_body", False):
                self._is_read = True
                self._exchange.receive_eof(now)
            self._serving.settle()

    def _leave(self) -> None:
        self._is_gone = self._is_read = True
        self._exchange.receive_disconnect(self._runtime.now())
        self._changed.set()
        self._serving.settle()

    # The response

    async def _write(self, actions: list[ResponseAction]) -> None:
        messages: list[AsgiMessage] = []
        for action in actions:
            match action:
                case ResponseHead():
                    messages.append(start_of(action, self._scope))
                case ResponseBody(data=data):
                    messages.append(_body(data, more=True))
                case ResponseEnd() if self._is_read and messages and "body" in messages[-1]:
                    messages[-1]["more_body"] = False
                case ResponseEnd():
                    messages.append(_body(b"", more=False))
        for message in messages:
            if not self._is_read and not message.get("more_body", True):
                await self._drop_rest()
            if self._is_gone:
                return
            await self._write_one(message)

    async def _write_one(self, message: AsgiMessage) -> None:
        at = self._runtime.now() + self._serving.write_stall
        try:
            if await self._runtime.sleep_until(at, partial(self._send, message)):
                return
        except OSError:
            # The client is gone; some servers say so when something is sent.
            pass
        self._leave()


def _body(data: bytes, *, more: bool) -> AsgiMessage:
    return {"type": "http.response.body", "body": data, "more_body": more}
