"""A game that hears its players once a frame and waits for none of them: python game_server.py PORT"""

import os
import socket
import sys
import time
import traceback
from collections.abc import Iterator
from select import select

from sansmcp import Environment, Server
from sansmcp.session import HandlerFailed, LineLink, RequestReceived, outcome_of

FRAME = 1 / 60
server, ball = Server("ball", version="1.0"), {"place": 0.0, "speed": 0.0}


@server.tool(blocks=False)
def kick(speed: float) -> dict[str, float]:
    """Kick the ball, and see how it rolls."""
    ball["speed"] += speed
    return ball


def play(stream: socket.socket) -> Iterator[None]:
    """Hear, act and speak once a frame, as far as that goes at once, until the player leaves."""
    stream.settimeout(0)
    session, unsent = server.open_session(Environment(random=os.urandom, utc=time.time)), b""
    link = LineLink(session)
    with stream, stream.makefile("rwb", buffering=0) as file:  # which gives None instead of waiting
        while (unsent := unsent or link.data_to_send()) or not link.done:
            try:
                unsent, data = unsent[file.write(unsent) or 0 :], file.read(65536)
            except OSError:
                unsent, data = b"", b""
            if data is None:
                link.handle_timeout(now)
            elif data:
                link.receive_data(data, now)
            else:
                link.receive_eof(now)
            while (event := session.next_event()) is not None:
                if isinstance(event, RequestReceived):
                    outcome_of(server.resolve(event, session, lambda command: command(now)))(now)
                elif isinstance(event, HandlerFailed):
                    traceback.print_exception(event.error)
            yield


players = list[Iterator[None]]()
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    while True:
        now = time.monotonic()
        if select([listener], [], [], 0)[0]:
            players.append(play(listener.accept()[0]))
        players = [player for player in players if next(player, "has left") is None]
        ball["place"] += ball["speed"] * FRAME
        time.sleep(max(0.0, now + FRAME - time.monotonic()))
