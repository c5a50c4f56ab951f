"""Two servers in one Starlette application: `uvicorn asgi_mounting:app`."""

from starlette.applications import Starlette
from starlette.routing import Mount, Route

from sansmcp import Context, Server
from sansmcp_asgi import App

sums, notes = Server("sums", version="1.0"), Server("notes", version="1.0")


@sums.tool
async def add(a: int, b: int, ctx: Context) -> int:
    """Add two numbers."""
    ctx.progress(1, total=1)
    return a + b


@notes.tool
def write(text: str) -> str:
    """Write a note; a plain function runs on a thread."""
    return f"noted: {text}"


app = Starlette(
    routes=[
        Route("/sums", App(sums, path="/sums")),
        Mount("/notes", App(notes)),
    ]
)
