"""Several servers behind one client, as a configuration of a desktop host names them."""

import json
import sys
import tempfile
from pathlib import Path

from sansmcp_threads import connect_group

HERE = Path(__file__).parent
CONFIG = {
    "mcpServers": {
        "quick": {
            "command": "${PYTHON:-" + sys.executable + "}",
            "args": [str(HERE / "quickstart_server.py")],
        },
        "books": {"command": sys.executable, "args": [str(HERE / "library_server.py")]},
        "old": {"command": "no-such-program", "disabled": True},
    }
}

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "servers.json"
        file.write_text(json.dumps(CONFIG), encoding="utf-8")
        with connect_group(file) as group:
            print([tool.name for tool in group.tools()])
            print(group.call_tool("quick_add", {"a": 1, "b": 2}, result_type=int))
            print([resource.uri for resource in group.resources()])
            print(len(group.read_resource("books://list").contents))
            group.close("quick")
            print(list(group), dict(group.lost))
