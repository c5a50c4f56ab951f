"""What clients are told of types, and what comes of arguments that do not fit."""

import datetime as dt
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from sansmcp import Description, Ge, Le, Server, TypeSchema
from sansmcp.schema import TextContent
from sansmcp_threads import connect


class Money:
    """An amount in cents, which knows nothing of JSON."""

    def __init__(self, cents: int) -> None:
        self.cents = cents


@dataclass
class Stay:
    """A stay in a hotel.

    Attributes:
        room: Which kind of room.
        nights: How many nights.
    """

    room: Literal["single", "double"]
    first_day: dt.date
    nights: Annotated[int, Ge(1), Le(30)] = 1


server = Server(
    "hotel",
    version="1.0",
    schemas={
        Money: TypeSchema(
            {"type": "string", "pattern": "^[0-9]+[.][0-9]{2} EUR$"},
            read=lambda text: Money(int(Decimal(text.split()[0]) * 100)),
            write=lambda money: f"{money.cents // 100}.{money.cents % 100:02} EUR",
        )
    },
)


@server.tool
def price(stay: Stay, discount: Annotated[float, Description("Between 0 and 1.")] = 0) -> Money:
    """Say what a stay costs."""
    cents = {"single": 8000, "double": 12000}[stay.room] * stay.nights
    return Money(round(cents * (1 - discount)))


with connect(server) as client:
    (tool,) = client.list_tools().tools
    print(json.dumps(tool.input_schema["properties"], indent=2))
    print(tool.output_schema)
    stay = {"room": "double", "first_day": "2026-08-01", "nights": 2}
    print(client.call_tool("price", {"stay": stay}).structured_content)
    for wrong in ({"nights": 31}, {"room": "suite"}):
        refused = client.call_tool("price", {"stay": {**stay, **wrong}})
        print(*(block.text for block in refused.content if isinstance(block, TextContent)))
