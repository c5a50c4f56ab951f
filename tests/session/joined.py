"""A client's endpoint and a server's, joined by bytes in memory under a virtual clock.

It moves the bytes of a link only when `ready()` has named it, and wakes a link only through `Schedule`,
so whatever an endpoint forgets to name never arrives.
"""

from tests.session.ends import MODERN, make_client, make_server

from sansmcp.schema import REVISIONS
from sansmcp.session import ClientLines, LinkState, RequestReceived, Restart, Schedule, ServerLines

NO_CHANCE = bytes


def client_lines(*, revisions=REVISIONS, finding=None, restart=None, random=NO_CHANCE, **options):
    """Return a client's endpoint; what is not said of the lines is said of its sessions."""
    lines = {name: options.pop(name) for name in ("dials_again", "wrap_link") if name in options}
    known = finding

    def open_session(*, revisions, finding, handles):
        ours = all_revisions if revisions is None else revisions
        told = known if finding is None and revisions is None else finding
        return make_client(revisions=ours, finding=told, handles=handles, **options)

    all_revisions = revisions
    return ClientLines(open_session, "address", revisions=revisions, restart=restart, random=random, **lines)


def server_lines(**options):
    return ServerLines(lambda: make_server(**options))


class Joined:
    """Both endpoints, each with its schedule; `settle` after every command."""

    def __init__(self, client, server=None, *, answer=True, on_event=None):
        self.client = client
        self.server = server or server_lines()
        self.now = 0.0
        self.reachable = True
        self.hangs = 0.0
        self.answer = answer
        self._on_event = on_event
        self.events = []
        self.server_events = []
        self.dials = []
        self._ends = [(self.client, Schedule(self.client)), (self.server, Schedule(self.server))]
        self.peers = {}

    # What happens

    def connect(self):
        self.client.connect(self.now)
        self.settle()
        return self

    def settle(self):
        for _ in range(1000):
            if not self._move():
                return
        raise AssertionError("the ends do not come to rest")

    def advance(self, seconds):
        """Let time pass from deadline to deadline."""
        until = self.now + seconds
        self.settle()
        while (due := self.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            for _, schedule in self._ends:
                schedule.handle_timeout(self.now)
            self.settle()
        self.now = until

    def next_deadline(self):
        found = [at for _, schedule in self._ends if (at := schedule.next_deadline()) is not None]
        return min(found, default=None)

    def lose(self, reason="the server died"):
        """Lose the connection: the server's end knows it first, and the client hears why."""
        for link in tuple(self.peers):
            del self.peers[link]
            link.receive_eof(self.now, reason)
        self.settle()

    def call(self, method="tools/call", params=None):
        handle = self.client.session.send_request(method, params or {"name": "x"}, self.now)
        self.settle()
        return handle

    def listen(self, wanted):
        handle = self.client.session.listen(wanted, self.now)
        self.settle()
        return handle

    def take(self):
        """Take the events of the client."""
        events, self.events = self.events, []
        return events

    def take_kinds(self):
        return [type(event).__name__ for event in self.take()]

    @property
    def server_session(self):
        (link,) = [link for link in self.server.links if link.session.link is LinkState.OPEN]
        return link.session

    # How bytes move

    def _move(self):
        moved = False
        while (found := self.client.next_event()) is not None:
            self.events.append(found[1])
            if self._on_event is not None:
                self._on_event(*found)
            moved = True
        while (found := self.server.next_event()) is not None:
            session, event = found
            self.server_events.append(event)
            if self.answer and isinstance(event, RequestReceived):
                session.respond(event.request_id, {"content": []}, self.now)
            moved = True
        for action in self.client.actions():
            self._dial(action)
            moved = True
        for endpoint, schedule in self._ends:
            for link in endpoint.ready():
                self._wake(link, schedule)
                moved = True
        return moved

    def _dial(self, action):
        self.dials.append(self.now)
        assert action.address == "address"
        if not self.reachable:
            action.link.receive_eof(self.now + self.hangs, "nobody listens")
            return
        far = self.server.accept(self.now)
        self.peers[action.link], self.peers[far] = far, action.link
        self._wake(far, self._ends[1][1])
        self._wake(action.link, self._ends[0][1])

    def _wake(self, link, schedule):
        if link.done:
            schedule.forget(link)
        else:
            schedule.note(link)
        peer = self.peers.get(link)
        if peer is None:
            return
        data = link.data_to_send()
        if data:
            peer.receive_data(data, self.now)
        if link.done:
            del self.peers[link]
            peer.receive_eof(self.now)


RESTART = Restart(first_delay=0.5, most_delay=30.0)


def names(events):
    return [type(event).__name__ for event in events]


def joined(revision=MODERN, *, restart=RESTART, server=None, **options):
    """Return a connected client that makes a lost connection again, and its server."""
    both = Joined(client_lines(revisions=(revision,), restart=restart, **options), server).connect()
    assert names(both.take()) == ["Connected"]
    return both
