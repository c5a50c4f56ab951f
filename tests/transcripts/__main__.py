"""Write all golden transcripts anew, and show what has changed: `uv run python -m tests.transcripts`."""

import difflib
import sys

from tests.transcripts.registry import GOLDEN
from tests.transcripts.scenarios import ALL_SCENARIOS


def main():
    """Play every scenario, keep its text, and remove the texts that belong to none."""
    for scenario in ALL_SCENARIOS:
        path = scenario.golden
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        now = scenario.text_of(scenario.play())
        name = str(path.relative_to(GOLDEN))
        sys.stdout.writelines(difference(before, now, name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(now, encoding="utf-8", newline="\n")
    stale = set(GOLDEN.rglob("*.txt")) - {scenario.golden for scenario in ALL_SCENARIOS}
    for path in stale:
        path.unlink()
    sys.stdout.write(f"{len(ALL_SCENARIOS)} transcripts written, {len(stale)} removed\n")


def difference(before, now, name):
    """Return what has changed of a transcript that there was; nothing of a new one."""
    if not before:
        return ()
    lines = (text.splitlines(keepends=True) for text in (before, now))
    return difflib.unified_diff(*lines, name, name)


if __name__ == "__main__":
    main()
