"""Our client drives the servers of the Python peers over HTTP, on each runtime, in each revision."""

import pytest
from tests.interop.conftest import PINS, python_program
from tests.interop.matrix import FULL, cells
from tests.interop.runtimes import hold
from tests.interop.serving import started
from tests.interop.test_our_client import (
    MODERN,
    ROOTS,
    SAID,
    WAYS,
    WEATHER,
    answers,
    calls,
    calls_at_once,
    gives_up,
    hears,
    lists_and_reads,
    text,
)

from sansmcp.client import accept, call_tool

FIRST = "2024-11-05"
# Streamable HTTP came with the second of the revisions.
LEGACY = ("2025-03-26", "2025-06-18", "2025-11-25")

REVISIONS_OF = {
    "mcp": ("probe", *LEGACY, MODERN) if FULL else ("probe", "2025-11-25"),
    "mcp_legacy": ("probe", *LEGACY) if FULL else ("probe",),
    "fastmcp": ("probe", *LEGACY, MODERN) if FULL else ("2025-06-18",),
}
CELLS = [("http", peer, revision) for peer, revisions in REVISIONS_OF.items() for revision in revisions]
CELLS += (
    [("sse", peer, revision) for peer in ("mcp_legacy", "mcp", "fastmcp") for revision in ("probe", FIRST)]
    if FULL
    else [("sse", "mcp_legacy", "probe")]
)


@pytest.mark.parametrize(("runtime", "way", "peer", "revision"), cells(*CELLS))
def test_a_server_of_a_peer_does_all_that_our_client_asks_over_http(runtime, way, peer, revision):
    ways = WAYS[peer]
    asked, heard, wrong, spoken = [], [], [], []

    def answer(request):
        asked.append(request.message)
        return accept({"name": "Ada"})

    def conversation(client):
        if revision != "probe":
            assert client.revision == revision
        elif way == "http":
            assert client.revision == ways.newest
        spoken.append(client.revision)
        assert client.server_info.name == "peer-server"
        yield from lists_and_reads(client, ways)
        yield from calls(client, ways)
        yield from calls_at_once()
        yield from answers(client, asked)
        yield from hears(heard, ways)
        yield from gives_up()
        assert client.disconnected is None

    program = python_program(PINS[peer], f"{peer}_server.py")
    settings = {} if revision == "probe" else {"revisions": [revision]}
    with started([*program, *(["full"] if peer == "mcp" else []), way]) as served:
        hold(
            runtime,
            served.url,
            conversation,
            elicitation=answer,
            sampling=lambda _request: SAID,
            roots=ROOTS,
            on_log=heard.append,
            on_violation=wrong.append,
            **settings,
        )
    breaches = ways.breaches(spoken[0])
    if way == "http":
        # The answer to a cancelled call would come in a response that nobody reads any more.
        breaches = [breach for breach in breaches if breach != "MessageDropped"]
    assert [type(event).__name__ for event in wrong] == breaches, wrong


@pytest.mark.parametrize(
    ("runtime", "way", "revision"),
    cells(*((way, revision) for way in ("json", "stateless") for revision in ("2025-11-25", MODERN)))
    if FULL
    else cells(("json", "2025-11-25")),
)
def test_a_server_of_the_sdk_that_keeps_nothing_or_answers_in_one_piece_serves_us_too(runtime, way, revision):
    def conversation(client):
        assert client.revision == revision
        yield from lists_and_reads(client, WAYS["mcp"])
        yield from calls_at_once()
        assert (yield call_tool("weather", {"city": "Rome"})).structured_content == WEATHER
        assert text((yield call_tool("slow", {"steps": 3}))) == "3 steps"

    with started([*python_program(PINS["mcp"], "mcp_server.py"), "full", way]) as served:
        hold(runtime, served.url, conversation, revisions=[revision], on_violation=pytest.fail)
