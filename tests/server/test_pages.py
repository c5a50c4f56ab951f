"""Pages that users were sent to, and whoever hears from outside of a handler that they are done.

Source: 2025-11-25, Elicitation, Completion Notifications for URL Mode Elicitation.
"""

import threading

import pytest
from tests.server.conversation import MODERN, Conversation, environment

from sansmcp.errors import UrlElicitationRequired
from sansmcp.schema import LATEST_LEGACY
from sansmcp.server import Accepted, Context, Server
from sansmcp.session import ServerSession

CAPABILITIES = {"elicitation": {"form": {}, "url": {}}}


class Visitor(Conversation):
    """A client whose user is sent to pages; it is woken as a binding does that."""

    def __init__(self, server, revision=LATEST_LEGACY, **options):
        super().__init__(server, revision, capabilities=CAPABILITIES, **options)
        self.wakes = []
        server.subscribe(lambda: self.wakes.append(None))

    def heard(self):
        """Catch up, and return the ids of the pages that are done."""
        if self.wakes:
            self.wakes.clear()
            self.session.catch_up(self.now)
        return completed(self.sent())


def completed(sent):
    return [
        message["params"]["elicitationId"]
        for message in sent
        if message.get("method") == "notifications/elicitation/complete"
    ]


def shop():
    server, ids = Server("shop", version="1"), []

    @server.tool
    def pay(ctx: Context) -> str:
        match ctx.elicit_url("pay", "Pay, please.", "https://example.com/pay"):
            case Accepted(elicitation_id):
                ids.append(elicitation_id)
        return "thanks"

    @server.tool
    def must_pay(page: str) -> str:
        raise UrlElicitationRequired("Pay first.", "https://example.com/pay", page)

    return server, ids


def send_to_page(peer):
    """Send the user of a client to a page; return the id of the question."""
    (question,) = peer.request("tools/call", name="pay", arguments={})
    peer.say({"id": question["id"], "result": {"action": "accept"}})
    return question["params"]["elicitationId"]


def random_from(start):
    return environment(random=lambda count: bytes([start]) * count)


def test_the_session_that_was_sent_the_page_is_told_once_after_the_call_has_ended():
    server, ids = shop()
    one, two = (Visitor(server, around=random_from(start)) for start in (1, 2))
    first, second = send_to_page(one), send_to_page(two)
    assert ids == [first, second]
    callback = threading.Thread(target=server.elicitation_completed, args=(second,))
    callback.start()
    callback.join()
    assert (one.heard(), two.heard()) == ([], [second])
    server.elicitation_completed(second)
    server.elicitation_completed(first)
    assert (one.heard(), two.heard()) == ([first], [])


def test_a_page_that_is_not_visited_or_not_known_is_nobodys():
    server, _ = shop()
    peer = Visitor(server)
    server.elicitation_completed("unknown")
    assert peer.heard() == []
    (question,) = peer.request("tools/call", name="pay", arguments={})
    server.elicitation_completed(question["params"]["elicitationId"])
    assert peer.heard() == [question["params"]["elicitationId"]]


@pytest.mark.parametrize("first", ["page", "call"])
def test_a_page_that_must_be_visited_first_is_told_of_whichever_comes_first(first):
    server, _ = shop()
    peer = Visitor(server)
    if first == "page":
        server.elicitation_completed("page 7")
        assert peer.heard() == []
    sent = peer.request("tools/call", name="must_pay", arguments={"page": "page 7"})
    assert sent[0]["error"]["code"] == -32042
    told = completed(sent)
    if first == "call":
        server.elicitation_completed("page 7")
        told = peer.heard()
    assert told == ["page 7"]


def test_who_was_told_by_the_handler_is_told_no_more():
    server = Server("shop", version="1")

    @server.tool
    def pay(ctx: Context) -> None:
        match ctx.elicit_url("pay", "Pay, please.", "https://example.com/pay"):
            case Accepted(elicitation_id):
                ctx.elicitation_complete(elicitation_id)

    peer = Visitor(server)
    (question,) = peer.request("tools/call", name="pay", arguments={})
    page = question["params"]["elicitationId"]
    assert completed(peer.say({"id": question["id"], "result": {"action": "accept"}})) == [page]
    server.elicitation_completed(page)
    assert peer.heard() == []


def test_a_modern_client_is_told_nothing():
    server, _ = shop()
    peer = Visitor(server, MODERN)
    peer.request("tools/call", name="pay", arguments={})
    server.elicitation_completed("000102030405060708090a0b0c0d0e0f")
    assert (peer.heard(), peer.wakes) == ([], [])


def test_pages_of_a_mounted_server_are_told_of_through_the_outer_one():
    inner, _ = shop()
    outer = Server("outer", version="1")
    outer.mount(inner, "in")
    peer = Visitor(outer)
    (question,) = peer.request("tools/call", name="in_pay", arguments={})
    page = question["params"]["elicitationId"]
    inner.elicitation_completed("another")
    inner.elicitation_completed(page)
    assert peer.heard() == [page]


def test_the_pages_that_a_session_and_a_server_remember_are_bounded():
    server, _ = shop()
    peer = Visitor(server)
    for number in range(1025):
        peer.request("tools/call", name="must_pay", arguments={"page": f"page {number}"})
    for number in (0, 1):
        server.elicitation_completed(f"page {number}")
    assert peer.heard() == ["page 1"]
    for number in range(2, 1027):
        server.elicitation_completed(f"page {number}")
    assert peer.heard() == [f"page {number}" for number in range(3, 1025)]


def test_a_session_that_is_over_is_told_nothing():
    server, _ = shop()
    peer = Visitor(server)
    send_to_page(peer)
    peer.session.receive_eof(peer.now)
    server.elicitation_completed("000102030405060708090a0b0c0d0e0f")
    assert peer.heard() == []


def test_a_session_that_no_server_opened_tells_of_no_pages():
    server, _ = shop()
    peer = Visitor(server)
    peer.session = ServerSession(info=server.info, capabilities=server.capabilities)
    params = {
        "protocolVersion": LATEST_LEGACY,
        "capabilities": CAPABILITIES,
        "clientInfo": {"name": "client", "version": "7"},
    }
    peer.say({"id": 0, "method": "initialize", "params": params})
    peer.say({"method": "notifications/initialized"})
    error = peer.error("tools/call", name="must_pay", arguments={"page": "page 7"})
    assert error["code"] == -32042
    server.elicitation_completed("page 7")
    assert peer.sent() == []
