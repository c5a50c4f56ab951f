"""Parameters that are asked for before the handler starts, which runs exactly once.

Source: the pages on elicitation, sampling and roots of every revision; 2026-07-28, Multi Round-Trip Requests.
"""

from typing import Annotated

import attrs
import pytest
from tests.server.conversation import MODERN, Conversation

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LATEST_LEGACY, REVISIONS
from sansmcp.server import (
    Accepted,
    Cancelled,
    Context,
    Declined,
    Elicit,
    Elicited,
    ElicitUrl,
    RootList,
    Roots,
    Sample,
    Sampled,
    Server,
)

WITH_FORMS = [revision for revision in REVISIONS if revision >= "2025-06-18"]
SAID = {"role": "assistant", "content": {"type": "text", "text": "short"}, "model": "m"}


@attrs.frozen
class Country:
    code: str


class Asked:
    """A peer that is asked: each call collects the questions, and answers them all at once."""

    def __init__(self, server, revision=MODERN, **options):
        self.peer = Conversation(server, revision, **options)
        self.questions = []

    def request(self, method, answers, **params):
        """Send a request, answer its questions by key or in order, and return the last answer."""
        sent = self.peer.request(method, **params)
        while True:
            if self.peer.revision == MODERN:
                (answer,) = sent
                if answer.get("result", {}).get("resultType") != "input_required":
                    return answer
                asked = answer["result"]["inputRequests"]
                self.questions.append([question["params"] for question in asked.values()])
                responses = dict(zip(asked, answers, strict=True))
                state = answer["result"]["requestState"]
                sent = self.peer.request(method, **params, requestState=state, inputResponses=responses)
            elif "method" in sent[0]:
                self.questions.append([question.get("params", {}) for question in sent])
                replies = [
                    self.peer.say({"id": question["id"], "result": result})
                    for question, result in zip(sent, answers, strict=True)
                ]
                assert not any(replies[:-1])
                sent = replies[-1]
            else:
                (answer,) = sent
                return answer

    def call(self, *answers, **arguments):
        """Call the only tool and return the text of its result."""
        answer = self.request("tools/call", answers, name="tool", arguments=arguments)
        return answer["result"]["content"][0]["text"]


def accept(**content):
    return {"action": "accept", "content": content}


def serving(function, **options):
    server = Server("server", version="1", **options)
    server.add_tool(function, name="tool")
    return server


@pytest.mark.parametrize("revision", WITH_FORMS)
def test_a_handler_with_declared_inputs_runs_once_and_asks_for_all_of_them_in_one_round(revision):
    runs = []

    def tool(
        city: str,
        country: Annotated[Country, Elicit("Which {city} do you mean?")],
        summary: Annotated[str, Sample("What is {city} known for?")],
        roots: Annotated[tuple[schema.Root, ...], Roots()],
        days: int = 3,
    ) -> str:
        runs.append(city)
        return f"{city} {country.code} {summary} {roots[0].uri} {days}"

    asked = Asked(serving(tool), revision)
    text = asked.call(accept(code="ES"), SAID, {"roots": [{"uri": "file:///a"}]}, city="Valencia")
    assert text == "Valencia ES short file:///a 3"
    assert runs == ["Valencia"]
    ((form, sampling, _),) = asked.questions
    assert form["message"] == "Which Valencia do you mean?"
    assert sampling["messages"] == [
        {"role": "user", "content": {"type": "text", "text": "What is Valencia known for?"}}
    ]


@pytest.mark.parametrize("revision", REVISIONS)
def test_roots_and_samples_can_be_declared_in_every_revision(revision):
    def tool(
        said: Annotated[Sampled, Sample("Hello", max_tokens=7, system_prompt="Be brief.")],
        roots: Annotated[RootList, Roots()],
    ) -> str:
        return f"{said.model} {said.text} {len(roots)}"

    asked = Asked(serving(tool), revision)
    assert asked.call(SAID, {"roots": []}) == "m short 0"
    assert asked.questions[0][0]["maxTokens"] == 7
    assert asked.questions[0][0]["systemPrompt"] == "Be brief."


PAGES = {"elicitation": {"form": {}, "url": {}}}


@pytest.mark.parametrize("revision", [LATEST_LEGACY, MODERN])
def test_a_page_can_be_declared_and_is_made_once(revision):
    made = []

    def page_of(site):
        made.append(site)
        return f"https://{site}/{len(made)}"

    def tool(
        site: str,
        signed_in: Annotated[str, ElicitUrl("Sign in to {site}.", page_of)],
        paid: Annotated[Elicited[str], ElicitUrl("Pay {site}.", "https://{site}/pay")],
    ) -> str:
        return f"{signed_in} {site} {paid}"

    asked = Asked(serving(tool), revision, capabilities=PAGES)
    text = asked.call({"action": "accept"}, {"action": "decline"}, site="a.example")
    ((first, second),) = asked.questions
    assert (first["mode"], first["message"], first["url"]) == (
        "url",
        "Sign in to a.example.",
        "https://a.example/1",
    )
    assert second["url"] == "https://a.example/pay"
    assert made == ["a.example"]
    assert text.endswith(" Declined()")
    if revision == LATEST_LEGACY:
        assert text.startswith(first["elicitationId"])


@pytest.mark.parametrize(
    ("action", "said"), [("decline", "the user declined to answer"), ("cancel", "the user gave no answer")]
)
def test_who_does_not_go_to_a_page_ends_the_call(action, said):
    def tool(signed_in: Annotated[str, ElicitUrl("Sign in.", "https://a.example/")]) -> None: ...

    asked = Asked(serving(tool), capabilities=PAGES)
    assert asked.call({"action": action}) == f"{said}: Sign in."


def test_what_a_page_gives_is_a_text():
    def tool(signed_in: Annotated[int, ElicitUrl("Sign in.", "https://a.example/")]) -> None: ...

    with pytest.raises(LocalProtocolError, match=r"tool\(signed_in\): expected the type str or Elicited"):
        serving(tool)


def test_declared_inputs_are_no_part_of_the_input_schema():
    def tool(city: str, country: Annotated[str, Elicit("Which?")], ctx: Context) -> None: ...

    (listed,) = Conversation(serving(tool)).result("tools/list")["tools"]
    assert listed["inputSchema"]["properties"] == {"city": {"type": "string"}}
    assert listed["inputSchema"]["required"] == ["city"]


def test_an_argument_of_the_name_of_a_declared_input_is_refused():
    def tool(country: Annotated[str, Elicit("Which?")]) -> None: ...

    text = Conversation(serving(tool)).text("tool", country="ES")
    assert text == "arguments.country: expected one of the names (none), found 'country'"


@pytest.mark.parametrize("revision", WITH_FORMS)
@pytest.mark.parametrize(
    ("action", "text"),
    [("decline", "the user declined to answer: Which A?"), ("cancel", "the user gave no answer: Which A?")],
)
def test_a_user_who_says_no_ends_the_call_before_the_handler_starts(revision, action, text):
    def tool(city: str, country: Annotated[str, Elicit("Which {city}?")]) -> None:
        raise AssertionError(city, country)

    asked = Asked(serving(tool), revision)
    answer = asked.request("tools/call", [{"action": action}], name="tool", arguments={"city": "A"})
    assert answer["result"]["isError"] is True
    assert answer["result"]["content"] == [{"type": "text", "text": text}]


@pytest.mark.parametrize("revision", WITH_FORMS)
@pytest.mark.parametrize(
    ("said", "got"),
    [
        ({"action": "accept", "content": {"value": 3}}, Accepted(3)),
        ({"action": "decline"}, Declined()),
        ({"action": "cancel"}, Cancelled()),
    ],
)
def test_a_handler_that_wants_to_know_what_came_of_it_gets_that(revision, said, got):
    seen = []

    def tool(days: Annotated[Elicited[int], Elicit("How many?")]) -> str:
        seen.append(days)
        return "done"

    assert Asked(serving(tool), revision).call(said) == "done"
    assert seen == [got]


@pytest.mark.parametrize("revision", WITH_FORMS)
def test_prompts_resources_and_coroutines_have_declared_inputs_too(revision):
    server = Server("server", version="1")

    @server.prompt
    async def review(title: str, tone: Annotated[str, Elicit("In which tone is {title}?")]) -> str:
        return f"Review {title}, {tone}."

    @server.resource("config://app")
    def config(name: Annotated[str, Elicit("Which one?")], ctx: Context) -> str:
        return f"{name} {ctx.client.revision}"

    asked = Asked(server, revision)
    review_answer = asked.request(
        "prompts/get", [accept(value="kind")], name="review", arguments={"title": "Emma"}
    )
    assert review_answer["result"]["messages"][0]["content"]["text"] == "Review Emma, kind."
    config_answer = asked.request("resources/read", [accept(value="a")], uri="config://app")
    assert config_answer["result"]["contents"][0]["text"] == f"a {revision}"
    declined = asked.request("resources/read", [{"action": "decline"}], uri="config://app")
    assert declined["error"]["message"] == "the user declined to answer: Which one?"


def test_the_message_may_be_a_function_of_arguments_defaults_included():
    def tool(
        city: str,
        days: int = 3,
        *,
        sure: Annotated[bool, Elicit(lambda days, city: f"{days} days in {city}?")],
    ) -> str:
        return f"{city} {days} {sure}"

    asked = Asked(serving(tool))
    assert asked.call(accept(value=True), city="A") == "A 3 True"
    assert asked.questions[0][0]["message"] == "3 days in A?"


def test_the_message_sees_the_arguments_as_the_handler_gets_them():
    @attrs.frozen
    class Place:
        name: str

    def tool(place: Place, sure: Annotated[bool, Elicit("Go to {place.name}?")]) -> str:
        return f"{place.name} {sure}"

    server = Server("server", version="1")
    Place.__module__ = __name__
    tool.__annotations__["place"] = Place
    server.add_tool(tool, name="tool")
    asked = Asked(server)
    assert asked.call(accept(value=True), place={"name": "A"}) == "A True"
    assert asked.questions[0][0]["message"] == "Go to A?"


def test_a_conversation_may_be_sampled_and_a_function_may_make_one():
    messages = [
        "Hello",
        schema.SamplingMessage(role="assistant", content=schema.TextContent(text="{not} a format")),
    ]

    def tool(
        city: str,
        first: Annotated[schema.CreateMessageResult, Sample(messages)],
        second: Annotated[str, Sample(lambda city: ["Hello", city])],
    ) -> str:
        return f"{city} {first.model} {second}"

    asked = Asked(serving(tool))
    assert asked.call(SAID, SAID, city="A") == "A m short"
    first, second = asked.questions[0]
    assert [message["content"]["text"] for message in first["messages"]] == ["Hello", "{not} a format"]
    assert [message["content"]["text"] for message in second["messages"]] == ["Hello", "A"]


def test_a_tool_with_a_schema_of_its_own_may_declare_inputs():
    server = Server("server", version="1")

    @server.tool(input_schema={"type": "object", "properties": {"city": {"type": "string"}}})
    def tool(arguments: dict, sure: Annotated[bool, Elicit("Really {arguments[city]}?")]) -> str:
        return f"{arguments['city']} {sure}"

    asked = Asked(server)
    assert asked.call(accept(value=True), city="A") == "A True"
    assert asked.questions[0][0]["message"] == "Really A?"


def test_a_handler_may_ask_more_while_it_runs():
    runs = []

    def tool(first: Annotated[int, Elicit("First?")], ctx: Context) -> str:
        runs.append(first)
        match ctx.elicit("second", "Second?", int):
            case Accepted(second):
                return str(first + second)
        return "no"

    assert Asked(serving(tool)).call(accept(value=1)) == "2"
    assert runs == [1, 1]


def test_a_default_stands_in_where_the_client_cannot_be_asked():
    def tool(roots: Annotated[RootList, Roots()] = RootList(), n: int = 1) -> str:  # noqa: B008
        return str(len(roots) + n)

    assert Conversation(serving(tool), capabilities={}).text("tool", n=2) == "2"


def test_without_a_default_the_call_ends_where_the_client_cannot_be_asked():
    def tool(country: Annotated[str, Elicit("Which?")], said: Annotated[str, Sample("Hello")]) -> None:
        raise AssertionError(country, said)

    modern = Conversation(serving(tool), capabilities={"elicitation": {}}).error("tools/call", name="tool")
    assert (modern["code"], modern["data"]) == (-32021, {"requiredCapabilities": {"sampling": {}}})
    legacy = Conversation(serving(tool), "2025-06-18", capabilities={"elicitation": {}})
    text = "the client did not declare the capability 'sampling', which this needs"
    assert legacy.text("tool") == text


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25"])
def test_a_client_that_answers_with_an_error_ends_the_call(revision):
    def tool(said: Annotated[str, Sample("Hello")]) -> None:
        raise AssertionError(said)

    peer = Conversation(serving(tool), revision)
    (question,) = peer.request("tools/call", name="tool")
    (answer,) = peer.say({"id": question["id"], "error": {"code": -1, "message": "no model here"}})
    assert answer["result"]["isError"] is True
    assert answer["result"]["content"][0]["text"] == "the client gave no said: no model here"


def test_one_refusal_is_enough_though_another_answer_is_missing():
    def tool(first: Annotated[int, Elicit("First?")], second: Annotated[int, Elicit("Second?")]) -> None:
        raise AssertionError(first, second)

    peer = Conversation(serving(tool))
    asked = peer.result("tools/call", name="tool")
    result = peer.result(
        "tools/call",
        name="tool",
        requestState=asked["requestState"],
        inputResponses={"first": {"action": "decline"}},
    )
    assert result["content"][0]["text"] == "the user declined to answer: First?"


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (Annotated[int, Sample("Hello")], "expected the type str, Sampled or CreateMessageResult"),
        (Annotated[bool, Elicit], r"tool\(asked\): expected Elicit\(...\) beside the type, found the class"),
        (Annotated[int, Roots()], r"expected the type tuple\[Root, ...\]"),
        (Annotated[dict[str, int], Elicit("Which?")], "a form has texts"),
        (Annotated[str, Elicit("Which {town}?")], "the question names 'town'; expected arguments: city"),
        (Annotated[str, Elicit("Which {}?")], "the question names ''"),
        (Annotated[str, Elicit("Which {city?")], "write a brace twice to mean it"),
        (Annotated[str, Elicit(lambda town: town)], "the question names 'town'"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_registration(annotation, said):
    def tool(city: str, asked) -> None: ...

    tool.__annotations__["asked"] = annotation
    with pytest.raises(LocalProtocolError, match=said):
        serving(tool)


def test_methods_of_ones_own_cannot_ask():
    def search(query: Annotated[str, Elicit("What?")]) -> None: ...

    server = Server("server", version="1")
    with pytest.raises(LocalProtocolError, match="only tools, prompts and resources can ask the client"):
        server.add_method("acme/search", search)
    with pytest.raises(LocalProtocolError, match="only tools, prompts and resources can ask the client"):
        server.add_notification("notifications/acme/search", search)


def test_an_answer_that_does_not_fit_ends_the_call_though_another_one_is_missing():
    server = Server("test", version="1")

    @server.tool
    def go(first: Annotated[int, Elicit("First?")], second: Annotated[int, Elicit("Second?")]) -> int:
        return first + second

    peer = Conversation(server)
    asked = peer.result("tools/call", name="go")
    wrong = {"second": {"action": "accept", "content": {"value": "no number"}}}
    error = peer.error("tools/call", name="go", requestState=asked["requestState"], inputResponses=wrong)
    assert error["code"] == -32602
    assert "the answer to 'second' does not fit" in error["message"]
