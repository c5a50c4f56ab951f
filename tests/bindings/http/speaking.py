"""Speak HTTP to a server with nothing but the standard library, so that what it says is seen as it is."""

import base64
import contextlib
import http.client
import json
import threading

GUARD = 30.0
"""Seconds after which what hangs has failed."""

MODERN = "2026-07-28"
LEGACY = "2025-11-25"
BOTH = "application/json, text/event-stream"
ASKABLE = {"elicitation": {"form": {}}}


def modern(method, params=None, *, id=1, capabilities=None, token=None):  # noqa: A002  # its name on the wire
    """Return a request that describes itself."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": capabilities or {},
        "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1.0"},
    }
    if token is not None:
        meta["progressToken"] = token
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": {**(params or {}), "_meta": meta}}


def legacy(method, params=None, *, id=1):  # noqa: A002  # its name on the wire
    """Return a request of a session; a notification where the id is None."""
    message = {"jsonrpc": "2.0", "method": method, "params": params or {}}
    return message if id is None else {**message, "id": id}


def call(tool, arguments=None):
    """Return the parameters of a call of a tool."""
    return {"name": tool, "arguments": arguments or {}}


def modern_headers(message):
    """Return the headers that a modern request comes with."""
    headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": message["method"]}
    name = message["params"].get("name") or message["params"].get("uri")
    return headers if name is None else {**headers, "Mcp-Name": _plain(name)}


def _plain(text):
    return text if text.isascii() else f"=?base64?{base64.b64encode(text.encode()).decode()}?="


class Reply:
    """A response, read as far as asked."""

    def __init__(self, connection, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self._connection = connection
        self._response = response
        self._kept = None

    @property
    def is_stream(self):
        return self.headers.get("content-type", "").startswith("text/event-stream")

    @property
    def body(self):
        if self._kept is None:
            self._kept = self._response.read()
        return self._kept

    @property
    def json(self):
        return json.loads(self.body) if self.body else None

    def events(self):
        """Wait for one event after the other, as long as there are any: pairs of an id and a message."""
        event_id, data = None, []
        while line := self._response.readline():
            field, _, value = line.decode().rstrip("\r\n").partition(": ")
            if field == "id":
                event_id = value
            elif field.rstrip(":") == "data":
                data.append(value)
            elif not field and data:
                yield event_id, json.loads("\n".join(data)) if any(data) else None
                event_id, data = None, []

    def line_after(self, line):
        """Read up to a line and return the one after it."""
        while (found := self._response.readline()) != line:
            assert found
        return self._response.readline()

    def messages(self):
        """Wait for one message after the other, whether the response is a stream or not."""
        if self.is_stream:
            yield from (message for _, message in self.events() if message is not None)
        elif self.body:
            yield self.json

    def answer(self):
        """Return the last message."""
        *_, last = self.messages()
        return last

    def close(self):
        """Go away, whatever is still to come."""
        self._response.close()
        self._connection.close()


class Speaker:
    """A client of one endpoint; each request has a connection of its own.

    Args:
        port: where the server is.
        path: the path of the endpoint.
        headers: what every request comes with.
    """

    def __init__(self, port, path="/mcp", **headers):
        self.port = port
        self.path = path
        self.headers = headers
        self._open = []

    def send(self, method="POST", body=b"", *, path=None, headers=None):
        """Send a request as it is, and return the response as soon as its head is there."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=GUARD)
        connection.request(
            method, path or self.path, body=body or None, headers={**self.headers, **(headers or {})}
        )
        reply = Reply(connection, connection.getresponse())
        self._open.append(reply)
        return reply

    def post(self, message, **headers):
        """Send a message with the headers of its era; None as a value leaves a header out."""
        described = {"Content-Type": "application/json", "Accept": BOTH}
        if "io.modelcontextprotocol/protocolVersion" in message.get("params", {}).get("_meta", {}):
            described |= modern_headers(message)
        described |= {name.replace("_", "-"): value for name, value in headers.items()}
        found = {name: value for name, value in described.items() if value is not None}
        return self.send(body=json.dumps(message).encode(), headers=found)

    def result(self, message, **headers):
        """Send a request, and return its result."""
        reply = self.post(message, **headers)
        answer = reply.answer()
        assert reply.status == 200, (reply.status, answer)
        assert answer["id"] == message["id"]
        return answer["result"]

    def begin(self, revision=LEGACY, capabilities=None):
        """Open a session, and return a speaker in it."""
        hello = {
            "protocolVersion": revision,
            "capabilities": capabilities or {},
            "clientInfo": {"name": "tests", "version": "1.0"},
        }
        reply = self.post(legacy("initialize", hello, id="hello"))
        assert reply.status == 200, reply.body
        assert reply.answer()["result"]["protocolVersion"] == revision
        said = {"MCP-Protocol-Version": revision}
        if (session := reply.headers.get("mcp-session-id")) is not None:
            said["Mcp-Session-Id"] = session
        inside = Speaker(self.port, self.path, **self.headers, **said)
        inside._open = self._open
        assert inside.post(legacy("notifications/initialized", id=None)).status == 202
        return inside

    def get(self, **headers):
        """Open the stream of a session."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("GET", headers={"Accept": "text/event-stream", **named})

    def listen(self):
        """Open the stream of HTTP+SSE, and return its messages and a speaker that sends to where it says."""
        stream = self.send("GET", path=f"{self.path}/sse", headers={"Accept": "text/event-stream"})
        assert stream.status == 200
        address = stream.line_after(b"event: endpoint\n").removeprefix(b"data: ").decode().strip()
        beside = Speaker(self.port, address, **self.headers)
        beside._open = self._open
        return stream.messages(), beside

    def close(self):
        """End whatever is open."""
        for reply in self._open:
            with contextlib.suppress(OSError):
                reply.close()


def texts_at_once(speakers, messages):
    """Send several calls at once, and return the texts of their results."""
    found = [None] * len(messages)

    def ask(place, speaker, message):
        found[place] = text_of(speaker.result(message))

    threads = [
        threading.Thread(target=ask, args=(place, speaker, message))
        for place, (speaker, message) in enumerate(zip(speakers, messages, strict=True))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def text_of(result):
    """Return the text of a tool's result."""
    return result["content"][0]["text"]
