"""Runs an ASGI application on uvicorn: every application in the same way."""

from typing import Any

import uvicorn


def serve(app: Any, port: int) -> None:
    """Serve until the process is ended.

    Args:
        app: the application.
        port: where to listen on 127.0.0.1.
    """
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        # The one way to read HTTP that every environment has.
        http="h11",
        loop="asyncio",
        log_level="error",
        access_log=False,
        # Connections wait while the others have their turn.
        timeout_keep_alive=300,
    )
