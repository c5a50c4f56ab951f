"""Types whose schemas a server was given, wherever a handler takes them; limits, headers, references."""

from typing import Annotated

import attrs
import pytest
from tests.server.conversation import Conversation
from tests.server.test_inputs import Asked

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LATEST_LEGACY, LATEST_MODERN, REVISIONS, SchemaLimits
from sansmcp.server import Accepted, Context, Elicit, Header, Server, TypeSchema

WITH_FORMS = [revision for revision in REVISIONS if revision >= "2025-06-18"]
EUROS = {"type": "string", "pattern": "^[0-9]+ EUR$"}


class Money:
    """An amount that knows nothing of JSON."""

    def __init__(self, euros):
        self.euros = euros


@attrs.frozen
class Offer:
    price: Money
    before: Money | None
    name: str = "it"


@attrs.frozen
class Point:
    x: int
    y: int


def read_point(value):
    return Point(*map(int, value.values()))


FREE = Money(0)

SCHEMAS = {
    Money: TypeSchema(
        EUROS, read=lambda text: Money(int(text.split()[0])), write=lambda money: f"{money.euros} EUR"
    ),
    Point: TypeSchema(
        {
            "type": "object",
            "properties": {"x": {"type": "string"}, "y": {"type": "string"}},
            "required": ["x", "y"],
        },
        read=read_point,
    ),
}


def shop(**settings):
    return Server("shop", version="1", schemas=SCHEMAS, **settings)


@pytest.mark.parametrize("revision", REVISIONS)
def test_prompts_templates_and_own_methods_take_types_that_were_given(revision):
    server = shop()

    @server.prompt
    def ask(price: Annotated[Money, "What it costs."], least: Money = FREE) -> str:
        return f"{price.euros - least.euros}"

    @server.resource("prices://{price}")
    def at(price: Money) -> str:
        return f"{price.euros}"

    def double(price: Money) -> dict[str, Money]:
        return {"price": Money(2 * price.euros)}

    method = server.add_method("acme/double", double)
    heard = []

    @server.notification("notifications/acme/paid")
    def paid(price: Money) -> None:
        heard.append(price.euros)

    server.prompts["ask"].update(title="Ask")
    method.update(blocks=False)
    peer = Conversation(server, revision)
    (prompt,) = peer.result("prompts/list")["prompts"]
    assert prompt["arguments"][0]["description"] == "What it costs."
    said = peer.result("prompts/get", name="ask", arguments={"price": "7 EUR"})
    assert said["messages"][0]["content"]["text"] == "7"
    assert "7 USD" in peer.error("prompts/get", name="ask", arguments={"price": "7 USD"})["message"]
    (contents,) = peer.result("resources/read", uri="prices://9%20EUR")["contents"]
    assert contents["text"] == "9"
    assert "error" in peer.request("resources/read", uri="prices://9")[0]
    answer = peer.result("acme/double", price="4 EUR")
    assert answer["price"] == "8 EUR"
    assert "error" in peer.request("acme/double", price="4")[0]
    peer.say({"method": "notifications/acme/paid", "params": {"price": "3 EUR"}})
    for event in peer.events:
        invocation = server.resolve_notification(event)
        invocation.call()
    assert heard == [3]


@pytest.mark.parametrize("revision", WITH_FORMS)
def test_forms_ask_for_types_that_were_given(revision):
    server, inner = Server("outer", version="1"), shop()
    got = []

    @inner.tool
    def sell(ctx: Context, price: Annotated[Money, Elicit("How much?")]) -> str:
        match ctx.elicit("offer", "What else?", Offer), ctx.elicit("point", "Where?", Point):
            case Accepted(offer), Accepted(point):
                got.extend([price.euros, offer.price.euros, offer.before, point])
        return "sold"

    server.mount(inner, "in")
    for peer, name in ((Asked(inner, revision), "sell"), (Asked(server, revision), "in_sell")):
        answers = iter(
            [
                [{"action": "accept", "content": {"value": "5 EUR"}}],
                [{"action": "accept", "content": {"price": "6 EUR"}}],
                [{"action": "accept", "content": {"x": "1", "y": "2"}}],
            ]
        )
        sent = peer.peer.request("tools/call", name=name, arguments={})
        forms = []
        for answer in answers:
            (asked, sent) = answered(peer.peer, sent, answer[0], name)
            forms.append(asked["requestedSchema"])
        assert sent[0]["result"]["content"][0]["text"] == "sold"
        assert forms[0]["properties"]["value"]["type"] == "string"
        assert list(forms[1]["properties"]) == ["price", "before", "name"]
        assert forms[1]["required"] == ["price"]
        assert list(forms[2]["properties"]) == ["x", "y"]
        assert got == [5, 6, None, Point(1, 2)]
        got.clear()


def answered(peer, sent, reply, name):
    """Answer the one question that was sent; return its params and what is sent then."""
    if peer.revision == LATEST_MODERN:
        result = sent[0]["result"]
        ((key, question),) = result["inputRequests"].items()
        params = {"name": name, "arguments": {}, "requestState": result["requestState"]}
        return question["params"], peer.request("tools/call", **params, inputResponses={key: reply})
    (question,) = sent
    return question["params"], peer.say({"id": question["id"], "result": reply})


def test_a_type_that_only_one_server_was_given_is_refused_by_another():
    server = Server("x", version="1")

    def ask(price: Money) -> None: ...

    for register in (
        server.add_prompt,
        lambda function: server.add_resource_template("prices://{price}", function),
        lambda function: server.add_method("acme/x", function),
    ):
        with pytest.raises(LocalProtocolError, match="Money"):
            register(ask)


# Limits


def nested(depth):
    made = {"type": "integer"}
    for _ in range(depth):
        made = {"type": "array", "items": made}
    return {"type": "object", "properties": {"a": made}}


@pytest.mark.parametrize("where", ["input_schema", "output_schema"])
def test_how_large_schemas_may_be_is_said_by_the_server(where):
    def take(arguments):
        return arguments

    def take_nothing():
        return {}

    function = take if where == "input_schema" else take_nothing
    tight, wide = (Server("x", version="1", schema_limits=SchemaLimits(depth=depth)) for depth in (5, 60))
    tight.add_tool(function, **{where: nested(3)})
    with pytest.raises(LocalProtocolError, match="deeper than 5 schemas"):
        tight.add_tool(function, name="more", **{where: nested(4)})
    wide.add_tool(function, **{where: nested(58)})
    with pytest.raises(LocalProtocolError, match="deeper than 60 schemas"):
        wide.add_tool(function, name="more", **{where: nested(59)})
    with pytest.raises(LocalProtocolError, match="deeper than 32 schemas"):
        Server("x", version="1").add_tool(function, **{where: nested(31)})


def test_limits_hold_for_edited_schemas_and_for_those_of_types_and_for_checks():
    limits = SchemaLimits(depth=5, steps=50)
    with pytest.raises(LocalProtocolError, match="deeper than 5 schemas"):
        Server("x", version="1", schemas={Money: TypeSchema(nested(4), read=Money)}, schema_limits=limits)
    server = Server("x", version="1", edit_schema=lambda *_: nested(4), schema_limits=limits)
    with pytest.raises(LocalProtocolError, match="deeper than 5 schemas"):
        server.add_tool(lambda a: a, name="edited")
    server = Server(
        "x",
        version="1",
        schemas={
            Money: TypeSchema(
                # What is plain is checked in one pass, which needs no limit.
                {"type": "array", "items": {"not": {"type": "string"}}},
                read=lambda value: Money(value[0]),
            )
        },
        schema_limits=limits,
    )

    @server.tool
    def take(money: Money) -> str:
        return str(money.euros)

    peer = Conversation(server)
    assert peer.text("take", money=[1, 2]) == "1"
    assert "a value that is checked in 50 steps" in peer.text("take", money=[1] * 60)


# Inlining


@attrs.frozen
class Line:
    start: Point
    end: Point


def drawing(inline_refs):
    server = Server("drawing", version="1", inline_refs=inline_refs, page_size=1)

    @server.tool
    def draw(line: Line) -> Line:
        return line

    @server.tool
    def wipe() -> str:
        return ""

    return server


def shown(peer):
    first = peer.result("tools/list")
    second = peer.result("tools/list", cursor=first["nextCursor"])
    (draw,), (wipe,) = first["tools"], second["tools"]
    assert wipe["name"] == "wipe"
    return ["$ref" in str(draw[name]) for name in ("inputSchema", "outputSchema") if name in draw]


@pytest.mark.parametrize("revision", REVISIONS)
def test_references_are_written_out_for_the_clients_that_a_function_names(revision):
    server = drawing(lambda client: client.info is not None and client.info.name == "client")
    meta = {"io.modelcontextprotocol/clientInfo": {"name": "client", "version": "7"}}
    peer = Conversation(server, revision, meta=meta if revision == LATEST_MODERN else None)
    assert not any(shown(peer))
    other = drawing(lambda client: client.can("sampling.tools"))
    assert all(shown(Conversation(other, revision)))
    both = drawing(lambda client: client.revision == LATEST_LEGACY)
    assert any(shown(Conversation(both, LATEST_MODERN)))
    assert not any(shown(Conversation(both, LATEST_LEGACY)))


def test_what_would_become_too_large_keeps_its_references():
    definitions = {f"d{number}": {"anyOf": [{"$ref": f"#/$defs/d{number + 1}"}] * 2} for number in range(12)}
    definitions["d12"] = {"type": "integer"}
    given = {"type": "object", "properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": definitions}
    server = Server("x", version="1", inline_refs=lambda _client: True)
    server.add_tool(lambda arguments: arguments, name="large", input_schema=given)
    (tool,) = Conversation(server).result("tools/list")["tools"]
    assert tool["inputSchema"] == given
    with pytest.raises(LocalProtocolError, match="inline_refs: without references a schema would hold more"):
        Server("x", version="1", inline_refs=True).add_tool(
            lambda arguments: arguments, name="large", input_schema=given
        )


# Headers


def test_a_note_asks_clients_to_repeat_an_argument_in_a_header():
    server = Server("x", version="1")

    @attrs.frozen
    class Place:
        region: Annotated[str, Header("Region"), "Where."]

    @server.tool
    def find(place: Place, number: Annotated[int, Header("Number")] = 1) -> Place:
        """Find it.

        Args:
            number: Which.
        """

    definition = server.tools["find"].definition
    place, number = definition.input_schema["properties"].values()
    assert place["properties"]["region"] == {
        "type": "string",
        "description": "Where.",
        "x-mcp-header": "Region",
    }
    assert number == {"type": "integer", "default": 1, "description": "Which.", "x-mcp-header": "Number"}
    assert "x-mcp-header" not in str(definition.output_schema)
    assert Conversation(server).result("tools/list")["tools"][0]["inputSchema"] == definition.input_schema


def unfit(a: Annotated[str | None, Header("A")]) -> None: ...


def twice(a: Annotated[str, Header("A")], b: Annotated[str, Header("a")]) -> None: ...


def in_list(a: list[Annotated[str, Header("A")]]) -> None: ...


def no_name(a: Annotated[str, Header("A B")]) -> None: ...


@pytest.mark.parametrize(
    ("function", "fault"),
    [
        (unfit, "on a property of the type string or integer or boolean"),
        (twice, "names that differ in more than capitals"),
        (in_list, "on a property that only properties lead to"),
        (no_name, "the characters of a header's name"),
    ],
)
def test_a_header_that_breaks_a_rule_is_refused(function, fault):
    with pytest.raises(LocalProtocolError, match=fault):
        Server("x", version="1").add_tool(function)


def test_a_result_that_a_handler_makes_is_checked_by_the_limits_of_its_server():
    server = Server("x", version="1", schema_limits=SchemaLimits(steps=30))

    @server.tool
    def make(count: int) -> list[int | list[int]]:
        return schema.CallToolResult(content=(), structured_content=[1] * count)

    peer = Conversation(server)
    assert peer.call("make", count=2)["structuredContent"] == [1, 1]
    assert peer.call("make", count=50)["isError"]
