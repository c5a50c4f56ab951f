"""The applications that the guides mount servers in run, and serve both."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.bindings.http.speaking import GUARD, Speaker, call, modern, text_of

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"

UVICORN = ("-m", "uvicorn", "--log-level", "error", "--fd")
HYPERCORN = ("-m", "hypercorn", "--log-level", "error", "-b")
TRIO = ("-m", "hypercorn", "-k", "trio", "--log-level", "error", "-b")
GUNICORN = ("-m", "gunicorn", "--threads", "4", "--log-level", "error", "-b")


@contextlib.contextmanager
def running(command, name):
    """Run an example as its guide says, and give its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = listening.fileno()
        place = str(number) if command is UVICORN else f"fd://{number}"
        process = subprocess.Popen(
            [sys.executable, *command, place, f"{name}:app"],
            cwd=EXAMPLES,
            pass_fds=[number],
            start_new_session=True,
        )
        try:
            yield listening.getsockname()[1]
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(GUARD)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def called(port, path, tool, arguments=None, **headers):
    """Call a tool of an endpoint."""
    speaker = Speaker(port, path, **headers)
    try:
        return text_of(speaker.result(modern("tools/call", call(tool, arguments))))
    finally:
        speaker.close()


def page(port, path):
    """Get a page of the framework."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=GUARD)
    with contextlib.closing(connection):
        connection.request("GET", path)
        return connection.getresponse().read()


@pytest.mark.parametrize("command", [UVICORN, HYPERCORN, TRIO], ids=["uvicorn", "hypercorn", "trio"])
def test_two_servers_are_mounted_in_starlette(command):
    with running(command, "asgi_mounting") as port:
        assert called(port, "/sums", "add", {"a": 1, "b": 2}) == "3"
        assert called(port, "/notes/", "write", {"text": "milk"}) == "noted: milk"


def test_a_server_in_fastapi_knows_who_calls():
    with running(UVICORN, "fastapi_mounting") as port:
        assert called(port, "/tools/", "greet") == "Hello, stranger!"
        assert called(port, "/tools/mcp", "greet", **{"X-User": "Ann"}) == "Hello, Ann!"
        assert page(port, "/health") == b'{"status":"ok"}'


def test_a_server_in_flask():
    with running(GUNICORN, "flask_mounting") as port:
        assert called(port, "/tools", "add", {"a": 1, "b": 2}) == "3"
        assert b"ok" in page(port, "/health")


def test_a_server_in_django():
    with running(GUNICORN, "django_mounting") as port:
        assert called(port, "/mcp", "add", {"a": 1, "b": 2}) == "3"
        assert b"ok" in page(port, "/health")
