# ruff: noqa: ARG005 - a function of a test overlooks what it is given
"""Completion: where proposals come from, what is sent of them, and what cannot be completed.

Source: Completion, all revisions; the capability from 2025-03-26, the context from 2025-06-18 on.
"""

import enum
from typing import Annotated, Literal

import pytest
from tests.server.conversation import MODERN, Conversation

from sansmcp import schema
from sansmcp.errors import LocalProtocolError, RequestFailed
from sansmcp.schema import REVISIONS
from sansmcp.server import Complete, Context, Server
from sansmcp.session import HandlerFailed
from sansmcp.testing import connect

every_revision = pytest.mark.parametrize("revision", REVISIONS)

STYLE = schema.PromptReference(name="review")
NOTE = schema.ResourceTemplateReference(uri="notes://{folder}")


@pytest.fixture
def server():
    server = Server("completions", version="1")
    server.add_prompt(lambda style, words="1": "", name="review")
    server.add_resource_template("notes://{folder}", lambda folder: "", name="note")
    return server


def complete(server, argument="style", value="", revision=MODERN, ref=STYLE, **context):
    with connect(server, revisions=[revision]) as client:
        return client.complete(ref, argument, value, **context).completion


def proposed(*arguments, **settings):
    return complete(*arguments, **settings).values


def refused(*arguments, **settings):
    with pytest.raises(RequestFailed) as failure:
        complete(*arguments, **settings)
    return failure.value.code, failure.value.message


@every_revision
def test_a_decorated_function_proposes_for_one_argument(server, revision):
    @server.completer("review", "style")
    def styles(typed: str) -> list[str]:
        return [typed + "x", typed + "y"]

    @server.completer("notes://{folder}", "folder")
    async def folders(typed: str) -> tuple[str, ...]:
        return (typed * 2,)

    assert styles("a") == ["ax", "ay"]
    found = complete(server, "style", "a", revision)
    assert found == schema.Completion(values=("ax", "ay"), total=2, has_more=False)
    assert proposed(server, "folder", "b", revision, ref=NOTE) == ("bb",)
    assert proposed(server, "words", "", revision) == ()


class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"


@pytest.mark.parametrize(
    ("annotation", "typed", "values"),
    [
        (Annotated[str, Complete(["Kind", "kurz", "long"])], "K", ("Kind", "kurz")),
        (Annotated[str, Complete(lambda typed: [typed.upper()])], "k", ("K",)),
        (Annotated[int, Complete(["1", "2"])], "2", ("2",)),
        (Literal["kind", "long", 3], "", ("kind", "long")),
        (Size, "s", ("small",)),
        (Size | None, "l", ("large",)),
        (Annotated[Size, Complete(["other"])], "", ("other",)),
    ],
)
def test_an_annotation_proposes(annotation, typed, values):
    server = Server("annotated", version="1")

    def review(style):
        """Review.

        Args:
            style: how.
        """

    review.__annotations__["style"] = annotation
    server.add_prompt(review)
    assert proposed(server, "style", typed) == values


def test_what_is_registered_goes_before_annotations_and_these_before_what_is_for_all():
    server = Server("order", version="1")

    @server.prompt(completers={"b": ["registered"]})
    def review(
        a: Annotated[str, Complete(["annotated"])], b: Annotated[str, Complete(["annotated"])], c: str = ""
    ) -> str:
        return a + b + c

    @server.completer
    def anything(asked: schema.CompleteRequestParams) -> list[str]:
        return [f"{asked.ref.name} {asked.argument.name}"]

    assert anything.__name__ == "anything"
    assert [proposed(server, name) for name in "abc"] == [("annotated",), ("registered",), ("review c",)]
    server.add_completer(lambda typed: ["decorated"], "review", "b")
    assert proposed(server, "b") == ("decorated",)
    server.prompts["review"].update(title="Title")
    assert proposed(server, "b") == ("decorated",)
    server.prompts["review"].complete("a", ["by the handle"])
    assert proposed(server, "a") == ("by the handle",)
    server.prompts["review"].update(completers={"c": ["only"]})
    assert [proposed(server, name) for name in "abc"] == [("annotated",), ("annotated",), ("only",)]


def test_a_completer_may_take_the_settled_arguments_and_a_context(server):
    @server.completer("review", "style")
    def styles(typed: str, settled: dict[str, str], ctx: Context) -> list[str]:
        return [typed, *settled.values(), ctx.client.revision]

    @server.completer
    async def anything(asked: schema.CompleteRequestParams, ctx: Context) -> list[str]:
        return [asked.argument.value, ctx.client.revision]

    assert proposed(server, "style", "a", context={"words": "7"}) == ("a", "7", MODERN)
    assert proposed(server, "style", "a") == ("a", MODERN)
    assert proposed(server, "style", "a", "2025-03-26") == ("a", "2025-03-26")
    assert proposed(server, "words", "b") == ("b", MODERN)


@every_revision
@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 1000])
@pytest.mark.parametrize("of", [list, tuple, iter, lambda values: schema.Completion(values=tuple(values))])
def test_a_hundred_are_sent_and_that_there_are_more(server, revision, count, of):
    values = [str(number) for number in range(count)]
    server.add_completer(lambda typed: of(values), "review", "style")
    found = complete(server, revision=revision)
    assert found.values == tuple(values[:100])
    if of in (list, tuple):
        assert (found.total, found.has_more) == (count, count > 100)
    elif of is iter:
        # How many an iterator would have given nobody knows.
        assert (found.total, found.has_more) == (count if count <= 100 else None, count > 100)
    else:
        assert (found.total, found.has_more) == ((count, True) if count > 100 else (None, None))


def test_a_function_that_never_ends_gives_a_hundred(server):
    def endless():
        while True:
            yield "x"

    server.add_completer(lambda typed: endless(), "review", "style")
    assert len(proposed(server)) == 100


def test_totals_and_results_made_by_hand_go_out_as_they_are(server):
    made = schema.Completion(values=("x",) * 101, total=7000)
    server.add_completer(
        lambda typed: schema.CompleteResult(completion=made, meta={"a.b/c": 1}), "review", "style"
    )
    found = complete(server)
    assert (len(found.values), found.total, found.has_more) == (100, 7000, True)
    server.add_completer(lambda typed: None, "review", "style")
    assert complete(server) == schema.Completion(values=(), total=0, has_more=False)


@pytest.mark.parametrize("value", ["text", b"bytes", {"a": "b"}, 7, ["a", 7]])
def test_what_is_no_list_of_texts_is_a_failure_of_the_completer(server, value):
    server.add_completer(lambda typed: value, "review", "style")
    peer = Conversation(server)
    ref = {"type": "ref/prompt", "name": "review"}
    error = peer.error("completion/complete", ref=ref, argument={"name": "style", "value": ""})
    assert error["code"] == -32603
    assert isinstance(peer.events[0], HandlerFailed)


@every_revision
def test_what_is_not_there_cannot_be_completed(server, revision):
    server.add_completer(lambda asked: ["x"])
    server.add_resource("a:b", "x")
    for name, ref, argument, said in (
        ("prompt 'no'", schema.PromptReference(name="no"), "style", "there is no prompt 'no'"),
        (
            "template",
            schema.ResourceTemplateReference(uri="a:{c}"),
            "c",
            "there is no resource template 'a:{c}'",
        ),
        ("resource", schema.ResourceTemplateReference(uri="a:b"), "c", "expected one of the names (none)"),
        (
            "argument",
            STYLE,
            "no",
            "prompt 'review' has no argument 'no'; expected one of the names style, words",
        ),
        ("variable", NOTE, "no", "'notes://{folder}' has no argument 'no'; expected one of the names folder"),
    ):
        code, message = refused(server, argument, revision=revision, ref=ref)
        assert code == -32602, name
        assert said in message, name
    server.prompts["review"].disable()
    assert refused(server, revision=revision)[1] == "there is no prompt 'review'"


@every_revision
def test_the_capability_is_there_where_something_is_completed(revision):
    for completes in (False, True):
        server = Server("capability", version="1")
        server.add_prompt(lambda style: "", name="review", completers={"style": ["x"]} if completes else None)
        with connect(server, revisions=[revision]) as client:
            declared = client.server_capabilities.completions
            assert (declared is not None) == (completes and revision >= "2025-03-26")
        peer = Conversation(server, revision)
        ref = {"type": "ref/prompt", "name": "review"}
        (answer,) = peer.request("completion/complete", ref=ref, argument={"name": "style", "value": ""})
        if completes or revision == "2024-11-05":
            assert answer["result"]["completion"]["values"] == ["x"] * completes
        else:
            assert answer["error"]["code"] == -32601


def test_async_completers_are_named_where_nothing_awaits():
    server = Server("coloured", version="1")

    async def slow(typed: str) -> list[str]:
        return [typed]

    async def slower(asked: schema.CompleteRequestParams) -> list[str]:
        return [asked.argument.value]

    server.add_prompt(lambda style: "", name="review", completers={"style": slow})
    server.add_completer(slower)
    with pytest.raises(LocalProtocolError, match="completer 'slow', completer 'slower'"):
        server.refuse_async_handlers()


def nothing():
    return []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            (lambda typed: [], "no", "style"),
            "no prompt or resource template 'no' to complete; register it first",
        ),
        (
            (lambda typed: [], "review", "no"),
            "'review' has no argument 'no' to complete; expected one of style",
        ),
        ((nothing, "review", "style"), "a completer takes what was typed, then .*; found none"),
        ((lambda a, b, c: [], "review", "style"), "a completer takes what was typed, then .*; found a, b, c"),
        ((lambda a, b: [],), "a completer of everything takes the CompleteRequestParams, .*; found a, b"),
        ((nothing,), "a completer of everything takes the CompleteRequestParams, .*; found none"),
        (
            ("review", "style", nothing),
            r"expected the function first, add_completer\(function, 'prompt', 'argument'\); found 'review'",
        ),
        ((lambda a: [], "review"), "expected a prompt or template and its argument, or neither"),
    ],
)
def test_what_cannot_complete_is_refused(server, arguments, said):
    with pytest.raises(LocalProtocolError, match=said):
        server.add_completer(*arguments)


def test_one_function_completes_everything(server):
    server.add_completer(lambda asked: [])
    with pytest.raises(LocalProtocolError, match="completes everything already; register one such function"):
        server.add_completer(lambda asked: [])


@pytest.mark.parametrize("source", ["text", [1], 7])
def test_proposals_in_an_annotation_are_texts(server, source):
    with pytest.raises(LocalProtocolError, match="Complete: expected a function or a list of strings"):
        server.add_prompt(lambda a: "", name="other", completers={"a": source})


def test_a_completer_cannot_ask_the_user(server):
    from sansmcp.server import Elicit  # noqa: PLC0415

    def styles(typed: str, name: Annotated[str, Elicit("Who?")]) -> list[str]:
        return [typed, name]

    with pytest.raises(LocalProtocolError, match="a completer cannot ask the client's user"):
        server.add_completer(styles, "review", "style")
