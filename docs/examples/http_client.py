import sys

from sansmcp_threads import connect

url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000/mcp"

with connect(url) as client:
    print(client.revision, client.call_tool("add", {"a": 1, "b": 2}).structured_content)
