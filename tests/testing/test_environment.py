"""Randomness from a seed, and a calendar that is moved by hand."""

from hypothesis import given
from hypothesis import strategies as st

from sansmcp.environment import Environment
from sansmcp.testing import Calendar, SeededEnvironment


def test_the_same_seed_gives_the_same_bytes():
    one, other = SeededEnvironment(seed=7), SeededEnvironment(seed=7)
    assert [one.random(3), one.random(100)] == [other.random(3), other.random(100)]


def test_another_seed_gives_other_bytes():
    assert SeededEnvironment(seed=1).random(16) != SeededEnvironment(seed=2).random(16)


def test_bytes_do_not_come_twice():
    environment = SeededEnvironment()
    assert len({environment.random(16) for _ in range(1000)}) == 1000


@given(st.lists(st.integers(0, 80)))
def test_the_bytes_are_the_same_however_they_are_taken(sizes):
    taken = SeededEnvironment()
    assert b"".join(map(taken.random, sizes)) == SeededEnvironment().random(sum(sizes))


def test_the_calendar_stands_still_until_it_is_moved_in_either_direction():
    environment = SeededEnvironment(calendar=Calendar(100.0))
    assert (environment.utc(), environment.utc()) == (100.0, 100.0)
    environment.calendar.move(5)
    assert environment.utc() == 105.0
    environment.calendar.move(-10)
    assert environment.utc() == 95.0


def test_it_is_an_environment_like_any_other():
    assert isinstance(SeededEnvironment(), Environment)
    assert SeededEnvironment().utc() > 1_600_000_000
