"""What a handler's runs know of each other: answers, kept values, and what was already said.

A handler that asks stops, and runs again from the top when the answer is there. What it needs to come
through the second time travels in the request state.
"""

from collections.abc import Mapping

import attrs

from sansmcp import schema
from sansmcp.schema import LATEST_MODERN, codec_for
from sansmcp.session import InputAnswer, InputRefused
from sansmcp.values import ABSENT, JSON, Value

_CODEC = codec_for(LATEST_MODERN)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Answer(Value):
    """What a client said to one question."""

    question: str
    """The digest of the question: the answer to another one under the same key is none."""
    said: InputAnswer | InputRefused
    """The answer, or the error in its place."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Memory(Value):
    """What the runs before this one leave to it."""

    round: int = 0
    """How many there were."""
    asked: Mapping[str, str] = attrs.field(factory=dict)
    """The digests of the questions that the last of them asked, by key."""
    answers: Mapping[str, Answer] = attrs.field(factory=dict)
    """The answers so far, by key."""
    once: Mapping[str, JSON] = attrs.field(factory=dict)
    """What `Context.once` keeps, by key."""
    progress: float | None = None
    """The greatest progress that was reported."""
    logs: int = 0
    """How many log records were sent."""

    def with_answers(self, responses: Mapping[str, InputAnswer | InputRefused]) -> "Memory":
        """Take in the answers that came with a request; what was not asked is left out."""
        new = {
            key: Answer(question=self.asked[key], said=said)
            for key, said in responses.items()
            if key in self.asked
        }
        return attrs.evolve(self, answers={**self.answers, **new}, asked={})

    def as_json(self) -> JSON:
        """Write it as a JSON value."""
        return {
            "round": self.round,
            "asked": dict(self.asked),
            "answers": {
                key: [answer.question, _written(answer.said)] for key, answer in self.answers.items()
            },
            "once": dict(self.once),
            "progress": self.progress,
            "logs": self.logs,
        }

    @classmethod
    def from_json(cls, value: JSON) -> "Memory":
        """Read what `as_json` wrote; it has been authenticated, so it fits."""
        answers = {
            key: Answer(question=question, said=_read(said))
            for key, (question, said) in value["answers"].items()
        }
        return cls(
            round=value["round"],
            asked=value["asked"],
            answers=answers,
            once=value["once"],
            progress=value["progress"],
            logs=value["logs"],
        )


NOTHING_YET = Memory()
"""What the first run knows."""


def _written(said: InputAnswer | InputRefused) -> JSON:
    if isinstance(said, InputRefused):
        error: JSON = {"code": said.code, "message": said.message}
        return {"error": error if said.data is ABSENT else {**error, "data": said.data}}
    return {type(said).__name__: _CODEC.unstructure(said)}


def _read(said: JSON) -> InputAnswer | InputRefused:
    ((kind, value),) = said.items()
    if kind == "error":
        return InputRefused(**value)
    answer: InputAnswer = _CODEC.structure(_ANSWERS[kind], value)
    return answer


_ANSWERS: Mapping[str, type[JSON]] = {
    "ElicitResult": schema.ElicitResult,
    "CreateMessageResult": schema.CreateMessageResult,
    "ListRootsResult": schema.ListRootsResult,
}
