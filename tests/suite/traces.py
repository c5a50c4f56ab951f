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


def differences(scenario, revision, played, missing=frozenset()):
    """Compare what was played with the golden trace, if there is one, on the sides that were seen.

    Some lines may be missing, all of them.
    """
    if not scenario.traced:
        return []
    expected = golden_of(scenario, revision).read_text(encoding="utf-8").splitlines()
    if not played.server:
        expected = [line for line in expected if line.startswith("client: ")]
    expected = [line for line in expected if line not in missing]
    found = text_of(played).splitlines()
    advice = "found; if that is right: python -m tests.suite"
    return [*difflib.unified_diff(expected, found, "golden", advice, lineterm="")]
