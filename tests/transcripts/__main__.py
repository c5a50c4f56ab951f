"""Write all golden transcripts anew: `uv run python -m tests.transcripts`."""

import sys

from tests.transcripts.registry import GOLDEN
from tests.transcripts.scenarios import SCENARIOS


def main():
    """Play every scenario, keep its text, and remove the texts that belong to none."""
    for scenario in SCENARIOS:
        scenario.golden.parent.mkdir(parents=True, exist_ok=True)
        scenario.golden.write_text(scenario.text_of(scenario.play()), encoding="utf-8", newline="\n")
    stale = set(GOLDEN.rglob("*.txt")) - {scenario.golden for scenario in SCENARIOS}
    for path in stale:
        path.unlink()
    sys.stdout.write(f"{len(SCENARIOS)} transcripts written, {len(stale)} removed\n")


if __name__ == "__main__":
    main()
