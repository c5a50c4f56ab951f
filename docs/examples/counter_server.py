"""A server with a lifespan; run it with `python counter_server.py`."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from sansmcp import Context, Server
from sansmcp.testing import connect


@contextmanager
def counting(server: Server) -> Generator[Counter[str], None, None]:
    counter: Counter[str] = Counter()
    print(f"{server.info.name} starts")
    try:
        yield counter
    finally:
        print(f"counted {counter.total()} words")


server = Server("counter", version="1.0", lifespan=counting)


@server.tool
def count(text: str, ctx: Context) -> int:
    """Count the words of a text."""
    words = text.split()
    ctx.lifespan.update(words)
    return len(words)


with connect(server) as client:
    print(client.call_tool("count", {"text": "to be or not to be"}).structured_content)
