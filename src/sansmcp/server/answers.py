"""What came of asking a client: the values that handlers get. Each may be awaited too, and is itself then."""

from collections.abc import Generator
from typing import Generic, TypeAlias, TypeVar

import attrs

from sansmcp import schema

T = TypeVar("T")


@attrs.frozen
class Accepted(Generic[T]):
    """The user filled the form in, or agreed to visit the page."""

    value: T
    """What the user filled in; for a page, the id of the question."""

    def __await__(self) -> Generator[None, None, "Accepted[T]"]:
        yield from ()
        return self


@attrs.frozen
class Declined:
    """The user said no."""

    def __await__(self) -> Generator[None, None, "Declined"]:
        yield from ()
        return self


@attrs.frozen
class Cancelled:
    """The user went away without a choice."""

    def __await__(self) -> Generator[None, None, "Cancelled"]:
        yield from ()
        return self


Elicited: TypeAlias = Accepted[T] | Declined | Cancelled
"""What came of asking the user."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Sampled(schema.CreateMessageResult):
    """What the client's model said."""

    @property
    def text(self) -> str:
        """The texts of it, one after the other; empty where it only calls tools."""
        blocks = schema.blocks_of(self.content)
        return "".join(block.text for block in blocks if isinstance(block, schema.TextContent))

    @property
    def tool_calls(self) -> tuple[schema.ToolUseContent, ...]:
        """The calls of tools in it; answer each with a `ToolResultContent` in the next message."""
        blocks = schema.blocks_of(self.content)
        return tuple(block for block in blocks if isinstance(block, schema.ToolUseContent))

    def __await__(self) -> Generator[None, None, "Sampled"]:
        yield from ()
        return self


class RootList(tuple[schema.Root, ...]):
    """Where in the client's file system to work."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, "RootList"]:
        yield from ()
        return self


def sampled(result: schema.CreateMessageResult) -> Sampled:
    """Return what a model said as handlers get it."""
    names = (field.name for field in attrs.fields(schema.CreateMessageResult))
    return Sampled(**{name: getattr(result, name) for name in names})
