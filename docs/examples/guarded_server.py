"""A server with middleware that is ready to use; run it with `python guarded_server.py`."""

from sansmcp import RequestFailed, Server
from sansmcp.middleware import Logged, limit_rate, limit_results, log_messages, retry
from sansmcp.testing import connect


def show(logged: Logged) -> None:
    print(logged)


server = Server(
    "guarded",
    version="1.0",
    middleware=[
        log_messages(show),
        limit_rate(1, burst=3),
        limit_results(1000),
        retry(ConnectionError, methods=["tools/call"], delay=0.5),
    ],
)
attempts: list[str] = []


@server.tool
def stock(item: str) -> int:
    """Say how many there are."""
    attempts.append(item)
    if len(attempts) == 1:
        raise ConnectionError("the database was restarted")
    return 3


@server.tool
def everything() -> str:
    """Say far too much."""
    return "and so on " * 1000


with connect(server, validate="off") as client:
    print(client.call_tool("stock", {"item": "tea"}).structured_content)
    print(client.call_tool("everything").is_error)
    client.list_tools()
    try:
        client.list_tools()
    except RequestFailed as refused:
        print(refused)
