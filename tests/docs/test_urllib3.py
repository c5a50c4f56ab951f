"""The client that urllib3 carries, against a server over HTTP/1.1, in every revision."""

import importlib.util
from pathlib import Path
from time import monotonic

import pytest

from sansmcp import Context, Server
from sansmcp.session import Disconnected, LogReceived, RequestLost, ResponseReceived
from sansmcp_threads import listen_http

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLE = DOCS / "examples" / "urllib3_client.py"
REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")


def offering():
    server = Server("offering", version="1")

    @server.tool
    def add(a: int, b: int, *, ctx: Context) -> int:
        ctx.info("adding")
        return a + b

    return server


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("urllib3_client", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def url():
    with listen_http(offering(), port=0) as listener:
        yield str(listener.address)


def end(client):
    client.endpoint.close(monotonic())
    return client.run(lambda event: isinstance(event, Disconnected))


@pytest.mark.parametrize("revision", REVISIONS)
def test_it_connects_calls_and_closes(example, url, revision):
    client = example.Client(url, revisions=(revision,), log_level="info")
    assert client.connect().revision == revision
    answer = client.call("tools/call", {"name": "add", "arguments": {"a": 1, "b": 2}})
    assert isinstance(answer, ResponseReceived)
    assert answer.result.content[0].text == "3"
    assert end(client).reason == "this side closed the connection"


def test_a_stream_is_read_as_it_comes(example, url):
    client = example.Client(url, log_level="info")
    client.connect()
    params = {"name": "add", "arguments": {"a": 1, "b": 2}}
    handle = client.endpoint.session.send_request("tools/call", params, monotonic())
    assert isinstance(client.run(lambda event: isinstance(event, LogReceived)), LogReceived)
    assert client.run(lambda event: getattr(event, "handle", None) == handle).result.content[0].text == "3"
    end(client)


def test_a_server_that_is_gone_is_told(example):
    with listen_http(offering(), port=0) as listener:
        client = example.Client(str(listener.address))
        client.connect()
    assert isinstance(client.call("tools/list"), RequestLost)
    end(client)


def test_it_has_at_most_sixty_lines():
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 60
