"""A client in a Tk program, which stays alive meanwhile: python tk_client.py PORT TOOL ARGUMENTS"""

import json
import socket
import sys
import time
import tkinter as tk

from sansmcp.client import Call, ClientOptions, Outcome, call_tool, value_of
from sansmcp.schema import CallToolResult
from sansmcp.server import Command
from sansmcp.session import Connected, LineLink


class OneCall:
    def __init__(self, app: tk.Tk, stream: socket.socket, call: Call[CallToolResult]) -> None:
        self.app, self.stream, self.call, self.outcome = app, stream, call, list[Outcome]()
        self.link, self.unsent = LineLink(ClientOptions().session()), b""
        self.timer = app.after_idle(self.tell, self.link.session.connect)

    def tell(self, command: Command) -> None:
        """Give a command to the session, and do what follows from it."""
        command(time.monotonic())
        while (event := self.link.session.next_event()) is not None:
            if isinstance(event, Connected):
                self.call.send(self.link.session, time.monotonic())
            elif isinstance(event, Outcome):
                self.outcome.append(event)
                self.link.session.close(time.monotonic())
        self.app.after_cancel(self.timer)
        if (deadline := self.link.next_deadline()) is not None:
            wait = max(0, round(1000 * (deadline - time.monotonic())))
            self.timer = self.app.after(wait, self.tell, self.link.handle_timeout)
        self.app.createfilehandler(self.stream, tk.READABLE | tk.WRITABLE, self.turn)

    def turn(self, _stream: object, ready: int) -> None:
        data = None
        try:
            if ready & tk.WRITABLE:
                self.unsent = self.unsent or self.link.data_to_send()
                self.unsent = self.unsent[self.stream.send(self.unsent) :]
            if ready & tk.READABLE:
                data = self.stream.recv(65536)
        except OSError:  # a connection that breaks has ended
            self.unsent, data = b"", b""
        if self.link.done and ready & tk.WRITABLE and not self.unsent:
            self.app.quit()
        elif data is not None:
            self.tell(lambda now: self.link.receive_data(data, now) if data else self.link.receive_eof(now))
        elif not self.unsent:
            self.app.createfilehandler(self.stream, tk.READABLE, self.turn)


app = tk.Tcl()  # the loop alone; a program with windows has its tk.Tk() here
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as stream:
    stream.settimeout(0)
    client = OneCall(app, stream, call_tool(sys.argv[2], json.loads(sys.argv[3])))
    app.mainloop(-1)
print(value_of(client.call, (client.outcome or sys.exit("there is no server"))[0]).content)
