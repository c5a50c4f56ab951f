"""The clients of the Python peers drive our server over HTTP, on each runtime, in each revision."""

import sys

import pytest
from tests.interop.matrix import FULL, cells
from tests.interop.scenario import run_client
from tests.interop.serving import started
from tests.interop.test_our_features import (
    SEEN,
    TOLD,
    assert_changes,
    assert_completions,
    assert_errors,
    assert_lists,
    assert_prompts,
    assert_questions,
    assert_results,
    assert_templates,
    assert_updates,
)
from tests.interop.test_our_server import (
    STEPS,
    assert_calls,
    assert_lists_and_reads,
    assert_questions_of_tools,
)

# Streamable HTTP came with the second of the revisions.
LEGACY = ("2025-03-26", "2025-06-18", "2025-11-25")
FIRST = "2024-11-05"
MODERN = "2026-07-28"

MODES = {
    "mcp": (*LEGACY, "modern", "auto") if FULL else ("2025-11-25", "auto"),
    "mcp_legacy": LEGACY if FULL else ("2025-06-18",),
    "fastmcp": (*LEGACY, "modern", "auto") if FULL else ("modern",),
}
ASGI_CELLS = [("mcp", "auto"), ("mcp", "2025-11-25"), ("mcp_legacy", "2025-06-18"), ("fastmcp", "modern")]
if not FULL:
    ASGI_CELLS = ASGI_CELLS[:1]
CELLS = [(peer, mode) for peer, modes in MODES.items() for mode in modes]


def ours(module, runtime, way="http"):
    return [sys.executable, "-m", f"tests.interop.{module}", runtime, way]


def assert_all_steps(report, revision):
    assert report.failed == {}, report.errors
    assert report.code == 0, report.errors
    assert list(report.steps) == ["connect", *STEPS, "close"]
    assert report.steps["connect"]["revision"] == revision
    assert_lists_and_reads(report.steps, revision)
    assert_calls(report.steps, revision)
    assert_questions_of_tools(report.steps, revision)
    logged = [(record["level"], record["data"]) for record in report.steps["logs"]["logs"]]
    assert logged == [("warning", "loud x")]
    assert report.steps["cancels"]["cancelled"]
    assert report.steps["cancels"]["texts"] == ["1"]
    assert report.steps["close"] == {"faults": []}


@pytest.mark.parametrize(("runtime", "peer", "mode"), cells(*CELLS))
def test_a_client_of_a_peer_takes_every_step_over_http(client_command, runtime, mode):
    with started(ours("our_server", runtime)) as served:
        report = run_client(client_command, mode, [served.url], only=STEPS)
        assert_all_steps(report, mode if mode in LEGACY else MODERN)
        assert served.stop() == 0
    assert served.errors == ""


@pytest.mark.parametrize(
    ("runtime", "peer", "mode"),
    cells(*(("mcp_legacy", mode) for mode in (FIRST, "2025-06-18")), ("mcp", FIRST), ("fastmcp", FIRST))
    if FULL
    else cells(("mcp_legacy", FIRST)),
)
def test_a_client_of_a_peer_takes_every_step_over_http_with_sse(client_command, runtime, mode):
    """The transport of 2024-11-05: a stream from the server, and POSTs beside it."""
    with started(ours("our_server", runtime)) as served:
        report = run_client(client_command, mode, [served.sse_url], only=STEPS)
        assert_all_steps(report, mode)
        assert served.stop() == 0
    assert served.errors == ""


@pytest.mark.parametrize(("peer", "mode"), ASGI_CELLS)
def test_a_client_of_a_peer_takes_every_step_with_our_application_in_uvicorn(client_command, mode):
    with started(ours("our_server", "asyncio", "asgi")) as served:
        report = run_client(client_command, mode, [served.url], only=STEPS)
        assert_all_steps(report, mode if mode in LEGACY else MODERN)
    assert served.errors == ""


@pytest.mark.parametrize(
    ("runtime", "peer", "mode"),
    cells(*((peer, mode) for peer in ("mcp", "fastmcp") for mode in MODES[peer]))
    if FULL
    else cells(("mcp", "modern")),
)
def test_a_client_of_a_peer_sees_everything_our_server_offers_over_http(
    features_command, runtime, peer, mode
):
    revision = mode if mode in LEGACY else MODERN
    with started(ours("our_features", runtime)) as served:
        report = run_client(features_command, mode, [served.url])
        assert served.stop() == 0
    assert report.failed == {}, report.errors
    assert report.code == 0, report.errors
    told = TOLD if peer == "mcp" else () if revision == MODERN else ("changes",)
    assert list(report.steps) == ["connect", *SEEN, *told, "close"]
    assert_lists(report.steps["lists"], revision)
    assert_templates(report.steps["templates"], revision)
    assert_prompts(report.steps["prompts"])
    assert_completions(report.steps["completions"], revision)
    assert_results(report.steps["results"], revision)
    assert_errors(report.steps["errors"], revision)
    assert_questions(report.steps["questions"], revision, peer)
    assert report.steps["levels"]["levels"] == ["error", "critical", "alert", "emergency"]
    if "changes" in told:
        assert_changes(report.steps["changes"], revision)
    if "updates" in told:
        assert_updates(report.steps, revision)
    assert report.steps["close"] == {"faults": []}
    assert served.errors.count("Traceback") == 1
