"""A client of a colour of its own, joined with a server under a virtual clock; nothing ever blocks."""

from concurrent.futures import Future

from tests.session.ends import MODERN
from tests.session.joined import Joined

from sansmcp.client import ClientConnection, ClientOptions, call_tool
from sansmcp.session import RequestReceived, Severity, outcome_of


class Started:
    """A handler of a question that was started; the test lets it go on."""

    def __init__(self, work, finish):
        self.work = work
        self.finish = finish
        self.stopped = 0

    def stop(self):
        self.stopped += 1

    def go_on(self):
        self.finish(outcome_of(self.work), 0.0)


class Told:
    """A client of a colour of its own; what is to be told is told at once, or when the test says so."""

    def __init__(
        self, revision=MODERN, *, answer=True, keeps=False, stops=True, eager=False, late=False, **settings
    ):
        settings.setdefault("revisions", (revision,))
        options = ClientOptions.of(settings)
        self.endpoint = options.endpoint("address", bytes)
        self.keeps = keeps
        self.stops = stops
        self.eager = eager
        self.late = late
        self.untold = []
        self.started = []
        self.reports = []
        self.opened = Future()
        self.connection = ClientConnection(
            options,
            self.endpoint,
            opened=self.opened,
            start=self._start,
            tell=self._tell,
            post=self._post,
            report=self.reports.append,
        )
        self.both = Joined(self.endpoint, answer=answer, on_event=self.connection.handle)

    def connect(self):
        self.both.connect()
        return self

    def call(self, call, waiter=None):
        """Make a call; return who waits for it."""
        return self.send(call, waiter)[1]

    def send(self, call, waiter=None):
        waiter = waiter or Future()
        pending = self.connection.send(call, waiter, self.both.now)
        self.both.settle()
        return pending, waiter

    @property
    def server(self):
        return self.both.server_session

    def requests(self):
        return [event for event in self.both.server_events if isinstance(event, RequestReceived)]

    def texts(self, severity=Severity.ERROR):
        return [report.text for report in self.reports if report.severity is severity]

    def tell_all(self):
        untold, self.untold = self.untold, []
        for told in untold:
            told()

    def _post(self, command):
        command(self.both.now)
        self.both.settle()

    def _tell(self, told):
        if self.late:
            self.untold.append(told)
        else:
            told()

    def _start(self, work, finish):
        if self.keeps:
            self.started.append(Started(work, finish))
            if self.eager:
                # A task may run before whoever made it has it.
                self.started[-1].go_on()
            return self.started[-1].stop if self.stops else None
        finish(outcome_of(work), 0.0)
        return None


TOOL = call_tool("x")


def raised_by(waiter):
    return type(waiter.exception(timeout=0))


def progress(client, *numbers):
    (event,) = client.requests()[-1:]
    for number in numbers:
        params = {"progressToken": event.progress_token, "progress": number}
        client.server.notify("notifications/progress", params, client.both.now, related=event.request_id)
    client.both.settle()


def say(client, line):
    (link,) = [link for link in client.both.peers if link.session is client.endpoint.session]
    link.receive_data(line, 0.0)
    client.both.settle()
