"""Raw connections to an HTTP server: bytes out, responses and events in, with a guard against hanging."""

import json
import re
import socket
import time

PATIENCE = 60.0
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
_ID = re.compile(rb"^id: ?(.*)$", re.MULTILINE)
_DATA = re.compile(rb"^data: *(\S.*)$", re.MULTILINE)


class Connection:
    """One connection.

    Args:
        port: the port of the server.
    """

    def __init__(self, port, *, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        self.port = port
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, method, message=None, **headers):
        """Send a request; underscores in names of fields stand for hyphens."""
        body = b"" if message is None else json.dumps(message).encode()
        fields = {
            "Host": f"127.0.0.1:{self.port}",
            "Accept": "application/json, text/event-stream",
            **({"Content-Type": "application/json", "Content-Length": str(len(body))} if body else {}),
            **{name.replace("_", "-"): value for name, value in headers.items() if value is not None},
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.socket.sendall(f"{method} /mcp HTTP/1.1\r\n{lines}\r\n".encode() + body)

    def read_until(self, found):
        """Read until something is so of the bytes that came since the last response, and return them.

        Raises:
            EOFError: the connection ended before.
        """
        limit = time.monotonic() + PATIENCE
        while not found(self.received):
            if time.monotonic() > limit:
                raise TimeoutError(f"not within {PATIENCE:.0f} s; found {self.received[-300:]!r}")
            data = self.socket.recv(1 << 16)
            if not data:
                raise EOFError(f"the connection ended after {self.received[-300:]!r}")
            self.received += data
        return self.received

    def read_response(self):
        """Read one whole response; return its status, its fields and its body."""
        self.read_until(_is_whole)
        head, _, rest = self.received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = _unchunked(rest) if "transfer-encoding" in fields else rest
        self.received = b""
        return int(first.split()[1]), fields, body


def _is_whole(data):
    head, end, rest = data.partition(b"\r\n\r\n")
    if not end:
        return False
    lowered = head.lower()
    if b"transfer-encoding: chunked" in lowered:
        return rest.endswith(b"0\r\n\r\n")
    length = re.search(rb"content-length: *(\d+)", lowered)
    return len(rest) >= (int(length[1]) if length else 0)


def _unchunked(data):
    """Return the bytes of the chunks that are whole."""
    found = b""
    while (end := data.find(b"\r\n")) > 0:
        size = int(data[:end], 16)
        found += data[end + 2 : end + 2 + size]
        data = data[end + 4 + size :]
    return found


def events_in(data):
    """Return the whole events in a response that may not have ended: pairs of an id and a message or None."""
    _, _, rest = data.partition(b"\r\n\r\n")
    text = _unchunked(rest)
    whole = text[: text.rfind(b"\n\n") + 2] if b"\n\n" in text else b""
    found = []
    for block in whole.split(b"\n\n"):
        data_line, id_line = _DATA.search(block), _ID.search(block)
        if data_line or id_line:
            message = json.loads(data_line[1]) if data_line else None
            found.append((id_line[1].decode() if id_line else None, message))
    return found


def call(number, tool, arguments, *, token=None, modern=False):
    """Return the message of a call."""
    meta = dict(META) if modern else {}
    if token is not None:
        meta["progressToken"] = token
    params = {"name": tool, "arguments": arguments, **({"_meta": meta} if meta else {})}
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}


def modern_headers(method, name=None):
    """Return the fields that a modern request has."""
    return {"MCP_Protocol_Version": "2026-07-28", "Mcp_Method": method, "Mcp_Name": name}


def open_session(connection, revision="2025-11-25"):
    """Open a legacy session, and return the fields that its requests have."""
    hello = {
        "protocolVersion": revision,
        "capabilities": {},
        "clientInfo": {"name": "raw", "version": "1"},
    }
    connection.send("POST", {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello})
    status, fields, body = connection.read_response()
    if status != 200:
        raise ValueError(f"initialize: expected 200, found {status} {body[:200]!r}")
    headers = {"Mcp_Session_Id": fields["mcp-session-id"], "MCP_Protocol_Version": revision}
    connection.send("POST", {"jsonrpc": "2.0", "method": "notifications/initialized"}, **headers)
    connection.read_response()
    return headers
