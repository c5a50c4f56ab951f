"""One of several processes that serve the same clients; distributed_client.py starts them."""

import os

from sansmcp import Accepted, Context, Server, ToolError
from sansmcp_asyncio import serve_stdio

NAME = os.environ.get("NAME", "alone")

# What a handler leaves to its next run travels with the client, sealed; whoever has the key takes it up.
KEYS = [os.environ[name].encode() for name in ("STATE_KEY",) if name in os.environ]

server = Server("deployments", version="1.0", state_keys=KEYS)


@server.tool
def deploy(service: str, ctx: Context) -> str:
    """Deploy a service, if the user agrees."""
    asked = ctx.once("asked", lambda: NAME)
    match ctx.elicit("sure", f"Deploy {service}?", bool):
        case Accepted(True):
            return f"asked by {asked}, done by {NAME}"
        case _:
            raise ToolError(f"{service} stays as it is")


@server.tool
def who() -> str:
    """Say which process this is."""
    return NAME


if __name__ == "__main__":
    serve_stdio(server)
