"""What is wrong with a value that does not fit its type, and where."""

import re
from typing import Final

from sansmcp.errors import SansmcpError
from sansmcp.values import ABSENT, JSON, Absent

MAX_SHOWN: Final = 80
"""How much of a value an error shows, in characters."""

_PLAIN_NAME: Final = re.compile(r"[$\w-]{1,80}", re.ASCII)


def show(value: JSON | Absent) -> str:
    """Return a short text that tells a reader which value was found.

    Objects and arrays are only named: to print one of four megabytes costs more than to read it. So are
    instances of classes, whose way of printing themselves may be anything.
    """
    if isinstance(value, Absent):
        return "nothing"
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return "an array"
    if isinstance(value, int) and value.bit_length() > MAX_SHOWN:
        return "a very large integer"
    if isinstance(value, str | int | float):
        text = repr(value[:MAX_SHOWN]) if isinstance(value, str) else repr(value)
        return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
    return f"an instance of {type(value).__name__}"


class SchemaError(SansmcpError):
    """A value does not fit its type.

    Args:
        expected: what the type asks for, as it stands after "expected".
        found: the value, or ABSENT where there is none.
    """

    def __init__(self, expected: str, found: JSON | Absent) -> None:
        super().__init__(expected)
        self.expected = expected
        self.found = show(found)
        self._steps: list[str | int] = []

    def under(self, step: str | int) -> "SchemaError":
        """Add one step on the way out: the member's name or the item's index in which this was found."""
        self._steps.append(step)
        return self

    def copy(self) -> "SchemaError":
        """Return the same error anew, for another way out."""
        fresh = SchemaError(self.expected, ABSENT)
        fresh.found = self.found
        fresh._steps = list(self._steps)
        return fresh

    @property
    def depth(self) -> int:
        """How many steps lead to the value."""
        return len(self._steps)

    @property
    def path(self) -> str:
        """Where the value is, such as `content[0].type`; empty for the whole."""
        text = ""
        for step in reversed(self._steps):
            if isinstance(step, int):
                text += f"[{step}]"
            elif _PLAIN_NAME.fullmatch(step):
                text += f".{step}" if text else step
            else:
                text += f"[{show(step)}]"
        return text

    def __str__(self) -> str:
        text = f"expected {self.expected}, found {self.found}"
        return f"{self.path}: {text}" if self._steps else text


class Repaired(Exception):
    """A value was read, but for some items that were left out.

    Args:
        value: what was read.
        dropped: what was wrong with the items.
    """

    def __init__(self, value: JSON, dropped: list[SchemaError]) -> None:
        super().__init__(value)
        self.value = value
        self.dropped = dropped
