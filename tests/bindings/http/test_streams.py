"""Responses that go on, on every carrier that can write them; and what the others say instead."""

import threading

import pytest
from tests.bindings.http.speaking import ASKABLE, call, legacy, modern, text_of

WANTED = {"notifications": {"resourceSubscriptions": ["note://one"]}}
LISTEN = modern("subscriptions/listen", WANTED, id="listening")
EDIT = call("edit")


def needs_streams(carrier):
    if not carrier.streams:
        pytest.skip("it has one thread for all requests")


def needs_none(carrier):
    if carrier.streams:
        pytest.skip("it can do it")


def test_who_listens_is_told_of_changes(speak, carrier):
    needs_streams(carrier)
    speaker = speak()
    messages = speaker.post(LISTEN).messages()
    assert next(messages)["method"] == "notifications/subscriptions/acknowledged"
    speaker.result(modern("tools/call", EDIT))
    told = next(messages)
    assert (told["method"], told["params"]["uri"]) == ("notifications/resources/updated", "note://one")


def test_a_session_is_told_of_changes_on_its_own_stream(speak, carrier):
    needs_streams(carrier)
    inside = speak().begin()
    stream = inside.get()
    assert (stream.status, stream.is_stream) == (200, True)
    inside.result(legacy("resources/subscribe", {"uri": "note://one"}))
    inside.result(legacy("tools/call", EDIT, id=2))
    assert next(stream.messages())["method"] == "notifications/resources/updated"


def test_a_second_stream_of_a_session_is_refused(speak, carrier):
    needs_streams(carrier)
    inside = speak().begin()
    assert [inside.get().status, inside.get().status] == [200, 409]


def test_deleting_a_session_ends_its_stream(speak, carrier):
    needs_streams(carrier)
    inside = speak().begin()
    stream = inside.get()
    assert inside.send("DELETE").status in {200, 204}
    assert list(stream.messages()) == []


def test_a_cut_stream_is_taken_up_where_it_was(speak, carrier):
    needs_streams(carrier)
    inside = speak().begin()
    inside.result(legacy("resources/subscribe", {"uri": "note://one"}))
    stream = inside.get()
    events = stream.events()
    inside.result(legacy("tools/call", EDIT, id=2))
    seen, message = next((event_id, message) for event_id, message in events if message is not None)
    assert message["method"] == "notifications/resources/updated"
    stream.close()
    inside.result(legacy("tools/call", EDIT, id=3))
    again = inside.get(Last_Event_ID=seen)
    assert again.status == 200
    assert next(again.messages())["method"] == "notifications/resources/updated"
    assert inside.get(Last_Event_ID="unknown").status == 400


def test_a_legacy_question_is_answered_in_another_request(speak, carrier):
    needs_streams(carrier)
    inside = speak().begin(capabilities=ASKABLE)
    messages = inside.post(legacy("tools/call", call("forecast", {"city": "Valencia"}))).messages()
    question = next(messages)
    assert question["method"] == "elicitation/create"
    answer = {"action": "accept", "content": {"country": "Spain"}}
    assert inside.post({"jsonrpc": "2.0", "id": question["id"], "result": answer}).status == 202
    assert text_of(next(messages)["result"]) == "Valencia in Spain: sunny"


def test_a_client_of_the_oldest_transport_is_served_where_it_is_mounted(speak, carrier):
    needs_streams(carrier)
    messages, beside = speak("/old").listen()
    hello = {"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    assert beside.post(legacy("initialize", hello)).status == 202
    assert next(messages)["result"]["protocolVersion"] == "2024-11-05"
    assert beside.post(legacy("notifications/initialized", id=None)).status == 202
    assert beside.post(legacy("tools/call", call("add", {"a": 1, "b": 2}), id=2)).status == 202
    assert text_of(next(messages)["result"]) == "3"


def test_answers_may_always_be_streams(speak, carrier):
    needs_streams(carrier)
    reply = speak("/events").post(modern("tools/call", call("add", {"a": 1, "b": 2})))
    assert reply.is_stream
    assert text_of(reply.answer()["result"]) == "3"


def test_log_records_of_the_program_reach_who_asked_for_them(speak, carrier):
    needs_streams(carrier)
    message = modern("tools/call", call("log_by_the_way"))
    message["params"]["_meta"]["io.modelcontextprotocol/logLevel"] = "info"
    record, answer = speak().post(message).messages()
    assert record["params"]["data"] == "by the way"
    assert text_of(answer["result"]) == "logged"


def test_many_streams_are_open_at_once(speak, carrier):
    needs_streams(carrier)
    speaker = speak()
    listening = [speaker.post({**LISTEN, "id": number}).messages() for number in range(8)]
    for messages in listening:
        assert next(messages)["method"] == "notifications/subscriptions/acknowledged"
    speaker.result(modern("tools/call", EDIT))
    for messages in listening:
        assert next(messages)["method"] == "notifications/resources/updated"


def test_a_modern_call_whose_client_goes_away_is_given_up(speak, carrier):
    needs_streams(carrier)
    if not carrier.sees_disconnects:
        pytest.skip("it finds that out when it writes")
    speaker = speak()
    counted = modern("tools/call", call("calls_given_up"))
    before = int(text_of(speaker.result(counted)))
    reply = speaker.post(modern("tools/call", call("wait"), token="t"))
    assert next(reply.messages())["method"] == "notifications/progress"
    reply.close()
    given_up = threading.Event()
    for _ in range(2000):
        if int(text_of(speaker.result(counted))) > before:
            given_up.set()
            break
    assert given_up.is_set()


def test_a_legacy_call_whose_client_goes_away_goes_on(speak, carrier):
    needs_streams(carrier)
    inside = speak().begin()
    asked = legacy("tools/call", {**call("count_on_thread", {"steps": 3}), "_meta": {"progressToken": "t"}})
    reply = inside.post(asked)
    assert reply.is_stream
    seen = next(event_id for event_id, _ in reply.events())
    reply.close()
    *_, last = inside.get(Last_Event_ID=seen).messages()
    assert text_of(last["result"]) == "done"


# Without streams


def test_without_streams_there_is_none_to_get(speak, carrier):
    needs_none(carrier)
    assert speak().begin().get().status == 405


def test_without_streams_nobody_can_listen(speak, carrier):
    needs_none(carrier)
    reply = speak().post(LISTEN)
    assert reply.headers["content-type"] == "application/json"
    assert "error" in reply.json
    capabilities = speak().result(modern("server/discover"))["capabilities"]
    assert not capabilities.get("resources", {}).get("subscribe")
    assert not capabilities.get("tools", {}).get("listChanged")


def test_without_streams_a_legacy_question_fails_at_once(speak, carrier):
    needs_none(carrier)
    inside = speak().begin(capabilities=ASKABLE)
    reply = inside.post(legacy("tools/call", call("forecast", {"city": "Valencia"})))
    assert reply.status == 200
    assert "error" in reply.json or reply.json["result"]["isError"]
