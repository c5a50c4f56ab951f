"""A scenario of a binding's author: it is made of public names, and the example of the guide is played."""

import re
import typing
from pathlib import Path

import pytest
from tests.suite.in_memory import MemoryHarness

from sansmcp import testing

GUIDE = Path(__file__).parents[2] / "docs" / "testing-a-binding.md"


def test_every_word_of_a_scenario_is_a_public_name() -> None:
    words = {*typing.get_args(testing.Step), *typing.get_args(testing.Expected)}
    words |= {testing.Ability, testing.Asked, testing.Peer, testing.Scenario}
    assert {word.__name__ for word in words} <= set(testing.__all__)
    assert all(getattr(testing, word.__name__) is word for word in words)


@pytest.mark.parametrize("revision", testing.Scenario(name="any", steps=()).revisions)
def test_the_scenario_of_the_guide_is_played(revision: str) -> None:
    (example,) = re.findall(r"```python\n(from sansmcp\.schema.*?)```", GUIDE.read_text(), re.DOTALL)
    names: dict[str, testing.Scenario] = {}
    exec(example, names)  # noqa: S102  # it is our own page
    testing.play(names["GIVEN_UP"], MemoryHarness(), revision)
