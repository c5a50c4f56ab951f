"""Whether what a tool returned is what it promised: results checked against the schemas of listed tools.

Source: 2025-06-18 and later, Tools, Output Schema.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, get_args

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError, RemoteProtocolError
from sansmcp.schema import SchemaError
from sansmcp.schema.schema_limits import Author, SchemaLimits, Validator
from sansmcp.schema.validators import validator_of
from sansmcp.values import ABSENT, JSON

Validate: TypeAlias = Literal["check", "report", "off"]
"""What becomes of a result that breaks the schema of its tool: raised, only reported, or not looked at."""


def check_choice(validate: JSON, where: str) -> None:
    """Check that there is such a choice, which a type checker would have said.

    Args:
        validate: the choice.
        where: the setting that says it.

    Raises:
        LocalProtocolError: there is not.
    """
    if validate not in get_args(Validate):
        raise LocalProtocolError(f"{where}: expected check, report or off, found {validate!r:.80}")


# 64 pages of a hundred; of a server with more tools the results of some are not checked.
_MAX_TOOLS: Final = 6400


@attrs.define(eq=False)
class _Promise:
    schema: Mapping[str, JSON] | None
    # Built when the first result is there; equal schemas share it, but to find that out takes a while.
    check: Validator | None = None


class OutputChecks:
    """What the tools of one server promise, as far as lists have told.

    Args:
        limits: how large a schema may be, and how much work a check may make.
    """

    def __init__(self, limits: SchemaLimits) -> None:
        self._limits = limits
        self._promises: OrderedDict[str, _Promise] = OrderedDict()
        self._remarks: list[str] = []
        self._remarked: set[tuple[str, str]] = set()

    def learn(self, tools: tuple[schema.Tool, ...]) -> None:
        """Take in what tools promise."""
        for tool in tools:
            self._promises[tool.name] = _Promise(tool.output_schema)
        while len(self._promises) > _MAX_TOOLS:
            self._promises.popitem(last=False)

    def forget(self) -> None:
        """Take in that the tools have changed."""
        self._promises.clear()

    def knows(self, name: str) -> bool:
        """Say whether it is known what a tool promises."""
        return name in self._promises

    def must_look_up(self, name: str, result: schema.CallToolResult) -> bool:
        """Say whether a result should be checked, but nothing is known of its tool."""
        return name not in self._promises and not result.is_error and result.structured_content is not ABSENT

    def fault(self, name: str, result: schema.CallToolResult) -> str | None:
        """Say what is wrong with a result; None if nothing is, or if the tool promised nothing.

        Args:
            name: the tool.
            result: its result.

        Raises:
            RemoteProtocolError: the schema of the tool cannot be used.
        """
        promise = self._promises.get(name)
        if promise is None or promise.schema is None or result.is_error:
            return None
        if result.structured_content is ABSENT:
            return f"tool {name!r:.80}: it has an outputSchema; expected structuredContent, found none"
        if promise.check is None:
            try:
                promise.check = validator_of(promise.schema, author=Author.PEER, limits=self._limits)
            except RemoteProtocolError as error:
                raise RemoteProtocolError(
                    f"tool {name!r:.80}: its outputSchema cannot be used: {error}"
                ) from error
            self._remark(name, promise.check.unchecked_patterns)
        try:
            promise.check.validate(result.structured_content)
        except SchemaError as error:
            error.under("structuredContent")
            return f"tool {name!r:.80}: {error}"
        return None

    def remarks(self) -> list[str]:
        """Return what is to be told about schemas since the last time: patterns that are not checked."""
        remarks, self._remarks = self._remarks, []
        return remarks

    def _remark(self, name: str, patterns: tuple[str, ...]) -> None:
        for pattern in patterns:
            if (name, pattern) not in self._remarked and len(self._remarked) < _MAX_TOOLS:
                self._remarked.add((name, pattern))
                self._remarks.append(
                    f"tool {name!r:.80}: the pattern {pattern!r:.80} of its outputSchema is not checked: "
                    "nothing here does so in linear time"
                )
