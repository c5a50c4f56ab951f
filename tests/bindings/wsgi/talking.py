"""Talk to a WSGI application without a server, held to the standard where the validator knows it."""

import io
import json
import sys
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from tests.bindings.http.speaking import BOTH, modern_headers


class Input(io.BytesIO):
    """A body that says how much of it was asked for."""

    def __init__(self, data):
        super().__init__(data)
        self.asked = []

    def read(self, size=-1):
        self.asked.append(size)
        return super().read(size)


def environ_of(method="POST", body=b"", headers=None, **more):
    """Return the environ of a request."""
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": "/mcp",
        "QUERY_STRING": "",
        "HTTP_HOST": "localhost",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_ACCEPT": BOTH,
        "wsgi.input": Input(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
    }
    for name, value in (headers or {}).items():
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    environ |= more
    setup_testing_defaults(environ)
    return environ


def post(message, headers=None, **more):
    """Return the environ of a modern request."""
    return environ_of(
        body=json.dumps(message).encode(), headers={**modern_headers(message), **(headers or {})}, **more
    )


class Answer:
    """What an application answers; its pieces are asked for one by one."""

    def __init__(self, app, environ, *, checked=False):
        self.status = None
        self.headers = {}
        self._pieces = (validator(app) if checked else app)(environ, self._start)
        self.pieces = iter(self._pieces)

    def _start(self, status, headers, exc_info=None):
        assert exc_info is None
        self.status = int(status.partition(" ")[0])
        self.headers = dict(headers)
        return lambda _data: None

    @property
    def body(self):
        try:
            return b"".join(self.pieces)
        finally:
            self.close()

    @property
    def json(self):
        return json.loads(self.body)

    def close(self):
        if hasattr(self._pieces, "close"):
            self._pieces.close()


def said(answer):
    """Return the text of a tool's result."""
    return answer.json["result"]["content"][0]["text"]
