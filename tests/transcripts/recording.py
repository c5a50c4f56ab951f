"""Record what two ends of ours say to each other line by line, as text that people can read.

A transcript has one thing a line, in the order in which it happened:

    # a remark
    @ 5.0                     the time from here on, in seconds
    C: {...}                  what the client sent
    S: {...}                  what the server sent
    -> C Connected(...)       an event that the client's session told its user
    -> S RequestReceived(...) an event that the server's session told its user

A line that no session sent has a remark before it that begins with `# by hand`. Events leave out what
the line above them shows.
"""

import json

from tests.transcripts.conversation import BY_HAND, BY_HAND_AND_ILLEGAL, Conversation

from sansmcp.session import ClientSession, ServerSession
from sansmcp.testing import Pair, whole


class _Reader:
    """A session that may put off reading what has come, as a busy or a silent peer does."""

    def hold(self):
        """Read nothing from now on."""
        self.held = []

    def release(self, now):
        """Read what has come, and go on reading."""
        held, self.held = self.held, None
        for message in held:
            self.receive_message(message, now)

    held = None

    def receive_message(self, message, now):
        """Take in a message, now or later."""
        if self.held is None:
            super().receive_message(message, now)
        else:
            self.held.append(message)


class _Client(_Reader, ClientSession):
    """A client's session."""


class _Server(_Reader, ServerSession):
    """A server's session."""


class Recording(Conversation):
    """A conversation over lines.

    Args:
        revision: what they speak, and what `start` makes them speak.
        cut: how the bytes are cut on their way, which must not be seen in the text.
    """

    def __init__(self, revision, cut=whole):
        super().__init__(revision, cut)
        self.pair = None
        self._written = 0

    def start(self, *, client=None, server=None, connect=True):
        """Make both ends and connect them; the mappings override the arguments of their sessions."""
        self.client = _Client(**self._arguments_of_client(client))
        self.server = _Server(**self._arguments_of_server(server))
        self.pair = Pair(
            self.client,
            self.server,
            cut=self._cut,
            on_client_event=self._client_told,
            on_server_event=self._server_told,
        )
        if connect:
            self.client.connect(self.now)
            self.settle()

    @property
    def now(self):
        """The time."""
        return 0.0 if self.pair is None else self.pair.now

    @property
    def events(self):
        """The events of both ends, those of the client first."""
        return self.pair.client_events + self.pair.server_events

    def settle(self):
        """Let everything happen that takes no time."""
        self.pair.settle()
        self._flush()

    def advance(self, seconds):
        """Let time pass, from deadline to deadline, and write down when what happened."""
        until = self.now + seconds
        while (due := self.pair.next_deadline()) is not None and due <= until:
            self.pair.advance(max(0.0, due - self.now))
            self._flush()
        self.pair.advance(until - self.now)
        self._flush()

    def by_hand(self, sender, data, why, *, legal=False, end=b"\n"):
        """Send what no session of ours would send; `legal` says that its schema has it."""
        self._flush()
        self._write(f"{BY_HAND if legal else BY_HAND_AND_ILLEGAL}: {why}")
        if not isinstance(data, (str, bytes)):
            data = json.dumps(data, separators=(",", ":"))
        line = data.encode() if isinstance(data, str) else data
        (self.pair.send_as_client if sender == "C" else self.pair.send_as_server)(line + end)
        self.settle()

    def release(self, session):
        """Let a session read what it has put off."""
        session.release(self.now)
        self.settle()

    def finish(self):
        """End the conversation, where the scenario has not, and check that nothing is left."""
        self.pair.close_client()
        self.advance(60.0)
        # Handlers that were told to stop hand back what they had.
        for request_id in self._unanswered:
            self.server.fail(request_id, -32603, "stopped", self.now)
        self.settle()
        self.pair.check_ends_empty()

    def _flush(self):
        if self.pair is None:
            return
        new = self.pair.transcript[self._written :]
        self._written += len(new)
        for line in new:
            self._write(f"{line.sender}: {line.text}")
