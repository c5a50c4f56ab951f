"""Troubles in connecting, setting up and registering; see `troubles`."""

import asyncio
import socket
import subprocess
import warnings
from collections.abc import Iterator
from typing import Any

from tests.docs.troubles import (
    ANSWERS,
    LEGACY,
    MODERN,
    logged,
    of_program,
    program,
    raised,
    sums,
    trouble,
)

import sansmcp_asyncio
import sansmcp_threads
from sansmcp import Server
from sansmcp.session import Restart, Timeouts
from sansmcp_threads import connect

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
