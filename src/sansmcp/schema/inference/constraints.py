"""What `Annotated` may say about a parameter or a field, beside its type.

They become keywords of the JSON Schema, and values that break them are refused. None of them reads a
type; which keyword a length becomes depends on what it stands beside.
"""

from typing import TypeAlias

import attrs


@attrs.frozen
class Description:
    """Says for the model what a value is."""

    text: str
    """One sentence or a few words."""


@attrs.frozen
class Header:
    """Asks clients of 2026-07-28 to repeat an argument of a tool in a header, where the transport has any.

    It stands beside a text, an integer or a boolean that is an argument itself or a field of one.
    """

    name: str
    """The end of the header's name: `Region` is sent as `Mcp-Param-Region`."""


@attrs.frozen
class Ge:
    """Bounds a number from below."""

    value: float
    """The least value."""


@attrs.frozen
class Gt:
    """Bounds a number from below."""

    value: float
    """The greatest value that is too small."""


@attrs.frozen
class Le:
    """Bounds a number from above."""

    value: float
    """The greatest value."""


@attrs.frozen
class Lt:
    """Bounds a number from above."""

    value: float
    """The least value that is too great."""


@attrs.frozen
class MinLength:
    """Bounds the length of a text, an array or an object from below."""

    value: int
    """The least number of characters, items or members."""


@attrs.frozen
class MaxLength:
    """Bounds the length of a text, an array or an object from above."""

    value: int
    """The greatest number of characters, items or members."""


@attrs.frozen
class Pattern:
    """Asks for a text in which a regular expression is found; anchor it to bind the whole text."""

    regex: str
    """The expression, in the syntax that Python and ECMAScript share."""


@attrs.frozen
class MultipleOf:
    """Asks for a number that some other divides."""

    value: float
    """The divisor, greater than 0."""


Constraint: TypeAlias = Ge | Gt | Le | Lt | MinLength | MaxLength | MultipleOf | Pattern
"""What a value must keep beyond its type."""
