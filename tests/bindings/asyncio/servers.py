"""A server for the tests of the asyncio binding; as a program it speaks over standard input and output."""

import asyncio
import sys

from tests.bindings.servers import new_awaiting_server

from sansmcp_asyncio import serve_stdio

given_up: list[str] = []


async def wait_for_ever() -> None:
    await asyncio.Event().wait()


server = new_awaiting_server(
    given_up,
    checkpoint=lambda: asyncio.sleep(0),
    wait_for_ever=wait_for_ever,
    cancelled=asyncio.CancelledError,
)


@server.tool
def complain(lines: int) -> str:
    """Write lines to standard error."""
    for number in range(lines):
        # In one piece, so that nothing comes in between.
        sys.stderr.write(f"complaint {number:04}\n")
    return "complained"


if __name__ == "__main__":
    serve_stdio(server)
