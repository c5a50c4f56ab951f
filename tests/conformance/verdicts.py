"""Our own reading of what the suite wrote down: its exit codes forgive more than we do."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
from tests.conformance.expectations import ALLOWED_SKIPS, FLOORS, OWED, WITHOUT_STREAMS

from sansmcp.values import JSON

_FOLDER = re.compile(r"(?:server-)?(.+)-\d{4}-\d\d-\d\dT[\dZ-]+")
PLAYED = "played to the end"
"""What the client says last if nothing was wrong."""

_BAD = ("FAILURE", "WARNING", "SKIPPED")


@attrs.frozen(kw_only=True)
class Verdict:
    """What came of a scenario on a leg."""

    scenario: str
    """Its name."""
    successes: int = 0
    """How many of its checks succeeded."""
    faults: tuple[str, ...] = ()
    """What is wrong, in words."""
    is_bound: bool = False
    """Whether the binding cannot pass it, and did not."""

    @property
    def owed(self) -> bool:
        """Whether nothing is said about it yet."""
        return self.scenario in OWED

    @property
    def mark(self) -> str:
        """What the table shows of it."""
        if self.owed:
            return "later"
        if self.faults:
            return "FAILED"
        return "bound" if self.is_bound else str(self.successes)


def recorded(folder: Path) -> dict[str, list[JSON]]:
    """Return the checks that a run left in a folder, by scenario."""
    found: dict[str, list[JSON]] = {}
    for file in sorted(folder.rglob("checks.json")):
        name = _FOLDER.fullmatch(str(file.parent.relative_to(folder)))
        assert name is not None, f"no folder of a scenario: {file.parent}"
        found[name[1]] = json.loads(file.read_text(encoding="utf-8"))
    return found


def verdict(
    side: str,
    scenario: str,
    revision: str,
    checks: Sequence[Mapping[str, JSON]],
    *,
    has_json: bool = False,
    is_bound: bool = False,
) -> Verdict:
    """Judge a scenario by its checks: enough that succeeded, none that failed, warned or was skipped.

    Args:
        side: which side is ours.
        scenario: its name.
        revision: the revision that was spoken.
        checks: what the suite wrote down.
        has_json: whether a result that nothing precedes is no event.
        is_bound: whether the binding cannot pass it.
    """
    successes = sum(check["status"] == "SUCCESS" for check in checks)
    if scenario in OWED:
        return Verdict(scenario=scenario, successes=successes)
    faults = _faults(side, scenario, revision, checks, successes, has_json=has_json)
    if is_bound:
        stale = () if faults else ("it passes: expected that this binding cannot; take it off the list",)
        return Verdict(scenario=scenario, successes=successes, faults=stale, is_bound=True)
    return Verdict(scenario=scenario, successes=successes, faults=tuple(faults))


def _faults(
    side: str,
    scenario: str,
    revision: str,
    checks: Sequence[Mapping[str, JSON]],
    successes: int,
    *,
    has_json: bool,
) -> list[str]:
    allowed = ALLOWED_SKIPS.get(scenario, frozenset())
    faults = [
        f"{check['status']} {check['id']}: {check.get('errorMessage') or check.get('description', '')}"
        for check in checks
        if check["status"] in _BAD and not (check["status"] == "SKIPPED" and check["name"] in allowed)
    ]
    floor = FLOORS[side][scenario].get(revision)
    if has_json:
        floor = WITHOUT_STREAMS.get((scenario, revision), floor)
    if floor is None:
        faults.append(f"it is not of {revision}: it should not have run")
    elif successes < floor:
        faults.append(f"{successes} checks succeeded: expected {floor} or more")
    return faults


def missing(side: str, wanted: Sequence[str], found: Mapping[str, JSON]) -> list[Verdict]:
    """Return a verdict on each scenario that did not run."""
    return [
        Verdict(scenario=name, faults=(f"the suite did not run it as a {side}",))
        for name in wanted
        if name not in found and name not in OWED
    ]
