"""A TCP server on gevent, whose tools may wait as they like: python gevent_server.py PORT"""

import contextlib
import os
import sys
import time
import traceback

from gevent import event, get_hub, sleep, socket, spawn
from gevent.server import StreamServer

from sansmcp import Environment, Server
from sansmcp.server import Command
from sansmcp.session import HandlerFailed, LineLink, RequestReceived, outcome_of

server = Server("waiting", version="1.0")


@server.tool
def wait(seconds: float) -> str:
    """Wait, and keep nobody else waiting."""
    sleep(seconds)
    return f"waited for {seconds:g} s"


def serve(stream: socket.socket, _address: tuple[str, int]) -> None:
    session, changed = server.open_session(Environment(random=os.urandom, utc=time.time)), event.Event()
    link, timer = LineLink(session), get_hub().loop.timer(0)

    def tell(command: Command) -> None:
        nonlocal timer
        command(time.monotonic())
        while (happened := session.next_event()) is not None:
            if isinstance(happened, RequestReceived):
                spawn(lambda work: tell(outcome_of(work)), server.resolve(happened, session, tell))
            elif isinstance(happened, HandlerFailed):
                traceback.print_exception(happened.error)
        changed.set()
        timer.stop()
        if (deadline := link.next_deadline()) is not None:
            timer = get_hub().loop.timer(max(0.0, deadline - time.monotonic()))
            timer.start(tell, link.handle_timeout)

    def write() -> None:
        with contextlib.suppress(OSError):
            while not link.done or changed.is_set():
                changed.wait()
                changed.clear()
                stream.sendall(link.data_to_send())

    writer = spawn(write)
    with contextlib.suppress(OSError):
        while data := stream.recv(65536):
            tell(lambda now: link.receive_data(data, now))
    tell(link.receive_eof)
    writer.join()


StreamServer(("127.0.0.1", int(sys.argv[1])), serve).serve_forever()
