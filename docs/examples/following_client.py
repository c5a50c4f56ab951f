"""A client that follows a long call, reads typed results, and hears of changes. The server is here too."""

from dataclasses import dataclass

from sansmcp import Context, Server
from sansmcp.errors import ResultInvalid
from sansmcp_threads import connect

server = Server("weather", version="1.0", notice_interval=0)
reports = {"Oslo": "rain"}


@dataclass
class Forecast:
    city: str
    days: int


@server.tool
def forecast(city: str, days: int = 3) -> Forecast:
    """Forecast the weather in a city."""
    return Forecast(city, days)


@server.tool
def survey(cities: list[str], ctx: Context) -> str:
    """Look at several cities."""
    for number, city in enumerate(cities, start=1):
        ctx.progress(number, total=len(cities), message=city)
    return f"{len(cities)} cities"


@server.resource("reports://Oslo")
def report() -> str:
    """Tell the weather in Oslo."""
    return reports["Oslo"]


@server.tool
def observe(weather: str) -> str:
    """Take in a new report."""
    reports["Oslo"] = weather
    server.resource_updated("reports://Oslo")
    return "noted"


if __name__ == "__main__":
    with connect(server) as client:
        print(client.call_tool("forecast", {"city": "Oslo"}, result_type=Forecast))
        try:
            client.call_tool("forecast", {"city": "Oslo"}, result_type=int)
        except ResultInvalid as error:
            print(error)
            print(error.result.structured_content)

        with client.start_tool("survey", {"cities": ["Oslo", "Rome"]}, result_type=str) as running:
            last = [event.message for event in running][-1]
            print(last, running.result())

        with client.resource_updates("reports://Oslo") as updates:
            client.call_tool("observe", {"weather": "sun"})
            for uri in updates:
                print(uri, client.read_resource(uri).contents)
                break
