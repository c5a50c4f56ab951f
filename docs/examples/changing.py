"""A server that offers more once somebody has signed in, and a client that hears of it."""

import queue

from sansmcp import Server
from sansmcp.session import ChangeReceived, ClientEvent, ClientSession
from sansmcp_threads import connect

server = Server("shop", version="1.0")


def list_orders() -> list[str]:
    """List what was ordered."""
    return ["tea", "milk"]


orders = server.add_tool(list_orders)
orders.disable()


@server.tool
def sign_in(name: str) -> str:
    """Sign in; afterwards there is more to do."""
    orders.enable()
    orders.update(description=f"List what {name} ordered.")
    return f"Hello, {name}."


heard: "queue.SimpleQueue[str]" = queue.SimpleQueue()


def hear(_session: ClientSession, event: ClientEvent) -> None:
    """Take note of every change that the server tells of."""
    if isinstance(event, ChangeReceived):
        heard.put(event.change.kind.value)


with connect(server, revisions=["2025-11-25"], on_event=hear) as client:
    print([tool.name for tool in client.tools()])
    client.call_tool("sign_in", {"name": "Ada"})
    print(heard.get(timeout=30), "changed, once")
    print([(tool.name, tool.description) for tool in client.tools()])
