"""Write all golden traces anew, from memory alone: `uv run python -m tests.suite`."""

import sys

from tests.suite.in_memory import MemoryHarness
from tests.suite.traces import GOLDEN, TRACED, golden_of, text_of

from sansmcp.testing import play


def main():
    """Play every traced scenario, keep its text, and remove the texts that belong to none."""
    stale = set(GOLDEN.rglob("*.txt"))
    written = 0
    for scenario in TRACED:
        for revision in scenario.revisions:
            path = golden_of(scenario, revision)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(
                text_of(play(scenario, MemoryHarness(), revision)), encoding="utf-8", newline="\n"
            )
            stale.discard(path)
            written += 1
    for path in stale:
        path.unlink()
    sys.stdout.write(f"{written} traces written, {len(stale)} removed\n")


if __name__ == "__main__":
    main()
