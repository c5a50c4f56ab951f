"""What is said in every scenario is what the golden transcripts say, line by line.

Source: all five revisions; `uv run python -m tests.transcripts` writes the transcripts anew.
"""

import difflib
import re

import pytest
from tests.transcripts.carrying import Sent
from tests.transcripts.http_recording import BOTH_TYPES, JSON_TYPE, Trip
from tests.transcripts.reading import lines_of
from tests.transcripts.registry import GOLDEN
from tests.transcripts.scenarios import ALL_SCENARIOS, HTTP_SCENARIOS
from tests.transcripts.validation import faults

from sansmcp.schema import METHODS, REVISIONS


@pytest.mark.parametrize("scenario", ALL_SCENARIOS, ids=str)
def test_a_scenario_gives_its_golden_transcript(scenario):
    golden = scenario.golden.read_text(encoding="utf-8")
    played = scenario.text_of(scenario.play())
    difference = "\n".join(difflib.unified_diff(golden.splitlines(), played.splitlines(), "golden", "played"))
    assert played == golden, difference


def test_each_golden_transcript_belongs_to_a_scenario():
    assert set(GOLDEN.rglob("*.txt")) == {scenario.golden for scenario in ALL_SCENARIOS}


@pytest.mark.parametrize("scenario", ALL_SCENARIOS, ids=str)
def test_each_line_is_as_the_schema_of_its_revision_has_it(scenario):
    asked = {}
    lines = lines_of(scenario.golden.read_text(encoding="utf-8"))
    assert lines
    for line in lines:
        for message in line.messages:
            found = faults(
                message,
                scenario.revision,
                asked,
                line.sender,
                strict=not scenario.open,
                over_http=scenario.over_http,
            )
            assert found == [] or not line.legal, line.text


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 7}}, "7 is not of type"),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "parms": {}}, "'parms' was unexpected"),
        ({"jsonrpc": "2.0", "id": None, "method": "ping"}, "None is not"),
        ({"id": 1, "method": "ping"}, "'jsonrpc' is a required property"),
        ({"jsonrpc": "2.0", "id": 1, "method": "tasks/get"}, "2025-06-18 has no tasks/get"),
        ({"jsonrpc": "2.0", "id": 5, "result": {}}, "which nobody asked"),
        ({"jsonrpc": "2.0", "id": 4, "result": {}}, "'tools' is a required property"),
        ({"jsonrpc": "2.0", "id": 4, "result": {"tools": [], "ttlMs": 0}}, "'ttlMs' was unexpected"),
        ({"jsonrpc": "2.0", "id": 4, "error": {"code": "x", "message": "m"}}, "'x' is not of type"),
    ],
)
def test_what_is_not_as_the_schema_has_it_would_be_seen(message, said):
    asked = {("S", "4"): ("tools/list", "2025-06-18")}
    found = faults(message, "2025-06-18", asked, "S", strict=True)
    assert [fault for fault in found if said in fault], found


def test_every_status_and_field_of_http_is_in_some_transcript():
    said = "\n".join(scenario.golden.read_text(encoding="utf-8") for scenario in HTTP_SCENARIOS)
    statuses = set(re.findall(r"^S[0-9]+ ([0-9]+)$", said, re.MULTILINE))
    assert " ".join(sorted(statuses)) == "200 202 204 400 401 403 404 405 406 408 409 415 503"
    fields = set(re.findall(r"^[CS][0-9]+   ([a-z-]+): ", said, re.MULTILINE))
    assert fields >= {
        "access-control-allow-origin",
        "allow",
        "last-event-id",
        "mcp-method",
        "mcp-name",
        "mcp-param-region",
        "mcp-protocol-version",
        "mcp-session-id",
        "www-authenticate",
    }
    parts = set(re.findall(r"^[CS][0-9]+ ([a-z]+(?: [a-z]+)?)", said, re.MULTILINE))
    assert parts == {"comment", "data", "end", "event", "id", "is cut", "leaves", "retry"}


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ((BOTH_TYPES, JSON_TYPE, ("accept-encoding", "identity"), ("host", "x")), []),
        ((("accept", "*/*"), JSON_TYPE), ["accept: */*", "accept-encoding: (none)"]),
        ((BOTH_TYPES, ("mcp-name", "x")), ["mcp-name: x", "accept-encoding: (none)", "content-type: (none)"]),
    ],
)
def test_a_field_of_a_head_is_left_out_only_where_it_says_the_usual(fields, shown):
    sent = Sent(method="POST", target="/mcp", fields=fields, body=b"")
    lines = Trip(1, sent, None, None).fields("C", sent.fields, "POST")
    assert lines == [f"C1   {line}" for line in shown]


def test_every_method_of_every_revision_is_in_some_transcript():
    missing = []
    for revision in REVISIONS:
        said = "".join(path.read_text(encoding="utf-8") for path in (GOLDEN / revision).glob("*.txt"))
        found = set(re.findall(r'"method":"([^"]+)"', said))
        missing += [
            f"{revision} {method.name}"
            for method in METHODS.methods
            if method.since <= revision <= method.until
            and method.name not in found
            and not method.name.startswith(("tasks/", "notifications/tasks/"))
        ]
    assert missing == []
