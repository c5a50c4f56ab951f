"""Middleware that remembers what passes, and a tool that asks."""

import attrs
import pytest

from sansmcp import Accepted, Context
from sansmcp.schema import REVISIONS
from sansmcp.session import Delay

every_revision = pytest.mark.parametrize("revision", REVISIONS)


@attrs.frozen
class Name:
    """Who somebody is."""

    name: str


def ask(ctx: Context) -> str:
    match ctx.elicit("name", "Who?", Name):
        case Accepted(value=found):
            return found.name
        case other:
            return type(other).__name__


def text(result):
    return result.content[0].text


class Taped:
    """Middleware that lets everything pass and remembers it."""

    def __init__(self):
        self.messages = []
        self.outcomes = []

    def __call__(self, message, proceed):
        self.messages.append(message)
        try:
            outcome = yield from proceed(message)
        except BaseException as error:
            self.outcomes.append(error)
            raise
        self.outcomes.append(outcome)
        return outcome

    def kinds(self):
        return [(type(message), message.method) for message in self.messages]


def stalling(closed, *, first=False, after=True):
    """Return middleware that holds up what passes, before or after it; `closed` tells of its end."""

    def stall(message, proceed):
        try:
            if first:
                yield Delay(60)
            outcome = yield from proceed(message)
            if after:
                yield Delay(60)
        finally:
            closed.append(message.method)
        return outcome

    return stall
