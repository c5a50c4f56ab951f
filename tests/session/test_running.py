"""Running a handler that is no coroutine: its outcome is a function of the time."""

import pytest

from sansmcp.session import outcome_of


class Work:
    def __init__(self, handler):
        self.call = handler
        self.outcomes = []

    def succeed(self, value, now):
        self.outcomes.append((value, now))

    def raised(self, error, now):
        self.outcomes.append((error, now))


def test_what_a_handler_returns_is_its_outcome_and_told_with_the_time():
    work = Work(lambda: 7)
    outcome = outcome_of(work)
    assert work.outcomes == []
    outcome(2.5)
    assert work.outcomes == [(7, 2.5)]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(1)])
def test_whatever_a_handler_raises_is_its_outcome(error):
    def fail():
        raise error

    work = Work(fail)
    outcome_of(work)(1.0)
    assert work.outcomes == [(error, 1.0)]
