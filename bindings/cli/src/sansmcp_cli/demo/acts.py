"""What the demo tries, and what it expects: written once for every runtime.

An act is a generator. It yields what is to be done, is sent what came of it, and raises when that is not
what the protocol demands; who drives it says how to wait.
"""

from collections.abc import Generator, Iterator
from typing import TypeAlias

import attrs

from sansmcp.client import Call, accept, call_tool, list_tools, ping
from sansmcp.schema import (
    CallToolResult,
    ElicitRequestParams,
    ElicitResult,
    Era,
    Revision,
    TextContent,
    era_of,
)
from sansmcp.values import JSON

_STEPS = 5


class Unexpected(Exception):
    """Something did not go as the protocol demands."""


@attrs.frozen
class GiveUp:
    """A call to be given up at its first progress; what comes of it is None, or the result that came."""

    call: Call[JSON]
    """The call."""


Deed: TypeAlias = Call[JSON] | GiveUp
"""What is to be done: a call, or a call that is given up."""

Act: TypeAlias = Generator[Deed, JSON, None]
"""Yields what is to be done, and is sent what came of it."""


class Scene:
    """One conversation with the server of the demo."""

    def __init__(self) -> None:
        self._asked = 0

    def answer(self, request: ElicitRequestParams) -> ElicitResult:
        """Answer for the user."""
        del request
        self._asked += 1
        return accept({"people": 4, "evening": "Friday"})

    def acts(self, revision: Revision) -> Iterator[tuple[str, Act]]:
        """Yield the acts with their names.

        Args:
            revision: the revision that is spoken.
        """
        yield "list the tools", self._list_tools()
        yield "call a tool", self._add()
        yield "watch its progress", self._count()
        yield "let it ask the user", self._book()
        yield "give a call up", self._give_up()
        if era_of(revision) is Era.LEGACY:
            yield "ping", self._ping()

    def _list_tools(self) -> Act:
        page = yield list_tools()
        names = [tool.name for tool in page.tools]
        _expect(names, ["add", "count", "book_table", "wait", "calls_given_up"])

    def _add(self) -> Act:
        result = yield call_tool("add", {"a": 2, "b": 40})
        _expect(_text(result), "42")

    def _count(self) -> Act:
        seen: list[float] = []
        result = yield call_tool(
            "count", {"steps": _STEPS}, on_progress=lambda event: seen.append(event.progress)
        )
        _expect(_text(result), f"counted to {_STEPS}")
        _expect(seen, sorted(set(seen)))
        _expect(seen[-1:], [float(_STEPS)])

    def _book(self) -> Act:
        result = yield call_tool("book_table", {"restaurant": "Chez Nous"})
        _expect(_text(result), "Chez Nous, 4 people, Friday")
        _expect(self._asked, 1)

    def _give_up(self) -> Act:
        result = yield GiveUp(call_tool("wait"))
        _expect(result, None)
        # The server must have noticed, and must not have answered.
        noticed = yield call_tool("calls_given_up")
        _expect(_text(noticed), "1")

    def _ping(self) -> Act:
        yield ping()


def _expect(found: object, expected: object) -> None:
    if found != expected:
        raise Unexpected(f"expected {expected!r}, found {found!r}")


def _text(result: CallToolResult) -> str:
    if result.is_error:
        raise Unexpected(f"the tool failed: {result.content}")
    return "".join(block.text for block in result.content if isinstance(block, TextContent))
