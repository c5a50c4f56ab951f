"""How what runs handlers hears of changes of what is offered, on whatever thread they happen."""

from tests.server.test_connections import META, Peer, Serving

from sansmcp.server import Server
from sansmcp.session import ClientInitialized, ServerSession


class Posting(Serving):
    """What is to happen on the sessions' thread waits until the test lets it."""

    def __init__(self, server):
        super().__init__(server)
        self.posted = []
        self.connections.close()
        self.connections = type(self.connections)(
            server,
            start=self._start,
            outlet=self.posted.append,
            tell=lambda told: told(),
            report=self.reports.append,
            settings={},
            deadlines=self.endpoint.deadlines,
        )

    def perform(self, now=0.0):
        posted = self.posted.copy()
        self.posted.clear()
        for command in posted:
            command(now)
        self.settle()


def served():
    server = Server("waking", version="1")
    server.add_tool(lambda: 1, name="first")
    return server, Posting(server)


def methods(peer):
    return [message["method"] for message in peer.answers()]


def test_one_wake_up_is_enough_for_all_changes_before_it_is_heard():
    server, serving = served()
    peers = [Peer(serving).initialize() for _ in range(3)]
    late = Peer(serving)
    for number in range(100):
        server.add_tool(lambda: 1, name=f"tool{number}")
    assert len(serving.posted) == 1
    serving.perform()
    server.add_tool(lambda: 1, name="last")
    assert len(serving.posted) == 1
    serving.perform(0.005)
    for peer in (*peers, late):
        assert peer.link.next_deadline() in (0.01, None)
        peer.link.handle_timeout(0.01)
    assert [methods(peer) for peer in peers] == [["notifications/tools/list_changed"]] * 3
    assert methods(late) == []


def test_who_has_left_and_what_has_closed_is_woken_no_more():
    server, serving = served()
    peer = Peer(serving).initialize()
    peer.leave()
    server.add_tool(lambda: 1, name="second")
    serving.perform()
    assert methods(peer) == []
    serving.connections.close()
    server.add_tool(lambda: 1, name="third")
    assert serving.posted == []


def test_a_session_that_the_server_did_not_open_is_let_be():
    server, serving = served()
    session = ServerSession(info=server.info, capabilities=server.capabilities)
    serving.connections.handle(session, ClientInitialized())
    server.add_tool(lambda: 1, name="second")
    serving.perform()
    assert session.actions() == []


def test_what_stands_around_all_that_is_sent_sees_notices_that_somebody_hears():
    server, serving = served()
    sent = []

    @server.sending_middleware
    def watch(message, proceed):
        sent.append(message.method)
        return (yield from proceed(message))

    legacy, modern = Peer(serving).initialize(), Peer(serving)
    modern.say({"id": 1, "method": "tools/list", "params": {"_meta": META}})
    sent.clear()
    server.add_tool(lambda: 1, name="second")
    serving.perform()
    for peer in (legacy, modern):
        peer.link.handle_timeout(0.01)
    assert (methods(legacy), methods(modern)) == (["notifications/tools/list_changed"], [])
    assert sent == ["notifications/tools/list_changed"]
