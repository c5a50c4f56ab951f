"""Ways to cut bytes, and how to see whether a cut makes a difference to a scenario."""

import functools
import random

from sansmcp.session import HandlerFailed


class Split:
    """Cuts the bytes of a whole conversation once, after so many bytes of both directions together."""

    def __init__(self, place):
        self.place = place
        self.passed = 0

    def __call__(self, data):
        """Return the pieces."""
        inside = self.place - self.passed
        self.passed += len(data)
        return (data[:inside], data[inside:]) if 0 < inside < len(data) else (data,)


def randomly(seed):
    """Return a cut into pieces of random sizes, most of them small."""
    chance = random.Random(seed)

    def cut(data):
        while data:
            size = chance.choice((1, 2, 3, 7, 40, 200))
            yield data[:size]
            data = data[size:]

    return cut


@functools.cache
def in_one_piece(scenario, **options):
    """Play a scenario with nothing cut; return what happened, and how many bytes went both ways."""
    count = Split(-1)
    recording = scenario.play(count, **options)
    return happened(recording), count.passed


def happened(recording):
    """Return what can be seen of a conversation; the text leaves out what repeats, the events do not."""
    events = recording.events
    # Of what a handler raised each playing has its own.
    return recording.text, [repr(event) if isinstance(event, HandlerFailed) else event for event in events]


def assert_same(scenario, cut, what, **options):
    """Play a scenario with its bytes cut, and hold it against itself in one piece."""
    assert happened(scenario.play(cut, **options)) == in_one_piece(scenario, **options)[0], what
