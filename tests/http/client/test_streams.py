"""Legacy streams that are cut and taken up again; what has no id, and what is modern, is lost at once.

Source: 2025-03-26 to 2025-11-25, Streamable HTTP, Resumability and Redelivery.
"""

import tracemalloc

import pytest
from tests.http.client.talking import DONE, MODERN, Talk, event_of, message_of

from sansmcp.http import HttpClientLimits
from sansmcp.session import (
    CallRequest,
    ChangeReceived,
    LogReceived,
    MessageDropped,
    ProgressReceived,
    ProtocolViolated,
    RequestLost,
    ResponseReceived,
    Restart,
)

STREAMABLE = ("2025-03-26", "2025-06-18", "2025-11-25")


def log(text):
    return {
        "jsonrpc": "2.0",
        "method": "notifications/message",
        "params": {"level": "info", "data": text},
    }


def legacy(revision="2025-11-25", *, get=405, limits=None):
    talk = Talk((revision,), limits=limits)
    return talk, talk.connect_legacy(get=get)


def answer_to(exchange):
    return {"jsonrpc": "2.0", "id": message_of(exchange)["id"], "result": DONE}


def logs(talk):
    return [event.data for event in talk.told(LogReceived)]


@pytest.mark.parametrize("revision", STREAMABLE)
@pytest.mark.parametrize("ends_well", [True, False])
def test_a_cut_stream_goes_on_by_get_and_the_answer_comes_once(revision, ends_well):
    talk, _ = legacy(revision)
    handle, post = talk.call()
    talk.stream(post, event_of(log("one"), "1"), event_of(log("two"), "2"))
    if ends_well:
        talk.end(post)
    else:
        post.receive_failure("connection reset", talk.now)
    talk.drain()
    assert talk.opened == []
    talk.at(0.5)
    get = talk.take()
    assert get.request.method == "GET"
    assert get.request.headers.get("accept") == "text/event-stream"
    assert get.request.headers.get("last-event-id") == "2"
    assert get.request.headers.get("mcp-session-id") == "s-1"
    # A server that replays too much changes nothing.
    talk.stream(get, event_of(log("one"), "1"), event_of(log("two"), "2"), event_of(log("three"), "3"))
    talk.push(get, event_of(answer_to(post), "4"))
    told = [event for event in talk.events if isinstance(event, LogReceived | ResponseReceived)]
    assert [event.data for event in told[:-1]] == ["one", "two", "three"]
    assert told[-1].handle == handle
    assert get.done
    assert talk.client.next_deadline() is None


@pytest.mark.parametrize("cut", [1, 2, 3])
@pytest.mark.parametrize("replayed", [0, 1, 2, 3])
def test_replaying_any_prefix_changes_nothing(cut, replayed):
    talk, _ = legacy()
    handle, post = talk.call()
    events = [event_of(log(str(number)), f"e{number}") for number in range(4)]
    events.append(event_of(answer_to(post), "e4"))
    talk.stream(post, *events[:cut])
    talk.end(post)
    talk.at(0.5)
    get = talk.take()
    assert get.request.headers.get("last-event-id") == f"e{cut - 1}"
    talk.stream(get, *events[max(0, cut - replayed) :])
    told = [
        event for event in talk.events if isinstance(event, LogReceived | ResponseReceived | MessageDropped)
    ]
    assert [event.data for event in told[:-1]] == ["0", "1", "2", "3"]
    assert told[-1].handle == handle


def test_what_came_twice_before_the_cut_is_told_twice_and_events_without_ids_are_told():
    talk, _ = legacy()
    _, post = talk.call()
    talk.stream(post, event_of(log("one"), "1"), event_of(log("again")), event_of(log("one"), "1"))
    assert logs(talk) == ["one", "again", "one"]


@pytest.mark.parametrize("revision", [*STREAMABLE, MODERN])
def test_a_stream_without_ids_is_lost_at_once(revision):
    talk = Talk((revision,))
    if revision == MODERN:
        talk.connect_modern()
    else:
        talk.connect_legacy()
    handle, post = talk.call()
    talk.stream(post, b": hello\n\n")
    talk.end(post)
    assert [event.handle for event in talk.told(RequestLost)] == [handle]
    assert talk.client.next_deadline() is None


def test_a_modern_stream_is_never_resumed():
    talk = Talk().connect_modern()
    _handle, post = talk.call()
    talk.stream(post, event_of(None, "1"))
    talk.end(post)
    assert [event.reason for event in talk.told(RequestLost)] == ["the stream ended"]


def test_retry_is_waited_for_exactly():
    talk, _ = legacy()
    handle, post = talk.call()
    talk.stream(post, event_of(None, "1", retry=1500))
    talk.end(post)
    talk.at(1.499)
    assert talk.opened == []
    talk.at(1.5)
    get = talk.take()
    talk.stream(get, event_of(answer_to(post), "2"))
    assert [event.handle for event in talk.told(ResponseReceived)] == [handle]


def test_polling_as_the_server_wants_it_goes_on_without_an_end():
    talk, _ = legacy()
    handle, post = talk.call()
    talk.stream(post, event_of(None, "1", retry=1000))
    talk.end(post)
    for number in range(1, 21):
        talk.at(float(number))
        get = talk.take()
        assert get.request.headers.get("last-event-id") == "1"
        talk.stream(get, b"retry: 1000\n\n")
        talk.end(get)
    talk.at(21.0)
    talk.stream(talk.take(), event_of(answer_to(post)))
    assert [event.handle for event in talk.told(ResponseReceived)] == [handle]


@pytest.mark.parametrize("failure", ["refused", 500, 503, 409, 429, "ends"])
def test_after_five_attempts_without_progress_the_call_is_lost(failure):
    talk, _ = legacy()
    handle, post = talk.call()
    talk.stream(post, event_of(None, "1"))
    talk.end(post)
    waits = []
    for _ in range(5):
        before, at = talk.now, talk.client.next_deadline()
        waits.append(at - before)
        talk.at(at)
        get = talk.take()
        if failure == "refused":
            get.receive_failure("connection refused", talk.now)
        elif failure == "ends":
            talk.stream(get)
            talk.end(get)
        else:
            talk.answer(get, failure)
        talk.drain()
    (lost,) = talk.told(RequestLost)
    assert lost.handle == handle
    assert "5 times without progress" in lost.reason
    for wait, full in zip(waits, (0.5, 1.0, 2.0, 4.0, 8.0), strict=True):
        assert 0.75 * full <= wait <= full


def test_progress_begins_the_count_anew():
    limits = HttpClientLimits(reconnect=Restart(attempts=2))
    talk, _ = legacy(limits=limits)
    handle, post = talk.call()
    talk.stream(post, event_of(None, "1"))
    talk.end(post)
    for number in range(2, 8):
        talk.at(talk.client.next_deadline())
        get = talk.take()
        talk.stream(get, event_of(log("on"), str(number)))
        talk.end(get)
    talk.at(talk.client.next_deadline())
    talk.stream(talk.take(), event_of(answer_to(post), "9"))
    assert [event.handle for event in talk.told(ResponseReceived)] == [handle]


@pytest.mark.parametrize("status", [400, 405, 406, 404])
def test_a_server_that_does_not_know_the_event_ends_the_call(status):
    talk = Talk(("2025-11-25",))
    talk.connect_legacy(session_id=None)
    handle, post = talk.call()
    talk.stream(post, event_of(None, "1"))
    talk.end(post)
    talk.at(0.5)
    talk.answer(talk.take(), status)
    (lost,) = talk.told(RequestLost)
    assert (lost.handle, lost.reason) == (handle, f"a GET: the server answered with the status {status}")


def test_giving_up_a_call_that_waits_to_be_resumed_forgets_it():
    talk, _ = legacy()
    handle, post = talk.call()
    talk.stream(post, event_of(None, "1"))
    talk.end(post)
    talk.session.cancel(handle, talk.now)
    assert message_of(talk.take())["method"] == "notifications/cancelled"
    talk.at(10.0)
    assert talk.opened == []


def test_a_call_that_is_resumed_ends_at_its_timeout():
    talk, _ = legacy()
    _handle, post = talk.call(timeout=3.0)
    talk.stream(post, event_of(None, "1", retry=10_000))
    talk.end(post)
    talk.at(3.0)
    assert message_of(talk.take())["method"] == "notifications/cancelled"
    talk.at(60.0)
    assert talk.opened == []


def test_the_standalone_stream_is_taken_up_again_with_its_last_event():
    talk, listening = legacy(get=200)
    talk.push(listening, event_of(log("one"), "s1"))
    talk.end(listening)
    talk.at(0.5)
    get = talk.take()
    assert get.request.headers.get("last-event-id") == "s1"
    talk.stream(get, event_of(log("one"), "s1"), event_of(log("two"), "s2"))
    assert logs(talk) == ["one", "two"]


def test_the_standalone_stream_without_ids_is_opened_anew():
    talk, listening = legacy(get=200)
    talk.push(listening, log("one"))
    talk.end(listening)
    talk.at(0.5)
    get = talk.take()
    assert "last-event-id" not in get.request.headers
    talk.stream(get, log("one"))
    assert logs(talk) == ["one", "one"]


def test_a_standalone_stream_that_lasted_begins_the_count_anew():
    limits = HttpClientLimits(reconnect=Restart(attempts=1))
    talk, listening = legacy(get=200, limits=limits)
    for _ in range(3):
        talk.at(talk.now + 31.0)
        talk.end(listening)
        talk.at(talk.now + 0.5)
        listening = talk.take()
        talk.stream(listening)
    talk.end(listening)
    (told,) = talk.told(ProtocolViolated)
    assert told.reason.startswith("what the server says by itself is not heard any more: the stream ended")
    assert talk.client.next_deadline() is None


@pytest.mark.parametrize("status", [200, 204, 400, 404, 405, 406])
def test_a_server_without_a_standalone_stream_is_left_alone(status):
    talk = Talk(("2025-11-25",))
    listening = talk.connect_legacy(get=status, session_id=None) if status != 200 else None
    if listening is None:
        talk.client.connect(0.0)
        talk.initialize(talk.take(), session_id=None)
        talk.answer(talk.take(), 202)
        talk.answer(talk.take(), 200, b"<p>", kind="text/html")
    assert talk.client.next_deadline() is None
    assert talk.told(ProtocolViolated) == []
    handle, call = talk.call()
    talk.result(call, DONE)
    assert [event.handle for event in talk.told(ResponseReceived)] == [handle]


def test_events_of_other_types_and_empty_ones_are_no_messages():
    talk, listening = legacy(get=200)
    talk.push(listening, b"data:\n\n", b"event: endpoint\ndata: /x\n\n", b"event: message\ndata: {}\n\n")
    (told,) = talk.told(ProtocolViolated)
    assert told.code == -32600


def test_progress_comes_on_the_stream_of_its_call():
    talk, _ = legacy()
    handle, post = talk.call(progress=True)
    token = message_of(post)["params"]["_meta"]["progressToken"]
    progress = {"progressToken": token, "progress": 1}
    talk.stream(post, {"jsonrpc": "2.0", "method": "notifications/progress", "params": progress})
    assert [event.handle for event in talk.told(ProgressReceived)] == [handle]


def test_only_so_many_ids_are_remembered():
    talk, listening = legacy(get=200, limits=HttpClientLimits(event_ids=2))
    talk.push(listening, *(event_of(log(str(number)), str(number)) for number in range(4)))
    talk.end(listening)
    talk.at(0.5)
    talk.stream(talk.take(), *(event_of(log(str(number)), str(number)) for number in range(4)))
    assert logs(talk) == ["0", "1", "2", "3", "0", "1"]


def test_an_answer_that_cannot_be_read_ends_its_call():
    talk, _ = legacy()
    handle, post = talk.call()
    talk.stream(post, {"jsonrpc": "2.0", "id": message_of(post)["id"], "result": 7})
    assert post.done
    assert [event.handle for event in talk.told(RequestLost)] == [handle]


def test_an_array_of_answers_ends_a_batch():
    talk, _ = legacy("2025-03-26")
    handles = talk.session.send_batch([CallRequest(method="tools/list"), CallRequest(method="ping")], 0.0)
    post = talk.take()
    first, second = message_of(post)
    listed = {"jsonrpc": "2.0", "id": first["id"], "result": {"tools": []}}
    talk.stream(post, [listed])
    assert not post.done
    talk.push(post, [{"jsonrpc": "2.0", "id": second["id"], "result": {}}])
    assert post.done
    assert tuple(event.handle for event in talk.told(ResponseReceived)) == handles


def test_a_change_on_the_standalone_stream_is_told():
    talk, listening = legacy(get=200)
    talk.push(listening, {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
    assert len(talk.told(ChangeReceived)) == 1


@pytest.mark.parametrize("event_id", ["\u00e9", "\u65e5", "a\x01b", "\x7f", " leads", "trails "])
def test_an_id_that_no_header_can_say_is_not_asked_for(event_id):
    talk, _ = legacy()
    handle, post = talk.call()
    talk.stream(post, event_of(log("one"), "1"), event_of(log("two"), event_id))
    talk.end(post)
    talk.at(0.5)
    get = talk.take()
    assert get.request.headers.get("last-event-id") == "1"
    talk.stream(get, event_of(log("two"), event_id), event_of(answer_to(post), "3"))
    told = [event for event in talk.events if isinstance(event, LogReceived | ResponseReceived)]
    assert [event.data for event in told[:-1]] == ["one", "two"]
    assert told[-1].handle == handle


def test_a_stream_with_no_other_id_is_lost_at_once():
    talk, _ = legacy()
    handle, post = talk.call()
    talk.stream(post, event_of(None, "\u00e9"))
    talk.end(post)
    assert [event.handle for event in talk.told(RequestLost)] == [handle]


def test_only_so_many_ids_of_a_stream_that_is_never_cut_are_remembered():
    talk, listening = legacy(get=200, limits=HttpClientLimits(event_ids=10))
    tracemalloc.start()
    try:
        talk.push(listening, *(event_of(None, f"{number:0200}") for number in range(100)))
        before, _ = tracemalloc.get_traced_memory()
        talk.push(listening, *(event_of(None, f"{number:0200}") for number in range(100, 2000)))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 100_000
