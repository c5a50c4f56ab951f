"""Each floor of the core and each binding can be used alone, and pulls in only what it says."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Set as AbstractSet
from importlib.metadata import Distribution, distribution, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.floors import FLOORS

import sansmcp

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "sansmcp"
FACE = SOURCES / "__init__.py"

REQUIRED = {
    "sansmcp": {"attrs", "cattrs", "jsonschema", "typing-extensions"},
    "sansmcp-asgi": {"sansmcp", "sansmcp-asyncio"},
    "sansmcp-asyncio": {"sansmcp"},
    "sansmcp-trio": {"sansmcp", "trio"},
    "sansmcp-threads": {"sansmcp"},
    "sansmcp-h11": {"h11", "sansmcp"},
    "sansmcp-files": {"sansmcp"},
    "sansmcp-wsgi": {"sansmcp", "sansmcp-threads"},
    "sansmcp-cli": {"sansmcp", "sansmcp-asyncio", "sansmcp-h11", "sansmcp-threads", "sansmcp-trio"},
}
"""All that each distribution may pull in, without its extras."""

EXTRAS = {
    "asgi": {"sansmcp-asgi"},
    "asyncio": {"sansmcp-asyncio"},
    "cli": {"sansmcp-cli"},
    "files": {"sansmcp-files"},
    "h11": {"sansmcp-h11"},
    "threads": {"sansmcp-threads"},
    "trio": {"sansmcp-trio"},
    "wsgi": {"sansmcp-wsgi"},
}
"""What the extras of the core pull in."""

PARTS = [
    name
    for floor in FLOORS
    for name in floor
    if (SOURCES / name / "__init__.py").exists() or (SOURCES / f"{name}.py").exists()
]
HEIGHT = {name: height for height, floor in enumerate(FLOORS) for name in floor}

REACHES_OUTSIDE = (
    "asyncio",
    "concurrent.futures",
    "http.client",
    "logging",
    "multiprocessing",
    "selectors",
    "select",
    "signal",
    "socket",
    "ssl",
    "subprocess",
    "tempfile",
    "urllib.request",
    "trio",
    "anyio",
    "gevent",
    "tornado",
    "hypothesis",
    "pydantic",
    "pytest",
)
"""Modules that no part of the core loads, neither itself nor by what it uses."""


def required(name: str, *, extra: str = "") -> set[str]:
    """Return what the built metadata of a distribution asks for."""
    found = set()
    for text in requires(name) or ():
        requirement = Requirement(text)
        of_extra = requirement.marker is not None and "extra ==" in str(requirement.marker)
        if of_extra is bool(extra) and (
            not extra or requirement.marker is None or requirement.marker.evaluate({"extra": extra})
        ):
            found.add(canonicalize_name(requirement.name))
    return found


def closure(name: str) -> set[str]:
    """Return a distribution and all that it needs, directly or not."""
    seen: set[str] = set()
    left = [name]
    while left:
        one = left.pop()
        if one not in seen:
            seen.add(one)
            left += [
                canonicalize_name(requirement.name)
                for requirement in map(Requirement, requires(one) or ())
                if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            ]
    return seen


def loaded_by(code: str) -> set[str]:
    """Run code in a fresh interpreter, and return the modules that it loaded."""
    program = f"""
import json, sys
before = set(sys.modules)
{code}
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_every_distribution_of_the_workspace_is_on_the_list() -> None:
    projects = [ROOT / "pyproject.toml", *ROOT.glob("bindings/*/pyproject.toml")]
    names = {tomllib.loads(path.read_text(encoding="utf-8"))["project"]["name"] for path in projects}
    assert names == set(REQUIRED)


@pytest.mark.parametrize("name", REQUIRED)
def test_a_distribution_pulls_in_what_is_on_its_list_and_nothing_else(name: str) -> None:
    assert required(name) == REQUIRED[name]


def test_the_extras_pull_in_a_binding_each() -> None:
    metadata = distribution("sansmcp").metadata
    assert set(metadata.get_all("Provides-Extra") or ()) == set(EXTRAS)
    assert {extra: required("sansmcp", extra=extra) for extra in EXTRAS} == EXTRAS
    assert set(EXTRAS.keys()) == {name.removeprefix("sansmcp-") for name in REQUIRED if name != "sansmcp"}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_the_core_loads_nothing_from_above_and_nothing_that_reaches_outside(part: str) -> None:
    loaded = loaded_by(f"import sansmcp.{part}")
    ours = {name.split(".")[1] for name in loaded if name.startswith("sansmcp.")}
    assert part in ours
    assert {other for other in ours if other != part and HEIGHT[other] >= HEIGHT[part] > 0} == set()
    assert loaded.intersection(REACHES_OUTSIDE) == set()
    assert not any(name.startswith("sansmcp_") for name in loaded)


@pytest.mark.parametrize(("part", "unneeded"), [("wire", "attr"), ("wire", "cattrs"), ("wire", "jsonschema")])
def test_framing_needs_no_converters(part: str, unneeded: str) -> None:
    is_needed = unneeded in loaded_by(f"import sansmcp.{part}")
    assert is_needed is (unneeded == "attr")


@pytest.mark.parametrize("binding", ["asyncio", "files", "h11", "threads", "trio"])
def test_a_binding_works_with_nothing_else_installed(binding: str) -> None:
    """All is hidden that its metadata does not ask for, directly or not; the binding serves and calls."""
    calls = {
        "threads": "with sansmcp_threads.connect(server) as client: said = client.call_tool('add', pair)",
        "asyncio": f"{_COROUTINE.format(binding='asyncio')}\nimport asyncio; said = asyncio.run(work())",
        "trio": f"{_COROUTINE.format(binding='trio')}\nimport trio; said = trio.run(work)",
        "h11": _IN_MEMORY,
        "files": _IN_FILES,
    }
    loaded_alone(binding, f"{calls[binding]}\nassert said.content[0].text == '3'")


@pytest.mark.parametrize(("adapter", "binding"), [("asgi", "asyncio"), ("wsgi", "threads")])
def test_an_adapter_works_with_nothing_else_installed(adapter: str, binding: str) -> None:
    calls = {"asgi": _ASGI, "wsgi": _WSGI}
    loaded_alone(adapter, f"import json\n{calls[adapter]}", besides={binding})


def loaded_alone(binding: str, work: str, *, besides: AbstractSet[str] = frozenset()) -> None:
    """Do something with a binding while nothing is installed that it does not need."""
    allowed = closure(f"sansmcp-{binding}")
    hidden = sorted(
        module
        for module, owners in packages_distributions().items()
        if not allowed.intersection(map(canonicalize_name, owners)) and module.isidentifier()
    )
    assert {"pytest", "hypothesis", "starlette", "flask"} <= set(hidden)
    loaded = loaded_by(f"""
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(f"hidden: {{name}}", name=name)

sys.meta_path.insert(0, Hidden())
import sansmcp_{binding}
from sansmcp import Server

server, pair = Server("sums", version="1.0"), {{"a": 1, "b": 2}}

@server.tool
def add(a: int, b: int) -> int:
    return a + b

{work}
""")
    others = {"asgi", "asyncio", "cli", "files", "h11", "threads", "trio", "wsgi"} - {binding} - besides
    assert not loaded.intersection(f"sansmcp_{other}" for other in others)
    assert not loaded.intersection(hidden)


_BODY = """
from sansmcp.schema import LATEST_MODERN

meta = {f"io.modelcontextprotocol/{name}": value for name, value in {
    "protocolVersion": LATEST_MODERN, "clientCapabilities": {}, "clientInfo": {"name": "t", "version": "1"}
}.items()}
params = {"name": "add", "arguments": pair, "_meta": meta}
body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
said = {
    "host": "localhost", "content-type": "application/json", "accept": "application/json, text/event-stream",
    "mcp-protocol-version": LATEST_MODERN, "mcp-method": "tools/call", "mcp-name": "add",
}
"""

_ASGI = f"""
import asyncio
{_BODY}
sent = []

async def receive():
    return {{"type": "http.request", "body": body}} if not sent else await asyncio.sleep(60)

async def send(message):
    sent.append(message)

headers = [(name.encode(), value.encode()) for name, value in said.items()]
scope = {{"type": "http", "method": "POST", "path": "/mcp", "headers": headers}}
asyncio.run(sansmcp_asgi.App(server)(scope, receive, send))
assert json.loads(sent[1]["body"])["result"]["content"][0]["text"] == "3"
"""

_WSGI = f"""
import io
{_BODY}
environ = {{f"HTTP_{{name.upper().replace('-', '_')}}": value for name, value in said.items()}}
environ |= {{
    "REQUEST_METHOD": "POST", "PATH_INFO": "/mcp", "CONTENT_TYPE": environ.pop("HTTP_CONTENT_TYPE"),
    "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body), "wsgi.multithread": False,
}}
answer = b"".join(sansmcp_wsgi.App(server)(environ, lambda status, headers: None))
assert json.loads(answer)["result"]["content"][0]["text"] == "3"
"""


_COROUTINE = """
async def work():
    async with sansmcp_{binding}.connect(server) as client:
        return await client.call_tool("add", pair)
"""


_IN_MEMORY = """
from sansmcp.client import ClientOptions
from sansmcp.testing import MemoryClient

class Client(MemoryClient):
    def server_endpoint(self, server, environment, serving):
        http = server.http_endpoint(environment, serving, host="127.0.0.1")
        return sansmcp_h11.H11Server(http)

    def client_endpoint(self, options, environment):
        http = options.http_endpoint("http://127.0.0.1:8000/mcp", environment.random)
        return sansmcp_h11.H11Client(http)

client = Client(server, ClientOptions.of({}), {}, lambda data: [data])
client.open()
said = client.call_tool("add", pair)
client.close()
"""


_IN_FILES = """
import os, tempfile
from sansmcp.testing import connect_http

with tempfile.TemporaryDirectory() as folder, sansmcp_files.FileEventStore(folder) as store:
    serving = {"event_store": store, "responses": "stream"}
    with connect_http(server, revisions=("2025-11-25",), serving=serving) as client:
        said = client.call_tool("add", pair)
        assert store.size > 0 and len(os.listdir(folder)) == 2
"""


@pytest.mark.parametrize("binding", ["asyncio", "threads"])
def test_a_binding_does_not_load_the_loop_of_another(binding: str) -> None:
    loaded = loaded_by(f"import sansmcp_{binding}")
    assert "trio" not in loaded
    assert ("asyncio" in loaded) is (binding == "asyncio")


def test_the_public_face_means_what_type_checkers_see() -> None:
    tree = ast.parse(FACE.read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(seen) == sorted(sansmcp.__all__)
    for name, part in seen.items():
        assert part is not None
        module = sys.modules.get(part) or __import__(part, fromlist=[name])
        assert getattr(sansmcp, name) is getattr(module, name), name
    assert set(sansmcp.__all__) <= set(dir(sansmcp))


def test_the_public_face_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="module 'sansmcp' has no attribute 'Servre'"):
        sansmcp.Servre  # type: ignore[attr-defined]  # noqa: B018


def test_errors_are_had_without_the_rest() -> None:
    loaded = loaded_by("from sansmcp import LocalProtocolError, RequestTimedOut")
    assert {name for name in loaded if name.count(".") == 1 and name.startswith("sansmcp.")} == {
        "sansmcp.errors",
        "sansmcp.values",
    }


def test_what_the_page_says_of_the_parts_is_so() -> None:
    page = (ROOT / "docs" / "parts.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(sansmcp[\w-]*)` \| [^|]*\| ([^|]*) \|$", page, re.MULTILINE))
    assert {name: set(re.findall(r"`([\w-]+)`", needs)) for name, needs in rows.items()} == REQUIRED
    parts = set(re.findall(r"^\| `sansmcp\.(\w+)` \|", page, re.MULTILINE))
    assert parts == set(PARTS)


def test_the_metadata_of_a_distribution_is_whole() -> None:
    for name in REQUIRED:
        found: Distribution = distribution(name)
        assert found.metadata["License-Expression"] == "MIT"
        assert found.metadata["Requires-Python"] == ">=3.11"
        assert found.metadata["Summary"]
