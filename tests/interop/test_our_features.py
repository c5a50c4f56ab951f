"""The clients of the Python peers see everything our server offers, on each runtime, in each revision."""

import sys

import pytest
from tests.interop.matrix import FULL, cells
from tests.interop.scenario import run_client
from tests.interop.watching import ended_by_itself, watched

LEGACY = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN = "2026-07-28"

SEEN = ("lists", "templates", "prompts", "completions", "results", "errors", "questions", "levels")
TOLD = ("changes", "updates", "cached", "roots_change")

ICON = {"src": "https://example.org/icon.png", "mimeType": "image/png", "sizes": ["48x48"]}
META = {"example.org/kind": "interop"}

MODES = {
    "mcp": (*LEGACY, "modern", "auto") if FULL else ("2024-11-05", "2025-06-18", "modern"),
    "fastmcp": (*LEGACY, "modern", "auto") if FULL else ("2025-11-25", "auto"),
}


@pytest.mark.parametrize(
    ("runtime", "peer", "mode"), cells(*((peer, mode) for peer, modes in MODES.items() for mode in modes))
)
def test_a_client_of_a_peer_sees_everything_our_server_offers(
    tmp_path, features_command, runtime, peer, mode
):
    ours = watched([sys.executable, "-m", "tests.interop.our_features", runtime], tmp_path)
    revision = mode if mode in LEGACY else MODERN
    report = run_client(features_command, mode, ours)
    assert report.failed == {}, report.errors
    assert report.code == 0
    told = TOLD if peer == "mcp" else () if revision == MODERN else ("changes",)
    assert list(report.steps) == ["connect", *SEEN, *told, "close"]
    assert report.steps["connect"]["revision"] == revision
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
    # What the author alone is to see, and nothing else.
    assert "RuntimeError: a secret" in report.errors
    assert report.errors.count("Traceback") == 1
    assert ended_by_itself(tmp_path)


def named(seen, kind, name):
    (found,) = (item for item in seen[kind]["items"] if item["name"] == name)
    return found


def since(revision, first, value):
    """Return what a definition has from a revision on."""
    return value if revision >= first else None


def assert_lists(seen, revision):
    assert {kind: listed["pages"] for kind, listed in seen.items()} == {
        "tools": 5,
        "resources": 3,
        "resourceTemplates": 1,
        "prompts": 1,
    }
    names = [item["name"] for item in seen["resources"]["items"]]
    assert names == ["board", *(f"item {number}" for number in range(9))]
    tool = named(seen, "tools", "forecast")
    assert tool["inputSchema"]["properties"]["days"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 3,
        "description": "How many",
        "default": 2,
    }
    assert tool["inputSchema"]["required"] == ["city"]
    assert tool.get("title") == since(revision, "2025-06-18", "Forecast")
    assert tool.get("icons") == since(revision, "2025-11-25", [ICON])
    assert tool.get("_meta") == since(revision, "2025-06-18", META)
    hints = {"readOnlyHint": True, "openWorldHint": False}
    assert tool.get("annotations") == since(revision, "2025-03-26", hints)
    returned = {"2025-06-18": "object", "2025-11-25": "object", MODERN: "array"}.get(revision)
    assert tool.get("outputSchema", {}).get("type") == returned
    header = named(seen, "tools", "regional")["inputSchema"]["properties"]["region"]["x-mcp-header"]
    assert header == "Region"
    # What is asked for is no argument.
    assert list(named(seen, "tools", "books")["inputSchema"]["properties"]) == ["city"]
    board = named(seen, "resources", "board")
    assert board["annotations"] == {"priority": 1.0}
    assert board.get("title") == since(revision, "2025-06-18", "The board")
    template = named(seen, "resourceTemplates", "note")
    assert (template["uriTemplate"], template["mimeType"]) == ("note://{folder}/{number}", "text/plain")
    arguments = named(seen, "prompts", "review")["arguments"]
    assert [(item["name"], item["required"]) for item in arguments] == [
        ("folder", True),
        ("number", True),
        ("tone", False),
    ]


def assert_templates(seen, revision):
    assert seen["note"]["contents"] == [{"uri": "note://home/7", "mimeType": "text/plain", "text": "home 8"}]
    assert seen["found"]["contents"][0]["text"] == '{"words":"milk","limit":2}'
    assert seen["bytes"]["contents"] == [{"uri": "item://3", "blob": "Aw=="}]
    not_found = -32602 if revision == MODERN else -32002
    assert (seen["ill_typed"]["code"], seen["outside"]["code"]) == (not_found, not_found)


def assert_prompts(seen):
    assert seen["good"]["messages"][0]["content"]["text"] == "Review home 2, frank"
    assert seen["good"]["messages"][1]["content"]["resource"]["uri"] == "note://home/1"
    assert {seen[name]["code"] for name in ("ill_typed", "missing", "unknown")} == {-32602}


def assert_completions(seen, revision):
    assert seen["tone"]["completion"] == {"values": ["frank"], "total": 1, "hasMore": False}
    assert seen["folder"]["completion"]["values"] == ["work"]
    number = seen["number"]["completion"]
    assert (len(number["values"]), number["total"], number["hasMore"]) == (100, 201, True)
    # Before 2025-06-18 nobody says what is settled already.
    assert number["values"][0] == ("14" if revision >= "2025-06-18" else "10")
    assert seen["unknown"]["code"] == -32602


def assert_results(seen, revision):
    words, image, audio, link, text, raw = seen["kinds"]["content"]
    assert words == {
        "type": "text",
        "text": "words",
        "annotations": {"audience": ["user"], "priority": 0.5},
    }
    assert image == {"type": "image", "data": "AAE=", "mimeType": "image/png"}
    if revision >= "2025-03-26":
        assert audio == {"type": "audio", "data": "AgM=", "mimeType": "audio/wav"}
    else:
        assert audio == {"type": "text", "text": "[audio: audio/wav, 2 bytes]"}
    if revision >= "2025-06-18":
        assert (link["type"], link["uri"], link["mimeType"]) == (
            "resource_link",
            "board://main",
            "text/plain",
        )
    else:
        assert link == {"type": "text", "text": "board: board://main"}
    assert (text["resource"]["text"], raw["resource"]["blob"]) == ("Buy milk", "BA==")
    day = {"name": "Rome", "degrees": 21.5, "parent": {"name": "yesterday", "degrees": 20.0, "parent": None}}
    assert seen["object"].get("structuredContent") == since(revision, "2025-06-18", day)
    days = seen["list"].get("structuredContent")
    if "2025-06-18" <= revision < MODERN:
        days = days["result"]
    names = [item["name"] for item in days] if days else None
    assert names == since(revision, "2025-06-18", ["Rome 0", "Rome 1"])
    assert seen["nothing"]["content"] == []
    assert seen["beside"]["_meta"]["heard"] == [1, {"z": None}]
    assert seen["regional"]["content"][0]["text"] == "north"


def assert_errors(seen, revision):
    assert seen["masked"]["isError"]
    assert seen["masked"]["content"][0]["text"] == "It failed; the reason stays with the server."
    for name, said in (
        ("wrong_type", "arguments.city: expected a string, found 1"),
        ("too_many", "arguments.days: expected a number of at most 3, found 4"),
        ("missing", "arguments.city: expected a value, found nothing"),
    ):
        if revision >= "2025-11-25":
            assert seen[name]["isError"]
            assert seen[name]["content"][0]["text"] == said
        else:
            assert seen[name] == {"code": -32602, "message": said}
    assert seen["unknown"]["code"] == -32602


def text_of(result):
    return result["content"][0]["text"]


def assert_questions(seen, revision, peer):
    assert text_of(seen["rooted"]) == "project=file:///project"
    if revision < "2025-06-18":
        assert "'elicitation'" in text_of(seen["books"])
    else:
        assert text_of(seen["books"]) == "Paris in Ohio"
    if revision < "2025-11-25":
        # There is no such form, no page and no model that calls tools yet.
        assert all(seen[name]["isError"] for name in ("orders", "pays", "chats"))
        assert seen["orders_asked"] == seen["pays_asked"] == seen["chats_asked"] == []
        return
    assert text_of(seen["orders"]).startswith("Order(name='Ada', colour=<Colour.GREEN: 'green'>, extras=")
    assert "size=3, note=None, express=False" in text_of(seen["orders"])
    (form,) = seen["orders_asked"]
    assert form["requestedSchema"]["properties"]["extras"] == {
        "type": "array",
        "items": {"type": "string", "enum": ["milk", "sugar"]},
    }
    assert form["requestedSchema"]["properties"]["size"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 9,
        "default": 3,
    }
    assert text_of(seen["pays"]) == "paid"
    (page,) = seen["pays_asked"]
    assert (page["mode"], page["url"]) == ("url", "https://pay.example.org/1")
    if peer == "mcp":
        assert text_of(seen["chats"]) == "it is sunny"
        assert [asked["tools"][0]["name"] for asked in seen["chats_asked"]] == ["lookup", "lookup"]
    else:
        # It does not say that its model calls tools.
        assert "'sampling.tools'" in str(seen["chats"])


def assert_changes(seen, revision):
    kinds = ("Prompts", "Resources", "Tools")
    assert seen["told"] == [
        f"{kind}ListChanged" if revision == MODERN else f"notifications/{kind.lower()}/list_changed"
        for kind in kinds
    ]
    assert seen["late"]
    assert text_of(seen["said"]) == "here"
    assert seen["gone"]["code"] == -32602


def assert_updates(steps, revision):
    assert steps["updates"]["told"] == "board://main"
    assert steps["updates"]["first"] != steps["updates"]["again"]
    # Only 2026-07-28 says how long a result is fresh.
    assert steps["cached"]["same"] is (revision == MODERN)
    assert text_of(steps["roots_change"]) == ("0" if revision == MODERN else "1")
