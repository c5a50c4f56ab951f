"""The server of the corpus behind HTTP, and what runs it: the machine, or HTTP/1.1 as bytes."""

import inspect

import h11
from tests.adversarial.asking import Asking, Reply
from tests.adversarial.bench import HELD

from sansmcp.http import Headers, RequestHead, ResponseBody, ResponseEnd, ResponseHead
from sansmcp.session import Disconnected, RequestCancelled, RequestReceived
from sansmcp.testing import SeededEnvironment
from sansmcp_h11 import H11Server

WAYS = ("machine", "h11")


class MachineCall(Reply):
    """A request that is handed to the machine."""

    def __init__(self, host, wanted):
        super().__init__()
        self._host = host
        self.reads = True
        head = RequestHead(method=wanted.method, target=wanted.target, headers=Headers(wanted.headers))
        self.exchange = host.machine.open_exchange(head, host.now)
        host.calls_open.append(self)
        host.drain()

    def send(self, data):
        """Send a piece of the body."""
        if not self.is_over:
            self.exchange.receive_data(data, self._host.now)
            self._host.drain()

    def finish(self):
        """End the body."""
        if not self.is_over:
            self.exchange.receive_eof(self._host.now)
            self._host.drain()

    def drop(self):
        """Go away."""
        self.exchange.receive_disconnect(self._host.now)
        self._host.drain()

    def pull(self):
        """Take what is to be written; say whether there was something."""
        if not self.reads or self.is_over:
            return False
        found = self.exchange.actions()
        for action in found:
            match action:
                case ResponseHead():
                    self.status, self.headers = action.status, Headers(action.headers)
                    self.is_closed = action.close
                case ResponseBody():
                    self.body += action.data
                case ResponseEnd():
                    self.is_over = True
        if self.exchange.done and not self.is_over:
            self.is_over = self.is_closed = True
        return bool(found)

    def next_deadline(self):
        """Return when it has something to do."""
        return None if self.exchange.done else self.exchange.next_deadline()

    def handle_timeout(self, now):
        """Let time have passed."""
        self.exchange.handle_timeout(now)


class WireCall(Reply):
    """A request on a connection of its own."""

    def __init__(self, host, wanted=None):
        super().__init__()
        self._host = host
        self.reads = True
        self.raw = b""
        self._chunked = wanted is not None and wanted.is_chunked
        self._parser = h11.Connection(h11.CLIENT)
        self._parser.send(h11.Request(method="POST", target="/", headers=[("Host", "x")]))
        self._parser.send(h11.EndOfMessage())
        self.link = host.endpoint.accept(host.now)
        host.calls_open.append(self)
        if wanted is not None:
            self.send_raw(wanted.head)
        host.drain()

    def send_raw(self, data):
        """Send bytes as they are."""
        if not self.link.done:
            self.link.receive_data(data, self._host.now)
        self._host.drain()

    def send(self, data):
        """Send a piece of the body."""
        self.send_raw(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def finish(self):
        """End the body."""
        if self._chunked:
            self.send_raw(b"0\r\n\r\n")

    def drop(self):
        """Go away."""
        self.link.receive_eof(self._host.now)
        self._host.drain()

    def pull(self):
        """Take what is to be written; say whether there was something."""
        data = self.link.data_to_send() if self.reads else b""
        self.raw += data
        if data:
            self._parser.receive_data(data)
            self._parse()
        self.is_closed = self.link.done
        return bool(data)

    def _parse(self):
        while True:
            event = self._parser.next_event()
            if isinstance(event, h11.Response):
                self.status = event.status_code
                self.headers = Headers((n.decode(), v.decode("latin-1")) for n, v in event.headers)
            elif isinstance(event, h11.Data):
                self.body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self.is_over = True
                return
            else:
                return

    def next_deadline(self):
        """Return when it has something to do."""
        return None if self.link.done else self.link.next_deadline()

    def handle_timeout(self, now):
        """Let time have passed."""
        self.link.handle_timeout(now)


class Host(Asking):
    """The server of the corpus, and what runs its handlers.

    Args:
        way: how it is reached.
        stimulus: what it is attacked with.
        settings: how it is served.
    """

    def __init__(self, way, stimulus, **settings):
        super().__init__(stimulus)
        self.way = way
        self.now = 0.0
        self.held = {}
        self.stepping = {}
        self.calls_open = []
        self.machine = self.server.http_endpoint(SeededEnvironment(), settings, host="127.0.0.1")
        self.endpoint = H11Server(self.machine) if way == "h11" else self.machine

    # Requests

    def begin(self, wanted):
        """Send the head of a request."""
        return WireCall(self, wanted) if self.way == "h11" else MachineCall(self, wanted)

    def ask(self, wanted):
        """Send a request; a body that is shorter than its length is not complete."""
        call = self.begin(wanted)
        if wanted.body and not call.is_over:
            call.send(wanted.body)
        length = wanted.value("content-length")
        if length is None or int(length) <= len(wanted.body):
            call.finish()
        return call

    def flooded(self, session, records=20_000):
        """Let a client that reads nothing call the tool that says much."""
        self.records = records
        if not self.is_modern:
            self.ask(self.set_level(session))
        wanted = self.call(session=session, tool="flood")
        call = self.begin(wanted)
        call.reads = False
        call.send(wanted.body)
        call.finish()
        assert self.calls[-1] == "flood"
        return call

    # The server's side

    def drain(self):
        """Take events, actions and bytes until nothing moves, and call handlers."""
        moved = True
        while moved:
            moved = False
            while (found := self.endpoint.next_event()) is not None:
                moved = True
                self.events.append(found[1])
                self.sessions.append(found[0])
                self.happened(*found)
            assert list(self.endpoint.actions()) == []
            self.endpoint.ready()
            for call in self.calls_open:
                moved = call.pull() or moved
            self.calls_open = [call for call in self.calls_open if not (call.is_over and self.is_done(call))]

    def is_done(self, call):
        """Whether nothing can come of a request any more."""
        return call.exchange.done if self.way == "machine" else call.link.done

    def happened(self, session, event):
        """Call handlers, and tell those that nobody waits for."""
        if isinstance(event, RequestReceived):
            invocation = self.server.resolve(event, session, lambda command: command(self.now))
            key = (session, type(event.request_id), event.request_id)
            if event.method == "tools/call" and invocation.name in HELD:
                self.calls.append(invocation.name)
                self.held[key] = invocation
            else:
                self.run(invocation)
        elif isinstance(event, RequestCancelled):
            held = self.held.get((session, type(event.request_id), event.request_id))
            if held is not None:
                held.cancel()
        elif isinstance(event, Disconnected):
            self.held = {key: held for key, held in self.held.items() if key[0] is not session}

    def run(self, invocation):
        """Run a handler to its end, or up to where it waits."""
        try:
            value = invocation.call()
        except BaseException as error:  # noqa: BLE001 - a binding hands over whatever a handler raises
            invocation.raised(error, self.now)
            return
        if inspect.iscoroutine(value):
            self.stepping[invocation] = value
        else:
            invocation.succeed(value, self.now)

    def step(self, invocation):
        """Let a handler that waits go on up to where it waits again."""
        try:
            self.stepping[invocation].send(None)
        except StopIteration as end:
            del self.stepping[invocation]
            self.finish(invocation, end.value)
        self.drain()

    def finish(self, invocation, value):
        """Let a handler return."""
        invocation.succeed(value, self.now)
        self.drain()

    def advance(self, until):
        """Let time pass, from deadline to deadline."""
        self.drain()
        while (due := self.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self.endpoint.handle_timeout(self.now)
            for call in tuple(self.calls_open):
                call.handle_timeout(self.now)
            self.drain()
        self.now = until
        self.drain()

    def next_deadline(self):
        """Return the next deadline of the endpoint and of all that is open."""
        found = [self.endpoint.next_deadline(), *(call.next_deadline() for call in self.calls_open)]
        return min((due for due in found if due is not None), default=None)
