"""What a side declared that it can do: paths into capabilities, questions, ids of extensions."""

import attrs
import pytest
from tests.session.ends import (
    CLIENT,
    MODERN,
    call_of,
    events,
    initialize,
    make_client,
    make_server,
    modern,
    open_client,
    open_server,
    take,
    tell,
)

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import REVISIONS
from sansmcp.session import MissingCapability, declares
from sansmcp.session.capabilities import check_declared, missing_for_input, shared_extensions

Client = schema.ClientCapabilities
Server = schema.ServerCapabilities

EVERYTHING_DECLARED = Client(
    experimental={"acme": {}},
    roots=schema.RootsCapability(list_changed=True),
    sampling=schema.SamplingCapability(context={}, tools={}),
    elicitation=schema.ElicitationCapability(form={}, url={}),
)


@pytest.mark.parametrize(
    ("capabilities", "path", "expected"),
    [
        (Client(), "roots", False),
        (Client(roots=schema.RootsCapability()), "roots", True),
        (Client(roots=schema.RootsCapability()), "roots.listChanged", False),
        (Client(roots=schema.RootsCapability(list_changed=False)), "roots.listChanged", False),
        (EVERYTHING_DECLARED, "roots.listChanged", True),
        (EVERYTHING_DECLARED, "sampling.tools", True),
        (EVERYTHING_DECLARED, "experimental.acme", True),
        (EVERYTHING_DECLARED, "experimental.other", False),
        (Server(logging={}), "logging", True),
        (Server(resources=schema.ResourcesCapability(subscribe=True)), "resources.subscribe", True),
        (Server(resources=schema.ResourcesCapability()), "resources.subscribe", False),
        (Server(), "no.such.thing", False),
    ],
)
def test_an_empty_object_counts_as_declared_and_false_does_not(capabilities, path, expected):
    assert declares(capabilities, path) is expected


def test_a_missing_capability_says_what_would_have_been_enough():
    missing = MissingCapability("send_request('x')", "sampling.tools")
    assert missing.required == {"sampling": {"tools": {}}}
    assert str(missing) == "send_request('x'): the peer did not declare the capability 'sampling.tools'"


FORM = schema.ElicitRequestFormParams(message="?", requested_schema=schema.RequestedSchema(properties={}))
URL = schema.ElicitRequestURLParams(message="?", url="https://example.com", elicitation_id="e")
SAMPLE = schema.CreateMessageRequestParams(messages=(), max_tokens=1)
WITH_TOOLS = schema.CreateMessageRequestParams(messages=(), max_tokens=1, tools=())
WITH_CHOICE = schema.CreateMessageRequestParams(messages=(), max_tokens=1, tool_choice=schema.ToolChoice())
ROOTS = schema.ListRootsRequestParams()
ONLY_URL = Client(elicitation=schema.ElicitationCapability(url={}))
OPEN = Client(elicitation=schema.ElicitationCapability())


@pytest.mark.parametrize(
    ("capabilities", "params", "method", "expected"),
    [
        (Client(), FORM, "elicitation/create", "elicitation"),
        (OPEN, FORM, "elicitation/create", None),
        (OPEN, URL, "elicitation/create", "elicitation.url"),
        (ONLY_URL, URL, "elicitation/create", None),
        (ONLY_URL, FORM, "elicitation/create", "elicitation.form"),
        (Client(), SAMPLE, "sampling/createMessage", "sampling"),
        (Client(sampling=schema.SamplingCapability()), SAMPLE, "sampling/createMessage", None),
        (
            Client(sampling=schema.SamplingCapability()),
            WITH_TOOLS,
            "sampling/createMessage",
            "sampling.tools",
        ),
        (
            Client(sampling=schema.SamplingCapability()),
            WITH_CHOICE,
            "sampling/createMessage",
            "sampling.tools",
        ),
        (EVERYTHING_DECLARED, WITH_TOOLS, "sampling/createMessage", None),
        (Client(), ROOTS, "roots/list", "roots"),
        (Client(), None, "roots/list", "roots"),
        (EVERYTHING_DECLARED, None, "roots/list", None),
        (Client(), {"of": "somebody's own"}, "acme/ask", None),
    ],
)
def test_a_question_needs_the_capability_for_its_kind_and_its_mode(capabilities, params, method, expected):
    assert missing_for_input(capabilities, params, method) == expected


@pytest.mark.parametrize(
    "name",
    ["com.example/thing", "a/b", "io.modelcontextprotocol/tasks", "com.ex-ample.a1/a.b-c_d", "com.example/"],
)
def test_an_extension_id_has_a_prefix_of_labels_and_a_name(name):
    for capabilities in (Client(extensions={name: {}}), Server(extensions={name: {}})):
        check_declared(MODERN, CLIENT, capabilities)


@pytest.mark.parametrize(
    "name",
    [
        "thing",
        "",
        "/thing",
        "1a/thing",
        "a-/thing",
        ".a/thing",
        "a..b/thing",
        "a/b/c",
        "a/-b",
        "a/b-",
        "ä/b",
        "a/b\n",
    ],
)
def test_an_extension_id_of_another_form_is_refused_where_it_is_declared(name):
    with pytest.raises(LocalProtocolError, match="extension"):
        make_client(capabilities=Client(extensions={name: {}}))
    with pytest.raises(LocalProtocolError, match="extension"):
        make_server(capabilities=Server(extensions={name: {}}))


def test_extensions_are_shared_that_both_sides_declared():
    ours = Client(extensions={"com.example/a": {}, "com.example/b": {"mine": 1}})
    theirs = Server(extensions={"com.example/b": {"theirs": 2}, "com.example/c": {}})
    assert shared_extensions(ours, theirs) == {"com.example/b": {"theirs": 2}}
    assert shared_extensions(ours, Server()) == {}
    assert shared_extensions(Client(), theirs) == {}


CLIENT_SAYS = {"com.example/both": {"mode": "client"}, "com.example/client": {"x": 1}}
SERVER_SAYS = {"com.example/both": {"mode": "server"}, "com.example/server": {}}


def test_a_request_shows_what_its_client_says_of_the_extensions_that_both_have():
    server = open_server(MODERN, capabilities=None)
    server = make_server(capabilities=Server(tools=schema.ToolsCapability(), extensions=SERVER_SAYS))
    capabilities = {"extensions": CLIENT_SAYS}
    tell(server, call_of(MODERN, 1, **{"io.modelcontextprotocol/clientCapabilities": capabilities}))
    tell(server, call_of(MODERN, 2, **{"io.modelcontextprotocol/clientCapabilities": {}}))
    first, second = events(server)
    assert first.extensions == {"com.example/both": {"mode": "client"}}
    assert first.capabilities.extensions == CLIENT_SAYS
    assert second.extensions == {}


def test_a_client_shows_what_its_server_says_of_the_extensions_that_both_have():
    client = open_client(
        MODERN,
        capabilities=Client(extensions=CLIENT_SAYS),
        server_capabilities={"extensions": SERVER_SAYS, "tools": {}},
    )
    assert client.extensions == {"com.example/both": {"mode": "server"}}
    assert client.server_capabilities.extensions == SERVER_SAYS
    client.send_request("tools/list", None, 0.0)
    sent = take(client)[0]["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"]
    assert sent == {"extensions": CLIENT_SAYS}


@pytest.mark.parametrize("revision", REVISIONS)
def test_experimental_capabilities_and_unknown_members_pass_through_both_ways(revision):
    said = {"experimental": {"acme": {"deep": [1, None, {"x": True}]}}, "acme/unknown": {"kept": 1}}
    server = make_server(
        capabilities=Server(experimental=said["experimental"], extra={"acme/unknown": {"kept": 1}})
    )
    if revision == MODERN:
        tell(server, modern(1, "server/discover", **{"io.modelcontextprotocol/clientCapabilities": said}))
    else:
        tell(server, initialize(1, revision, said))
        opened = events(server)[0]
        assert opened.capabilities.experimental == said["experimental"]
        assert opened.capabilities.extra == {"acme/unknown": {"kept": 1}}
    assert take(server)[0]["result"]["capabilities"] == said
    client = open_client(
        revision,
        server_capabilities=said,
        capabilities=Client(experimental=said["experimental"], extra={"acme/unknown": {"kept": 1}}),
    )
    assert client.server_capabilities.experimental == said["experimental"]
    assert client.server_capabilities.extra == {"acme/unknown": {"kept": 1}}


@pytest.mark.parametrize("make", [make_client, make_server])
def test_what_a_side_says_of_itself_must_be_sayable_from_the_start(make):
    whole = Client() if make is make_client else Server()
    for wrong in (
        {"info": schema.Implementation(name="\ud800", version="1")},
        {"info": schema.Implementation(name=7, version="1")},
        {"capabilities": attrs.evolve(whole, experimental={"x": {"y": object()}})},
        {"capabilities": attrs.evolve(whole, extra={"x": float("nan")})},
    ):
        with pytest.raises(LocalProtocolError):
            make(**wrong)
    with pytest.raises(LocalProtocolError):
        make_server(instructions="\ud800")
