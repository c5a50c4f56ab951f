"""Say which tests show a behaviour: `python -m tests.requirements.assign`.

    uv run python -m tests.requirements.assign                     list what no test shows yet
    uv run python -m tests.requirements.assign KEY                 show the requirements behind a key
    uv run python -m tests.requirements.assign KEY TEST [TEST ...] add tests to a behaviour

A test is named by its node id, as in tests/wire/test_lines.py::test_name. A reason that stood in
the place of tests goes.
"""

import sys
from pathlib import Path

import attrs
from tests.requirements.book import (
    BEHAVIOURS,
    format_behaviours,
    parse_behaviours,
    read_behaviours,
    read_entries,
)


def assign(folder: Path, key: str, tests: list[str]) -> None:
    """Add tests to the behaviour of that key in the files of `folder`; raises KeyError if there is none."""
    for path in sorted(folder.glob("*.toml")):
        behaviours = parse_behaviours(path.read_text(encoding="utf-8"))
        if key in behaviours:
            behaviour = behaviours[key]
            together = tuple(dict.fromkeys([*behaviour.tests, *tests]))
            behaviours[key] = attrs.evolve(behaviour, tests=together, reason=None)
            path.write_text(format_behaviours(behaviours), encoding="utf-8")
            return
    raise KeyError(key)


def main(arguments: list[str]) -> int:
    """Run the command; return its exit status."""
    if not arguments:
        pending = {key: value for key, value in read_behaviours().items() if value.is_pending}
        sys.stdout.write("".join(f"{key}\n    {value.says}\n" for key, value in pending.items()))
        sys.stdout.write(f"{len(pending)} behaviours have no test\n")
        return 0
    key, *tests = arguments
    if tests:
        assign(BEHAVIOURS, key, tests)
    else:
        sys.stdout.write("".join(f"{entry}\n" for entry in read_entries() if entry.key == key))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
