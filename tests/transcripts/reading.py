"""Read golden transcripts back: who said which line, and which lines nobody's session would have sent."""

import json

import attrs
from tests.transcripts.recording import BY_HAND, BY_HAND_AND_ILLEGAL


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
    """Return the lines of a transcript, without its times, events and remarks."""
    found = []
    remark = ""
    for line in text.split("\n"):
        sender, colon, body = line.partition(": ")
        if colon and sender in {"C", "S"}:
            found.append(
                Line(
                    sender=sender,
                    text=body,
                    by_hand=remark.startswith(BY_HAND),
                    legal=not remark.startswith(BY_HAND_AND_ILLEGAL),
                )
            )
        remark = line
    return found


def conversation_of(text):
    """Return the transcript with nothing but what the sessions said to each other."""
    return "\n".join(f"{line.sender}: {line.text}" for line in lines_of(text) if not line.by_hand)
