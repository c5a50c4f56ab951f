"""What the server of the suite offers beside tools: resources, templates, prompts, completion."""

from typing import Annotated, Final, Literal

import attrs

from sansmcp import schema
from sansmcp.errors import ResourceNotFound
from sansmcp.server import Audio, Complete, Content, Context, Embedded, Image, Server

PAGE_SIZE: Final = 20
"""How many items a page of a list has; all tools fit on one."""

ITEMS: Final = 45
"""How many resources there are that have a name like `item 7`; with the two others they are three pages."""

FORECAST: Final = schema.Tool(
    name="forecast",
    input_schema={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
"""The tool that the server lets the client's model call."""

_POPULATION: Final = {"Paris": 25_171, "Rome": 37_713}


@attrs.frozen
class Town:
    """What `town` returns."""

    name: str
    people: int
    tags: list[str]


def add_offers(server: Server) -> None:
    """Add to a server what the scenarios read, get and complete.

    Args:
        server: the server.
    """
    read = {"count": 0}

    def place(name: str) -> str:
        read["count"] += 1
        return f"{name}, read {read['count']} times"

    def street(name: str, number: int) -> str:
        if number > _POPULATION.get(name, 0):
            raise ResourceNotFound(f"street://{name}/{number}")
        return f"{name} {number + 1} comes next"

    def town(name: str) -> Town:
        return Town(name=name, people=_POPULATION[name], tags=["old"])

    def kinds(ctx: Context) -> list[str | Content]:
        ctx.progress(1)
        return [
            "words",
            Image(b"\x00\x01", "image/png"),
            Audio(b"\x02\x03", "audio/wav"),
            schema.ResourceLink(uri="place://Rome", name="Rome"),
            Embedded("place://Paris", "Paris", "text/plain"),
        ]

    def greet(
        name: Annotated[str, Complete(list(_POPULATION))],
        times: int = 1,
        tone: Literal["kind", "cool"] = "kind",
    ) -> str:
        return f"Greet {name} {times + 1} times in a {tone} tone."

    def numbers(typed: str, settled: dict[str, str]) -> list[str]:
        return [f"{typed}{len(settled.get('name', ''))}"]

    for number in range(ITEMS):
        server.add_resource(f"item://{number}", str(number), name=f"item {number}")
    for name in _POPULATION:
        server.add_resource(f"place://{name}", lambda name=name: place(name), name=name)
    server.add_resource_template("street://{name}/{number}", street, completers={"number": numbers})
    server.add_tool(town)
    server.add_tool(kinds)
    server.add_prompt(greet)
