"""Times two things in turns, so that a machine whose speed drifts slows both alike."""

import gc
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple


class Comparison(NamedTuple):
    """How long two things took, in microseconds a time, and their ratio pair by pair."""

    subject: float
    floor: float
    ratio: float


def compare(
    subject: Callable[[], object], floor: Callable[[], object], *, times: int, rounds: int = 15
) -> Comparison:
    """Run both `rounds` times in turns and return the medians.

    Args:
        subject: what is measured; it does its work `times` times.
        floor: what it is measured against, as often.
        times: how much work one run does.
        rounds: how many pairs of runs.
    """
    pairs = []
    gc.disable()
    try:
        for _ in range(rounds + 1):
            pairs.append((_cpu_seconds(subject), _cpu_seconds(floor)))
            gc.collect()
    finally:
        gc.enable()
    # The first pair warms the caches up.
    pairs = pairs[1:]
    return Comparison(
        subject=statistics.median(pair[0] for pair in pairs) / times * 1e6,
        floor=statistics.median(pair[1] for pair in pairs) / times * 1e6,
        ratio=statistics.median(one / other for one, other in pairs),
    )


def _cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
