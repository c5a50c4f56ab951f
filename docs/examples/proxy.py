"""A proxy that hides tools: `python proxy.py delete_note,drop_table -- python server.py`.

It stands between any client and any server. It reads messages and knows no revision: what it does not
look at passes as it came.
"""

import sys
import threading
from collections.abc import Callable

import attrs

from sansmcp.values import RequestId
from sansmcp.wire import (
    Batch,
    ErrorObject,
    ErrorResponse,
    LineReader,
    Message,
    Request,
    Response,
    Violation,
    decode,
    encode_line,
)
from sansmcp_threads import ByteStream, StdioStream, start_process


class Hiding:
    """What passes, in either direction."""

    def __init__(self, hidden: set[str]) -> None:
        self._hidden = hidden
        self._lists: set[RequestId] = set()

    def from_client(self, message: Message) -> Message:
        """Return what the server gets; what it must not see is the client's answer."""
        match message:
            case Request(id=id_, method="tools/call", params={"name": str(name)}) if name in self._hidden:
                error = ErrorObject(code=-32602, message=f"there is no tool {name!r}")
                return ErrorResponse(id=id_, error=error)
            case Request(id=id_, method="tools/list"):
                self._lists.add(id_)
            case _:
                pass
        return message

    def from_server(self, message: Message) -> Message:
        """Return what the client gets."""
        if isinstance(message, Response) and message.id in self._lists:
            self._lists.discard(message.id)
            tools = [tool for tool in message.result["tools"] if tool["name"] not in self._hidden]
            return attrs.evolve(message, result={**message.result, "tools": tools})
        return message


class Writer:
    """Writes messages to a stream, from any thread."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, message: Message | Batch) -> None:
        with self._lock:
            if not self._stream.write(encode_line(message)):
                self._stream.flush(timeout=30)


def pump(source: ByteStream, take: Callable[[Message], None]) -> None:
    """Hand on each message of a stream until it ends; what is no message goes no further."""
    reader = LineReader()
    while data := source.read():
        reader.receive_data(data)
        while (line := reader.next_line()) is not None:
            found = line if isinstance(line, Violation) else decode(line)
            for message in found.messages if isinstance(found, Batch) else (found,):
                if isinstance(message, Violation):
                    print("left out:", message.text, file=sys.stderr)
                else:
                    take(message)


def main(hidden: set[str], command: list[str]) -> None:
    server, client = start_process(command), StdioStream()
    to_server, to_client = Writer(server), Writer(client)
    hiding = Hiding(hidden)

    def ask(message: Message) -> None:
        passed = hiding.from_client(message)
        # An error that is made here is no answer of the client's: it goes back.
        back = passed is not message
        (to_client if back else to_server).write(passed)

    def answer() -> None:
        try:
            pump(server, lambda message: to_client.write(hiding.from_server(message)))
        except OSError as error:
            print(error, file=sys.stderr)
        finally:
            client.end_input()

    threading.Thread(target=answer, daemon=True).start()
    try:
        pump(client, ask)
    finally:
        server.close()


if __name__ == "__main__":
    main(set(sys.argv[1].split(",")), sys.argv[3:])
