"""How the servers of the Python peers are served: over stdio, or over HTTP on a free port, or a given one.

This is imported under the interpreters of the peers, so it knows nothing but uvicorn, which each of them has.
"""

import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import uvicorn


def serve(
    arguments: Sequence[str],
    run: Callable[[], None],
    applications: Mapping[str, tuple[str, Callable[[], Any]]],
) -> None:
    """Serve as the arguments say: nothing more for stdio, or the name of an application and perhaps a port.

    Args:
        arguments: `[NAME [PORT]]`.
        run: serves over stdio.
        applications: of each its path, and what makes it; its URL is the first line of output.
    """
    if not arguments:
        run()
        return
    path, make = applications[arguments[0]]
    listening = socket.create_server(("127.0.0.1", int(arguments[1]) if len(arguments) > 1 else 0))
    sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}{path}\n")
    sys.stdout.flush()
    uvicorn.Server(uvicorn.Config(make(), log_level="error")).run([listening])
