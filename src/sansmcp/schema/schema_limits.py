"""Whose schema it is, how large it may be, and what checks values against it."""

import abc
import enum
from typing import Final

import attrs

from sansmcp.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from sansmcp.values import JSON, Value


class Author(enum.Enum):
    """Who wrote a schema; only our own user is trusted with patterns of any kind."""

    USER = "user"
    """Whoever uses sansmcp."""
    PEER = "peer"
    """The other side of a connection."""

    def fault(self, text: str) -> ProtocolError:
        """Return the exception for a schema that is none, or asks for too much."""
        return LocalProtocolError(text) if self is Author.USER else RemoteProtocolError(text)


@attrs.frozen(kw_only=True, repr=False)
class SchemaLimits(Value):
    """How large a schema may be, and how much work it may make."""

    # The specification asks for bounds and names none (2026-07-28, Base Protocol, Composition Keyword
    # Resource Use); ajv and jsonschema have none either. A value of the wire has 64 levels at most, and a
    # schema takes two of them.
    depth: int = 32
    """How many schemas may stand within one another."""
    subschemas: int = 2000
    """How many schemas there may be in all."""
    # Five for each schema; jsonschema looks at twenty thousand of them in a second.
    names: int = 10_000
    """How many names there may be in all in lists, such as `required`."""
    # Some tenths of a second: jsonschema looks at half a million keywords in one.
    steps: int = 100_000
    """How many keywords may be looked at for one value, and the like; a schema that is plain enough to be
    checked in one pass over the value needs none."""


class Validator(abc.ABC):
    """Checks values against one schema; `validator_of` makes it."""

    @property
    @abc.abstractmethod
    def unchecked_patterns(self) -> tuple[str, ...]:
        """The patterns that values are not checked against, as nothing here does so in linear time."""

    @abc.abstractmethod
    def validate(self, value: JSON) -> None:
        """Check a value.

        Raises:
            SchemaError: it does not fit, or it takes too much work to say.
        """


DEFAULT_LIMITS: Final = SchemaLimits()
