"""The examples on other loops: each is a process of its own, and meets one of our ends or raw lines."""

import ast
import asyncio
import contextlib
import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import sansmcp_asyncio
from sansmcp.server import Server

ROOT = Path(__file__).parents[2]
LOOPS = ROOT / "docs" / "examples" / "loops"
PAGE = (ROOT / "docs" / "other-loops.md").read_text(encoding="utf-8")
EXAMPLES = sorted(path.name for path in LOOPS.glob("*.py"))

every_server = pytest.mark.parametrize("name", ["game_server.py", "gevent_server.py", "tornado_server.py"])
waiting_servers = pytest.mark.parametrize("name", ["gevent_server.py", "tornado_server.py"])
both_eras = pytest.mark.parametrize("revision", ["2025-06-18", "2026-07-28"])

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "raw", "version": "1"},
    },
}


@pytest.fixture
def serve():
    """Start an example and return its port once somebody listens there; it must not have complained."""
    processes = []

    def serve(name):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-W", "error", name, str(port)]
        process = subprocess.Popen(command, cwd=LOOPS, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        processes.append(process)
        while True:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
                return port
            # To ask without a pause would take from it what it needs to start.
            with contextlib.suppress(subprocess.TimeoutExpired):
                raise AssertionError(f"it exited with {process.wait(0.02)}: {process.stderr.read()}")

    yield serve
    for process in processes:
        still_runs = process.poll() is None
        process.terminate()
        assert process.communicate(timeout=30) == (b"", b"")
        assert still_runs


def run(*words):
    """Run an example as a reader would, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *words],
        cwd=LOOPS,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


async def call(port, revision, *calls):
    async with sansmcp_asyncio.connect(f"tcp://127.0.0.1:{port}", revisions=[revision]) as client:
        assert client.revision == revision
        return [await client.call_tool(name, arguments) for name, arguments in calls]


@both_eras
@waiting_servers
def test_a_tool_that_waits_keeps_nobody_else_waiting(serve, name, revision):
    async def work(port):
        async with sansmcp_asyncio.connect(f"tcp://127.0.0.1:{port}", revisions=[revision]) as client:
            assert client.revision == revision
            long = asyncio.create_task(client.call_tool("wait", {"seconds": 3600}))
            short = await client.call_tool("wait", {"seconds": 0.01})
            assert short.content[0].text == "waited for 0.01 s"
            assert not long.done()
            long.cancel()
            await asyncio.wait({long})

    asyncio.run(work(serve(name)))


@both_eras
def test_a_tool_changes_the_world_of_the_game(serve, revision):
    port = serve("game_server.py")
    first, second = asyncio.run(call(port, revision, ("kick", {"speed": 2}), ("kick", {"speed": 1})))
    assert first.structured_content == {"place": 0.0, "speed": 2.0}
    assert second.structured_content["speed"] == 3.0
    assert second.structured_content["place"] > 0


@every_server
def test_what_the_client_gets_wrong_is_its_own_to_hear(serve, name):
    (result,) = asyncio.run(call(serve(name), "2026-07-28", (_tool_of(name), {_argument_of(name): "x"})))
    assert result.is_error
    assert "number" in result.content[0].text


@every_server
def test_reading_goes_on_while_nobody_reads_the_answers(serve, name):
    # More than all the buffers between the two hold, in both directions.
    ids = [f"{number:x<300}" for number in range(30_000)]
    requests = [INITIALIZE, *({"jsonrpc": "2.0", "id": id_, "method": "ping"} for id_ in ids)]
    with socket.create_connection(("127.0.0.1", serve(name)), timeout=60) as stream:
        stream.sendall(b"".join(json.dumps(request).encode() + b"\n" for request in requests))
        with stream.makefile("rb") as answers:
            assert json.loads(answers.readline())["result"]["protocolVersion"] == "2025-06-18"
            assert [json.loads(answers.readline())["id"] for _ in ids] == ids


@pytest.mark.parametrize("name", ["game_server.py", "gevent_server.py"])
def test_what_was_asked_before_the_end_is_answered(serve, name):
    with socket.create_connection(("127.0.0.1", serve(name)), timeout=60) as stream:
        stream.sendall(json.dumps(INITIALIZE).encode() + b"\n")
        stream.shutdown(socket.SHUT_WR)
        with stream.makefile("rb") as answers:
            (answer,) = answers.readlines()
    assert json.loads(answer)["result"]["serverInfo"]["version"] == "1.0"


def test_a_tool_that_waits_on_gevent_does_not_hold_up_the_end(serve):
    port = serve("gevent_server.py")
    params = {"name": "wait", "arguments": {"seconds": 3600}}
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    with socket.create_connection(("127.0.0.1", port), timeout=60) as stream:
        for message in (INITIALIZE, {"jsonrpc": "2.0", "method": "notifications/initialized"}, request):
            stream.sendall(json.dumps(message).encode() + b"\n")
        stream.shutdown(socket.SHUT_WR)
        with stream.makefile("rb") as answers:
            assert json.loads(answers.readline())["id"] == 0
            # Nothing but the timer ends it.
            list(answers)


@every_server
def test_a_client_that_breaks_off_leaves_the_server_to_the_others(serve, name):
    port = serve(name)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as stream:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        stream.sendall(json.dumps(INITIALIZE).encode() + b"\n")
    results = asyncio.run(call(port, "2026-07-28", (_tool_of(name), {_argument_of(name): 0})))
    assert len(results) == 1


@every_server
def test_the_client_on_tk_calls_any_of_the_servers(serve, name):
    arguments = json.dumps({_argument_of(name): 0.25})
    printed = run("tk_client.py", str(serve(name)), _tool_of(name), arguments)
    assert re.search(r"waited for 0\.25 s" if _tool_of(name) == "wait" else r'"speed": ?0\.25', printed)


@both_eras
def test_the_client_on_tk_speaks_what_the_server_speaks(revision):
    heard = []

    async def work():
        server = Server("sums", version="1.0", revisions=[revision])

        @server.tool
        def add(a: int, b: int) -> int:
            """Add two numbers."""
            return a + b

        async def answer(reader, writer):
            stream = sansmcp_asyncio.StreamPair(reader, writer)
            await sansmcp_asyncio.serve_stream(server, stream)

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as listener:
            port = listener.sockets[0].getsockname()[1]
            words = ("tk_client.py", str(port), "add", '{"a": 20000, "b": 1}')
            heard.append(await asyncio.to_thread(run, *words))

    asyncio.run(work())
    assert "20001" in heard[0]


@pytest.mark.parametrize(("revision", "printed"), [("2025-06-18", "{'result': 3}\n"), ("2026-07-28", "3\n")])
def test_the_script_calls_a_tool_of_a_server_it_starts(tmp_path, revision, printed):
    source = (LOOPS.parent / "quickstart_server.py").read_text(encoding="utf-8")
    program = tmp_path / "server.py"
    program.write_text(source.replace('"1.0"', f'"1.0", revisions=["{revision}"]'), encoding="utf-8")
    assert run("script_client.py", sys.executable, str(program)) == printed


def test_the_client_on_tk_asks_otherwise_when_the_server_stays_silent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-W", "error", "tk_client.py", str(listener.getsockname()[1]), "add", "{}"]
        with subprocess.Popen(command, cwd=LOOPS, stderr=subprocess.PIPE) as client:
            stream, _ = listener.accept()
            stream.settimeout(60)
            with stream, stream.makefile("rb") as lines:
                assert json.loads(lines.readline())["method"] == "server/discover"
                # Nothing but the timer makes it go on.
                assert json.loads(lines.readline())["method"] == "initialize"
            assert client.communicate(timeout=60)[1] == b"there is no server\n"
        assert client.returncode == 1


def test_the_script_asks_otherwise_when_the_server_stays_silent():
    silent = "import sys; sys.exit(''.join(sys.stdin.readline() for _ in range(2)))"
    command = [sys.executable, "script_client.py", sys.executable, "-c", silent]
    done = subprocess.run(command, cwd=LOOPS, capture_output=True, text=True, timeout=60, check=False)
    first, second = done.stderr.splitlines()[:2]
    assert (json.loads(first)["method"], json.loads(second)["method"]) == ("server/discover", "initialize")
    assert "NotConnected" in done.stderr


def test_the_script_says_when_there_is_no_server():
    command = [sys.executable, "script_client.py", sys.executable, "-c", ""]
    done = subprocess.run(command, cwd=LOOPS, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "NotConnected" in done.stderr


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_has_fewer_than_sixty_lines_and_knows_no_binding(name):
    source = (LOOPS / name).read_text(encoding="utf-8")
    assert len(source.splitlines()) < 60
    imported = {node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)}
    assert any(module.startswith("sansmcp") for module in imported)
    assert not any(module.startswith("sansmcp_") for module in imported)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_page_shows_every_example_and_how_to_run_it(name):
    assert f"{{literalinclude}} examples/loops/{name}\n" in PAGE
    assert f"$ python docs/examples/loops/{name} " in PAGE


def _tool_of(name):
    return "kick" if name == "game_server.py" else "wait"


def _argument_of(name):
    return "speed" if name == "game_server.py" else "seconds"
