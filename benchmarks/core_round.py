"""What does one whole server round cost in the core, bytes in to bytes out, every check in place?

A round is a tools/call of a typed tool: lines read, JSON and envelope checked, the session stepped, the
arguments validated, the tool run, its result checked against its type and written, the line taken. The
floor is `json.loads` of the same request and `json.dumps` of the same answer.

Run it with `uv run python benchmarks/core_round.py`.
"""

import json
from collections.abc import Callable

from compare import compare

from sansmcp import Server
from sansmcp.schema import REVISIONS, Revision
from sansmcp.session import LineLink, RequestReceived, ServerSession
from sansmcp.testing import SeededEnvironment

TIMES = 2000
CLIENT = {"name": "benchmark", "version": "1"}
MODERN_META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": CLIENT,
    "io.modelcontextprotocol/clientCapabilities": {},
}

server = Server("benchmark", version="1")


@server.tool
def add(a: int, b: int) -> str:
    """Add two numbers."""
    return str(a + b)


def link_in(revision: Revision) -> LineLink[ServerSession]:
    """Return a link whose session speaks a revision."""
    link = LineLink(server.open_session(SeededEnvironment(seed=1)))
    if revision < "2026":
        hello = {"protocolVersion": revision, "capabilities": {}, "clientInfo": CLIENT}
        feed(link, {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello})
        feed(link, {"jsonrpc": "2.0", "method": "notifications/initialized"})
    return link


def feed(link: LineLink[ServerSession], message: object) -> None:
    """Feed one message and throw away what comes of it."""
    link.receive_data(json.dumps(message).encode() + b"\n", 0.0)
    while link.session.next_event() is not None:
        pass
    link.data_to_send()


def outlet(command: Callable[[float], None]) -> None:
    """Run what a handler sends at once."""
    command(0.0)


def serve(link: LineLink[ServerSession], lines: list[bytes]) -> bytes:
    """Answer every line, one at a time, as a driver would."""
    data = b""
    session = link.session
    for line in lines:
        link.receive_data(line, 0.0)
        while (event := session.next_event()) is not None:
            assert isinstance(event, RequestReceived)
            invocation = server.resolve(event, session, outlet)
            invocation.succeed(invocation.call(), 0.0)
        data = link.data_to_send()
        link.next_deadline()
    return data


def main() -> None:
    """Print a line for each revision."""
    for revision in REVISIONS:
        params: dict[str, object] = {"name": "add", "arguments": {"a": 17, "b": 25}}
        if revision >= "2026":
            params["_meta"] = MODERN_META
        lines = [
            json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}).encode()
            + b"\n"
            for number in range(1, TIMES + 1)
        ]
        answer = json.loads(serve(link_in(revision), lines[:1]))
        assert answer["result"]["content"] == [{"type": "text", "text": "42"}], answer
        link = link_in(revision)
        found = compare(
            lambda link=link, lines=lines: serve(link, lines),
            lambda lines=lines, answer=answer: [
                (json.loads(line), json.dumps(answer).encode()) for line in lines
            ],
            times=TIMES,
        )
        print(
            f"{revision}: {found.subject:6.2f} us a round, bare JSON {found.floor:6.2f} us, "
            f"ratio {found.ratio:.2f}"
        )


if __name__ == "__main__":
    main()
