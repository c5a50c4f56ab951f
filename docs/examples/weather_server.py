from dataclasses import dataclass
from typing import Annotated

from sansmcp.errors import ToolError
from sansmcp.server import Accepted, Context, Description, Ge, Le, Server
from sansmcp_asyncio import serve_stdio

server = Server("weather", version="1.0")
CITIES = {"Valencia": ["Spain", "Venezuela"], "Oslo": ["Norway"]}


@dataclass
class Country:
    name: str


@dataclass
class Forecast:
    country: str
    highs: list[float]


@server.tool
def forecast(
    city: str, days: Annotated[int, Ge(1), Le(10), Description("how many days")] = 3, *, ctx: Context
) -> Forecast:
    """Forecast the weather in a city."""
    countries = CITIES.get(city, [])
    if not countries:
        raise ToolError(f"there is no weather in {city!r}")
    country = countries[0]
    if len(countries) > 1:
        match ctx.elicit("country", f"Which {city}?", Country):
            case Accepted(answer):
                country = answer.name
            case _:
                raise ToolError("no country, no forecast")
    highs: list[float] = []
    for day in range(days):
        highs.append(20.0 + day)
        ctx.progress(day + 1, total=days)
    return Forecast(country, highs)


if __name__ == "__main__":
    serve_stdio(server)
