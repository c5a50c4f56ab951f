"""What machines are given: randomness and the calendar."""

import attrs
import pytest

from sansmcp.environment import Environment


def test_an_environment_gives_what_it_was_given():
    environment = Environment(random=bytes, utc=lambda: 12.5)
    assert environment.random(3) == b"\0\0\0"
    assert environment.utc() == 12.5


def test_an_environment_cannot_be_changed():
    environment = Environment(random=bytes, utc=lambda: 12.5)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        environment.utc = None
