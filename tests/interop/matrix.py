"""Which pairs of runtime and revision are tried: all with SANSMCP_INTEROP=full, else each revision once.

By default the runtimes take turns, so that each of them still meets each peer.
"""

import os
from collections.abc import Iterable
from typing import Any

import pytest
from tests.interop.runtimes import RUNTIMES

FULL = os.environ.get("SANSMCP_INTEROP", "") == "full"


def cells(*rows: tuple[Any, ...]) -> list[Any]:
    """Return the rows with a runtime before each; those that share their first item take turns."""
    turns: dict[Any, int] = {}
    chosen: list[Any] = []
    for row in rows:
        # Each of them begins with another runtime than the one before it.
        turn = turns.setdefault(row[0], len(turns))
        turns[row[0]] += 1
        runtimes: Iterable[str] = RUNTIMES if FULL else [RUNTIMES[turn % len(RUNTIMES)]]
        chosen += [
            pytest.param(runtime, *row, id="-".join([runtime, *(str(item) for item in row)]))
            for runtime in runtimes
        ]
    return chosen
