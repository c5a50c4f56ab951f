"""What a handler's runs know of each other, through its JSON."""

import json

import attrs
import pytest

from sansmcp import schema
from sansmcp.server.memory import NOTHING_YET, Answer, Memory
from sansmcp.session import InputRefused

ACCEPTED = schema.ElicitResult(action="accept", content={"a": 1, "b": ("x", "y")})
SAID = schema.CreateMessageResult(role="assistant", content=schema.TextContent(text="hi"), model="m")
ROOTS = schema.ListRootsResult(roots=(schema.Root(uri="file:///a"),))
REFUSED = InputRefused(code=-1, message="no")
REFUSED_WITH_DATA = InputRefused(code=-1, message="no", data=None)


def through_json(memory):
    return Memory.from_json(json.loads(json.dumps(memory.as_json())))


@pytest.mark.parametrize("said", [ACCEPTED, SAID, ROOTS, REFUSED, REFUSED_WITH_DATA])
def test_every_kind_of_answer_comes_through(said):
    memory = Memory(
        round=3,
        asked={"k": "d"},
        answers={"a": Answer(question="q", said=said)},
        once={"o": [1, None]},
        progress=2.5,
        logs=7,
    )
    assert through_json(memory) == memory


def test_nothing_comes_through_as_nothing():
    assert through_json(NOTHING_YET) == NOTHING_YET


def test_answers_count_only_for_what_was_asked():
    memory = attrs.evolve(NOTHING_YET, asked={"a": "digest"}).with_answers({"a": ACCEPTED, "b": SAID})
    assert memory.answers == {"a": Answer(question="digest", said=ACCEPTED)}
    assert memory.asked == {}


def test_earlier_answers_stay():
    before = Memory(answers={"a": Answer(question="1", said=ROOTS)}, asked={"b": "2"})
    after = before.with_answers({"b": ACCEPTED, "a": SAID})
    assert after.answers == {
        "a": Answer(question="1", said=ROOTS),
        "b": Answer(question="2", said=ACCEPTED),
    }
