"""Middleware that logs each message."""

from tests.middleware.played import Played
from tests.middleware.taped import every_revision

from sansmcp.client import call_tool
from sansmcp.middleware import (
    log_messages,
)
from sansmcp.session import Delay


@every_revision
def test_each_message_is_one_record_with_its_time_and_what_it_raised(revision):
    received, sent = [], []
    played = Played(log_messages(received.append), sent=[log_messages(sent.append)])
    with played.connect(revisions=[revision]) as client:
        client.call_tool("slow", {"seconds": 2.5})
        client.call_tool("fail")
        client.read_resource("count://resource")
    assert [str(logged) for logged in received] == [
        "IncomingRequest tools/call slow: 2.500 s",
        "IncomingRequest tools/call fail: 0.000 s, raised ValueError",
        "IncomingRequest resources/read count://resource: 0.000 s",
    ]
    assert str(received[1].error) == "secret"
    assert [str(logged) for logged in sent] == [
        "OutgoingResult tools/call: 0.000 s",
        "OutgoingResult tools/call: 0.000 s",
        "OutgoingResult resources/read: 0.000 s",
    ]


def test_what_ends_with_its_session_is_a_record_too():
    logged = []

    def stall(message, proceed):
        yield Delay(60)
        return (yield from proceed(message))

    with Played(log_messages(logged.append), stall).connect() as client:
        client.begin(call_tool("count"))
        client.break_off()
    assert [type(record.error).__name__ for record in logged] == ["GivenUp"]


def test_a_client_logs_its_calls_in_the_same_words():
    logged = []
    with Played().connect(sending_middleware=[log_messages(logged.append)]) as client:
        client.call_tool("slow", {"seconds": 1.0})
    assert [str(record) for record in logged] == ["OutgoingRequest tools/call slow: 1.000 s"]
