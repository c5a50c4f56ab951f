"""What the page for those who come from other packages says of them, and of ours, is so."""

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.interop.environment import FASTMCP, MCP, MCP_LEGACY, Pin, Unavailable, interpreter_of

import sansmcp
import sansmcp.middleware
import sansmcp.server
import sansmcp_asyncio
import sansmcp_threads
import sansmcp_trio
from sansmcp.client import ClientSettings, accept
from sansmcp_threads import connect

PAGE = (Path(__file__).parents[2] / "docs" / "coming-from.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in row.strip("|").split("|")]
    for row in re.findall(r"^\|.*\|$", PAGE, re.MULTILINE)
    if "---" not in row and "| FastMCP |" not in row
]

THEIRS: Mapping[Pin, tuple[int, Mapping[str, str]]] = {
    FASTMCP: (
        1,
        {
            "FastMCP": "fastmcp",
            "Context": "fastmcp",
            "Client": "fastmcp",
            "ToolError": "fastmcp.exceptions",
            "McpError": "fastmcp.exceptions",
            "Image": "fastmcp.utilities.types",
            "Middleware": "fastmcp.server.middleware",
            "RateLimitingMiddleware": "fastmcp.server.middleware.rate_limiting",
        },
    ),
    MCP: (
        2,
        {
            "MCPServer": "mcp.server",
            "Context": "mcp.server.mcpserver",
            "Client": "mcp",
            "ClientSessionGroup": "mcp",
            "ToolError": "mcp.server.mcpserver.exceptions",
            "MCPError": "mcp",
            "Image": "mcp.server.mcpserver",
        },
    ),
}
"""The column of each package, and where its classes are."""

PROBE = """
import threading
from {module} import {server}, Context
from pydantic import BaseModel

server = {server}("probe")
ran = []

class Name(BaseModel):
    name: str

@server.tool()
def fails() -> str:
    raise ValueError("a word of its own")

@server.tool()
def double(number: int) -> int:
    return number * 2

@server.tool()
def is_main() -> bool:
    return threading.current_thread() is threading.main_thread()

@server.tool()
async def asks(ctx: Context) -> int:
    ran.append(1)
    await ctx.elicit("Who are you?", Name)
    return len(ran)

@server.tool()
def prints() -> str:
    print("a stray word", flush=True)
    return "done"

server.run({arguments})
"""

LOOK_UP = """
import importlib, inspect, json, sys

def there(name, module):
    head, _, parameter = name.partition("(")
    found = importlib.import_module(module)
    for part in head.split("."):
        if not hasattr(found, part):
            return False
        found = getattr(found, part)
    return not parameter or parameter.strip("=)") in inspect.signature(found).parameters

print(json.dumps([name for name, module in json.load(sys.stdin) if not there(name, module)]))
"""


def names_in(cell: str) -> list[str]:
    """Return the names in a cell; each argument with the name that it belongs to."""
    names = []
    for name, arguments in re.findall(r"`(\w[\w.]*)(?:\(([^)]*)\))?`", cell):
        names += [f"{name}({argument.strip()})" for argument in arguments.split(",")] if arguments else [name]
    return names


def python_of(pin: Pin) -> str:
    try:
        return str(interpreter_of(pin))
    except Unavailable as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("pin", THEIRS, ids=["fastmcp", "mcp"])
def test_their_names_are_theirs(pin: Pin) -> None:
    column, modules = THEIRS[pin]
    names = [name for row in ROWS for name in names_in(row[column]) if not name.startswith("result.")]
    assert len(names) > 20
    asked = [(name, modules[re.split(r"\W", name)[0]]) for name in names]
    done = subprocess.run(
        [python_of(pin), "-W", "ignore", "-c", LOOK_UP],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(done.stdout) == []


def is_ours(name: str) -> bool:
    """Say whether we have a name, with the argument that is shown."""
    head, _, parameter = name.partition("(")
    parameter = parameter.strip("=)")
    if head in ("sansmcp_threads", "serve_stdio", "serve_tcp", "connect_group"):
        return all(head in (*dir(binding), "sansmcp_threads") for binding in BINDINGS)
    if head == "connect":
        signature = inspect.signature(sansmcp_threads.connect).parameters
        return not parameter or parameter in signature or parameter in ClientSettings.__annotations__
    found: Any = next((place for place in PLACES if hasattr(place, head.split(".")[0])), None)
    for part in head.split("."):
        found = getattr(found, part, None)
    return found is not None and (not parameter or parameter in inspect.signature(found).parameters)


BINDINGS = (sansmcp_asyncio, sansmcp_threads, sansmcp_trio)
PLACES = (sansmcp, sansmcp.server, sansmcp.middleware, sansmcp_threads)


def test_our_names_are_ours() -> None:
    names = [name for row in ROWS for name in names_in(row[3])]
    assert len(names) > 30
    assert [name for name in names if not is_ours(name)] == []
    assert not is_ours("Server.nothing")
    assert not is_ours("Server(nothing=)")
    assert not is_ours("connect(nothing=)")


def test_the_snippets_of_the_page_run(tmp_path: Path) -> None:
    server, client = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "server.py").write_text(server, encoding="utf-8")
    (tmp_path / "client.py").write_text(
        f"{client}        print(total)\n\nimport asyncio; asyncio.run(main())\n", encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "client.py"],
        cwd=tmp_path,
        env={"PATH": str(Path(sys.executable).parent)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("3\n", "")


def behaviour_of(command: list[str], log: pytest.LogCaptureFixture) -> dict[str, Any]:
    """Call the tools of the probe in a session of an older revision, and say what came of it."""
    log.clear()

    def text_of(name: str, **arguments: Any) -> str:
        return client.call_tool(name, arguments).content[0].text

    with connect(
        command,
        revisions=["2025-11-25"],
        elicitation=lambda _: accept({"name": "Ada"}),
        validate="off",
        stderr=subprocess.DEVNULL,
    ) as client:
        seen = {
            "converts": text_of("double", number="2") == "4",
            "takes more": text_of("double", number=2, more=1) == "4",
            "tells": "a word of its own" in text_of("fails"),
            "names the tool": "fails" in text_of("fails"),
            "on the loop": text_of("is_main").lower() == "true",
            "runs": int(text_of("asks")),
        }
        assert text_of("prints") == "done"
    return {**seen, "spoils": "a stray word" in log.text}


OURS = """
import threading
from dataclasses import dataclass
from sansmcp import Context, Server
from sansmcp_asyncio import serve_stdio

server = Server("probe", version="1.0")
ran = []

@dataclass
class Name:
    name: str

@server.tool
def fails() -> str:
    raise ValueError("a word of its own")

@server.tool
def double(number: int) -> int:
    return number * 2

@server.tool
def is_main() -> bool:
    return threading.current_thread() is threading.main_thread()

@server.tool
async def asks(ctx: Context) -> int:
    ran.append(1)
    await ctx.elicit("name", "Who are you?", Name)
    return len(ran)

@server.tool
def prints() -> str:
    print("a stray word", flush=True)
    return "done"

serve_stdio(server)
"""


def test_what_we_do_is_what_the_page_says(caplog: pytest.LogCaptureFixture) -> None:
    assert behaviour_of([sys.executable, "-c", OURS], caplog) == {
        "converts": False,
        "takes more": False,
        "tells": False,
        "names the tool": False,
        "on the loop": False,
        "runs": 2,
        "spoils": False,
    }


@pytest.mark.parametrize(
    ("pin", "module", "name", "arguments", "expected"),
    [
        (
            FASTMCP,
            "fastmcp",
            "FastMCP",
            '"stdio", show_banner=False',
            {"takes more": False, "tells": True, "on the loop": False, "spoils": False},
        ),
        (
            MCP,
            "mcp.server.mcpserver",
            "MCPServer",
            '"stdio"',
            {"takes more": True, "tells": False, "on the loop": False, "spoils": False},
        ),
        (
            MCP_LEGACY,
            "mcp.server.fastmcp",
            "FastMCP",
            '"stdio"',
            {"takes more": True, "tells": True, "on the loop": True, "spoils": True},
        ),
    ],
    ids=["fastmcp", "mcp", "mcp 1"],
)
def test_what_they_do_is_what_the_page_says(
    pin: Pin,
    module: str,
    name: str,
    arguments: str,
    expected: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    source = PROBE.format(module=module, server=name, arguments=arguments)
    seen = behaviour_of([python_of(pin), "-W", "ignore", "-c", source], caplog)
    assert seen == {"converts": True, "names the tool": True, "runs": 1, **expected}
