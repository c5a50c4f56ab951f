"""Answers to what a server asks (Elicitation, Sampling, Roots), by the same handlers in both eras."""

import pytest
from tests.client.toys import TEXT, run

from sansmcp import schema
from sansmcp.client import InputHandlers, accept, cancel, decline
from sansmcp.errors import LocalProtocolError, RpcError
from sansmcp.schema import LEGACY_REVISIONS, codec_for
from sansmcp.session import (
    GivenUp,
    InputCancelled,
    InputRefused,
    InputRequested,
    RequestLost,
    RequestReceived,
    ResponseReceived,
)
from sansmcp.testing import connected_pair

FORM = schema.ElicitRequestFormParams(
    message="Who?", requested_schema=schema.RequestedSchema(properties={"who": schema.StringSchema()})
)
PAGE = schema.ElicitRequestURLParams(message="Sign in", url="https://example.com/sign-in", elicitation_id="1")
PROMPT_TO_MODEL = schema.CreateMessageRequestParams(
    messages=(schema.SamplingMessage(role="user", content=TEXT),), max_tokens=10
)
SAID = schema.CreateMessageResult(role="assistant", content=TEXT, model="toy")

ELICITATION = schema.InputRequest(method="elicitation/create", params=FORM)
URL_ELICITATION = schema.InputRequest(method="elicitation/create", params=PAGE)
SAMPLING = schema.InputRequest(method="sampling/createMessage", params=PROMPT_TO_MODEL)
ROOTS = schema.InputRequest(method="roots/list", params=schema.ListRootsRequestParams())


def ask(handlers, question, revision):
    """Let a tool ask a question; return the pair, the question and what answers it."""
    pair = connected_pair(revision, client_capabilities=handlers.capabilities)
    pair.client.send_request("tools/call", {"name": "asks"}, pair.now)
    pair.settle()
    asker = pair.take_server_events()[-1]
    pair.server.require_input(asker.request_id, {"key": question}, pair.now)
    pair.settle()
    asked = pair.take_client_events()[-1]
    assert isinstance(asked, InputRequested)
    return pair, asked, handlers.resolve(asked, pair.client)


def answer(handlers, question, revision):
    """Let a tool ask a question, run the handler, and return what the tool is told."""
    pair, _, invocation = ask(handlers, question, revision)
    try:
        value = run(invocation.call()) if invocation.is_async else invocation.call()
    except Exception as error:  # noqa: BLE001  # whatever a handler raises is its outcome
        invocation.raised(error, pair.now)
    else:
        invocation.succeed(value, pair.now)
    pair.settle()
    return told(pair), invocation


def told(pair):
    """Return what the tool is told: the answer, or how the client's call ended without one."""
    again = [event for event in pair.take_server_events() if isinstance(event, RequestReceived)]
    return again[0].input_responses["key"] if again else pair.take_client_events()[-1]


ELICITING = ("2025-06-18", "2025-11-25", "2026-07-28")
ALL = ("2024-11-05", "2025-03-26", *ELICITING)


@pytest.mark.parametrize("revision", ELICITING)
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (accept({"who": "you"}), schema.ElicitResult(action="accept", content={"who": "you"})),
        (decline(), schema.ElicitResult(action="decline")),
        (cancel(), schema.ElicitResult(action="cancel")),
    ],
)
def test_the_user_is_asked_and_the_tool_is_told(given, expected, revision):
    seen = []

    def elicit(params):
        seen.append(params)
        return given

    assert answer(InputHandlers(elicitation=elicit), ELICITATION, revision)[0] == expected
    assert [(params.message, set(params.requested_schema.properties)) for params in seen] == [
        ("Who?", {"who"})
    ]


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
def test_a_page_is_shown_by_the_same_handler_where_that_was_declared(revision):
    seen = []

    def elicit(params):
        seen.append(params.url)
        return accept()

    handlers = InputHandlers(elicitation=elicit, elicitation_urls=True)
    assert answer(handlers, URL_ELICITATION, revision)[0] == schema.ElicitResult(action="accept")
    assert seen == ["https://example.com/sign-in"]


@pytest.mark.parametrize("revision", ALL)
def test_the_model_is_asked_in_every_revision(revision):
    handlers = InputHandlers(sampling=lambda params: SAID if params.max_tokens == 10 else None)
    assert answer(handlers, SAMPLING, revision)[0] == SAID


@pytest.mark.parametrize("revision", ALL)
@pytest.mark.parametrize(
    "roots",
    [
        ["file:///home", schema.Root(uri="file:///tmp", name="tmp")],
        lambda: ("file:///home", schema.Root(uri="file:///tmp", name="tmp")),
    ],
)
def test_roots_are_listed_from_a_list_or_by_a_function(roots, revision):
    expected = (schema.Root(uri="file:///home"), schema.Root(uri="file:///tmp", name="tmp"))
    assert answer(InputHandlers(roots=roots), ROOTS, revision)[0].roots == expected


def test_a_list_of_roots_is_read_whenever_a_server_asks():
    roots = ["file:///home"]
    handlers = InputHandlers(roots=roots)
    roots.append("file:///tmp")
    assert len(answer(handlers, ROOTS, "2025-11-25")[0].roots) == 2


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
def test_an_asynchronous_handler_answers_like_any_other(revision):
    async def elicit(params):
        return accept({"who": params.message})

    told_to_tool, invocation = answer(InputHandlers(elicitation=elicit), ELICITATION, revision)
    assert (told_to_tool.content, invocation.is_async, invocation.blocks) == ({"who": "Who?"}, True, False)


def test_an_object_whose_call_is_asynchronous_is_an_asynchronous_handler():
    class Asker:
        async def __call__(self, params):
            return accept({"who": params.message})

    told_to_tool, invocation = answer(InputHandlers(elicitation=Asker()), ELICITATION, "2025-11-25")
    assert (told_to_tool.content, invocation.is_async) == ({"who": "Who?"}, True)


def test_a_plain_handler_may_block_unless_it_is_said_not_to():
    elicit = InputHandlers(elicitation=lambda _: decline())
    assert ask(elicit, ELICITATION, "2025-11-25")[2].blocks
    quick = InputHandlers(elicitation=lambda _: decline(), blocks=False)
    assert not ask(quick, ELICITATION, "2025-11-25")[2].blocks


def test_a_list_of_roots_never_blocks():
    assert not ask(InputHandlers(roots=["file:///home"]), ROOTS, "2025-11-25")[2].blocks
    assert ask(InputHandlers(roots=list), ROOTS, "2025-11-25")[2].blocks


def test_an_invocation_is_named_by_its_method():
    assert ask(InputHandlers(roots=[]), ROOTS, "2025-11-25")[2].name == "roots/list"


# What handlers do wrong


@pytest.mark.parametrize(
    ("handlers", "question"),
    [
        (InputHandlers(elicitation=lambda _: {"action": "accept"}), ELICITATION),
        (InputHandlers(elicitation=lambda _: accept({"who": 7})), ELICITATION),
        (InputHandlers(sampling=lambda _: "said"), SAMPLING),
        (InputHandlers(roots=lambda: "file:///home"), ROOTS),
        (InputHandlers(roots=lambda: None), ROOTS),
        (InputHandlers(roots=lambda: (1 / 0 for _ in "a")), ROOTS),
        (InputHandlers(roots=lambda: ["https://example.com"]), ROOTS),
        (InputHandlers(roots=lambda: [7]), ROOTS),
        (InputHandlers(sampling=lambda _: SAID.__class__(role="nobody", content=TEXT, model="")), SAMPLING),
    ],
)
def test_what_is_no_answer_is_kept_for_the_log_and_the_server_is_told_nothing_of_it(handlers, question):
    refused, invocation = answer(handlers, question, "2025-11-25")
    assert refused == InputRefused(code=-32603, message="the client could not answer")
    assert isinstance(invocation.failure, LocalProtocolError)


def test_what_a_handler_raises_is_kept_for_the_log_and_the_server_is_told_nothing_of_it():
    def elicit(_):
        raise ValueError("the password is 1234")

    refused, invocation = answer(InputHandlers(elicitation=elicit), ELICITATION, "2025-11-25")
    assert refused == InputRefused(code=-32603, message="the client could not answer")
    assert str(invocation.failure) == "the password is 1234"


class Evil:
    """What raises whenever it is looked at."""

    def __getattribute__(self, name):
        raise RuntimeError("the password is 1234")

    def __repr__(self):
        raise RuntimeError("the password is 1234")

    __str__ = __repr__


class BadList(list):
    def __iter__(self):
        raise RuntimeError("the password is 1234")


class NeverMade(RpcError):
    def __init__(self):
        pass


class EvilText(RpcError):
    def __init__(self):
        super().__init__(7, "seven")
        self.message = Evil()


def raising(make):
    def handler(*_):
        raise make()

    return handler


@pytest.mark.parametrize(
    ("make", "question"),
    [
        (lambda: InputHandlers(elicitation=lambda _: Evil()), ELICITATION),
        (lambda: InputHandlers(elicitation=lambda _: accept({"who": Evil()})), ELICITATION),
        (lambda: InputHandlers(elicitation=lambda _: schema.ElicitResult(action="no")), ELICITATION),
        (
            lambda: InputHandlers(elicitation=lambda _: schema.ElicitResult(action="accept", content=Evil())),
            ELICITATION,
        ),
        (lambda: InputHandlers(elicitation=lambda _: accept({"who": 10**5000})), ELICITATION),
        (lambda: InputHandlers(sampling=lambda _: Evil()), SAMPLING),
        (
            lambda: InputHandlers(
                sampling=lambda _: schema.CreateMessageResult(role="assistant", content=Evil(), model="m")
            ),
            SAMPLING,
        ),
        (lambda: InputHandlers(roots=lambda: [schema.Root(uri=5)]), ROOTS),
        (lambda: InputHandlers(roots=lambda: [schema.Root(uri=Evil())]), ROOTS),
        (lambda: InputHandlers(roots=lambda: [Evil()]), ROOTS),
        (lambda: InputHandlers(roots=lambda: BadList(["file:///x"])), ROOTS),
        (lambda: InputHandlers(roots=raising(NeverMade)), ROOTS),
        (lambda: InputHandlers(roots=raising(EvilText)), ROOTS),
    ],
)
@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
def test_an_answer_that_raises_when_it_is_read_refuses_the_question_and_ends_the_call(
    make, question, revision
):
    refused, invocation = answer(make(), question, revision)
    assert invocation.failure is not None
    if revision == "2025-11-25":
        assert refused == InputRefused(code=-32603, message="the client could not answer")
    else:
        assert isinstance(refused, RequestLost)
        assert refused.reason == "this side refused to answer: the client could not answer"


def test_a_handler_may_refuse_with_an_error_of_its_choice():
    def sample(_):
        raise RpcError(-1, "the user rejected it", {"why": "cost"})

    refused, invocation = answer(InputHandlers(sampling=sample), SAMPLING, "2025-11-25")
    assert refused == InputRefused(code=-1, message="the user rejected it", data={"why": "cost"})
    assert invocation.failure is None


def test_an_error_that_cannot_be_said_in_json_becomes_a_plain_one():
    def sample(_):
        raise RpcError(-1, "no", data=object())

    refused, invocation = answer(InputHandlers(sampling=sample), SAMPLING, "2025-11-25")
    assert refused == InputRefused(code=-32603, message="the client could not answer")
    assert isinstance(invocation.failure, LocalProtocolError)


def test_a_modern_call_is_lost_where_its_question_is_refused():
    def sample(_):
        raise RpcError(-1, "the user rejected it")

    lost, _ = answer(InputHandlers(sampling=sample), SAMPLING, "2026-07-28")
    assert isinstance(lost, RequestLost)
    assert "the user rejected it" in lost.reason


@pytest.mark.parametrize("method", ["roots/list", "elicitation/create", "sampling/createMessage", "acme/ask"])
def test_a_question_that_nobody_answers_is_refused_as_an_unknown_method(method):
    pair = connected_pair("2025-11-25")
    asked = InputRequested(handle=1, method=method, params=PROMPT_TO_MODEL)
    invocation = InputHandlers().resolve(asked, pair.client)
    with pytest.raises(RpcError, match="nobody answers") as caught:
        invocation.call()
    assert (caught.value.code, invocation.is_async, invocation.blocks) == (-32601, False, False)


@pytest.mark.parametrize(
    ("roots", "found"),
    [("file:///home", "'file:///home'"), (["/home"], "'/home'"), (7, "7")],
)
def test_roots_that_are_no_file_uris_are_refused_when_they_are_given(roots, found):
    with pytest.raises(LocalProtocolError, match=f"roots: expected .*found {found}"):
        InputHandlers(roots=roots)


# Races


@pytest.mark.parametrize("ending", ["succeed", "raised"])
def test_what_comes_of_a_withdrawn_question_goes_nowhere(ending):
    handlers = InputHandlers(elicitation=lambda _: decline())
    pair, asked, invocation = ask(handlers, ELICITATION, "2025-11-25")
    pair.send_as_server(
        b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":"late"}}\n'
    )
    pair.settle()
    assert InputCancelled(handle=asked.handle, reason="late") in pair.take_client_events()
    sent = len(pair.lines_of("C"))
    invocation.cancel()
    if ending == "succeed":
        invocation.succeed(decline(), pair.now)
    else:
        invocation.raised(RuntimeError("stopped"), pair.now)
    pair.settle()
    assert len(pair.lines_of("C")) == sent
    assert invocation.failure is None


def test_nobody_is_asked_what_was_withdrawn_before():
    asked_user = []
    handlers = InputHandlers(elicitation=asked_user.append)
    _, _, invocation = ask(handlers, ELICITATION, "2025-11-25")
    invocation.cancel()
    with pytest.raises(GivenUp):
        invocation.call()
    assert asked_user == []


def test_the_call_that_asked_goes_on_when_every_question_is_answered():
    handlers = InputHandlers(elicitation=lambda _: decline(), roots=["file:///home"])
    pair = connected_pair("2026-07-28", client_capabilities=handlers.capabilities)
    handle = pair.client.send_request("tools/call", {"name": "asks"}, pair.now)
    pair.settle()
    asker = pair.take_server_events()[-1]
    pair.server.require_input(asker.request_id, {"a": ELICITATION, "b": ROOTS}, pair.now)
    pair.settle()
    for asked in pair.take_client_events():
        invocation = handlers.resolve(asked, pair.client)
        invocation.succeed(invocation.call(), pair.now)
    pair.settle()
    again = pair.take_server_events()[-1]
    assert set(again.input_responses) == {"a", "b"}
    assert again.request_id != asker.request_id
    pair.server.respond(again.request_id, schema.CallToolResult(content=()), pair.now)
    pair.settle()
    [response] = pair.take_client_events()
    assert isinstance(response, ResponseReceived)
    assert response.handle == handle


# What is declared


def test_without_handlers_nothing_is_declared():
    assert InputHandlers().capabilities == schema.ClientCapabilities()


@pytest.mark.parametrize(
    ("handlers", "declared"),
    [
        (InputHandlers(elicitation=lambda _: decline()), {"elicitation": {"form": {}}}),
        (
            InputHandlers(elicitation=lambda _: decline(), elicitation_urls=True),
            {"elicitation": {"form": {}, "url": {}}},
        ),
        (InputHandlers(sampling=lambda _: SAID), {"sampling": {}}),
        (InputHandlers(sampling=lambda _: SAID, sampling_tools=True), {"sampling": {"tools": {}}}),
        (InputHandlers(roots=[]), {"roots": {}}),
        (InputHandlers(roots=[], roots_change=True), {"roots": {"listChanged": True}}),
    ],
)
def test_each_handler_declares_what_it_stands_for(handlers, declared):
    assert codec_for("2025-11-25").unstructure(handlers.capabilities) == declared


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
def test_what_a_revision_does_not_know_is_not_declared_to_it(revision):
    declared = codec_for(revision).unstructure(InputHandlers(elicitation=lambda _: decline()).capabilities)
    assert ("elicitation" in declared) == (revision >= "2025-06-18")
