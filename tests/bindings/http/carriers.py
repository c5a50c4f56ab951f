"""The ways to carry HTTP that the same facts are tested on, and processes that serve on them."""

import contextlib
import json
import os
import signal
import subprocess
import sys

import attrs
from tests.bindings.http.speaking import GUARD, Speaker


@attrs.frozen(kw_only=True)
class Carrier:
    """One way to carry HTTP."""

    name: str
    kind: str
    """Whether it is `asgi`, `wsgi` or `h11`."""
    streams: bool = True
    """Whether a response may go on while others are served."""
    sees_disconnects: bool = True
    """Whether a client that goes away is seen before something is written to it."""
    drains: bool = True
    """Whether SIGTERM ends its streams in good order."""


CARRIERS = (
    Carrier(name="h11-asyncio", kind="h11"),
    Carrier(name="h11-trio", kind="h11"),
    Carrier(name="h11-threads", kind="h11"),
    Carrier(name="uvicorn", kind="asgi"),
    Carrier(name="hypercorn", kind="asgi"),
    Carrier(name="hypercorn-trio", kind="asgi"),
    Carrier(name="gunicorn-gthread", kind="wsgi", sees_disconnects=False, drains=False),
    Carrier(name="waitress", kind="wsgi", sees_disconnects=False, drains=False),
    Carrier(name="gunicorn-sync", kind="wsgi", streams=False, sees_disconnects=False, drains=False),
    Carrier(name="wsgiref", kind="wsgi", streams=False, sees_disconnects=False, drains=False),
)
"""All of them."""


class Served:
    """A process that serves on a carrier; see child.py for its endpoints."""

    def __init__(self, carrier):
        self.carrier = carrier
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bindings.http.child", carrier.name],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        line = self._process.stdout.readline()
        assert line, f"{carrier.name} did not start: {self._process.wait(GUARD)}"
        self._places = json.loads(line)

    def place(self, path="/mcp"):
        """Return the port of an endpoint, and its path there."""
        return self._places[path]

    def terminate(self):
        """Ask it to end."""
        self._process.send_signal(signal.SIGTERM)

    def wait(self):
        """Wait until it has ended, and return its exit code."""
        return self._process.wait(GUARD)

    def end(self):
        """End it, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(GUARD)
        self._process.stdout.close()


@contextlib.contextmanager
def serving(carrier):
    """Serve on a carrier as long as it is wanted."""
    served = Served(carrier)
    try:
        yield served
    finally:
        served.end()


@contextlib.contextmanager
def speaking(served, endpoint="/mcp", **headers):
    """Speak to an endpoint, and end what is open at the end."""
    speaker = Speaker(*served.place(endpoint), **headers)
    try:
        yield speaker
    finally:
        speaker.close()
