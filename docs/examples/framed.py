"""A transport of one's own: each message after its length, in four bytes, in place of a newline behind it.

It stands between a link and its driver, so every binding can use it, on every stream, on both sides.
"""

from sansmcp import Server
from sansmcp.session import Link
from sansmcp_threads import connect, listen_tcp

MOST = 4 * 1024 * 1024


class Framed:
    """Takes frames where its driver reads and writes, and lines where its link does."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._unread = b""

    def receive_data(self, data: bytes, now: float) -> None:
        """Take in bytes, cut anywhere, and hand on the messages that are complete."""
        self._unread += data
        while len(self._unread) >= 4 + (size := int.from_bytes(self._unread[:4])) and size <= MOST:
            message, self._unread = self._unread[4 : 4 + size], self._unread[4 + size :]
            # JSON says a newline within a text as \n, so one in a message is only there to be looked at.
            self._link.receive_data(message.replace(b"\n", b" ") + b"\n", now)
        if len(self._unread) >= 4 and int.from_bytes(self._unread[:4]) > MOST:
            self._unread = b""
            self._link.receive_eof(now, f"a frame has more than {MOST} bytes")

    def receive_eof(self, now: float, reason: str = "the peer closed the connection") -> None:
        """Hand on the end; a frame that is not complete by now will never be."""
        cut = f"{reason} within a frame" if self._unread else reason
        self._link.receive_eof(now, cut)

    def data_to_send(self) -> bytes:
        """Take the messages to write, each in a frame."""
        lines = self._link.data_to_send().splitlines()
        return b"".join(len(line).to_bytes(4) + line for line in lines)

    @property
    def done(self) -> bool:
        """Nothing more will come."""
        return self._link.done

    def next_deadline(self) -> float | None:
        """Return when handle_timeout is wanted next, or None."""
        return self._link.next_deadline()

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due."""
        self._link.handle_timeout(now)


server = Server("sums", version="1.0")


@server.tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


if __name__ == "__main__":
    listener = listen_tcp(server, wrap_link=Framed)
    with listener, connect(listener.address, wrap_link=Framed) as client:
        print(client.call_tool("add", {"a": 1, "b": 2}, result_type=int))
