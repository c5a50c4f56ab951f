"""The least that a server on h11 must do: read a request, send one fixed answer, on bare asyncio.

    python benchmarks/http_floor.py --port N

It reads no JSON, knows no session and runs no tool; what a real server costs beyond it is its own.
"""

import argparse
import asyncio

import h11

ANSWER = (
    b'{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"42"}],'
    b'"structuredContent":{"result":42},"isError":false}}'
)
HEADERS = [("content-type", "application/json"), ("content-length", str(len(ANSWER)))]


class Responder(asyncio.Protocol):
    """One connection: every request gets the same answer."""

    def __init__(self) -> None:
        self._connection = h11.Connection(h11.SERVER)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of where answers go."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        connection = self._connection
        connection.receive_data(data)
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                return
            if isinstance(event, h11.EndOfMessage):
                sent = connection.send(h11.Response(status_code=200, headers=HEADERS))
                sent += connection.send(h11.Data(data=ANSWER))
                sent += connection.send(h11.EndOfMessage())
                self._transport.write(sent)
                connection.start_next_cycle()


async def serve(port: int) -> None:
    """Answer until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Responder, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Send one fixed answer to every request.")
    parser.add_argument("--port", type=int, required=True, help="where to listen on 127.0.0.1")
    asyncio.run(serve(parser.parse_args().port))
