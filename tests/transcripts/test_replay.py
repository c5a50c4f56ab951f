"""The client's lines of a transcript, given to a server of the official Python SDK, are answered alike.

Compared is the kind of each message, request by request: methods, ids, codes of errors, types of
results, values of progress. The tools are those of the peer's fixture, so what they say may differ.
Where the registry is out of reach the tests skip with the reason.
"""

import json
import socket
import sys
import tempfile
from pathlib import Path

import pytest
from tests.interop.environment import MCP, Unavailable, interpreter_of
from tests.interop.raw import DEADLINE, Ended, Line, Outcome, Program, outline, replay
from tests.transcripts.reading import lines_of
from tests.transcripts.scenarios import SCENARIOS

FIXTURE = Path(__file__).parent.parent / "interop" / "peers" / "mcp_server.py"
WARM = Path(__file__).parent / "warm_server.py"

REPLAYED = [scenario for scenario in SCENARIOS if scenario.replayed]


class Connection:
    """One conversation with a warm server, as a replay sees it."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(DEADLINE)
        self._socket.connect(path)
        self._stream = self._socket.makefile("rb")

    def send(self, message):
        """Send one message as a line of JSON."""
        line = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
        self._socket.sendall(line.encode() + b"\n")

    def receive(self, deadline):
        """Return the next message; raise `Ended` where there is none."""
        self._socket.settimeout(deadline)
        line = self._stream.readline()
        if not line:
            raise Ended("the server closed its output")
        return json.loads(line)

    def finish(self, deadline):
        """End the input, and return what nobody read."""
        self._socket.settimeout(deadline)
        self._socket.shutdown(socket.SHUT_WR)
        rest = tuple(self._stream.read().decode().split("\n")[:-1])
        return Outcome(code=0, rest=rest, errors="")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stream.close()
        self._socket.close()


@pytest.fixture(scope="module")
def server():
    """Where the SDK's server can be connected to."""
    if sys.platform == "win32":
        pytest.skip("the interop tests drive POSIX processes")
    try:
        interpreter = interpreter_of(MCP)
    except Unavailable as reason:
        pytest.skip(f"mcp {MCP.version} cannot be had: {reason}")
    # Not below the folder of the test run: the path of a socket must be short.
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/s"
        with Program([str(interpreter), str(WARM), path, str(FIXTURE)]) as program:
            assert program.receive_line() == "ready"
            yield path
            program.finish()


def kind_of(message):
    """Reduce a message to its kind; a result that is no error need not say so."""
    kind = outline(message)
    result = kind.get("result", {})
    if result.get("isError") is False:
        del result["isError"]
    return kind


def transcript_of(scenario):
    """Return the lines of a golden transcript, one message each."""
    lines = lines_of(scenario.golden.read_text(encoding="utf-8"))
    return tuple(
        Line(sender=line.sender, message=message, number=number)
        for number, line in enumerate(lines, 1)
        for message in line.messages
    )


@pytest.mark.parametrize("scenario", REPLAYED, ids=str)
def test_the_sdk_answers_the_lines_of_a_transcript_alike(server, scenario):
    with Connection(server) as connection:
        found = replay(connection, transcript_of(scenario))
    assert found.differences(kind_of) == []


def test_every_revision_is_replayed():
    assert {scenario.revision for scenario in REPLAYED} == {scenario.revision for scenario in SCENARIOS}
