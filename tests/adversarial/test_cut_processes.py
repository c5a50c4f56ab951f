"""However the bytes of a stream are cut, a process does the same: the case of the corpus over real pipes.

Every piece is taken by the process before the next is written, so no two are read as one. A pipe is cut
whole, byte by byte and at random; each two-way split, of which there are hundreds, is a connection of its
own to one process that listens on a Unix socket, and carries the same lines. As in every conversation, the
client waits for the answer to a call: what a handler answers is in no order with what else is answered.
"""

import contextlib
import fcntl
import json
import os
import random
import socket
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from tests.adversarial.attacking import INITIALIZE, Target, is_ours
from tests.adversarial.corpus import read_cases, stimuli_of, written
from tests.adversarial.served import RUNTIMES
from tests.reliability.processes import PATIENCE, Attacked, python

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="how much of a pipe was read is asked of Linux"
)

CHILD = Path(__file__).parent / "child.py"
(CASE,) = (case for case in read_cases() if case.id == "stdio-byte-by-byte")
assert CASE.input["chunkings"] == ["whole", "1", "every-split", "random-seeded"]
SERVERS = [stimulus for stimulus in stimuli_of(CASE) if stimulus.role == "server"]
CLIENTS = [stimulus for stimulus in stimuli_of(CASE) if stimulus.role == "client"]

FIRST = (
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{$META,"name":"blob","arguments":{"size":9}}}\n'
)
REST = (
    "{oops\n"
    '{"jsonrpc":"2.0","id":"é","method":"no/such","params":{$META}}\r\n'
    '{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{$META,"name":"none"}}\n'
)
ANSWERS = [
    {"text": "Starting...\n"},
    {"hex": "e280a80a"},
    {"text": '{"jsonrpc":"2.0","id":$ID,"result":{"resultType":"complete","tools":[]}}\r\n'},
]


@pytest.fixture(params=RUNTIMES)
def runtime(request):
    """A runtime."""
    return request.param


def pieces(data, cut):
    """Cut bytes."""
    chance = random.Random(7)
    while data:
        size = {"whole": len(data), "1": 1, "random-seeded": chance.randint(1, 40)}[cut]
        yield data[:size]
        data = data[size:]


@pytest.mark.parametrize("stimulus", SERVERS, ids=str)
def test_no_cut_of_its_input_changes_what_a_server_does(runtime, stimulus, tmp_path):
    found = {}
    for cut in ("whole", "1", "random-seeded"):
        with Target(runtime, stimulus, tmp_path) as target:
            for said in transcript(stimulus):
                for piece in pieces(said, cut):
                    target.program.feed(piece, chunk=len(piece))
                target.program.wait_for(is_answered)
            attack = target.finish(cut)
            assert attack.end.code == 0
            found[cut] = (bytes(target.program.output), attack.told)
    assert len(found["whole"][0].splitlines()) >= 4
    assert found["1"] == found["whole"]
    assert found["random-seeded"] == found["whole"]


@pytest.mark.parametrize("stimulus", SERVERS, ids=str)
def test_no_split_of_its_input_changes_what_a_server_answers(runtime, stimulus, tmp_path):
    path = str(tmp_path / "s")
    program = Attacked(python("tests.adversarial.served", runtime, "--unix", path), stderr=subprocess.DEVNULL)
    with program:
        program.wait_for(lambda output: b"\n" in output)
        first, rest = transcript(stimulus)
        whole = answered(path, [first], [rest])
        assert len([line for line in whole.splitlines() if not is_ours(json.loads(line))]) >= 3
        for place in range(1, len(first)):
            found = answered(path, [first[:place], first[place:]], [rest])
            assert found == whole, f"cut after {place} bytes"
        for place in range(1, len(rest)):
            found = answered(path, [first], [rest[:place], rest[place:]])
            assert found == whole, f"cut after {place} bytes of the rest"


@pytest.mark.parametrize("stimulus", CLIENTS, ids=str)
def test_no_cut_of_its_input_changes_what_a_client_does(runtime, stimulus, tmp_path):
    found = {}
    for cut in (None, 1, "random"):
        report = tmp_path / f"written-{cut}"
        wanted = {"revision": stimulus.revision, "pending": 1, "parts": ANSWERS, "cut": cut}
        words = json.dumps({**wanted, "report": str(report)})
        told = use(runtime, stimulus, [sys.executable, str(CHILD), words])
        found[cut] = (told["outcomes"], told["events"], report.read_bytes())
    assert found[None][0] == ["result"]
    assert found[1] == found[None]
    assert found["random"] == found[None]


@pytest.mark.parametrize("stimulus", CLIENTS, ids=str)
def test_no_split_of_its_input_changes_what_a_client_sees(runtime, stimulus, tmp_path):
    path = str(tmp_path / "s")
    wanted = {"revision": stimulus.revision, "pending": 1, "parts": ANSWERS, "listen": path}
    with subprocess.Popen([sys.executable, str(CHILD), json.dumps(wanted)]) as listening:
        try:
            limit = time.monotonic() + PATIENCE
            while not Path(path).exists():
                assert time.monotonic() < limit
                with contextlib.suppress(subprocess.TimeoutExpired):
                    raise AssertionError(f"it exited with {listening.wait(0.02)}")
            told = use(runtime, stimulus, f"unix:{path}", times=400)
        finally:
            listening.kill()
    (whole, *others) = told["each"]
    assert whole["outcomes"] == ["result"]
    assert len(others) == 399
    assert [number for number, each in enumerate(others, 2) if each != whole] == []


def transcript(stimulus):
    """Return what a client says up to the answer to its first call, and what it says then."""
    first = ("" if stimulus.modern else INITIALIZE) + FIRST
    return written(first, stimulus, {}).encode(), written(REST, stimulus, {}).encode()


def is_answered(output):
    """Whether the first call has its answer."""
    return b'"id":1,' in output


def use(runtime, stimulus, target, **more):
    """Use the client in a process, with one call; return what it told."""
    words = {"runtime": runtime, "revision": stimulus.revision, "target": target, "calls": 1, **more}
    command = python("tests.reliability.calling", json.dumps(words))
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=100, check=True)
    return json.loads(done.stdout)


def answered(path, *parts):
    """Send parts in pieces, each once the one before was taken; return all that is answered."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(PATIENCE)
        peer.connect(path)
        output = b""
        for part in parts:
            for piece in part:
                peer.sendall(piece)
                while untaken(peer):
                    os.sched_yield()
            while not is_answered(output):
                output += peer.recv(1 << 16)
        peer.shutdown(socket.SHUT_WR)
        return output + b"".join(iter(lambda: peer.recv(1 << 16), b""))


def untaken(peer):
    """Return what was sent over a Unix socket and not read yet; the unit is the kernel's."""
    return struct.unpack("i", fcntl.ioctl(peer, termios.TIOCOUTQ, b"\0" * 4))[0]
