"""What handlers may ask beside forms: pages on the web, models by a text, tools for them; and who asks.

Source: 2025-11-25 and 2026-07-28, Elicitation, URL Mode; Sampling, Tools.
"""

import pytest
from tests.server.conversation import EVERYTHING, MODERN, Conversation, environment, run

from sansmcp import schema
from sansmcp.errors import LocalProtocolError, UrlElicitationRequired
from sansmcp.schema import LATEST_LEGACY, REVISIONS, Era
from sansmcp.server import Accepted, Cancelled, Context, Declined, Server
from sansmcp.session import GivenUp, ServerSession

EVEN_PAGES = {"elicitation": {"form": {}, "url": {}}, "sampling": {"tools": {}}, "roots": {}}
WITH_PAGES = [LATEST_LEGACY, MODERN]
SAID = {"role": "assistant", "content": {"type": "text", "text": "short"}, "model": "m"}


def talk(function, revision, **options):
    server = Server("server", version="1")
    server.add_tool(function, name="tool")
    return Conversation(server, revision, **{"capabilities": EVEN_PAGES, **options})


def asked(peer, *answers):
    """Call the tool, answer one question after the other, and return them and all that is sent at last."""
    questions = []
    sent = peer.request("tools/call", name="tool")
    for answer in answers:
        if peer.revision == MODERN:
            ((key, question),) = sent[-1]["result"]["inputRequests"].items()
            questions.append(question["params"])
            state = sent[-1]["result"]["requestState"]
            sent = peer.request("tools/call", name="tool", requestState=state, inputResponses={key: answer})
        else:
            questions.append(sent[-1]["params"])
            sent = peer.say({"id": sent[-1]["id"], "result": answer})
    return questions, sent


def text_of(sent):
    return sent[-1]["result"]["content"][0]["text"]


# Pages


@pytest.mark.parametrize("revision", WITH_PAGES)
@pytest.mark.parametrize(
    ("action", "kind"), [("accept", Accepted), ("decline", Declined), ("cancel", Cancelled)]
)
def test_a_user_is_sent_to_a_page(revision, action, kind):
    got = []

    async def tool(ctx: Context) -> str:
        got.append(await ctx.elicit_url("key", "Sign in, please.", "https://example.com/in"))
        return "done"

    (question,), sent = asked(talk(tool, revision), {"action": action})
    assert text_of(sent) == "done"
    assert isinstance(got[-1], kind)
    assert (question["mode"], question["message"]) == ("url", "Sign in, please.")
    assert question["url"] == "https://example.com/in"
    assert ("elicitationId" in question) is (revision == LATEST_LEGACY)
    if action == "accept" and revision == LATEST_LEGACY:
        assert got[-1] == Accepted(question["elicitationId"])


@pytest.mark.parametrize("revision", WITH_PAGES)
def test_the_client_of_2025_11_25_hears_that_a_page_is_done(revision):
    def tool(ctx: Context) -> None:
        match ctx.elicit_url("key", "Sign in, please.", "https://example.com/in"):
            case Accepted(elicitation_id):
                ctx.elicitation_complete(elicitation_id)

    (question,), sent = asked(talk(tool, revision), {"action": "accept"})
    told = [message for message in sent if message.get("method") == "notifications/elicitation/complete"]
    if revision == MODERN:
        assert told == []
    else:
        assert [message["params"] for message in told] == [{"elicitationId": question["elicitationId"]}]


def test_after_the_outcome_nobody_is_told_of_a_page():
    kept = []

    def tool(ctx: Context) -> None:
        kept.append(ctx)

    peer = talk(tool, LATEST_LEGACY)
    asked(peer)
    kept[0].elicitation_complete("x")
    assert peer.sent() == []


def test_each_page_has_an_id_of_its_own():
    def tool(ctx: Context) -> None:
        ctx.elicit_url("one", "One?", "https://example.com/1")
        ctx.elicit_url("two", "Two?", "https://example.com/2")

    thrown = iter(range(1, 100))
    around = environment(random=lambda count: next(thrown).to_bytes(count, "big"))
    accepted = {"action": "accept"}
    (one, two), _ = asked(talk(tool, LATEST_LEGACY, around=around), accepted, accepted)
    assert one["elicitationId"] != two["elicitationId"]


@pytest.mark.parametrize("revision", [revision for revision in REVISIONS if revision >= "2025-06-18"])
def test_a_client_that_shows_no_pages_is_not_asked(revision):
    def tool(ctx: Context) -> None:
        ctx.elicit_url("key", "Sign in, please.", "https://example.com/in")

    (answer,) = talk(tool, revision, capabilities=EVERYTHING).request("tools/call", name="tool")
    if revision == MODERN:
        assert answer["error"]["data"] == {"requiredCapabilities": {"elicitation": {"url": {}}}}
    else:
        assert "'elicitation.url'" in text_of([answer])


# Models


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_model_is_asked_by_a_text(revision):
    async def tool(ctx: Context) -> str:
        said = await ctx.sample(
            "key", "Say hello", max_tokens=9, system_prompt="Be kind.", temperature=0.5, stop_sequences=["."]
        )
        return f"{said.model} {said.text} {said.tool_calls}"

    (question,), sent = asked(talk(tool, revision), SAID)
    assert text_of(sent) == "m short ()"
    assert question == {
        "messages": [{"role": "user", "content": {"type": "text", "text": "Say hello"}}],
        "maxTokens": 9,
        "systemPrompt": "Be kind.",
        "temperature": 0.5,
        "stopSequences": ["."],
    }


@pytest.mark.parametrize("revision", WITH_PAGES)
def test_a_model_may_call_tools_over_several_rounds(revision):
    clock = schema.Tool(name="clock", input_schema={"type": "object"})

    def tool(ctx: Context) -> str:
        conversation = [schema.SamplingMessage(role="user", content=schema.TextContent(text="What time?"))]
        for turn in range(3):
            said = ctx.sample(f"turn {turn}", conversation, tools=[clock])
            if not said.tool_calls:
                return said.text
            results = tuple(
                schema.ToolResultContent(tool_use_id=call.id, content=(schema.TextContent(text="noon"),))
                for call in said.tool_calls
            )
            conversation += [
                schema.SamplingMessage(role=said.role, content=said.content),
                schema.SamplingMessage(role="user", content=results),
            ]
        raise AssertionError

    call = {"type": "tool_use", "id": "1", "name": "clock", "input": {}}
    calling = {"role": "assistant", "content": [call], "model": "m", "stopReason": "toolUse"}
    (first, second), sent = asked(talk(tool, revision), calling, SAID)
    assert text_of(sent) == "short"
    assert first["tools"] == [{"name": "clock", "inputSchema": {"type": "object"}}]
    assert [message["role"] for message in second["messages"]] == ["user", "assistant", "user"]


def test_a_client_whose_model_calls_no_tools_is_not_given_any():
    clock = schema.Tool(name="clock", input_schema={"type": "object"})

    def tool(ctx: Context) -> None:
        ctx.sample("key", "What time?", tools=[clock])

    error = talk(tool, MODERN, capabilities=EVERYTHING).error("tools/call", name="tool")
    assert error["data"] == {"requiredCapabilities": {"sampling": {"tools": {}}}}


@pytest.mark.parametrize("wanted", ["thisServer", "allServers"])
def test_a_client_that_hands_on_no_context_is_not_asked_to(wanted):
    def tool(ctx: Context) -> None:
        ctx.sample("key", "Say hello", include_context=wanted)

    error = talk(tool, MODERN).error("tools/call", name="tool")
    assert error["data"] == {"requiredCapabilities": {"sampling": {"context": {}}}}


@pytest.mark.parametrize(
    ("revision", "wanted"), [("2025-06-18", "thisServer"), *((r, "none") for r in REVISIONS)]
)
def test_before_there_was_a_capability_for_context_and_where_none_is_wanted_every_client_is_asked(
    revision, wanted
):
    def tool(ctx: Context) -> str:
        return ctx.sample("key", "Say hello", include_context=wanted).text

    (question,), sent = asked(talk(tool, revision), SAID)
    assert question["includeContext"] == wanted
    assert text_of(sent) == "short"


@pytest.mark.parametrize("revision", WITH_PAGES)
def test_a_conversation_with_a_call_and_no_result_never_reaches_the_client(revision):
    call = schema.ToolUseContent(id="1", name="clock", input={})

    def tool(ctx: Context) -> None:
        ctx.sample("key", [schema.SamplingMessage(role="assistant", content=(call,))])

    peer = talk(tool, revision)
    (sent,) = peer.request("tools/call", name="tool")
    assert "method" not in sent
    assert "inputRequests" not in sent.get("result", {})
    assert "messages: no results for 1" in str(peer.events[0].error)


@pytest.mark.parametrize("revision", REVISIONS)
def test_roots_may_be_awaited(revision):
    async def tool(ctx: Context) -> str:
        return " ".join(root.uri for root in await ctx.roots())

    peer = talk(tool, revision)
    if revision == MODERN:
        _, sent = asked(peer, {"roots": [{"uri": "file:///a"}]})
    else:
        (question,) = peer.request("tools/call", name="tool")
        sent = peer.say({"id": question["id"], "result": {"roots": [{"uri": "file:///a"}]}})
    assert text_of(sent) == "file:///a"


def test_every_answer_is_what_it_is_when_it_is_awaited():
    async def awaited(value):
        return await value

    for value in (Accepted(1), Declined(), Cancelled()):
        assert run(awaited(value)) is value


# Who asks


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_handler_knows_who_asks(revision):
    seen = []

    def tool(ctx: Context) -> None:
        seen.append(ctx.client)

    talk(tool, revision, principal="A").request("tools/call", name="tool")
    (client,) = seen
    assert (client.revision, client.principal) == (revision, "A")
    assert client.era is (Era.MODERN if revision == MODERN else Era.LEGACY)
    assert (client.info is None) is (revision == MODERN)
    assert client.capabilities.roots is not None


@pytest.mark.parametrize(
    ("declared", "can", "cannot"),
    [
        ({}, [], ["elicitation", "elicitation.form", "elicitation.url", "sampling", "roots"]),
        ({"elicitation": {}}, ["elicitation", "elicitation.form"], ["elicitation.url"]),
        ({"elicitation": {"form": {}}}, ["elicitation.form"], ["elicitation.url"]),
        ({"elicitation": {"url": {}}}, ["elicitation", "elicitation.url"], ["elicitation.form"]),
        ({"elicitation": {"form": {}, "url": {}}}, ["elicitation.form", "elicitation.url"], ["sampling"]),
        ({"sampling": {"tools": {}}}, ["sampling", "sampling.tools"], ["sampling.context"]),
    ],
)
def test_a_handler_knows_what_the_client_can_do(declared, can, cannot):
    seen = []

    def tool(ctx: Context) -> None:
        seen.append(ctx.client.can)

    talk(tool, MODERN, capabilities=declared).request("tools/call", name="tool")
    assert [path for path in (*can, *cannot) if seen[0](path)] == can


# Being cancelled


def test_a_handler_stops_where_nobody_waits_for_it():
    went_on = []

    def tool(ctx: Context) -> None:
        ctx.raise_if_cancelled()
        peer.say({"method": "notifications/cancelled", "params": {"requestId": 1}})
        invocation.cancel()
        ctx.raise_if_cancelled()
        went_on.append(True)

    peer = talk(tool, MODERN)
    invocation = peer.start("tools/call", request_id=1, name="tool")
    with pytest.raises(GivenUp) as given_up:
        invocation.call()
    invocation.raised(given_up.value, 0.0)
    peer.say({"method": "notifications/cancelled", "params": {"requestId": 2}})
    assert (went_on, peer.sent()) == ([], [])


def test_ids_need_a_session_of_a_server():
    def tool(ctx: Context) -> None:
        with pytest.raises(LocalProtocolError, match=r"a session that Server.open_session made"):
            ctx.elicit_url("key", "Sign in, please.", "https://example.com/in")

    server = Server("server", version="1")
    server.add_tool(tool)
    peer = Conversation(server)
    peer.receive(peer.message("tools/call", 1, None, {"name": "tool"}))
    event = peer.session.next_event()
    bare = ServerSession(info=server.info, capabilities=server.capabilities)
    server.resolve(event, bare, peer.outlet).call()


# Pages that must be visited first


def signing_in(revision, capabilities):
    def tool() -> None:
        raise UrlElicitationRequired("Sign in first.", "https://example.com/in", "id 1")

    (answer,) = talk(tool, revision, capabilities=capabilities).request("tools/call", name="tool")
    return answer


def test_a_client_of_2025_11_25_is_told_to_call_again_after_a_page():
    assert signing_in(LATEST_LEGACY, EVEN_PAGES)["error"] == {
        "code": -32042,
        "message": "Sign in first.",
        "data": {
            "elicitations": [
                {
                    "mode": "url",
                    "message": "Sign in first.",
                    "url": "https://example.com/in",
                    "elicitationId": "id 1",
                }
            ]
        },
    }


@pytest.mark.parametrize("revision", REVISIONS)
def test_any_other_client_is_told_of_the_page_in_words(revision):
    result = signing_in(revision, EVERYTHING)["result"]
    assert result["isError"] is True
    assert result["content"][0]["text"] == "Sign in first. https://example.com/in"


def test_a_page_is_told_of_in_words_where_the_revision_has_no_error_for_it():
    assert text_of([signing_in(MODERN, EVEN_PAGES)]) == "Sign in first. https://example.com/in"
