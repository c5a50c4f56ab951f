"""What a scenario of the published suite expects of a call, as data; `verdicts` judges by it."""

from collections.abc import Mapping
from typing import TypeAlias

import attrs

from sansmcp.values import JSON


@attrs.frozen
class Answer:
    """The tool answered with this text."""

    text: str
    """The text."""


@attrs.frozen
class Echoed:
    """The call was an `Echo`, and its text came back unchanged."""


@attrs.frozen
class ToolFailed:
    """The tool answered that it failed."""


@attrs.frozen
class Raises:
    """The call raised one exception of exactly this type, with words of why, and no group of them."""

    error: type[Exception]
    """The type."""
    naming: str = ""
    """What the words name."""


@attrs.frozen
class GivenUp:
    """The caller gave the call up by the means of its runtime, and was told so by them."""


@attrs.frozen
class Shows:
    """The call returned a value, and found in it were these."""

    values: Mapping[str, JSON] = attrs.field(factory=dict)
    """What is found, by where: names of fields, keys and places in sequences, joined by dots."""


@attrs.frozen
class Refused:
    """The server answered with an error."""

    codes: tuple[int, ...]
    """Its code is one of these; revisions differ in it."""


Expected: TypeAlias = Answer | Echoed | ToolFailed | Raises | GivenUp | Shows | Refused
"""How a call may end."""
