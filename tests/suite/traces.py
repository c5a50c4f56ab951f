"""The golden traces: what happens in a scenario, the same wherever it is played, as readable text."""

import difflib
from pathlib import Path

from sansmcp.testing import SCENARIOS

GOLDEN = Path(__file__).parent / "golden"

TRACED = [scenario for scenario in SCENARIOS if scenario.traced]


def golden_of(scenario, revision):
    """Return where the trace of a scenario in a revision is kept."""
    return GOLDEN / revision / f"{scenario.name}.txt"


def text_of(played):
    """Return a trace as text: the events of the client, then those of the server, each in its order."""
    return "".join(f"{side}: {line}\n" for side in ("client", "server") for line in getattr(played, side))


def check(scenario, revision, played):
    """Compare what was played with the golden trace, as far as the harness saw both sides."""
    expected = golden_of(scenario, revision).read_text(encoding="utf-8")
    found = text_of(played)
    if not played.server:
        expected = "".join(line for line in expected.splitlines(True) if line.startswith("client: "))
    if found != expected:
        difference = difflib.unified_diff(
            expected.splitlines(), found.splitlines(), "golden", "found", lineterm=""
        )
        raise AssertionError(
            "\n".join(
                [f"{scenario.name} in {revision}; if that is right: python -m tests.suite", *difference]
            )
        )
