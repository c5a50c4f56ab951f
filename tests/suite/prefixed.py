"""A framing that sansmcp does not have, as a user would write it: each message after its length.

Only the public interfaces are used: `Link`, `ServerEndpoint` and `ClientEndpoint` above, sessions below.
"""

import struct
from collections import deque

from sansmcp import Server
from sansmcp.session import Cancel, ClientSession, Deadlines, Dial, Disconnected, LinkState, Send
from sansmcp.wire import Notification, Violation, decode, encode

_LENGTH = struct.Struct("!I")


class PrefixedLink:
    """Carries one session over a stream of length and message, length and message.

    Args:
        session: the session.
    """

    def __init__(self, session):
        self.session = session
        self._unread = bytearray()

    @property
    def done(self):
        return self.session.link is LinkState.CLOSED

    def receive_data(self, data, now):
        self._unread += data
        while len(self._unread) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._unread)
            end = _LENGTH.size + length
            if len(self._unread) < end:
                return
            message = decode(bytes(self._unread[_LENGTH.size : end]))
            del self._unread[:end]
            if isinstance(message, Violation):
                self.session.receive_violation(message, now)
            else:
                self.session.receive_message(message, now)

    def receive_eof(self, now, reason="the peer ended the stream"):
        self.session.receive_eof(now, reason)

    def data_to_send(self):
        messages = {}
        for place, action in enumerate(self.session.actions()):
            if isinstance(action, Send):
                # Of equal keys the newest wins.
                messages[place if action.key is None else action.key] = action.data
            elif isinstance(action, Cancel):
                params = {"requestId": action.request_id, "reason": action.reason or "given up"}
                messages[place] = encode(Notification(method="notifications/cancelled", params=params))
        return b"".join(_LENGTH.pack(len(data)) + data for data in messages.values())

    def next_deadline(self):
        return self.session.next_deadline()

    def handle_timeout(self, now):
        self.session.handle_timeout(now)


class _Links:
    """What both endpoints do: note which links have something, and take the events of their sessions."""

    def __init__(self):
        self.deadlines = Deadlines()
        self._touched = {}
        self._eventful = deque()

    def add(self, session):
        link = PrefixedLink(session)

        def touch():
            self._touched[link] = None
            self._eventful.append(session)

        session.watch(touch)
        return link

    def ready(self):
        ready = list(self._touched)
        self._touched.clear()
        return ready

    def next_event(self):
        while self._eventful:
            event = self._eventful[0].next_event()
            if event is not None:
                return self._eventful[0], event
            self._eventful.popleft()
        return None

    def next_deadline(self):
        return self.deadlines.next_deadline()

    def handle_timeout(self, now):
        while (act := self.deadlines.take_due(now)) is not None:
            act()


class PrefixedServerEndpoint(_Links):
    """A session for each peer that comes."""

    def __init__(self, open_session):
        super().__init__()
        self._open_session = open_session
        self._sessions = {}

    def accept(self, now):
        session = self._open_session()
        session.handle_timeout(now)
        self._sessions[session] = None
        return self.add(session)

    def actions(self):
        return []

    def next_event(self):
        found = super().next_event()
        if found is not None and isinstance(found[1], Disconnected):
            del self._sessions[found[0]]
        return found

    def close(self, now):
        for session in self._sessions:
            session.close(now)


class PrefixedClientEndpoint(_Links):
    """One session, on one stream."""

    def __init__(self, session: ClientSession, address):
        super().__init__()
        self.session = session
        self._link = self.add(session)
        self._address = address
        self._actions = []

    def connect(self, now):
        self.session.connect(now)
        self._actions.append(Dial(link=self._link, address=self._address))

    def actions(self):
        actions, self._actions = self._actions, []
        return actions

    def close(self, now):
        self.session.close(now)


class PrefixedServer(Server):
    """A server that is served by the endpoint above, whatever the binding."""

    def endpoint(self, environment, settings):
        return PrefixedServerEndpoint(
            lambda: self.open_session(environment, timeouts=settings.get("timeouts"))
        )


def prefixed_client(options, address):
    """Return the endpoint of a client: `connect(..., own_endpoint=prefixed_client)`."""
    return PrefixedClientEndpoint(options.session(), address)
