"""Where checks of what the corpus expects in words are entered, and what they read runs by."""

from tests.adversarial.bench import flat

WORDS = {}
"""The checks, by place."""


def says(case, *more, key="text"):
    """Enter a check."""

    def enter(function):
        WORDS[(case, *more, key)] = function
        return function

    return enter


def results(bench):
    """Return the replies that are results."""
    return [message for message in flat(bench.messages) if "result" in message]


def verdict(bench):
    """Return what was decided, without the words."""
    # Whether handlers end between two lines of one piece is not the machine's to say, so order is left out.
    kinds = sorted(type(event).__name__ for event in bench.events)
    return sorted(map(str, bench.messages)), kinds, sorted(bench.codes)
