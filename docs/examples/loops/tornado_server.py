"""A TCP server on Tornado, whose tools are coroutines: python tornado_server.py PORT"""

import os
import sys
import time
from functools import partial

from tornado import gen, ioloop, iostream, log, tcpserver

from sansmcp import Environment, Server
from sansmcp.server import Command, Invocation
from sansmcp.session import HandlerFailed, LineLink, RequestReceived, outcome_of

server = Server("waiting", version="1.0")


@server.tool
async def wait(seconds: float) -> str:
    """Wait, and keep nobody else waiting."""
    await gen.sleep(seconds)
    return f"waited for {seconds:g} s"


class Service(tcpserver.TCPServer):
    async def handle_stream(self, stream: iostream.IOStream, address: tuple[str, int]) -> None:  # noqa: ARG002
        session = server.open_session(Environment(random=os.urandom, utc=time.time))
        link, loop = LineLink(session), ioloop.IOLoop.current()
        timer = loop.call_later(0, lambda: tell(link.handle_timeout))

        def tell(command: Command) -> None:
            nonlocal timer
            command(time.monotonic())
            while (event := session.next_event()) is not None:
                if isinstance(event, RequestReceived):
                    loop.add_callback(run, server.resolve(event, session, tell))
                elif isinstance(event, HandlerFailed):
                    log.app_log.error("%s failed", event.method, exc_info=event.error)
            if not (stream.closed() or stream.writing()) and (data := link.data_to_send()):
                stream.write(data).add_done_callback(lambda _: tell(link.handle_timeout))
            loop.remove_timeout(timer)
            if (deadline := link.next_deadline()) is not None:
                timer = loop.call_later(deadline - time.monotonic(), tell, link.handle_timeout)

        async def run(invocation: Invocation) -> None:
            try:
                done = partial(invocation.succeed, await invocation.call()) if invocation.is_async else None
            except BaseException as error:  # noqa: BLE001  # whatever it is, it is the outcome
                done = partial(invocation.raised, error)
            tell(done or outcome_of(invocation))

        try:
            while True:
                tell(partial(link.receive_data, await stream.read_bytes(65536, partial=True)))
        except iostream.StreamClosedError:  # in both directions: Tornado knows no half of an end
            tell(link.receive_eof)


(main := ioloop.IOLoop(make_current=False)).add_callback(Service().listen, int(sys.argv[1]), "127.0.0.1")
main.start()
