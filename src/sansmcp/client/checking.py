"""Whether what a tool returned is what it promised: results checked against the schemas of listed tools.

Source: 2025-06-18 and later, Tools, Output Schema.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, get_args

from sansmcp import schema
from sansmcp.errors import LocalProtocolError, RemoteProtocolError
from sansmcp.schema import SchemaError
from sansmcp.schema.schema_limits import Author, SchemaLimits
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


# 64 pages of a hundred; a server with more tools is asked for a list again now and then.
_MAX_TOOLS: Final = 6400


class OutputChecks:
    """What the tools of one server promise, as far as lists have told.

    Args:
        limits: how large a schema may be, and how much work a check may make.
    """

    def __init__(self, limits: SchemaLimits) -> None:
        self._limits = limits
        # None for a tool that promises nothing.
        self._schemas: OrderedDict[str, Mapping[str, JSON] | None] = OrderedDict()
        self._remarks: list[str] = []
        self._remarked: set[tuple[str, str]] = set()

    def learn(self, tools: tuple[schema.Tool, ...]) -> None:
        """Take in what tools promise."""
        for tool in tools:
            self._enter(tool.name, tool.output_schema)

    def learn_unlisted(self, name: str) -> None:
        """Take in that a tool is in no list, so that nobody looks for it again."""
        if name not in self._schemas:
            self._enter(name, None)

    def forget(self) -> None:
        """Take in that the tools have changed."""
        self._schemas.clear()

    def knows(self, name: str) -> bool:
        """Say whether it is known what a tool promises."""
        return name in self._schemas

    def must_look_up(self, name: str, result: schema.CallToolResult) -> bool:
        """Say whether a result should be checked, but nothing is known of its tool."""
        return name not in self._schemas and not result.is_error and result.structured_content is not ABSENT

    def fault(self, name: str, result: schema.CallToolResult) -> str | None:
        """Say what is wrong with a result; None if nothing is, or if the tool promised nothing.

        Args:
            name: the tool.
            result: its result.

        Raises:
            RemoteProtocolError: the schema of the tool cannot be used.
        """
        promised = self._schemas.get(name)
        if promised is None or result.is_error:
            return None
        if result.structured_content is ABSENT:
            return f"tool {name!r:.80}: it has an outputSchema; expected structuredContent, found none"
        try:
            check = validator_of(promised, author=Author.PEER, limits=self._limits)
        except RemoteProtocolError as error:
            raise RemoteProtocolError(
                f"tool {name!r:.80}: its outputSchema cannot be used: {error}"
            ) from error
        self._remark(name, check.unchecked_patterns)
        try:
            check.validate(result.structured_content)
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

    def _enter(self, name: str, promised: Mapping[str, JSON] | None) -> None:
        self._schemas[name] = promised
        while len(self._schemas) > _MAX_TOOLS:
            self._schemas.popitem(last=False)
