"""Lists in pages of two, and results that may be kept."""

from sansmcp import Server
from sansmcp.server import CacheHint
from sansmcp_threads import connect

server = Server(
    "letters",
    version="1.0",
    page_size=2,
    cache_of={"tools/list": CacheHint(ttl_ms=60_000, scope="public")},
)
for letter in "abc":
    server.add_tool(lambda: None, name=letter)
server.add_resource("letters://all", "abc", cache=CacheHint(ttl_ms=5_000))

with connect(server) as client:
    first = client.list_tools()
    print([tool.name for tool in first.tools], first.ttl_ms, first.cache_scope)
    # What is registered or removed between two pages neither hides nor repeats what was there all the time.
    server.tools["a"].remove()
    second = client.list_tools(first.next_cursor)
    print([tool.name for tool in second.tools], second.next_cursor)
    # An iterator walks over all pages. The first of them is fresh for a minute, so it is not asked for again.
    print([tool.name for tool in client.tools()])
    contents = client.read_resource("letters://all")
    print(contents.ttl_ms, contents.cache_scope)
