"""Read golden transcripts back: who said which line, and which lines nobody's session would have sent."""

import json
import re

import attrs
from tests.transcripts.conversation import BY_HAND, BY_HAND_AND_ILLEGAL

_MESSAGE = re.compile(r"([CS])([0-9]*): (.*)", re.DOTALL)
_REQUEST = re.compile(r"C([0-9]+) [A-Z]+ ")


@attrs.frozen(kw_only=True)
class Line:
    """One line of a conversation.

    `by_hand` says that no session sent it, and `legal` whether the schema of its revision has it.
    """

    sender: str
    text: str
    by_hand: bool
    legal: bool

    @property
    def messages(self):
        """The messages in it: one, or those of an array; what is none is left out of an illegal line."""
        try:
            read = json.loads(self.text)
        except ValueError:
            if self.legal:
                raise
            return []
        messages = read if isinstance(read, list) else [read]
        return messages if self.legal else [message for message in messages if is_message(message)]


def is_message(value):
    """Whether a value is at least an envelope whose members can be looked up."""
    return isinstance(value, dict) and any(
        isinstance(value.get(name), kind)
        for name, kind in (("method", str), ("result", dict), ("error", dict))
    )


def lines_of(text):
    """Return the lines of a transcript that are messages, without heads, times, events and remarks."""
    found = []
    before = ""
    # Over HTTP a remark stands before the head of the request that it is of.
    remarks = {}
    for line in text.split("\n"):
        if (request := _REQUEST.match(line)) is not None:
            remarks["C", request[1]] = before
        elif (message := _MESSAGE.fullmatch(line)) is not None:
            sender, number, body = message.groups()
            remark = remarks.get((sender, number), "") if number else before
            found.append(
                Line(
                    sender=sender,
                    text=body,
                    by_hand=remark.startswith(BY_HAND),
                    legal=not remark.startswith(BY_HAND_AND_ILLEGAL),
                )
            )
        before = line
    return found
