"""What is promised and cannot be shown yet: one list, with the work that each piece waits for.

`deferred.toml` holds parts of feature rows that speak of a transport or a runtime that does not
exist yet, and cases of the adversarial corpus that need more than the core. `rows.txt` names the
rows whose other parts are shown by tests. A piece leaves the list with the change that brings its
test.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import attrs

from sansmcp.values import JSON

FOLDER = Path(__file__).parent


@attrs.frozen(kw_only=True)
class Part:
    """A part of a feature row, the work it waits for, and why."""

    row: str
    part: str
    due: str
    reason: str


@attrs.frozen(kw_only=True)
class Case:
    """A case of the adversarial corpus, the work it waits for, and why."""

    id: str
    due: str
    reason: str


def works() -> Mapping[str, str]:
    """Return the works that pieces may wait for, each explained, by name."""
    due: Mapping[str, str] = _read()["due"]
    return due


def deferred_parts() -> tuple[Part, ...]:
    """Return the parts of feature rows that wait, in the order of the rows."""
    return tuple(Part(**table) for table in _read()["parts"])


def listed_cases() -> tuple[Case, ...]:
    """Return the cases that wait as they stand in the list."""
    return tuple(Case(**table) for table in _read()["cases"])


def deferred_cases() -> dict[str, str]:
    """Return the ids of the cases that are not run yet, each with what it waits for and why."""
    return {case.id: f"waits for {case.due}: {case.reason}" for case in listed_cases()}


def rows() -> tuple[str, ...]:
    """Return the ids of the feature rows concerned."""
    return tuple((FOLDER / "rows.txt").read_text(encoding="utf-8").split())


def _read() -> dict[str, JSON]:
    return tomllib.loads((FOLDER / "deferred.toml").read_text(encoding="utf-8"))
