"""Which cases run against real processes: each one on each runtime, and the revisions take turns.

With `SANSMCP_MATRIX=full` each one runs on each runtime in each of its revisions.
"""

import os

from tests.adversarial.served import RUNTIMES

from sansmcp.schema import REVISIONS

FULL = os.environ.get("SANSMCP_MATRIX") == "full"


def pytest_collection_modifyitems(config, items):
    """Leave out what has its turn elsewhere."""
    left_out = [] if FULL else [item for item in items if not has_turn(item)]
    left = {id(item) for item in left_out}
    items[:] = [item for item in items if id(item) not in left]
    config.hook.pytest_deselected(items=left_out)


def has_turn(item):
    """Say whether a test runs by default: those without a runtime always do."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    if "runtime" not in params or item.path.parent.name != "adversarial":
        return True
    stimulus = params.get("stimulus")
    revision = params["revision"] if stimulus is None else stimulus.revision
    case = item.originalname if stimulus is None else str(stimulus).replace(revision, "")
    turn = RUNTIMES.index(params["runtime"]) * 2 + sum(case.encode())
    return REVISIONS.index(revision) == turn % len(REVISIONS)
