"""Middleware that keeps results."""

import pytest
from tests.middleware.played import Played
from tests.middleware.taped import every_revision, text

from sansmcp import (
    LocalProtocolError,
    schema,
)
from sansmcp.client import accept
from sansmcp.middleware import (
    cache_results,
)
from sansmcp.session import OutgoingRequest


def let_pass(client, seconds):
    """Let time pass."""
    until = client.now + seconds
    client.call_tool("slow", {"seconds": float(seconds)})
    assert client.now == until


@every_revision
def test_a_result_is_kept_up_to_its_instant_and_not_longer(revision):
    played = Played(cache_results(10, methods=["tools/call", "resources/read"]))
    with played.connect(revisions=[revision]) as client:
        began = client.now
        assert text(client.call_tool("count")) == "1"
        assert text(client.call_tool("count")) == "1"
        assert text(client.call_tool("count", {"size": 1})) == "2x"
        client.call_tool("slow", {"seconds": 9.75})
        assert text(client.call_tool("count")) == "1"
        client.call_tool("slow", {"seconds": 0.25})
        assert client.now - began == 10
        assert text(client.call_tool("count")) == "5"
        assert client.read_resource("count://resource").contents[0].text == "6"
        assert client.read_resource("count://resource").contents[0].text == "6"


@pytest.mark.parametrize(("entries", "runs"), [(2, 2), (3, 2), (1, 4), (1000, 2)])
def test_the_entry_that_was_not_asked_for_longest_goes_first(entries, runs):
    played = Played(cache_results(10, methods=["tools/call"], most_entries=entries))
    with played.connect() as client:
        for size in (1, 2, 1, 2):
            client.call_tool("count", {"size": size})
    assert played.runs == runs


def test_errors_are_not_kept_nor_what_is_not_named_nor_what_was_asked():
    kept = cache_results(10, methods=["tools/call"])
    played = Played(kept)
    answers = {"elicitation": lambda _request: accept({"name": "Ada"})}
    for revision in ("2025-11-25", "2026-07-28"):
        played.runs = 0
        with played.connect(revisions=[revision], **answers) as client:
            for _ in range(2):
                assert client.call_tool("fail").is_error
                client.read_resource("count://resource")
                assert text(client.call_tool("ask")) == "Ada"
        assert played.runs == 2 + 2 + 4


def test_a_failed_call_that_middleware_answers_as_an_error_is_not_kept():
    def answer(message, proceed):
        played.runs += 1
        return schema.CallToolResult(content=(), is_error=True)
        yield from proceed(message)

    played = Played(cache_results(10, methods=["tools/call"]), answer)
    with played.connect() as client:
        client.call_tool("count")
        client.call_tool("count")
    assert played.runs == 2


def test_nobody_is_served_what_another_asked_but_a_principal_what_it_asked_before():
    played = Played(cache_results(10, methods=["tools/call"]))
    said = []
    for principal in (None, None, "ann", "ann", "bob"):
        with played.connect(serving={"principal": principal}) as client:
            said.append(text(client.call_tool("count")))
    assert said == ["1", "2", "3", "3", "4"]


def test_a_client_keeps_what_it_asked():
    played = Played()
    with played.connect(sending_middleware=[cache_results(10, methods=["tools/call"])]) as client:
        assert text(client.call_tool("count")) == "1"
        assert text(client.call_tool("count")) == "1"
        let_pass(client, 10)
        assert text(client.call_tool("count")) == "3"


def test_answers_to_questions_are_never_kept():
    kept = cache_results(10, methods=["elicitation/create"])
    answers = []

    def answer(_request):
        answers.append(1)
        return accept({"name": "Ada"})

    with Played().connect(middleware=[kept], elicitation=answer) as client:
        client.call_tool("ask")
        client.call_tool("ask")
    assert len(answers) == 2


def test_params_that_are_a_json_object_name_an_entry_as_they_are():
    kept = cache_results(10, methods=["acme/echo"])
    runs = []

    def proceed(message):
        runs.append(message.params)
        return {"echo": message.params}
        yield

    for params in ({"a": 1}, {"a": 2}, {"a": 1}, None, None):
        message = OutgoingRequest(session="s", method="acme/echo", params=params, clock=lambda: 0.0)
        assert list(kept(message, proceed)) == []
    assert runs == [{"a": 1}, {"a": 2}, None]


@pytest.mark.parametrize(("seconds", "entries"), [(0, 1), (-1, 1), (1, 0)])
def test_a_cache_without_time_or_room_is_refused(seconds, entries):
    with pytest.raises(LocalProtocolError, match="expected seconds above 0 and 1 entry or more"):
        cache_results(seconds, most_entries=entries)
