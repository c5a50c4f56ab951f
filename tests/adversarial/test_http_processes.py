"""The case of the corpus that ends a server over HTTP as a process, on each runtime.

Everything is open at once: an idle session, its stream, a subscription, a handler that takes three seconds
and one that never returns.
"""

import contextlib
import json
import signal
import socket
import sys
import time

import pytest
from tests.adversarial.corpus import read_cases, stimuli_of
from tests.adversarial.served import RUNTIMES
from tests.reliability.http_measuring import PATIENCE, Serving
from tests.reliability.processes import SLACK
from tests.reliability.raw_http import META, call, events_in, modern_headers, open_session

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM")

(CASE,) = (
    case for case in read_cases() if case.transport in {"http-server", "http-client"} and case.tier == 3
)
LISTEN = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "subscriptions/listen",
    "params": {"notifications": {"toolsListChanged": True}, "_meta": META},
}


@pytest.fixture(params=RUNTIMES)
def runtime(request):
    """A runtime."""
    return request.param


class Open:
    """What is open when the server is told to end: connections, by what they wait for."""

    def __init__(self, serving, stack, stimulus):
        self.serving = serving
        self._stack = stack
        self._modern = stimulus.modern
        self.session = None
        if not stimulus.modern:
            idle = self.connect()
            open_session(idle, stimulus.revision)
            self.session = open_session(idle, stimulus.revision)
            self.stream = self.connect()
            self.stream.send("GET", **self.session)
            self.stream.read_until(lambda data: b"\r\n\r\n" in data)
        self.listening = self.connect()
        self.listening.send("POST", LISTEN, **modern_headers("subscriptions/listen"))
        self.listening.read_until(lambda data: b"acknowledged" in data)
        self.long = self.calling(7, "long")
        self.stuck = self.calling(8, "stuck")
        # They are under way when a later request is answered.
        serving.echo(self.connect())

    def connect(self):
        """Return a connection that is closed in the end."""
        return self._stack.enter_context(self.serving.connect())

    def calling(self, number, tool):
        """Return a connection on which a tool is called."""
        connection = self.connect()
        fields = modern_headers("tools/call", tool) if self._modern else self.session
        connection.send("POST", call(number, tool, {}, modern=self._modern), **fields)
        return connection


def rest_of(connection):
    """Return what still comes on a connection until its end."""
    with contextlib.suppress(OSError):
        while data := connection.socket.recv(1 << 16):
            connection.received += data
    return connection.received


def answers_in(received):
    """Return the answers in what came on a connection, in one piece or as events."""
    head, _, body = received.partition(b"\r\n\r\n")
    if b"text/event-stream" not in head.lower():
        return [json.loads(body)] if body else []
    return [message for _, message in events_in(received) if message is not None and "id" in message]


@pytest.mark.parametrize("stimulus", stimuli_of(CASE), ids=str)
def test_a_server_that_is_told_to_end_says_its_last_words(runtime, stimulus):
    assert [step["do"] for step in CASE.input["steps"]] == ["open_all", "sigterm"]
    with Serving(runtime) as serving, contextlib.ExitStack() as stack:
        opened = Open(serving, stack, stimulus)
        began = time.monotonic()
        serving.process.send_signal(signal.SIGTERM)
        # The closing result comes at once, while the handlers still run.
        (closing,) = answers_in(rest_of(opened.listening))
        assert (closing["id"], closing["result"]["resultType"]) == (1, "complete")
        assert time.monotonic() - began < 2.5
        with socket.socket() as late, pytest.raises(ConnectionRefusedError):
            late.connect(("127.0.0.1", serving.port))
        (answer,) = answers_in(rest_of(opened.long))
        assert answer["result"]["content"][0]["text"] == "done"
        assert [message for message in answers_in(rest_of(opened.stuck)) if "result" in message] == []
        stuck_for = time.monotonic() - began
        assert serving.process.wait(PATIENCE) == 0
        took = time.monotonic() - began
    assert stuck_for >= stimulus.input["server"]["grace"] * 0.9
    # On a machine that is busy with other tests the end of the interpreter alone may take seconds.
    assert took < CASE.expected["limits"]["wall_s"] * SLACK
