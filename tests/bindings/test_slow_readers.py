"""Handlers that wait for a client over HTTP which reads nothing: they go on when its connection is cut."""

import contextlib
import json
import socket
import threading
from typing import Any

import pytest
from tests.bindings.http.speaking import BOTH, LEGACY, MODERN, Speaker, call, legacy, modern, modern_headers
from tests.bindings.over_http import GUARD, served

from sansmcp import Context, Server
from sansmcp.http import HttpLimits

TIMES = 16
WORD = "x" * 500_000


class Talking:
    """A server whose tools say more than any socket holds, and wait each time until it has left."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.server = Server("talking", version="1.0")
        self.server.tool(self.talk)

    def talk(self, ctx: Context) -> str:
        """Talk on a thread."""
        for _ in range(TIMES):
            ctx.info(WORD)
            ctx.drain()
        self.ended.set()
        return "told"


class TalkingAndAwaiting(Talking):
    """The same on a loop; given up, it ends, too."""

    async def talk(self, ctx: Context) -> str:
        """Talk on a loop."""
        try:
            for _ in range(TIMES):
                ctx.info(WORD)
                await ctx.drain()
        finally:
            self.ended.set()
        return "told"


def asked_of(port: int, revision: str) -> tuple[dict[str, str], Any]:
    """Return the headers and the message of a call."""
    if revision == MODERN:
        message: Any = modern("tools/call", call("talk"))
        message["params"]["_meta"]["io.modelcontextprotocol/logLevel"] = "info"
        return modern_headers(message), message
    speaker: Any
    with contextlib.closing(Speaker(port).begin(revision)) as speaker:
        speaker.result(legacy("logging/setLevel", {"level": "info"}))
        return speaker.headers, legacy("tools/call", call("talk"), id=2)


@pytest.mark.parametrize("revision", [LEGACY, MODERN])
@pytest.mark.parametrize(
    ("runtime", "kind"),
    [("asyncio", TalkingAndAwaiting), ("trio", Talking), ("threads", Talking)],
)
def test_a_handler_goes_on_when_the_connection_of_a_client_that_reads_nothing_is_cut(
    runtime: str, kind: type[Talking], revision: str
) -> None:
    talking = kind()
    with (
        served(runtime, talking.server, http_limits=HttpLimits(write_stall=0.1)) as url,
        socket.socket() as peer,
    ):
        port = int(url.rpartition(":")[2].partition("/")[0])
        headers, message = asked_of(port, revision)
        body = json.dumps(message)
        fields = {
            "Host": "127.0.0.1",
            "Content-Type": "application/json",
            "Accept": BOTH,
            "Content-Length": str(len(body)),
            **headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024)
        peer.connect(("127.0.0.1", port))
        peer.sendall(f"POST /mcp HTTP/1.1\r\n{head}\r\n{body}".encode())
        assert talking.ended.wait(GUARD)
