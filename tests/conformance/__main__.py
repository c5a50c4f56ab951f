"""Run the official conformance suite against our server and our client, on every binding.

Run as `python -m tests.conformance [--long] [--side server|client] [--binding NAME] [--keep FOLDER]`. It
installs the suite the first time, prints a table of scenarios by legs with the number of checks that
succeeded, and ends with how many passed and failed. Nothing is tried again.
"""

import argparse
import sys
import tempfile
import time
from itertools import groupby
from pathlib import Path

from tests.conformance.choosing import chosen_legs
from tests.conformance.expectations import FLOORS, OWED
from tests.conformance.legs import Leg, Outcome, run_client_legs, run_server_legs
from tests.conformance.suite import REVISIONS, Suite, installed, run_inside
from tests.conformance.verdicts import Verdict
from tests.interop.environment import BuildFailed, Unavailable


def unknown_scenarios(suite: Suite, side: str) -> list[str]:
    """Return what is wrong with our tables: each scenario of the suite stands in them, in its revisions."""
    listed = set(suite.scenarios(side))
    known = set(FLOORS[side])
    owed = {name for name in OWED if name in listed}
    faults = [f"{side}: {name} is in no table" for name in sorted(listed - known - owed)]
    faults += [f"{side}: the suite has no {name}" for name in sorted(known - listed)]
    for revision in REVISIONS:
        ours = {name for name in known if revision in FLOORS[side][name]}
        theirs = set(suite.scenarios(side, revision)) - owed
        faults += [f"{side}: {name} in {revision} differs from the suite" for name in sorted(ours ^ theirs)]
    return faults


def run(suite: Suite, legs: list[Leg], folder: Path) -> list[Outcome]:
    """Run the legs, and say how long that takes."""
    outcomes: list[Outcome] = []
    servers = [leg for leg in legs if leg.side == "server"]
    for (binding, responses), several in groupby(servers, lambda leg: (leg.binding, leg.responses)):
        begun = time.monotonic()
        outcomes += run_server_legs(suite, list(several), folder)
        print(f"server on {binding}, responses {responses}: {time.monotonic() - begun:.0f} s", flush=True)
    begun = time.monotonic()
    clients = [leg for leg in legs if leg.side == "client"]
    if clients:
        outcomes += run_client_legs(suite, clients, folder)
        print(f"clients: {time.monotonic() - begun:.0f} s", flush=True)
    return outcomes


def table(side: str, outcomes: list[Outcome]) -> list[str]:
    """Return the lines of a table: scenarios by legs, with the numbers of checks that succeeded."""
    of_side = [outcome for outcome in outcomes if outcome.leg.side == side]
    names = [*FLOORS[side], *(name for name in OWED if any(name in outcome.verdicts for outcome in of_side))]
    lines = [f"{side}: checks that succeeded, by leg"]
    lines += [f"  ({number}) {outcome.leg.name}" for number, outcome in enumerate(of_side, 1)]
    width = max(map(len, names))
    lines.append(" " * width + "".join(f"{f'({number})':>7}" for number in range(1, len(of_side) + 1)))
    for name in names:
        marks = [outcome.verdicts[name].mark if name in outcome.verdicts else "" for outcome in of_side]
        lines.append(f"{name:{width}}" + "".join(f"{mark:>7}" for mark in marks))
    return lines


def counted(outcomes: list[Outcome], faults: list[str]) -> tuple[int, int]:
    """Print what is wrong; return how many scenarios passed and how many failed, over all legs."""
    verdicts = [
        (outcome.leg, each) for outcome in outcomes for each in outcome.verdicts.values() if not each.owed
    ]
    failed: list[tuple[Leg, Verdict]] = [(leg, each) for leg, each in verdicts if each.faults]
    for leg, each in failed:
        print(f"\nFAILED {leg.side} {leg.name}: {each.scenario}")
        print("".join(f"  {fault}\n" for fault in each.faults), end="")
    whole = [
        f"{outcome.leg.side} {outcome.leg.name}: {fault}" for outcome in outcomes for fault in outcome.faults
    ]
    for fault in (*faults, *whole):
        print(f"\nFAILED {fault}")
    return len(verdicts) - len(failed), len(failed) + len(faults) + len(whole)


def main() -> int:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance")
    parser.add_argument(
        "--long", action="store_true", help="every scenario on every binding in every revision"
    )
    parser.add_argument("--side", choices=("server", "client"), help="this side alone")
    parser.add_argument("--binding", help="this binding alone")
    parser.add_argument(
        "--keep", type=Path, help="a folder for what the suite writes down, which must be new"
    )
    chosen = parser.parse_args()
    try:
        # Before this process has no way out any more.
        suite = installed()
    except (Unavailable, BuildFailed) as reason:
        print(f"the suite cannot be installed: {reason}", file=sys.stderr)
        return 1
    if (code := run_inside(sys.argv[1:])) is not None:
        return code
    legs = chosen_legs(is_long=chosen.long, side=chosen.side, binding=chosen.binding)
    sides = sorted({leg.side for leg in legs}, reverse=True)
    faults = [fault for side in sides for fault in unknown_scenarios(suite, side)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.keep or Path(temporary)
        folder.mkdir(exist_ok=chosen.keep is None)
        outcomes = run(suite, legs, folder)
    for side in sides:
        print("\n" + "\n".join(table(side, outcomes)))
    passed, failed = counted(outcomes, faults)
    print(f"\nleft to later: {len(OWED)} scenarios")
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed else 1


if __name__ == "__main__":
    raise SystemExit(main())
