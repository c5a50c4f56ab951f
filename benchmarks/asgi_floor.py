"""The least that a server on uvicorn must do: read a request, send one fixed answer.

    python benchmarks/asgi_floor.py --port N

It reads no JSON, knows no session and runs no tool; what a real server costs beyond it is its own.
"""

import argparse
from typing import Any

from http_floor import ANSWER
from on_uvicorn import serve

HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]


async def respond(scope: Any, receive: Any, send: Any) -> None:
    """Give every request the same answer."""
    if scope["type"] != "http":
        # That is how an application says that it has no lifespan.
        raise ValueError(scope["type"])
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Send one fixed answer to every request, on uvicorn.")
    parser.add_argument("--port", type=int, required=True, help="where to listen on 127.0.0.1")
    serve(respond, parser.parse_args().port)
