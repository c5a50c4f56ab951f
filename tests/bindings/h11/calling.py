"""A client over HTTP/1.1 whose server is written by hand, byte by byte, on a virtual clock."""

import json
import re

from sansmcp import schema
from sansmcp.http import ClientHttp
from sansmcp.session import ClientSession, Dial, Timeouts
from sansmcp.testing import SeededEnvironment
from sansmcp_h11 import H11Client

MODERN = "2026-07-28"
DISCOVERED = {
    "resultType": "complete",
    "supportedVersions": [MODERN],
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "server", "version": "1"},
    "ttlMs": 0,
    "cacheScope": "private",
}
DONE = {"resultType": "complete", "content": [{"type": "text", "text": "done"}]}
LISTED = {"resultType": "complete", "tools": [], "ttlMs": 0, "cacheScope": "private"}


class Calling:
    """A client on connections that the test answers.

    Args:
        url: where the client goes.
        options: arguments of H11Client.
    """

    def __init__(self, url="http://127.0.0.1:8000/mcp", **options):
        self.now = 0.0
        self.events = []
        self.dialled = []
        self.woken = set()

        def open_session(*, revisions=None, finding=None, handles):
            del revisions, finding
            return ClientSession(
                info=schema.Implementation(name="client", version="1"),
                revisions=(MODERN,),
                handles=handles,
                timeouts=Timeouts(probe=float("inf")),
            )

        self.endpoint = ClientHttp(open_session, url, random=SeededEnvironment().random)
        self.client = H11Client(self.endpoint, **options)
        self.client.connect(self.now)

    def settle(self):
        """Drain until nothing moves."""
        moved = True
        while moved:
            moved = False
            while (found := self.client.next_event()) is not None:
                self.events.append(found[1])
                moved = True
            for action in self.client.actions():
                assert isinstance(action, Dial)
                self.dialled.append(action)
                moved = True
            for link in self.client.ready():
                self.woken.add(link)
                moved = True

    def dial(self):
        """Return the one link that was dialled since."""
        self.settle()
        (dial,) = self.dialled
        self.dialled = []
        return dial.link

    def asked(self, link):
        """Return the request that a link wrote, as head and message."""
        self.settle()
        assert link in self.woken
        self.woken.discard(link)
        head, _, body = link.data_to_send().partition(b"\r\n\r\n")
        self.settle()
        return head.decode(), json.loads(body) if body else None

    def tell(self, link, data, size=None):
        """Let the server send bytes, in pieces of a size."""
        for at in range(0, len(data), size or len(data)):
            link.receive_data(data[at : at + (size or len(data))], self.now)
            self.settle()

    def connected(self, **options):
        """Answer the discovery on a first connection, which is free then."""
        link = self.dial()
        _, message = self.asked(link)
        assert message["method"] == "server/discover"
        self.tell(link, answer(message, DISCOVERED, **options))
        return link

    def list_tools(self):
        """Ask for the tools."""
        return self.request("tools/list", {})

    def call(self, name="add"):
        """Call a tool."""
        return self.request("tools/call", {"name": name, "arguments": {}})

    def request(self, method, params):
        handle = self.client.session.send_request(method, params, self.now)
        self.settle()
        return handle

    def told(self, kind):
        self.settle()
        found = [event for event in self.events if isinstance(event, kind)]
        self.events = [event for event in self.events if not isinstance(event, kind)]
        return found

    def at(self, now):
        """Let time pass."""
        self.now = now
        for link in self.client.links:
            due = link.next_deadline()
            if due is not None and due <= now:
                link.handle_timeout(now)
        due = self.client.next_deadline()
        if due is not None and due <= now:
            self.client.handle_timeout(now)
        self.settle()


def result(message, value):
    """Return the bytes of an answer."""
    return json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": value}).encode()


def response(body, *fields, status="200 OK", kind="application/json", length=True):
    """Return the bytes of a response."""
    lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", *fields]
    if length:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def answer(message, value, *fields):
    """Return the bytes of a response with an answer."""
    return response(result(message, value), *fields)


def chunks(*pieces):
    """Return a body in chunks."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))


def field(head, name):
    """Return the values of a field in a head."""
    return re.findall(rf"(?mi)^{name}: (.*?)\r?$", head)
