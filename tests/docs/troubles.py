"""What the page on troubleshooting says, made to happen: one function for each of its entries.

Each returns the texts that a user sees, as the page shows them: the last line of a traceback, the text of
a result, or a line of the log.
"""

import asyncio
import contextlib
import errno
import logging
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sansmcp_asyncio
import sansmcp_threads
from sansmcp import Accepted, Context, RpcError, Server
from sansmcp.client import accept
from sansmcp.schema import Revision
from sansmcp.session import Restart, Timeouts
from sansmcp_threads import connect

TROUBLES: dict[str, Callable[[], str | list[str]]] = {}

MODERN: Revision = "2026-07-28"
LEGACY: Revision = "2025-06-18"

ANSWERS = """
import json, sys

def answer(result):
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": {"resultType": "complete", **result}}))
    sys.stdout.flush()

for line in sys.stdin:
    message = json.loads(line)
    if message["method"] == "server/discover":
        answer({"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}},
                "ttlMs": 0, "cacheScope": "private"})
    elif message["method"] == "tools/list":
        answer({"tools": [{"name": "add", "inputSchema": {"type": "object"}, "outputSchema":
                {"type": "object", "required": ["result"]}}], "ttlMs": 0, "cacheScope": "private"})
"""
"""A server of somebody else's; what it does with a call comes after it."""


def trouble(entry: str) -> Callable[[Any], Any]:
    """Register what produces the texts of an entry."""

    def register(produce: Callable[[], str | list[str]]) -> Callable[[], str | list[str]]:
        TROUBLES[entry] = produce
        return produce

    return register


def raised(call: Callable[[], object]) -> str:
    """Return the last line of the traceback of what a call raises."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - which it is is what the page shows
        return "".join(traceback.format_exception_only(error)).strip()
    raise AssertionError("nothing was raised")


class Log(logging.Handler):
    """Collects what a binding logs, as standard error shows it where nothing is configured."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._texts: queue.SimpleQueue[str] = queue.SimpleQueue()

    def emit(self, record: logging.LogRecord) -> None:
        self._texts.put(self.format(record))

    def next(self) -> list[str]:
        """Wait for the next record, which may be written after the answer has gone, and return its lines."""
        return self._texts.get(timeout=60).splitlines()


@contextlib.contextmanager
def logged() -> Iterator[Log]:
    """Listen to what the binding logs."""
    log, logger = Log(), logging.getLogger("sansmcp")
    logger.addHandler(log)
    before, logger.propagate = logger.propagate, False
    try:
        yield log
    finally:
        logger.removeHandler(log)
        logger.propagate = before


def as_shown(texts: str | list[str]) -> list[str]:
    """Say texts as the page does: on Linux, without what differs from machine to machine."""
    shown = []
    for text in [texts] if isinstance(texts, str) else texts:
        for number, linux in ((errno.ECONNREFUSED, 111), (errno.EADDRINUSE, 98)):
            text = text.replace(f"[Errno {number}]", f"[Errno {linux}]")  # noqa: PLW2901
        shown.append(text)
    return shown


@contextlib.contextmanager
def program(source: str) -> Iterator[dict[str, Any]]:
    """Write `server.py` and give what makes `connect(["python", "server.py"])` find it and this Python."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "server.py").write_text(source, encoding="utf-8")
        yield {"cwd": folder, "env": {"PATH": str(Path(sys.executable).parent)}}


def of_program(source: str, use: Callable[[Any], object] | None = None, **settings: Any) -> str:
    """Return what is raised where a client connects to a program, and uses it."""
    with program(source) as place:

        def run() -> None:
            with connect(["python", "server.py"], **place, **settings) as client:
                assert use is not None, "it must not connect"
                use(client)

        return raised(run)


def of_call(server: Server, name: str, arguments: Any = None, **settings: Any) -> str:
    """Return the text of a tool's result, or what is raised in its place."""
    said: list[str] = []

    def call() -> None:
        with connect(server, **settings) as client:
            result = client.call_tool(name, arguments)
            assert result.is_error
            said.append(result.content[0].text)
            raise RuntimeError

    error = raised(call)
    return said[0] if said else error


def sums() -> Server:
    """Return a server to get things wrong with."""
    server = Server("sums", version="1.0")

    @server.tool
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    return server


# Connecting


@trouble("The program is not found")
def _() -> str:
    return raised(lambda: connect(["no-such-server"]))


@trouble("A command is a list of words")
def _() -> str:
    return raised(lambda: connect("python server.py"))


@trouble("The server exits at once")
def _() -> list[str]:
    source = "raise SystemExit('API_KEY is not set')"
    return [of_program(source, stderr=subprocess.DEVNULL), of_program(source, stderr=subprocess.PIPE)]


@trouble("The server says nothing")
def _() -> str:
    timeouts = Timeouts(probe=0.05, request=0.05)
    return of_program("import sys; sys.stdin.read()", timeouts=timeouts)


@trouble("Nobody listens there")
def _() -> str:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        return raised(lambda: connect(f"tcp://127.0.0.1:{port}")).replace(str(port), "8000")


@trouble("No version in common")
def _() -> list[str]:
    old = Server("old", version="1.0", revisions=["2024-11-05"])
    new = Server("new", version="1.0", revisions=[MODERN])
    return [
        raised(lambda: connect(old, revisions=[LEGACY])),
        raised(lambda: connect(old, revisions=[MODERN])),
        raised(lambda: connect(new, revisions=[LEGACY])),
    ]


@trouble("The server writes to standard output what is no message")
def _() -> str:
    source = f"print('Starting up')\n{ANSWERS}"
    with logged() as log, program(source) as place, connect(["python", "server.py"], **place):
        return log.next()


# Setting up


@trouble("There is no such setting")
def _() -> list[str]:
    server: Any = sums()
    return [
        raised(lambda: connect(server, timeout=3)),
        raised(lambda: sansmcp_threads.serve_stdio(server, port=8000)),
    ]


@trouble("That is no server")
def _() -> str:
    return raised(lambda: sansmcp_threads.serve_stdio("server.py"))  # type: ignore[arg-type]


@trouble("An async def on threads")
def _() -> list[str]:
    server = Server("waits", version="1.0")

    @server.tool
    async def wait() -> None:
        """Wait."""

    async def ask(_request: Any) -> Any:
        """Ask."""

    return [
        raised(lambda: sansmcp_threads.serve_stdio(server)),
        raised(lambda: connect(sums(), elicitation=ask)),
    ]


@trouble("A loop runs already")
def _() -> str:
    async def main() -> None:
        sansmcp_asyncio.serve_stdio(sums())

    return raised(lambda: asyncio.run(main()))


@trouble("The port is taken")
def _() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        return raised(lambda: sansmcp_threads.serve_tcp(sums(), port=port)).replace(str(port), "8000")


@trouble("A stream cannot be made again")
def _() -> str:
    ours, theirs = sansmcp_threads.memory_pair()
    text = raised(lambda: connect(ours, restart=Restart()))
    ours.close()
    theirs.close()
    return text


# Registering


@trouble("The name is taken")
def _() -> str:
    server = sums()

    def add() -> None:
        """Add once more."""

    return raised(lambda: server.tool(add))


@trouble("A lambda has no name")
def _() -> str:
    return raised(lambda: sums().tool(lambda: 1))


@trouble("A name that some clients refuse")
def _() -> str:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sums().tool(lambda: 1, name="add two")
    return f"{caught[0].category.__name__}: {caught[0].message}"


@trouble("An argument without a name")
def _() -> str:
    def add(*numbers: int) -> int:
        return sum(numbers)

    return raised(lambda: sums().add_tool(add, name="add_all"))


@trouble("An annotation that cannot be found")
def _() -> str:
    def forecast(day: "Day") -> str:  # type: ignore[name-defined]  # noqa: F821
        return str(day)

    return raised(lambda: sums().tool(forecast))


@trouble("A type that JSON cannot say")
def _() -> str:
    def send(to: socket.socket) -> None:
        to.close()

    return raised(lambda: sums().tool(send))


@trouble("A handler that yields")
def _() -> str:
    def count() -> Iterator[int]:
        yield 1

    return raised(lambda: sums().tool(count))


@trouble("A resource needs a scheme")
def _() -> str:
    return raised(lambda: sums().add_resource("notes", lambda: "text"))


@trouble("The variables of a template are the parameters of its function")
def _() -> str:
    def note(name: str) -> str:
        return name

    return raised(lambda: sums().add_resource_template("notes://{id}", note))


# Calling


@trouble("There is no such tool")
def _() -> str:
    return of_call(sums(), "sub")


@trouble("Wrong arguments")
def _() -> list[str]:
    return [
        of_call(sums(), "add", {"a": "one", "b": 2}),
        of_call(sums(), "add", {"a": "one", "b": 2}, revisions=[LEGACY]),
        of_call(sums(), "add", {"a": 1}),
        of_call(sums(), "add", {"a": 1, "b": 2, "c": 3}),
    ]


@trouble("The server does not have that")
def _() -> str:
    with connect(sums()) as client:
        return raised(lambda: client.read_resource("notes://today"))


@trouble("The revision does not have that")
def _() -> str:
    with connect(sums()) as client:
        return raised(client.ping)


@trouble("No answer in time")
def _() -> str:
    server = sums()

    @server.tool
    def wait(ctx: Context) -> None:
        """Wait until nobody does."""
        while not ctx.cancelled:
            threading.Event().wait(0.01)

    with connect(server) as client:
        return raised(lambda: client.call_tool("wait", timeout=0.05))


@trouble("The connection ended while a call was in flight")
def _() -> str:
    return of_program(
        f"{ANSWERS}    else: raise SystemExit(1)",
        lambda client: client.call_tool("add"),
        stderr=subprocess.DEVNULL,
    )


@trouble("The client is closed")
def _() -> str:
    client = connect(sums())
    client.close()
    return raised(lambda: client.call_tool("add", {"a": 1, "b": 2}))


@trouble("The result is not what it promised")
def _() -> list[str]:
    source = f'{ANSWERS}    else: answer({{"structuredContent": {{}}, "content": []}})'
    with connect(sums()) as client:
        return [
            of_program(source, lambda other: other.call_tool("add")),
            raised(lambda: client.call_tool("add", {"a": 1, "b": 2}, result_type=str)),
        ]


@trouble("A tool that was called for a value failed")
def _() -> str:
    with connect(sums()) as client:
        return raised(lambda: client.call_tool("add", {"a": 1}, result_type=int))


@trouble("A result that cannot be read")
def _() -> str:
    source = f'{ANSWERS}    else: answer({{"content": [{{"type": "picture"}}]}})'
    with logged() as log, program(source) as place, connect(["python", "server.py"], **place) as client:
        assert client.call_tool("draw").content == ()
        return log.next()


@trouble("A listener cannot wait for its own client")
def _() -> str:
    server, heard = sums(), []

    @server.tool
    def work(ctx: Context) -> None:
        """Work."""
        ctx.progress(1)

    with connect(server) as client:
        client.call_tool("work", on_progress=lambda _: heard.append(raised(lambda: client.call_tool("add"))))
    return heard


@trouble("The client cannot be asked")
def _() -> list[str]:
    server = asking(lambda ctx: ctx.elicit("name", "Who are you?", str))
    return [of_call(server, "ask"), of_call(server, "ask", revisions=[LEGACY])]


# Handlers


def asking(work: Callable[[Context], object]) -> Server:
    """Return a server whose one tool does something with its context."""
    server = Server("asks", version="1.0")

    @server.tool
    def ask(ctx: Context) -> str:
        """Ask."""
        return str(work(ctx))

    return server


def of_handler(work: Callable[[Context], object]) -> list[str]:
    """Return what the client sees of a handler that fails, and the first and last line of the log."""
    return of_tool(asking(work))


def of_tool(server: Server) -> list[str]:
    """Return what the client sees of the tool `ask` that fails, and the first and last line of the log."""
    with logged() as log:
        text = of_call(
            server, "ask", elicitation=lambda _: accept({"value": "Ada"}), async_runner=asyncio.run
        )
        lines = log.next()
    return [text, lines[0], lines[-1]]


@trouble("It failed; the reason stays with the server")
def _() -> list[str]:
    return of_handler(lambda _: {}["key"])


@trouble("Await of what does not wait")
def _() -> list[str]:
    server = Server("asks", version="1.0")

    @server.tool
    async def ask(ctx: Context) -> None:
        said: Any = ctx.info("at work")
        await said

    return of_tool(server)[-1:]


@trouble("The result is not what the handler promised")
def _() -> list[str]:
    async def later() -> int: ...

    waiting = later()
    texts = []
    for value in ("many", waiting):
        server = Server("asks", version="1.0")

        def ask(value: Any = value) -> int:
            result: int = value
            return result

        server.add_tool(ask)
        texts.append(of_tool(server)[-1])
    waiting.close()
    return texts


@trouble("A code that the protocol keeps for itself")
def _() -> list[str]:
    def work(_: Context) -> None:
        raise RpcError(-32055, "no")

    return of_handler(work)[-1:]


@trouble("The handler caught the question")
def _() -> list[str]:
    def work(ctx: Context) -> str:
        try:
            match ctx.elicit("name", "Who are you?", str):
                case Accepted(name):
                    return name
                case _:
                    return ""
        except:  # noqa: E722 - that is the trouble
            return "nobody"

    return of_handler(work)[-1:]


@trouble("Progress must rise")
def _() -> list[str]:
    def work(ctx: Context) -> None:
        ctx.progress(2)
        ctx.progress(1)

    return of_handler(work)[-1:]


@trouble("A question that is never the same")
def _() -> list[str]:
    def work(ctx: Context) -> None:
        ctx.elicit("name", f"It is {time.monotonic()}. Who are you?", str)

    return of_handler(work)[-1:]


@trouble("Two questions under one key")
def _() -> list[str]:
    def work(ctx: Context) -> None:
        ctx.elicit("name", "Who are you?", str)
        ctx.elicit("name", "Who is your sister?", str)

    return of_handler(work)[-1:]
