"""A server in a FastAPI application, which knows who calls: `uvicorn fastapi_mounting:app`."""

from fastapi import FastAPI

from sansmcp import Context, Server
from sansmcp_asgi import App, Scope

server = Server("greetings", version="1.0")


@server.tool
def greet(ctx: Context) -> str:
    """Greet whoever calls."""
    return f"Hello, {ctx.client.principal or 'stranger'}!"


def user_of(scope: Scope) -> str | None:
    """Say who calls; what other middleware has found out is in the scope, too."""
    names = [value for name, value in scope["headers"] if name == b"x-user"]
    return names[0].decode() if names else None


app = FastAPI()
app.mount("/tools", App(server, principal_of=user_of))


@app.get("/health")
def health() -> dict[str, str]:
    """Say that all is well."""
    return {"status": "ok"}
