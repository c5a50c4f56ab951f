"""Middleware of a client around what the server asks."""

import attrs
import pytest
from tests.client.surrounded import errors, served
from tests.middleware.taped import Taped, every_revision, text

from sansmcp import (
    NotConnected,
    Server,
    schema,
)
from sansmcp.client import accept, call_tool
from sansmcp.schema import REVISIONS
from sansmcp.server import CacheHint
from sansmcp.session import (
    Delay,
    IncomingNotification,
    IncomingRequest,
    OutgoingError,
    OutgoingRequest,
    OutgoingResult,
)
from sansmcp.testing import Pause, connect

asking_revisions = pytest.mark.parametrize("revision", [name for name in REVISIONS if name >= "2025-06-18"])


def test_a_call_after_the_end_waits_for_no_delay():
    def hold(message, proceed):
        yield Delay(60)
        return (yield from proceed(message))

    client = connect(served(), sending_middleware=[hold])
    client.close()
    with pytest.raises(NotConnected, match="closed"):
        client.wait(client.begin(call_tool("add", {"a": 1, "b": 2})))
    assert client.now == 0


@pytest.mark.parametrize("wrap", ["drop", "hold"])
def test_what_is_kept_is_old_as_soon_as_the_server_says_so_whatever_becomes_of_the_news(wrap):
    def drop(message, proceed):
        if isinstance(message, IncomingNotification):
            if wrap == "drop":
                return None
            yield Delay(60)
        return (yield from proceed(message))

    server = Server("test", version="1", cache=CacheHint(ttl_ms=60_000))
    server.add_resource("data://a", "a")
    with connect(server, middleware=[drop], on_change=lambda _: None) as client:
        assert len(client.list_resources().resources) == 1
        server.add_resource("data://b", "b")
        client.run_until(lambda: client.now >= 0.01)
        assert len(client.list_resources().resources) == 2


@asking_revisions
def test_questions_pass_on_their_way_in_and_answers_on_their_way_out(revision):
    received, sent = Taped(), Taped()
    answers = {"elicitation": lambda _request: accept({"name": "Ada"})}
    with connect(
        served(), revisions=[revision], middleware=[received], sending_middleware=[sent], **answers
    ) as client:
        assert text(client.call_tool("ask")) == "Ada"
    assert received.kinds() == [(IncomingRequest, "elicitation/create")]
    assert received.messages[0].params.message == "Who?"
    assert type(received.outcomes[0]) is schema.ElicitResult
    assert sent.kinds() == [(OutgoingRequest, "tools/call"), (OutgoingResult, "elicitation/create")]


@asking_revisions
def test_questions_and_answers_may_be_changed(revision):
    asked = []

    def rephrase(message, proceed):
        changed = message.with_params(attrs.evolve(message.params, message="Your name?"))
        answer = yield from proceed(changed)
        return attrs.evolve(answer, content={"name": answer.content["name"].upper()})

    def decorate(message, proceed):
        if isinstance(message, OutgoingResult):
            content = {"name": f"<{message.result.content['name']}>"}
            message = message.with_result(attrs.evolve(message.result, content=content))
        return (yield from proceed(message))

    def answer(request):
        asked.append(request.message)
        return accept({"name": "Ada"})

    with connect(
        served(),
        revisions=[revision],
        middleware=[rephrase],
        sending_middleware=[decorate],
        elicitation=answer,
    ) as client:
        assert text(client.call_tool("ask")) == "<ADA>"
    assert asked == ["Your name?"]


@asking_revisions
def test_middleware_may_answer_for_the_user(revision):
    def refuse(message, proceed):
        return schema.ElicitResult(action="decline")
        yield from proceed(message)

    with connect(
        served(), revisions=[revision], middleware=[refuse], elicitation=lambda _request: accept({})
    ) as client:
        assert text(client.call_tool("ask")) == "Declined"


@every_revision
def test_roots_pass_as_the_result_that_is_sent(revision):
    taped = Taped()
    with connect(served(), revisions=[revision], middleware=[taped], roots=["file:///a"]) as client:
        assert client.call_tool("roots").is_error in {None, False}
    assert taped.outcomes == [schema.ListRootsResult(roots=(schema.Root(uri="file:///a"),))]


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25"])
@pytest.mark.parametrize(
    ("raised", "words"), [("handler", "the handler of elicitation/create"), ("middleware", "middleware ")]
)
def test_what_fails_on_the_way_in_is_answered_with_an_error_and_told(revision, raised, words):
    def careless(message, proceed):
        outcome = yield from proceed(message)
        raise KeyError(outcome)

    def answer(_request):
        if raised == "handler":
            raise ValueError("no")
        return accept({"name": "Ada"})

    with connect(served(), revisions=[revision], middleware=[careless], elicitation=answer) as client:
        assert client.call_tool("ask").is_error
        (told,) = errors(client)
    assert told.startswith(words)
    assert told.endswith("failed; elicitation/create is answered with an error")


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25"])
def test_middleware_that_makes_what_is_no_answer_is_named(revision):
    def spoils(message, proceed):
        outcome = yield from proceed(message)
        return 5 if message.method == "elicitation/create" else outcome

    with connect(
        served(), revisions=[revision], middleware=[spoils], elicitation=lambda _: accept({"name": "Ada"})
    ) as client:
        assert client.call_tool("ask").is_error
        assert errors(client) == [
            f"middleware {spoils.__qualname__} failed; elicitation/create is answered with an error"
        ]


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25"])
def test_what_fails_on_the_way_out_is_answered_with_an_error_and_told(revision):
    def careless(message, proceed):
        if isinstance(message, OutgoingResult):
            raise KeyError("lost")
        return (yield from proceed(message))

    with connect(
        served(),
        revisions=[revision],
        sending_middleware=[careless],
        elicitation=lambda _request: accept({"name": "Ada"}),
    ) as client:
        assert client.call_tool("ask").is_error
        name = careless.__qualname__
        assert errors(client) == [f"middleware {name} failed; elicitation/create is answered with an error"]


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25"])
def test_an_answer_that_is_an_error_passes_too(revision):
    def reword(message, proceed):
        if isinstance(message, OutgoingError):
            message = attrs.evolve(message, message="another")
        taped.append(type(message))
        return (yield from proceed(message))

    taped = []

    def answer(_request):
        raise ValueError("no")

    with connect(served(), revisions=[revision], sending_middleware=[reword], elicitation=answer) as client:
        assert client.call_tool("ask").is_error
    assert taped == [OutgoingRequest, OutgoingError]


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
@pytest.mark.parametrize("first", [False, True])
def test_a_question_that_is_withdrawn_stops_its_handler_and_closes_its_middleware(revision, first):
    closed = []

    def stall(message, proceed):
        try:
            if first:
                yield Delay(60)
            return (yield from proceed(message))
        finally:
            closed.append(message.method)

    async def answer(_request):
        await Pause(60.0)

    with connect(served(), revisions=[revision], middleware=[stall], elicitation=answer) as client:
        waiting = client.begin(call_tool("ask"))
        client.give_up(waiting)
        assert closed == ["elicitation/create"]
        assert errors(client) == []
