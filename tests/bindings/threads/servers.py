"""A server for tests of the binding for threads; as a program it speaks over standard input and output."""

import threading

from tests.bindings.servers import add, count_on_thread, new_server, thread_name

from sansmcp import Context
from sansmcp_threads import serve_stdio

server = new_server()

# The same where they are read, and not on a thread for handlers.
server.tool(blocks=False, name="add_at_once")(add)
server.tool(blocks=False, name="reading_thread_name")(thread_name)
server.tool(blocks=False, name="count_at_once")(count_on_thread)

given_up: list[str] = []
changed = threading.Condition()


@server.tool
def wait(ctx: Context) -> str:
    """Wait until the call is given up."""
    ctx.progress(1)
    with changed:
        # Nothing tells a thread that it is cancelled; it has to look.
        while not ctx.cancelled:
            changed.wait(0.01)
        given_up.append("wait")
        changed.notify_all()
    return "given up"


@server.tool
def calls_given_up() -> int:
    """Tell how many calls of `wait` were given up."""
    return len(given_up)


@server.tool
def leave() -> str:
    """Try to end the program."""
    raise SystemExit(3)


@server.tool
def echo(text: str) -> str:
    """Return the text."""
    return text


if __name__ == "__main__":
    serve_stdio(server)
