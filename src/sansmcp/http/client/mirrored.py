"""Tools that a client over HTTP can call: those whose arguments can be repeated in headers as they ask.

Source: 2026-07-28, Streamable HTTP, Custom Headers from Tool Parameters.
"""

from collections.abc import Iterable, Mapping

from sansmcp import schema
from sansmcp.errors import RemoteProtocolError
from sansmcp.schema.header_parameters import Path, header_parameters
from sansmcp.schema.schema_limits import Author


def callable_by_http(tools: Iterable[schema.Tool]) -> tuple[tuple[schema.Tool, ...], tuple[str, ...]]:
    """Part tools into those that can be called over HTTP, and the reasons why others cannot.

    Over other transports there are no headers, and all can be called.

    Args:
        tools: the tools of a list.

    Returns:
        The tools to keep, in order, and one sentence for each that is left out.
    """
    kept, faults = parameters_of_tools(tools)
    return tuple(tool for tool, _ in kept), faults


def parameters_of_tools(
    tools: Iterable[schema.Tool],
) -> tuple[tuple[tuple[schema.Tool, Mapping[str, Path]], ...], tuple[str, ...]]:
    """Return the tools that can be called over HTTP with what is repeated, and why others cannot be."""
    kept: list[tuple[schema.Tool, Mapping[str, Path]]] = []
    faults: list[str] = []
    for tool in tools:
        try:
            kept.append((tool, header_parameters(tool.input_schema, author=Author.PEER)))
        except RemoteProtocolError as error:
            faults.append(f"the tool {tool.name!r:.80} is left out: {error}")
    return tuple(kept), tuple(faults)
